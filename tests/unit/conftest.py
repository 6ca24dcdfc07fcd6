"""A command of `python -m pipeline` beside a gateway that answers as it is told."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline_cli import main
from support.dataset_command import DataSets
from support.fake_gateway import Fake, answering

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gateway() -> Iterator[Fake]:
    with answering() as fake:
        yield fake


@pytest.fixture
def command(
    gateway: Fake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs it; exit status, stdout, stderr."""
    monkeypatch.setenv("GATEWAY_URL", gateway.url)
    monkeypatch.delenv("GATEWAY_API_KEY", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
        try:
            status = main.main()
        except SystemExit as end:
            status = int(str(end.code))
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def datasets(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataSets:
    """The command `dataset`, with a folder of its own."""
    monkeypatch.setenv("DATASETS_DIR", str(tmp_path / "datasets"))
    return DataSets(command, tmp_path / "datasets")
