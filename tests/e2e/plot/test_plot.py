"""plot as a process: the picture follows the log, and is whole whenever one looks."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.service import Service
from support.waiting import eventually

HEADER = "id,y_true,y_pred,absolute_error\n"
PNG_END = b"IEND\xaeB`\x82"

Start = Callable[..., Service]


@pytest.fixture
def logs_dir(tmp_path: Path) -> Path:
    return tmp_path / "made" / "logs"


@pytest.fixture
def picture(logs_dir: Path) -> Path:
    return logs_dir / "error_distribution.png"


@pytest.fixture
def start(logs_dir: Path, tmp_path: Path) -> Iterator[Start]:
    services: list[Service] = []

    def start_plot(**settings: Any) -> Service:
        services.append(Service("plot", tmp_path, **({"logs_dir": logs_dir} | settings)))
        return services[-1]

    yield start_plot
    for service in services:
        if service.process.poll() is None:
            service.kill()
        print(service.log())


def append(logs_dir: Path, *errors: float) -> None:
    logs_dir.mkdir(parents=True, exist_ok=True)
    with (logs_dir / "metric_log.csv").open("a") as log:
        log.write(HEADER * (log.tell() == 0))
        log.write("".join(f"{log.tell()},0,{error},{error}\n" for error in errors))


def wait_for_rows(plot: Service, rows: int) -> None:
    eventually(lambda: plot.counts().get("rows") == rows, f"a picture of {rows} rows")


def test_it_waits_for_the_log_and_redraws_only_for_new_rows(
    start: Start, logs_dir: Path, picture: Path
) -> None:
    plot = start(plot_interval=0.1)
    eventually(plot.status_file.exists, "a status without a log")
    assert not picture.exists()

    append(logs_dir, 1, 2)
    wait_for_rows(plot, 2)
    drawn = picture.stat().st_mtime_ns
    assert plot.counts()["mae"] == 1.5

    status = plot.status_file.stat().st_mtime_ns
    eventually(lambda: plot.status_file.stat().st_mtime_ns > status, "ten looks at the log")
    assert picture.stat().st_mtime_ns == drawn

    append(logs_dir, 6)
    wait_for_rows(plot, 3)
    assert picture.stat().st_mtime_ns > drawn
    assert plot.stop() == 0


def test_what_a_person_has_set_for_figures_of_their_own_changes_nothing(
    start: Start, logs_dir: Path, picture: Path, tmp_path: Path
) -> None:
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfigure.dpi: 20\nfont.size: 40\n")
    append(logs_dir, 1, 2)
    wait_for_rows(start(), 2)  # it starts in the folder of that file
    assert Image.open(io.BytesIO(picture.read_bytes())).size == (1200, 675)


def test_it_draws_the_first_rows_at_once_and_the_last_before_it_ends(
    start: Start, logs_dir: Path, picture: Path
) -> None:
    append(logs_dir, 1)
    leftover = logs_dir / "error_distribution.png.tmp"
    leftover.write_text("half a pict")
    plot = start(plot_interval=3600)
    wait_for_rows(plot, 1)
    assert not leftover.exists()

    first = picture.read_bytes()
    append(logs_dir, 900, 900, 900)
    assert plot.stop() == 0
    assert picture.read_bytes() != first
    assert {path.name for path in logs_dir.iterdir()} == {"metric_log.csv", picture.name}


def test_bad_lines_and_a_replaced_log_do_not_stop_it(start: Start, logs_dir: Path) -> None:
    append(logs_dir, 1, 2, 3)
    with (logs_dir / "metric_log.csv").open("ab") as log:
        log.write(b"edited\n\x00,,,,\n5,0,inf,inf\n")
    append(logs_dir, 1e300)
    plot = start(plot_interval=0.1)
    wait_for_rows(plot, 4)
    assert plot.counts() == {"rows": 4, "mae": 2.5e299, "unreadable": 3}
    assert "WARNING plot: skipped 3 unreadable line(s)" in plot.log()

    (logs_dir / "metric_log.csv").unlink()
    append(logs_dir, 7)
    wait_for_rows(plot, 1)
    assert plot.counts()["mae"] == 7
    assert plot.log().count("starting anew") == 1
    assert plot.stop() == 0


def test_whoever_opens_the_picture_finds_it_whole(
    start: Start, logs_dir: Path, picture: Path
) -> None:
    append(logs_dir, 1)
    plot = start(plot_interval=0.001)
    eventually(picture.exists, "a picture")
    seen: set[bytes] = set()

    def five_seen() -> bool:
        append(logs_dir, len(seen))
        for _ in range(100):
            content = picture.read_bytes()
            assert content.endswith(PNG_END)
            seen.add(content)
        return len(seen) >= 5

    eventually(five_seen, "five pictures")
    for content in seen:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
    assert plot.stop() == 0


def test_a_folder_that_cannot_be_written_is_one_clear_line(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    plot = start(logs_dir=tmp_path / "file")
    assert plot.wait() == 1
    (line,) = plot.log().splitlines()
    assert f"ERROR plot: {tmp_path / 'file'} (LOGS_DIR) cannot be used: " in line


def test_a_picture_that_cannot_be_replaced_ends_it(
    start: Start, logs_dir: Path, picture: Path
) -> None:
    append(logs_dir, 1)
    picture.mkdir()
    plot = start()
    assert plot.wait() == 1
    assert "(LOGS_DIR) cannot be used" in plot.log().splitlines()[-1]
