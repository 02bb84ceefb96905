"""What this process has counted since it started. Plain numbers, added to where things happen.

Adding is all that happens on the way of a frame; :mod:`realtime.figures` reads them for whoever shows them.
Everything is added to in the event loop's thread only, so no lock is needed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

#: Upper bounds of the classes in which delays are counted, in seconds.
DELAYS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
#: What happened so many seconds ago is history that was brought in, not news that came late.
HISTORY = 600.0


class Delays:
    """How long news took, counted in the classes of ``DELAYS`` and one for everything above."""

    __slots__ = ("classes", "total")

    def __init__(self) -> None:
        self.classes = [0] * (len(DELAYS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """``seconds`` below zero: the clock was set back in between, so it counts as none."""
        if seconds > HISTORY:
            return
        seconds = max(0.0, seconds)
        self.classes[bisect_left(DELAYS, seconds)] += 1
        self.total += seconds


class Counts:
    """Sums since the process started."""

    __slots__ = (
        "bytes",
        "delays",
        "dropped",
        "events",
        "frames",
        "opened",
        "present",
        "refused",
        "replays",
        "rereads",
        "skipped",
    )

    def __init__(self) -> None:
        #: Events the hub heard of.
        self.events = 0
        #: Frames handed to connections, and their size in UTF-8.
        self.frames = 0
        self.bytes = 0
        #: Frames that a connection could not take when they came; it is caught up later.
        self.skipped = 0
        #: Connections that were sent what they had missed, or told to read everything again.
        self.replays = 0
        self.rereads = 0
        #: Connections cut off because they took nothing for too long.
        self.dropped = 0
        #: From the writing of an event to the frame that tells of it.
        self.delays = Delays()
        #: Connections by kind ("map socket"): all there were, and those open now; refused, by code.
        self.opened: Counter[str] = Counter()
        self.present: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()


#: Those of this process.
here = Counts()
