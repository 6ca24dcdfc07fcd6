"""`dataset init` with whatever comes: a data set that loads, or one sentence."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.dataset_command import DataSets, csv_of
from support.waiting import PATIENCE_SECONDS

ROWS = "x,y\n" + "".join(f"{n * 7 % 31}.5,{n}\n" for n in range(40))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_cli.dataset.leaks.MIN_ROWS", 10**9)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=60)
    | st.text("xy,;\t|\n\r\"' 0123.-=aé\0\ufeff", max_size=80).map(str.encode)
)
def test_whatever_comes_is_answered_in_a_sentence(content: bytes, datasets: DataSets) -> None:
    status, _, err = datasets.init(b"x,y\n" + content, "--replace")
    assert status == 0 or (status, err.count("\n")) == (1, 1), err
    if not status:
        datasets.load()


CELLS = st.sampled_from(
    [
        "",
        "NA",
        "None",
        "-",
        "1",
        "2.5",
        "1,5",
        "1.234",
        "007",
        "a",
        "b\nc",
        "d\re",
        "=x",
        "2026-01-01",
        '"',
        "'",
        "é",
    ]
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_written_is_loaded_and_taken_in_again(
    data: st.DataObject, datasets: DataSets
) -> None:
    """Columns of a few values each, however odd, beside one that can be learnt from."""
    pools = data.draw(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=4))
    labels = data.draw(st.lists(CELLS, min_size=2, max_size=3))
    dice = data.draw(st.randoms(use_true_random=False))
    rows = [
        [n * n % 37 + 0.5, *map(dice.choice, pools), labels[n % len(labels)]] for n in range(30)
    ]
    header = ["x", *(f"c{n}" for n in range(len(pools))), "y"]
    shutil.rmtree(datasets.folder, ignore_errors=True)
    separator = data.draw(st.sampled_from(",;\t|"))
    status, _, err = datasets.init(csv_of(header, rows, separator))
    if status:
        assert (status, err.count("\n")) == (1, 1)
        return
    before = datasets.load()
    own = str(datasets.folder / "houses" / "rows.csv")
    content = (datasets.folder / "houses" / "rows.csv").read_bytes()
    assert datasets("init", own, "--name", "houses", "--replace")[0] == 0
    assert (datasets.folder / "houses" / "rows.csv").read_bytes() == content
    assert datasets.load().schema == before.schema
    assert datasets("init", own, "--name", "copy", "--target", "y")[0] == 0
    assert datasets.load("copy").schema.columns == before.schema.columns


def test_stdin_is_read_and_nobody_is_asked(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "dataset", "init", "-", "--name", "houses"],
        input=ROWS.encode(), env=os.environ | {"DATASETS_DIR": str(tmp_path)}, capture_output=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"which column is predicted? There are x, y" in done.stderr


def test_at_a_terminal_it_asks(tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text(ROWS)
    (tmp_path / "houses").mkdir()
    (tmp_path / "houses" / "rows.csv").write_text(ROWS)
    main, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", "dataset", "init", str(tmp_path / "houses.csv")],
        stdin=terminal, stdout=terminal, env=os.environ | {"DATASETS_DIR": str(tmp_path)},
    ) as process:  # fmt: skip
        os.write(main, b"y\ny\n")
        assert process.wait(PATIENCE_SECONDS) == 0
    os.close(terminal)
    assert (tmp_path / "houses" / "schema.json").exists()
    os.close(main)
