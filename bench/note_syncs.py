"""Runs a service, and notes each sync of a file: python note_syncs.py NOTES SERVICE.

A line for each: when it returned (Unix time in seconds), the file's length before it, its inode.
The service knows nothing of this.
"""

import atexit
import os
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path

notes: list[tuple[float, int, int]] = []  # in memory: writing them down would take time of its own


def noting(sync: Callable[[int], None]) -> Callable[[int], None]:
    def noting_sync(descriptor: int) -> None:
        status = os.fstat(descriptor)  # what is appended from now on may not be on the disk
        sync(descriptor)
        notes.append((time.time(), status.st_size, status.st_ino))

    return noting_sync


def write_notes(path: Path) -> None:
    path.write_text("".join(f"{when:.6f},{length},{inode}\n" for when, length, inode in notes))


if __name__ == "__main__":
    atexit.register(write_notes, Path(sys.argv[1]))
    os.fsync, os.fdatasync = noting(os.fsync), noting(os.fdatasync)  # type: ignore[assignment]
    sys.path.insert(0, str(Path(sys.argv[2]).parent))
    runpy.run_path(sys.argv[2], run_name="__main__")
