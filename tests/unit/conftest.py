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
def pipeline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `python -m pipeline`; exit status, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
        try:
            status = main.main()
        except SystemExit as end:
            status = int(str(end.code))
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def command(gateway: Fake, pipeline: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs it beside the gateway; exit status, stdout, stderr."""
    monkeypatch.setenv("GATEWAY_URL", gateway.url)
    monkeypatch.delenv("GATEWAY_API_KEY", raising=False)
    return pipeline


@pytest.fixture
def datasets(pipeline: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataSets:
    """The command `dataset`, with a folder of its own."""
    monkeypatch.setenv("DATASETS_DIR", str(tmp_path / "datasets"))
    monkeypatch.delenv("SHOWN_COMMAND", raising=False)
    return DataSets(pipeline, tmp_path / "datasets")
