"""Past cases run through two definitions: what a change would have meant.

Both runs are supposed, also the one on the version in force: so the two differ by the definitions alone. A
case is decided as it was decided then; at steps it never came to, the first outcome is taken. Steps take what
they took this case; new ones the median of the same step in other cases, else of all steps. Returns people
made by hand, transfers and what happened after a reopening are left out of both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from workflows.engine import schema
from workflows.engine.counterparts import counterparts
from workflows.engine.schema import Definition

from .case import TrialCase
from .pace import Measured, measured
from .walk import Run, walk

#: Cases of one replay; of a longer period the latest are taken, and the report says so.
MOST_CASES = 2000
#: Differing cases listed in a report; all are counted.
LISTED = 200


@dataclass(frozen=True)
class Difference:
    """One case on both definitions. ``added`` and ``removed`` are ids of steps it would or would not have."""

    before: Run
    after: Run
    added: tuple[str, ...]
    removed: tuple[str, ...]
    other_path: bool

    @property
    def approvals(self) -> int:
        return self.after.approvals - self.before.approvals

    @property
    def hours(self) -> float | None:
        """Working hours more until the case is closed; None where it is not closed on both."""
        if self.before.hours is None or self.after.hours is None:
            return None
        return self.after.hours - self.before.hours


@dataclass
class Replay:
    """Many cases compared. Hours are working hours."""

    before: Definition
    after: Definition
    pace: Measured
    differences: list[Difference] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The numbers of the report, each with its n, and the cases that differ."""
        pairs = [
            (one.before.hours, one.after.hours) for one in self.differences
            if one.before.hours is not None and one.after.hours is not None
        ]  # fmt: skip
        hours = [after - before for before, after in pairs]
        differing = [one for one in self.differences if one.other_path]
        return {
            "n": len(self.differences),
            "approvals": {
                "before": sum(one.before.approvals for one in self.differences),
                "after": sum(one.after.approvals for one in self.differences),
                "more": sum(one.approvals > 0 for one in self.differences),
                "fewer": sum(one.approvals < 0 for one in self.differences),
            },
            "other_path": len(differing),
            "hours": {
                "n": len(hours),
                "before": sum(before for before, _after in pairs),
                "after": sum(after for _before, after in pairs),
                "median": median(hours) if hours else 0.0,
                "longer": sum(hour > 0.05 for hour in hours),
                "shorter": sum(hour < -0.05 for hour in hours),
            },
            "stay": {
                "before": sum(one.before.closed_at is None for one in self.differences),
                "after": sum(one.after.closed_at is None for one in self.differences),
            },
            "steps": list(self._steps()),
            "estimated": dict(self._estimated()),
            "cases": [_told(one) for one in sorted(differing, key=_size)[:LISTED]],
        }

    def _steps(self) -> Iterable[dict[str, Any]]:
        """How often each step would be taken on either definition, where that differs or is new."""
        same = counterparts(self.after, self.before)
        before, after = self._counts("before"), self._counts("after")
        titles = {block.id: block.title for block in _approvals(self.before)}
        for block in _approvals(self.after):
            old = same.get(block.id, "")
            yield {
                "title": block.title,
                "before": before.pop(old, 0),
                "after": after[block.id],
                "is_new": not old,
            } | self._took(block.id)
        for code, count in before.items():
            if count:
                yield {
                    "title": titles.get(code, code), "before": count, "after": 0, "is_new": False,
                } | self._took(code)  # fmt: skip

    def _took(self, code: str) -> dict[str, Any]:
        """What a step is supposed to take where a case has not been there itself."""
        hours, n = self.pace.steps.get(code) or self.pace.overall or (0.0, 0)
        return {"hours": hours, "n": n, "own": code in self.pace.steps}

    def _counts(self, which: str) -> Counter[str]:
        counts: Counter[str] = Counter()
        for one in self.differences:
            run: Run = getattr(one, which)
            counts.update(visit.block.id for visit in run.steps)
        return counts

    def _estimated(self) -> Counter[str]:
        """Where the durations of the new definition's steps are from."""
        return Counter(
            visit.took.how for one in self.differences for visit in one.after.steps if visit.took is not None
        )


def replay(
    before: Definition,
    after: Definition,
    cases: Sequence[TrialCase],
    *,
    progress: Callable[[int], None] = lambda percent: None,
) -> Replay:
    """Run cases through two definitions (expanded). ``progress`` hears per cent."""
    ratings = {block.id for block in [*_approvals(before), *_approvals(after)] if block.form == "rating"}
    found = Replay(before, after, measured(cases, own=True, but=ratings))
    same = counterparts(after, before)
    for done, case in enumerate(cases, start=1):
        on_old = walk(before, case, pace=found.pace)
        on_new = walk(after, case, pace=found.pace)
        found.differences.append(_difference(on_old, on_new, same))
        if done % 20 == 0:
            progress(done * 100 // len(cases))
    return found


def _difference(before: Run, after: Run, same: dict[str, str]) -> Difference:
    was = Counter(visit.block.id for visit in before.steps)
    will = Counter(visit.block.id for visit in after.steps)
    named = Counter({same.get(code, code): count for code, count in will.items()})
    added = tuple(code for code in will if named[same.get(code, code)] > was[same.get(code, code)])
    removed = tuple(code for code in was if was[code] > named[code])
    path = tuple((same.get(code, code), outcome) for code, outcome in after.path)
    more_seats = after.approvals != before.approvals
    return Difference(before, after, added, removed, path != before.path or more_seats)


def _approvals(definition: Definition) -> list[schema.Approval]:
    return [block for block in schema.blocks(definition.body) if isinstance(block, schema.Approval)]


def _size(one: Difference) -> tuple[float, int]:
    """The largest difference first."""
    return (-abs(one.approvals), -one.before.case.request.pk)


def _told(one: Difference) -> dict[str, Any]:
    """A case that differs, for the list: nothing of what the resident wrote."""
    request = one.before.case.request
    titles = {
        block.id: block.title
        for block in [*_approvals(one.before.definition), *_approvals(one.after.definition)]
    }
    return {
        "number": request.number,
        "category": str(request.category) if request.category else "",
        "area": str(request.area) if request.area else "",
        "filed_at": request.filed_at.isoformat(),
        "approvals": [one.before.approvals, one.after.approvals],
        "hours": [one.before.hours, one.after.hours],
        "added": [titles[code] for code in one.added],
        "removed": [titles[code] for code in one.removed],
    }
