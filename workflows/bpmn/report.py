"""What became of each element of an imported file, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: Mapped; drawn though the file does not say so in as many words; not drawn, with the reason; said otherwise.
Verdict = Literal["mapped", "implicit", "unmapped", "note"]


@dataclass(frozen=True)
class Line:
    """``element`` is its id in the file, ``tag`` what BPMN calls it, ``block`` what it became."""

    verdict: Verdict
    tag: str
    element: str
    name: str
    text: str = ""
    block: str = ""


@dataclass
class Report:
    lines: list[Line] = field(default_factory=list)

    def add(self, verdict: Verdict, item: object, text: str = "", *, block: str = "") -> None:
        """About an element or a flow: whatever has an id, a tag and a name."""
        line = Line(
            verdict,
            str(getattr(item, "tag", ""))[:60],
            str(getattr(item, "id", ""))[:80],
            " ".join(str(getattr(item, "name", "")).split())[:80],
            text,
            block,
        )
        if line not in self.lines:
            self.lines.append(line)

    def count(self, verdict: Verdict) -> int:
        return sum(line.verdict == verdict for line in self.lines)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the file is missing in the draft."""
        return not self.count("unmapped")
