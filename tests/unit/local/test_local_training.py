"""Before a run: the default model is made once, and one that is older than train.py is told of."""

import os
from pathlib import Path
from typing import Any

import pytest

import run


class Said:
    """A display that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.mark.parametrize(
    ("trained_at", "env", "said"),
    [
        (99, {}, ["train.py has changed since: `make train` trains the model again"]),
        (101, {}, []),
        (99, {"MODEL_PATH": "mine.skops"}, []),
    ],
)
def test_a_model_that_is_older_than_its_training_is_told_of(
    trained_at: int, env: dict[str, str], said: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name, file in {"TRAIN": "train.py", "MODEL": "m", "MODEL_RECORD": "m.sha256"}.items():
        (tmp_path / file).touch()
        os.utime(tmp_path / file, (100, 100 if name == "TRAIN" else trained_at))
        monkeypatch.setattr(run, name, tmp_path / file)
    display: Any = Said()
    interrupt: Any = None
    run.train_if_missing(env, display, interrupt)
    assert display.lines == said
