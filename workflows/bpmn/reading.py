"""A BPMN file read into plain elements: nothing outside is asked, nothing is expanded, nothing grows.

XML can do far more than say a process. Whatever is not needed for that is refused at its first character:
document types (and with them entities of every kind), very deep or very many elements, very big files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from django.utils.translation import gettext as _

from grid.errors import Refused

MAX_BYTES = 5 * 1024 * 1024
MAX_ELEMENTS = 30_000
MAX_DEPTH = 100
_CHUNK = 64 * 1024
#: Encodings of Chinese tools that the parser does not know.
_CHINESE = {"gbk", "gb2312", "gb18030"}


class UnreadableBpmn(Refused):
    """The file is no BPMN that could be read; ``str(error)`` says what to do."""


@dataclass(eq=False, slots=True)
class Element:
    """An XML element. Names are ``{namespace}name`` for attributes with a prefix, plain for others."""

    namespace: str
    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def all(self, *tags: str) -> list[Element]:
        """Its children of these names, in order."""
        return [child for child in self.children if child.tag in tags]

    def first(self, tag: str) -> Element | None:
        return next(iter(self.all(tag)), None)

    def walk(self) -> Iterator[Element]:
        """This element and everything below it."""
        todo = [self]
        while todo:
            element = todo.pop()
            yield element
            todo.extend(reversed(element.children))


def read_xml(data: bytes) -> Element:
    """The root element of a file. Raises :class:`UnreadableBpmn`."""
    if len(data) > MAX_BYTES:
        raise UnreadableBpmn(
            _("The file is bigger than %(most)s MB. A workflow people can read is far smaller.")
            % {"most": MAX_BYTES // 1024 // 1024}
        )
    data, encoding = _recoded(data)
    reader = _Reader(encoding)
    try:
        for at in range(0, len(data), _CHUNK):
            reader.parser.Parse(data[at : at + _CHUNK], False)
        reader.parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", 0)
        raise UnreadableBpmn(
            _("This is not a BPMN file, or it is damaged: it cannot be read beyond line %(line)s.")
            % {"line": line}
        ) from error
    assert reader.root is not None
    return reader.root


def _recoded(data: bytes) -> tuple[bytes, str | None]:
    """The bytes and their encoding; None leaves it to the parser, which trusts what the file says."""
    declared = re.match(rb"\s*<\?xml[^>]{0,200}encoding=[\"']([\w-]{1,20})", data[:300])
    name = declared.group(1).decode("ascii").lower() if declared else ""
    if name not in _CHINESE:
        return data, None
    return data.decode("gb18030", errors="replace").encode("utf-8"), "utf-8"


class _Reader:
    def __init__(self, encoding: str | None) -> None:
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0
        self.parser = expat.ParserCreate(encoding, "}")
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.doctype
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters

    def doctype(self, *_args: object) -> None:
        raise UnreadableBpmn(
            _("The file has a document type (DOCTYPE), which BPMN never needs. Export it again without one.")
        )

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MAX_ELEMENTS:
            raise UnreadableBpmn(
                _("The file has more than %(most)s elements. Split it into smaller workflows.")
                % {"most": MAX_ELEMENTS}
            )
        if len(self.open) >= MAX_DEPTH:
            raise UnreadableBpmn(_("The elements of the file are nested too deeply."))
        namespace, _brace, tag = name.rpartition("}")
        named = {("{" + key if "}" in key else key): value for key, value in attributes.items()}
        element = Element(namespace, tag, named)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, _name: str) -> None:
        self.open.pop()

    def characters(self, text: str) -> None:
        if self.open:
            self.open[-1].text += text
