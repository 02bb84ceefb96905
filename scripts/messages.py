"""Check that every text of the code and the templates has its Chinese translation (``make messages``).

Reads the sources with Django's own template reader and Babel's Python reader, so gettext's tools are not
needed. Prints what is missing as JSON, ready to be filled in and handed to ``scripts/translate.py``.
"""

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import DEFAULT_KEYWORDS, extract

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "demo", "grid", "maps", "realtime", "ui", "workflows")
KEYWORDS = DEFAULT_KEYWORDS | {
    "_lazy": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
#: Ends of keys in a compiled catalogue: message context, plural form.
CONTEXT = "\x04"


def main() -> int:
    missing: dict[str, dict[str, str]] = {}
    for app in APPS:
        untranslated = dict.fromkeys(sorted(set(texts(app)) - known()), "")
        if untranslated:
            missing[app] = untranslated
    if missing:
        print(json.dumps(missing, ensure_ascii=False, indent=1))
        count = sum(len(texts) for texts in missing.values())
        print(
            f"{count} texts have no Chinese translation. Add them with scripts/translate.py APP.",
            file=sys.stderr,
        )
        return 1
    print("Every text has its Chinese translation.")
    return 0


def texts(app: str) -> Iterator[str]:
    """Keys of an app's texts, as ``scripts/translate.py`` wants them: "one|||many", "context\\u0004text"."""
    for file in sorted((ROOT / app).rglob("*")):
        if file.suffix not in {".py", ".html", ".txt"} or "migrations" in file.parts:
            continue
        for _, message, _, context in extract("python", source(file), KEYWORDS):
            key = "|||".join(message) if isinstance(message, tuple) else message
            if key:
                yield f"{context}{CONTEXT}{key}" if context else key


def source(file: Path) -> io.BytesIO:
    """Python for the reader: a module as it is, a template turned into calls of gettext."""
    from django.utils.translation.template import templatize

    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        # What is not a text became blanks and X; line starts would look like indentation.
        text = "\n".join(line.strip() for line in templatize(text, origin=str(file)).splitlines())
    return io.BytesIO(text.encode())


def known() -> set[str]:
    """Keys with a translation: in the apps' catalogues, or in Django's and the libraries' own."""
    from babel.messages.pofile import read_po
    from django.utils.translation.trans_real import translation

    keys = {key[0] if isinstance(key, tuple) else key for key in translation("zh-hans")._catalog.keys()}  # noqa: SIM118
    for file in ROOT.glob("*/locale/zh_Hans/LC_MESSAGES/django.po"):
        with file.open("rb") as stream:
            for message in read_po(stream):
                if message.id and all(message.string if message.pluralizable else [message.string]):
                    key = "|||".join(message.id) if message.pluralizable else message.id
                    keys.add(f"{message.context}{CONTEXT}{key}" if message.context else key)
    return keys


def set_up() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()


if __name__ == "__main__":
    set_up()
    sys.exit(main())
