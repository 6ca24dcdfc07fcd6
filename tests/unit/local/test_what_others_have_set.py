"""What a person has set for other programs changes none of ours; a checkout may be moved."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import environment
import options
from lasting_path import LINKS, LastingPath
from pipeline.training import TrainingSettings, celery_app
from support.service import ROOT

OF_OTHERS = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # as Jupyter does
    "MATPLOTLIBRC": "/elsewhere",
    "PYTHONHOME": "/elsewhere",
    "PYTHONPATH": "/elsewhere",
    "PYTHONSAFEPATH": "1",
    "PYTHONSTARTUP": "/elsewhere.py",
    "PYTHONWARNINGS": "error",
}


@pytest.fixture
def _of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OF_OTHERS.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_of_others")
def test_a_service_of_make_run_gets_nothing_of_it(tmp_path: Path) -> None:
    env = options.environment(tmp_path, rows=0)
    assert env["PYTHONPATH"] == str(tmp_path / "common")
    assert not env.keys() & OF_OTHERS.keys() - {"PYTHONPATH"}


@pytest.mark.usefixtures("_of_others")
def test_make_hands_on_nothing_of_it() -> None:
    told = ("make", "--eval=show:;@env", "show")
    env = subprocess.run(told, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "PATH=" in env
    assert not [line for line in env.splitlines() if line.split("=")[0] in OF_OTHERS]


def test_a_home_that_the_shell_left_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("LOGS_DIR", "~/rows")
    monkeypatch.setenv("MODEL_PATH", "~/own model.skops")
    monkeypatch.setenv("MODEL_STORE", "s3://bucket/~/prefix")
    env = options.environment(ROOT, rows=0)
    assert env["LOGS_DIR"] == "/home/me/rows"
    assert env["MODEL_PATH"] == "/home/me/own model.skops"
    assert env["MODEL_STORE"] == "s3://bucket/~/prefix"


def test_trainings_go_to_our_broker_and_not_to_that_of_another_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "amqp://elsewhere/")
    monkeypatch.setenv("CELERY_BROKER_READ_URL", "amqp://elsewhere/")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://elsewhere/0")
    app = celery_app(TrainingSettings(training_url="amqp://ours/training"))
    for connection in (app.connection_for_write(), app.connection_for_read()):
        assert connection.hostname == "ours"
    assert "elsewhere" not in app.conf.result_backend


# --- a checkout that has moved


def as_made(folder: Path, where: Path) -> None:
    """A virtual environment in the folder, as pip writes it at `where`, newer than all else."""
    venv = folder / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    start = f'#!/bin/sh\n\'\'\'exec\' "{where}/.venv/bin/python3" "$0" "$@"\n'
    (venv / "bin" / "pip").write_text(start)
    (venv / "run").touch()


def without_python(folder: Path, where: Path) -> None:
    as_made(folder, where)
    python = folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/usr/bin/python3.gone")


def a_link(folder: Path, where: Path) -> None:
    as_made(where / "elsewhere", where)
    (folder / ".venv").symlink_to(where / "elsewhere" / ".venv")


VIRTUAL_ENVIRONMENTS: dict[str, tuple[Callable[[Path, Path], None], str, bool]] = {
    "made here": (as_made, ".", True),
    "made where the checkout was": (as_made, "..", False),
    "its Python is gone": (without_python, ".", False),
    "somebody's own": (a_link, "..", True),
    "none": (lambda *_: None, ".", False),
}


@pytest.mark.parametrize(
    ("prepare", "made_at", "is_usable"),
    VIRTUAL_ENVIRONMENTS.values(),
    ids=VIRTUAL_ENVIRONMENTS.keys(),
)
def test_a_virtual_environment_is_made_anew_where_it_is_of_no_use(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Path, Path], None],
    made_at: str,
    is_usable: bool,
) -> None:
    checkout = tmp_path / "a clone, клон"
    for name in (
        "Makefile",
        "local/requirements.txt",
        "common/pyproject.toml",
        "cli/pyproject.toml",
    ):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, checkout / name)
        os.utime(checkout / name, (0, 0))
    prepare(checkout, (checkout / made_at).resolve())
    monkeypatch.setattr(environment, "VENV", checkout / ".venv")
    plan = subprocess.run(
        ["make", "--dry-run", "run"], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout
    assert ("environment.py" not in plan) == is_usable
    assert environment.is_usable() == is_usable


def test_what_fails_in_making_it_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        environment.run([sys.executable, "-c", "import sys; sys.exit('no space left')"])
    assert "ended with status 1" in str(ended.value)
    assert capfd.readouterr().err == "no space left\n"


# --- the path by which RabbitMQ knows its folder


def test_a_folder_keeps_its_path_when_it_moves(tmp_path: Path) -> None:
    first = LastingPath(tmp_path / "один")
    first.make()
    assert first.path.parent == LINKS
    assert str(first.path).isascii()
    assert first.path.samefile(tmp_path / "один")

    moved = (tmp_path / "один").rename(tmp_path / "другой")
    second = LastingPath(moved)
    second.make()
    assert second.path == first.path
    assert second.path.samefile(moved)
    second.remove()
    assert not second.path.is_symlink()
    assert (moved / "known-as").exists()


def test_a_copy_of_a_folder_in_use_gets_a_path_of_its_own(tmp_path: Path) -> None:
    first = LastingPath(tmp_path / "one")
    first.make()
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    copy = LastingPath(tmp_path / "copy")
    copy.make()
    assert first.path.samefile(tmp_path / "one")
    assert copy.path.samefile(tmp_path / "copy")
    for each in (first, copy):
        each.remove()


def test_a_name_that_somebody_else_has_taken_is_left_alone(tmp_path: Path) -> None:
    taken = LastingPath(tmp_path / "one").path
    taken.touch()
    assert LastingPath(tmp_path / "one").path != taken
    taken.unlink()


def test_the_queues_of_an_earlier_version_know_the_folder_itself(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = LastingPath(tmp_path)
    path.make()
    assert path.path == tmp_path
    path.remove()
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]
