"""LOGS_DIR full, read-only, and its files in other hands: clear lines, and no silent damage."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from chaos.report import Report
from chaos.streams import Stream, Tries
from support.service import Service
from support.waiting import eventually

pytestmark = pytest.mark.timeout(3600)

DISK_BYTES = 8 * 2**20
LITTLE_BYTES = 100 * 2**10
FULL = ("No space left on device", "database or disk is full")  # as the system or SQLite says it


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def says(service: Service, *texts: str) -> None:
    """It has ended as failed, and its last line says why, in one of these ways."""
    assert service.wait() == 1
    assert any(text in service.log().splitlines()[-1] for text in texts)
    assert "Traceback" not in service.log()


def fill(disk: Path, leaving: int = LITTLE_BYTES) -> Path:
    """Leaves only little room on the disk."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    with contextlib.suppress(OSError):  # others write too: then it is full already
        filler.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - leaving)))
    return filler


def test_the_disk_is_full(stream: Stream, disk: Path, report: Report, tries: Tries) -> None:
    line = report.line("disk full, and room again")
    stream.folder = disk
    stream.settings["metric"]["logs_dir"] = disk
    stream.open(rate=200)
    for _ in range(tries(5)):
        filler = fill(disk)
        says(stream.services["metric"], *FULL)
        says(stream.start("metric"), *FULL)
        filler.unlink()
        (disk / "labels_log.txt").unlink()  # it takes most of this disk
        stream.strike(line, lambda: stream.start("metric"))
    stream.finish(line)


def test_the_disk_is_full_for_plot(start: Callable[..., Service], disk: Path) -> None:
    (disk / "metric_log.csv").write_text("id,y_true,y_pred,absolute_error\na,1,3,2\n")
    filler = fill(disk, leaving=0)
    says(start("plot", logs_dir=disk), *FULL)
    filler.unlink()
    start("plot", logs_dir=disk)
    eventually((disk / "error_distribution.png").exists, "the picture")


@pytest.mark.parametrize("service", ["metric", "plot"])
def test_the_folder_is_read_only(start: Callable[..., Service], disk: Path, service: str) -> None:
    (disk / "metric_log.csv").write_text("id,y_true,y_pred,absolute_error\na,1,3,2\n")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    says(start(service, logs_dir=disk), "Read-only file system")


@pytest.mark.parametrize("emptied", [False, True])
def test_the_csv_is_deleted_while_metric_is_down(
    stream: Stream, report: Report, emptied: bool
) -> None:
    line = report.line("`metric_log.csv` deleted or emptied while metric is down (begun anew)")
    stream.open()
    stream.stop("metric")
    csv = stream.folder / "metric_log.csv"
    earlier = pd.read_csv(csv, dtype={"id": str})
    if emptied:
        csv.write_bytes(b"")
    else:
        csv.unlink()
    line.tries += 1
    stream.start("metric")
    eventually(lambda: stream.rows() > 100, "rows in a new file")
    stream.finish(line, earlier=earlier)


def cut_short(content: bytes) -> bytes:
    return content[:-30]


def added_to(content: bytes) -> bytes:
    return content + b"mine,1,2,1\n"


@pytest.mark.parametrize("damage", [cut_short, added_to])
@pytest.mark.parametrize("killed", [False, True])
def test_the_csv_is_changed_while_metric_is_down(
    stream: Stream, report: Report, damage: Callable[[bytes], bytes], killed: bool
) -> None:
    line = report.line("`metric_log.csv` cut or added to (kept, and a new one begun)")
    stream.open()
    stream.stop("model")  # so that nothing is on its way into the file
    stream.stop_and_start("metric")
    eventually(lambda: stream.vhost.consumers("y_pred") > 0, "metric to be there")
    if killed:
        stream.kill("metric")
    else:
        stream.stop("metric")
    csv = stream.folder / "metric_log.csv"
    earlier, content = pd.read_csv(csv, dtype={"id": str}), csv.read_bytes()
    csv.write_bytes(damage(content))
    line.tries += 1
    stream.start("metric")
    stream.start("model")
    stream.finish(line, earlier=earlier)
    assert (stream.folder / "metric_log.1.csv").read_bytes() == damage(content)


def test_an_edit_far_from_the_end_stays(stream: Stream, report: Report) -> None:
    line = report.line("`metric_log.csv` edited far from its end, to the same length (goes on)")
    stream.open()
    csv = stream.folder / "metric_log.csv"
    stream.stop("metric")
    content = csv.read_bytes()
    assert len(content) > 60 + 4096, "the edit is not seen"
    edited = content.replace(content[40:60], b"x" * 20, 1)
    csv.write_bytes(edited)
    line.tries += 1
    stream.strike(line, lambda: stream.start("metric"))
    stream.stop("metric")
    later = csv.read_bytes()
    assert later.startswith(edited)
    csv.write_bytes(content + later[len(content) :])
    stream.start("metric")
    stream.finish(line)


def test_a_second_metric_is_refused(
    stream: Stream, report: Report, start: Callable[..., Service]
) -> None:
    line = report.line("a second metric on one `LOGS_DIR` (refused)")
    stream.open()
    line.tries += 1
    says(start("metric"), "is in use: another metric writes to this folder")
    stream.finish(line)
