"""What people call the things a condition asks about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .tree import Kind

#: Words of the language as people write them in Chinese, and what they mean.
WORDS: Mapping[str, str] = {
    "true": "true", "是": "true",
    "false": "false", "否": "false",
    "null": "null", "空": "null",
    "and": "and", "且": "and", "并且": "and",
    "or": "or", "或": "or", "或者": "or",
    "not": "not", "非": "not",
    "in": "in", "属于": "in", "不属于": "not in",
    "等于": "=", "不等于": "!=", "大于": ">", "小于": "<",
    "大于等于": ">=", "不小于": ">=", "小于等于": "<=", "不大于": "<=",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """The names a workflow gives to what its conditions may ask about.

    ``fields`` leads from a name as people write it to the name in force (``金额`` → ``fields.amount``), and
    ``values`` from such a name in force to what its values are called (``{"核查通过": "pass"}``). ``kinds``
    and ``units`` are by names in force. A name given to two things belongs to neither.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def spoken(self) -> Mapping[str, str]:
        """Everything a text may name, longest first: both kinds of names."""
        known = {name: name for name in self.kinds} | dict(self.fields)
        usable = {name: to for name, to in known.items() if name not in WORDS and _could_be_a_name(name)}
        return dict(sorted(usable.items(), key=lambda pair: -len(pair[0])))

    @cached_property
    def counted(self) -> tuple[str, ...]:
        """The units that are in use, longest first."""
        return tuple(sorted({unit for unit in self.units.values() if unit}, key=len, reverse=True))

    @cached_property
    def called(self) -> Mapping[str, str]:
        """Name in force → what people call it: the first of its names."""
        found: dict[str, str] = {}
        for name, to in self.fields.items():
            if name != to and name in self.spoken:
                found.setdefault(to, name)
        return found

    def code(self, of: str, text: str) -> str:
        """The code of a value that was written by its name; any other text as it is."""
        return self.values.get(of, {}).get(text, text)

    def value(self, of: str, code: str) -> str:
        """The name of a value, the other way round."""
        known = self.values.get(of, {})
        return next((name for name, other in known.items() if other == code), code)


def _could_be_a_name(name: str) -> bool:
    return (name[:1].isalpha() or name[:1] == "_") and not any(sign in name for sign in '"“”\\\n\r\t=<>')


def unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Pairs of name and meaning as a mapping, without the names that mean two things."""
    found: dict[str, str] = {}
    twice = set()
    for name, meaning in pairs:
        if found.setdefault(name, meaning) != meaning:
            twice.add(name)
    return {name: meaning for name, meaning in found.items() if name not in twice}


NO_NAMES = Names()
