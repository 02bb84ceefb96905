"""The columns of the workbook: what they are called, in both languages, and what keeps them harmless."""

from django.utils.translation import pgettext

#: Key → headings under which the column is recognised. The order is that of the export.
HEADINGS: dict[str, tuple[str, ...]] = {
    "area_code": ("区域编码", "area code"),
    "area": ("区域", "area"),
    "role": ("岗位", "role"),
    "name": ("姓名", "name"),
    "username": ("用户名", "user name"),
    "phone": ("手机号", "phone"),
    "since": ("开始日期", "since"),
    "until": ("最后一天", "last day"),
    "stand_in": ("代理人", "stand-in"),
}
#: Without these a row says nothing.
NEEDED = ("area_code", "role", "name")
#: A spreadsheet takes text that begins with one of these for a formula, or may once it is saved as CSV.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
QUOTE = "'"


def titles() -> dict[str, str]:
    """The headings of the export in the reader's language."""
    return {
        "area_code": pgettext("roster", "area code"),
        "area": pgettext("roster", "area"),
        "role": pgettext("roster", "role"),
        "name": pgettext("roster", "name"),
        "username": pgettext("roster", "user name"),
        "phone": pgettext("roster", "phone"),
        "since": pgettext("roster", "since"),
        "until": pgettext("roster", "last day"),
        "stand_in": pgettext("roster", "stand-in"),
    }


def harmless(text: str) -> str:
    """Text that no spreadsheet runs as a formula: an apostrophe goes before it."""
    return QUOTE + text if text.startswith((*FORMULA, QUOTE)) else text


def as_meant(text: str) -> str:
    """What was meant by a cell: :func:`harmless` undone."""
    text = text.strip()
    return text[1:] if text.startswith(tuple(QUOTE + sign for sign in (*FORMULA, QUOTE))) else text
