import io
import os
from pathlib import Path

import pytest

import labels_log
from half import Half
from labels_log import LabelsLog
from pipeline.errors import LogError


def values(count: int) -> list[Half]:
    return [Half(f"id-{number}", "y_true", 151.0, 1_700_000_000_000) for number in range(count)]


def test_each_value_is_a_line(tmp_path: Path) -> None:
    log = LabelsLog(tmp_path)
    log.add(values(2))
    log.add([])
    log.add(values(1))
    assert (tmp_path / "labels_log.txt").read_text().splitlines() == [
        f"2023-11-14T22:13:20.000Z\ty_true\tid-{number}\t151" for number in (0, 1, 0)
    ]


def test_it_is_rotated_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels_log, "MAX_BYTES", 5000)
    log = LabelsLog(tmp_path)
    for _ in range(100):
        log.add(values(10))
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [
        "labels_log.txt", "labels_log.txt.1", "labels_log.txt.2", "labels_log.txt.3",
    ]  # fmt: skip
    assert all(file.stat().st_size <= 5000 for file in files)


@pytest.mark.parametrize("is_moved", [False, True])
def test_moved_or_deleted_it_is_begun_anew(tmp_path: Path, is_moved: bool) -> None:
    log, path = LabelsLog(tmp_path), tmp_path / "labels_log.txt"
    log.add(values(1))
    if is_moved:
        path.rename(tmp_path / "moved.txt")
    else:
        path.unlink()
    for _ in range(2):
        log.add(values(1))
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    log = LabelsLog(tmp_path)
    (tmp_path / "labels_log.txt").unlink()
    (tmp_path / "labels_log.txt").symlink_to("/dev/full")
    with (
        io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True) as log._handler.stream,
        pytest.raises(LogError, match=r"cannot write .*labels_log.txt: .*No space left on device"),
    ):
        log.add(values(1))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "labels_log.txt")
    with pytest.raises(LogError, match="is not a regular file"):
        LabelsLog(tmp_path)
