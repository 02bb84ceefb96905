"""Characters that XML, and so KML and XLSX, has no way to write."""

import re

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """A text without control characters, lone surrogates and the two code points that are none."""
    return _UNWRITABLE.sub("", text)
