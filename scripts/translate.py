"""Merge translations into an app's Chinese catalogue: ``scripts/translate.py APP < pairs.json``.

``pairs.json`` is an object {msgid: msgstr}; a msgid with plural forms is given as "one|||many"
with a single Chinese msgstr. Keys of the form "context\\u0004msgid" carry a context.
Safe to run by two people at once.
"""

import fcntl
import json
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent


def merge(app: str, pairs: dict[str, str]) -> int:
    file = ROOT / app / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(ROOT / "var" / f"translate-{app}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if file.exists():
            with file.open("rb") as stream:
                catalog = read_po(stream, locale="zh_Hans")
        else:
            catalog = Catalog(locale="zh_Hans", project="Linli", charset="utf-8")
        for key, text in pairs.items():
            context, _, msgid = key.rpartition("\u0004")
            if "|||" in msgid:
                catalog.add(tuple(msgid.split("|||")), (text,), context=context or None)
            else:
                catalog.add(msgid, text, context=context or None)
        catalog.fuzzy = False
        with file.open("wb") as stream:
            write_po(stream, catalog, width=0, sort_output=True, no_location=True, omit_header=False)
    return len(catalog)


if __name__ == "__main__":
    print(merge(sys.argv[1], json.load(sys.stdin)), "messages")
