"""The cards a workflow is drawn as, and what a case did or would do on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

#: How far the case is with a card: it is there now; it has been; it will or may come; it goes another way;
#: it was there and left because something else settled the matter.
State = Literal["now", "done", "ahead", "aside", "void"]


@dataclass(frozen=True)
class Who:
    """Somebody at a step: a name, and what there is to say about them."""

    name: str
    note: str = ""


@dataclass(frozen=True)
class Remark:
    """A sentence at a card. ``tone``: idle, wait, work, again, done or late."""

    text: str
    icon: str = "point"
    tone: str = "idle"
    at: datetime | None = None


@dataclass
class Stay:
    """The case at a card, once. ``took`` in seconds; ``took_words`` says how that number was come by."""

    state: State
    at: datetime
    until: datetime | None = None
    who: list[Who] = field(default_factory=list)
    pool: bool = False
    outcome: str = ""
    style: str = ""
    took: float | None = None
    took_words: str = ""
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True)
class Way:
    """One way to decide a step, and where it leads if not simply onward. ``by_person``: somebody chooses
    it.
    """

    code: str
    title: str
    style: str
    leads: str = ""
    taken: bool = False
    by_person: bool = True


@dataclass
class Branch:
    label: str
    cards: list[Card]
    taken: bool = False
    remarks: list[Remark] = field(default_factory=list)


@dataclass
class Card:
    """One block. ``lit``: the case came here."""

    kind: str
    id: str
    title: str
    icon: str
    state: State = "ahead"
    details: list[str] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    #: Whether the branches run side by side (all of them) or are alternatives.
    at_once: bool = False

    @property
    def choices(self) -> list[Way]:
        """The ways somebody can choose between, if there is more than one."""
        found = [way for way in self.ways if way.by_person]
        return found if len(found) > 1 else []

    @property
    def lit(self) -> bool:
        return self.state in ("now", "done", "void")


@dataclass
class Picture:
    cards: list[Card]
    #: Whether a case is on it; without one it is the drawing alone.
    has_case: bool = False
    #: Whether the ways of a step can be chosen: the page that shows it has a form for that.
    choosable: bool = False

    def current(self) -> list[Card]:
        """The cards where the case is now."""
        return [card for card in every(self.cards) if card.state == "now"]


@dataclass
class Trace:
    """What a case did on a definition, for the drawer, by block id."""

    stays: Mapping[str, Sequence[Stay]] = field(default_factory=dict)
    #: Numbers of the branches taken at a fork, and why each was or was not.
    taken: Mapping[str, frozenset[int]] = field(default_factory=dict)
    why: Mapping[str, Sequence[Sequence[Remark]]] = field(default_factory=dict)
    #: Codes of outcomes a step was decided with.
    outcomes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: Whether the case is over: what was not reached will not be.
    is_over: bool = False


def every(cards: Iterable[Card]) -> Iterable[Card]:
    for card in cards:
        yield card
        for branch in card.branches:
            yield from every(branch.cards)
