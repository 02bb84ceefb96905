"""Conditions in workflow definitions: a small, total language. Pure: text in, tree out, truth out.

A subset of FEEL (the expression language of DMN), with nothing that could run, loop or reach into an object:

    urgent = true and category in ("lighting", "roads")
    reopened >= 2 or not (located = true)
    fields.amount in [1000..5000]
    check.outcome = "minor"

With the names of a workflow (:class:`Names`) it reads what people write as well:

    金额 > 5000元 且 紧急 = 是
    核查.结果 = "核查通过" 或 申请日期 >= 2026-05-31

Every text either parses or raises :class:`BadCondition`; every parsed condition evaluates to True or False
for every mapping of values. A field without a value is null; null, or two values of different kinds, are
neither smaller nor larger than each other and equal only if both are null.
"""

from .kinds import type_errors
from .names import NO_NAMES, Names, unambiguous
from .reading import MAX_DEPTH, MAX_LENGTH, parse
from .tokens import BadCondition
from .tree import (
    Both,
    Compare,
    Comparison,
    Condition,
    Constant,
    Either,
    Field,
    Kind,
    Not,
    OneOf,
    Scalar,
    Term,
    Truth,
    as_range,
    fields,
    leaves,
)
from .truth import holds, value_of
from .writing import written

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "NO_NAMES",
    "BadCondition",
    "Both",
    "Compare",
    "Comparison",
    "Condition",
    "Constant",
    "Either",
    "Field",
    "Kind",
    "Names",
    "Not",
    "OneOf",
    "Scalar",
    "Term",
    "Truth",
    "as_range",
    "fields",
    "holds",
    "leaves",
    "parse",
    "type_errors",
    "unambiguous",
    "value_of",
    "written",
]
