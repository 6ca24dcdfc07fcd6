"""A file is replaced as a whole, or stays as it was."""

from pathlib import Path

import pytest

from pipeline.atomic_file import replace_file, temporary_path


@pytest.mark.parametrize("synced", [False, True])
def test_it_replaces_what_was_there_and_leaves_nothing_else(tmp_path: Path, synced: bool) -> None:
    path = tmp_path / "status.json"
    temporary_path(path).write_bytes(b"of a killed writer, longer than what follows")
    path.write_bytes(b"old")
    replace_file(path, b"new", synced=synced)
    assert path.read_bytes() == b"new"
    assert [*tmp_path.iterdir()] == [path]


def test_a_reader_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"old")
    with path.open("rb") as file:
        replace_file(path, b"new")
        assert file.read() == b"old"


def test_where_it_cannot_be_written_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(b"old")
    temporary_path(path).mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
