"""Which processes run, and whose children they are."""

import subprocess
from pathlib import Path

from support.waiting import eventually


def processes() -> dict[int, int]:
    """Parent by process, of all that run; one that is dead and only not yet waited for does not."""
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in listing.stdout.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def family(pid: int) -> set[int]:
    """The process and all that it and its children have started."""
    parents, found = processes(), {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def family_of(folder: Path) -> set[int]:
    """The same of a private server: of all processes that its pid files name."""
    pids = [int(file.read_text().split()[0]) for file in folder.glob("*.pid")]
    return set().union(*map(family, pids))


def assert_gone(pids: set[int]) -> None:
    eventually(lambda: not pids & processes().keys(), f"the end of the processes {pids}")
