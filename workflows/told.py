"""What a teller says of one event (:mod:`workflows.timeline`); the rest of the entry is the same for all."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """``tone``: idle, wait, work, again, done or late; ``text`` somebody's own words."""

    title: str
    icon: str
    tone: str = "idle"
    text: str = ""
