"""Processes that run, and whose children they are."""

from pathlib import Path

import psutil

from support.waiting import eventually


def family(pid: int) -> set[int]:
    """The process and all that it and its children have started."""
    children = psutil.Process(pid).children(recursive=True)
    return {pid, *(child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE)}


def family_of(folder: Path) -> set[int]:
    """The same of a private server: of all processes that its pid files name."""
    pids = [int(file.read_text().split()[0]) for file in folder.glob("*.pid")]
    return set().union(*map(family, pids))


def is_running(pid: int) -> bool:
    """Whether it runs; one that is dead and only not yet waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def assert_gone(pids: set[int]) -> None:
    eventually(lambda: not any(map(is_running, pids)), f"the end of the processes {pids}")
