"""What the faults did, as a table."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Line:
    """One kind of fault: how often it struck, and what came of the rows that streamed meanwhile.

    `recoveries` are seconds from the fault until all that was published before it were rows.
    """

    fault: str
    tries: int = 0
    rows: int = 0
    lost: int = 0
    taken: int = 0  # rows of which a half was in a queue that was deleted: counted as pending
    doubled: int = 0
    recoveries: list[float] = field(default_factory=list)

    def add(self, rows: int, lost: int, doubled: int, *, counted: bool) -> None:
        self.rows += rows
        self.doubled += doubled
        if counted:
            self.taken += lost
        else:
            self.lost += lost

    def losses(self) -> str:
        return f"{self.lost} + {self.taken} counted" if self.taken else str(self.lost)

    def recovery(self) -> str:
        if not self.recoveries:
            return "–"
        return f"{median(self.recoveries):.1f} s, at most {max(self.recoveries):.1f} s"


class Report:
    """The lines of one run, by fault."""

    def __init__(self, kills: int, seed: int) -> None:
        self._lines: dict[str, Line] = {}
        self._notes = [f"`make chaos KILLS={kills} SEED={seed}`"]

    def line(self, fault: str) -> Line:
        return self._lines.setdefault(fault, Line(fault))

    def note(self, text: str) -> None:
        self._notes.append(text)

    def text(self) -> str:
        head = [
            "| fault | tries | rows | lost | doubled | time to recover |",
            "|---|--:|--:|--:|--:|---|",
        ]
        body = [
            f"| {line.fault} | {line.tries} | {line.rows:,} | {line.losses()} | {line.doubled} "
            f"| {line.recovery()} |"
            for line in self._lines.values()
        ]
        total = [sum(getattr(line, name) for line in self._lines.values())
                 for name in ("tries", "rows", "lost", "doubled")]  # fmt: skip
        tries, rows, lost, doubled = total
        body.append(f"| all | {tries} | {rows:,} | {lost} | {doubled} | |")
        return "\n".join([*head, *body, "", *self._notes])
