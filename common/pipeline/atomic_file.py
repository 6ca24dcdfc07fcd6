"""Files that are replaced as a whole: a reader finds the old content or the new one."""

import os
from pathlib import Path


def temporary_path(path: Path) -> Path:
    """Returns the name that the file has until it is written."""
    return path.with_name(f"{path.name}.tmp")


def replace_file(path: Path, content: bytes, *, synced: bool = False) -> None:
    """Writes the file, replacing an earlier one; `synced`: also a power failure leaves it whole.

    Only one thread at a time may write it: the temporary file has one name, so that a crash leaves
    no more than one. Raises OSError.
    """
    temporary = temporary_path(path)
    with temporary.open("wb") as file:
        file.write(content)
        if synced:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)
