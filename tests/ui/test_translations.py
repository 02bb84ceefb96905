"""Everything the shell and the portal say is said in Chinese too, with the same placeholders."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
KEYWORDS = ["_", "gettext", "gettext_lazy", "ngettext", "pgettext", "pgettext_lazy", "npgettext"]
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
SAID = {
    "ui": ["ui/**/*.py", "ui/templates/**/*.html"],
    "maps": ["maps/**/*.py", "maps/templates/**/*.html"],
    "workflows": [
        "workflows/templates/portal/*.html",
        *(f"workflows/views/{name}.py" for name in ("forms", "filing", "home", "portal", "place")),
    ],
}


def messages(file: Path) -> list[str | tuple[str, ...]]:
    source = file.read_text(encoding="utf-8")
    if file.suffix == ".html":
        # What templatize() makes looks like Python, but for its indentation.
        source = "\n".join(line.lstrip() for line in templatize(source).splitlines())
    found = extract_python(io.BytesIO(source.encode()), KEYWORDS, [], {})
    said = []
    for _line, function, texts, _comments in found:
        texts = [texts] if isinstance(texts, str) else [text for text in texts if text]
        if function.startswith(("pgettext", "npgettext")):
            texts = texts[1:]
        said.append(tuple(texts[:2]) if "ngettext" in function else texts[0])
    return said


@pytest.mark.parametrize("app", SAID)
def test_every_sentence_has_its_chinese(app: str) -> None:
    with (ROOT / app / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po").open("rb") as stream:
        known = {
            message.id if isinstance(message.id, str) else message.id[0]: message
            for message in read_po(stream)
        }
    files = [file for pattern in SAID[app] for file in ROOT.glob(pattern)]
    said = {message for file in files for message in messages(file)}
    assert len(said) > 30
    missing, differing = [], []
    for message in said:
        first, text = (message, message) if isinstance(message, str) else (message[0], message[-1])
        entry = known.get(first)
        chinese = "" if entry is None else entry.string if isinstance(entry.string, str) else entry.string[0]
        if not chinese:
            missing.append(first)
        elif set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(chinese)):
            differing.append(first)
    assert (missing, differing) == ([], [])
