"""In which encoding a text was written: UTF-8 and GB18030 (GBK, GB2312) are what Chinese surveyors leave.

"Letters" are texts read as ISO-8859-1: one letter per byte, nothing lost.
"""

import codecs
from typing import Any

UTF8, GB18030, LATIN1, UTF16 = "UTF-8", "GB18030", "ISO-8859-1", "UTF-16"
ALTERNATIVES = (UTF8, GB18030, LATIN1)
SAMPLE_ROWS = 3


def of_letters(texts: list[str], *, wished: str = "", said: str = "") -> dict[str, Any]:
    """``name`` of the encoding, whether that is ``sure``, and the ``alternatives`` a person may choose.

    ``said`` is what a .cpg claims: it is believed if the texts can be read that way.
    """
    raw = [text.encode("latin-1") for text in texts]
    if wished:
        return _answer(known(wished) or UTF8, sure=True)
    foreign = [text for text in raw if any(byte > 127 for byte in text)]
    if not foreign:
        return _answer(UTF8, sure=True)
    claimed = known(said)
    if claimed and all(fits(text, claimed) for text in foreign):
        return _answer(claimed, sure=claimed != LATIN1)
    if all(fits(text, UTF8) for text in foreign):
        # Text in GB18030 is hardly ever valid UTF-8 by accident, once there are a few characters of it.
        return _answer(UTF8, sure=sum(map(len, foreign)) >= 6)
    if all(fits(text, GB18030) for text in foreign):
        return _answer(GB18030, sure=all(looks_chinese(text) for text in foreign[:200]))
    return _answer(LATIN1, sure=False)


def _answer(name: str, *, sure: bool) -> dict[str, Any]:
    alternatives = list(dict.fromkeys([name, *ALTERNATIVES]))
    return {"name": name, "sure": sure, "alternatives": alternatives}


def known(name: str) -> str:
    """Our name of an encoding as a .cpg or a person writes it; empty if there is none such."""
    plain = name.strip().upper().replace("_", "-")
    if plain in ("65001", "UTF8", "CP65001"):
        return UTF8
    if plain in ("936", "CP936", "GBK", "GB2312", "GB-2312", "ANSI 936", "MS936", "EUC-CN"):
        return GB18030
    try:
        found = codecs.lookup(plain).name
    except (LookupError, ValueError):
        return ""
    same = {"utf-8": UTF8, "gbk": GB18030, "gb2312": GB18030, "gb18030": GB18030, "iso8859-1": LATIN1}
    text_encodings = {"utf-16": UTF16, "big5": "Big5", "cp950": "Big5"}
    return same.get(found) or text_encodings.get(found, "")


def fits(raw: bytes, encoding: str) -> bool:
    """Whether the bytes are text in the encoding; a last character cut short by a field's end is forgiven."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(raw)
    except UnicodeDecodeError:
        return False
    return True


def looks_chinese(raw: bytes) -> bool:
    """GB18030 accepts almost anything: real text has Chinese characters or full-width signs."""
    text = raw.decode(GB18030, errors="ignore")
    foreign = [letter for letter in text if ord(letter) > 127]
    common = [
        letter for letter in foreign if "\u4e00" <= letter <= "\u9fff" or "\u3000" <= letter <= "\uffef"
    ]
    return bool(foreign) and len(common) == len(foreign)


def decoded(letters: str, encoding: str) -> str:
    """A text from its letters. A character cut short at the end is dropped; others that do not fit are �."""
    raw = letters.encode("latin-1", errors="replace")
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    return decoder.decode(raw)


def sample(fields: list[str], columns: list[list[Any]], encoding: str) -> list[dict[str, Any]]:
    """The first rows as they would read in an encoding."""
    names = [decoded(name, encoding) for name in fields]
    rows = min(SAMPLE_ROWS, len(columns[0]) if columns else 0)
    return [
        {
            name: decoded(column[row], encoding) if isinstance(column[row], str) else column[row]
            for name, column in zip(names, columns, strict=True)
        }
        for row in range(rows)
    ]
