"""The SHA-256 that training writes next to a model file, in the format of `sha256sum`."""

import hashlib
from pathlib import Path
from shlex import quote

from pipeline.errors import ModelError


def record_path(model_path: Path) -> Path:
    return model_path.with_name(f"{model_path.name}.sha256")


def record(content: bytes, name: str) -> str:
    """Returns the line that `sha256sum name` prints for a file of this content."""
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n"


def model_id(content: bytes) -> str:
    """Returns the id of a model in answers: the first 12 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(content).hexdigest()[:12]


def check(content: bytes, path: Path) -> None:
    """Raises ModelError unless the file at `path` has the content that was recorded for it."""
    beside = record_path(path)
    name = quote(path.name)
    how = f"cd {quote(str(path.parent))} && sha256sum {name} > {name}.sha256"
    try:
        recorded = beside.read_text("ascii", "replace").split()
    except OSError as error:
        raise ModelError(
            f"{path} has no SHA-256 at {beside} ({error.strerror}); if you trust it: {how}"
        ) from error
    if recorded[:1] != record(content, path.name).split()[:1]:
        raise ModelError(
            f"{path} is not the file that was trained: its SHA-256 is not the one in "
            f"{beside.name}; if you trust it: {how}"
        )
