import pickle
import subprocess
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer

import train
from model import answer
from pipeline import dataset
from pipeline.errors import ModelError, StopError
from pipeline.messages import Message
from pipeline.model_store import predictor as predictor_module
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor
from shadow_answers import shadow_answers
from support.waiting import STOP_SECONDS, Clock


class Fragile:
    """Fails on a batch that holds a 13, and says infinity to a 99."""

    def predict(self, features: Any) -> Any:
        if (features == 13).any():
            raise ValueError("thirteen")
        return np.where(features[:, 0] == 99, np.inf, features.sum(axis=1))


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.skops"
    train.main(path)
    return path


def request(*firsts: float, batched: bool = True) -> Message[list[float]]:
    return Message(
        [f"row-{first:g}" for first in firsts],
        [[float(first)] + [0.0] * 9 for first in firsts],
        batched,
        queue="features",
        raw=b"as it came",
        timestamp_in_ms=7,
    )


def unasked() -> None:
    """As long as nobody asks the service to stop."""


def test_what_a_candidate_cannot_predict_is_null_in_its_place() -> None:
    requests = [request(1, 13, 2), request(99, batched=False)]
    both = shadow_answers(Predictor(Fragile(), "frail"), requests, unasked)
    assert [message.encode() for message in both] == [
        b'{"id":["row-1","row-13","row-2"],"body":[1.0,null,2.0]}',
        b'{"id":"row-99","body":null}',
    ]
    assert {message.model_id for message in both} == {"frail"}
    assert shadow_answers(Predictor(Fragile()), [], unasked) == []


def test_training_says_its_errors_and_stores_a_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train.main(tmp_path / "model.skops")
    assert "MAE 47.5, RMSE 58.6 on 89 held-out rows" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {
        "model.skops",
        "model.skops.sha256",
        "model.json",
    }
    subprocess.run(["sha256sum", "--check", "model.skops.sha256"], cwd=tmp_path, check=True)


def test_a_loaded_model_predicts_as_the_trained_one(model_file: Path) -> None:
    rows = dataset.holdout().features
    outcomes = Predictor.load(model_file).predict(rows.tolist())
    assert outcomes == pytest.approx(train.train().predict(rows).tolist(), rel=1e-12)


def test_each_row_is_answered_in_the_form_it_came_in() -> None:
    requests = [request(1, 2), request(3, batched=False)]
    answers, failed = answer(Predictor(Fragile()), requests, unasked)
    assert [(a.ids, a.values, a.batched) for a in answers] == [
        (["row-1", "row-2"], [1.0, 2.0], True),
        (["row-3"], [3.0], False),
    ]
    assert all(a.features_timestamp_in_ms == 7 for a in answers)
    assert failed == []


def test_a_row_that_fails_is_put_aside_alone() -> None:
    requests = [request(1, 13, 99), request(13, batched=False), request(2)]
    answers, failed = answer(Predictor(Fragile()), requests, unasked)
    assert [a.ids for a in answers] == [["row-1"], ["row-2"]]
    assert [letter.reason for letter in failed] == [
        "the model failed on this row: thirteen",
        "the prediction is not a finite number: inf",
        "the model failed on this row: thirteen",
    ]
    assert failed[0].body == b'{"id":"row-13","body":[13.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0]}'
    assert failed[2].body == b"as it came"
    assert {letter.queue for letter in failed} == {"features"}


def test_a_pickle_is_refused_unread(tmp_path: Path) -> None:
    for name in ("model.pkl", "model.skops"):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(Fragile()))
        with pytest.raises(ModelError, match=r"is a pickle.* store the model with skops.io.dump"):
            Predictor.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 truncated", b"<html>"])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.skops"
    train.store(content, path)
    with pytest.raises(ModelError, match="is not a skops model"):
        Predictor.load(path)


def test_a_file_that_training_did_not_leave_is_refused_unread(
    model_file: Path, tmp_path: Path
) -> None:
    trained, path = model_file.read_bytes(), tmp_path / "model.skops"
    train.store(trained, path)
    middle = len(trained) // 2
    tampered = trained[:middle] + bytes([trained[middle] ^ 1]) + trained[middle + 1 :]
    for content in (tampered, trained[:-1], trained + b" ", b"", b"<html>"):
        path.write_bytes(content)
        with pytest.raises(ModelError, match="is not the file that was trained: its SHA-256"):
            Predictor.load(path)
    path.write_bytes(trained)
    Predictor.load(path)


def test_a_model_of_ones_own_needs_a_sha256_and_is_told_how_to_get_one(tmp_path: Path) -> None:
    path = tmp_path / "own model.skops"
    skops.io.dump(train.train(), path)
    with pytest.raises(ModelError, match=r"has no SHA-256 at .* if you trust it: (.*)") as refusal:
        Predictor.load(path)
    command = str(refusal.value).partition("trust it: ")[2]
    subprocess.run(["sh", "-ec", command], check=True)
    Predictor.load(path)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model at .*`make train` writes one"):
        Predictor.load(tmp_path / "none.skops")


def test_a_type_that_is_not_trusted_is_refused(tmp_path: Path) -> None:
    train.store(skops.io.dumps(Fragile()), tmp_path / "model.skops")
    with pytest.raises(ModelError, match=r"is refused: .*Fragile"):
        Predictor.load(tmp_path / "model.skops")


@pytest.mark.parametrize(
    "thing",
    [
        {"not": "a model"},
        RandomForestRegressor(2).fit(np.zeros((4, 3)), np.zeros(4)),
        DummyClassifier(strategy="constant", constant="a").fit(np.zeros((1, 10)), ["a"]),
        CountVectorizer(),
    ],
)
def test_what_does_not_predict_a_number_from_ten_is_refused(tmp_path: Path, thing: object) -> None:
    train.store(skops.io.dumps(thing), tmp_path / "model.skops")
    with pytest.raises(ModelError, match="does not predict one number from 10 \\(age sex"):
        Predictor.load(tmp_path / "model.skops")


def test_trees_are_trusted(tmp_path: Path) -> None:
    data = dataset.training()
    forest = RandomForestRegressor(3, random_state=0).fit(data.features, data.labels)
    train.store(skops.io.dumps(forest), tmp_path / "model.skops")
    (outcome,) = Predictor.load(tmp_path / "model.skops").predict([data.features[0].tolist()])
    assert outcome == forest.predict(data.features[:1])[0]


def test_rows_too_large_to_compute_with_are_put_aside_at_once() -> None:
    outcomes = Predictor(Fragile()).predict([[1.0] * 10, [-1e101] + [0.0] * 9, [2.0] * 10] * 2)
    too_large = Failed("age: too large, the most is 1e+100")
    assert outcomes == [10.0, too_large, 20.0] * 2
    assert Predictor(Fragile()).predict([[1e101] + [0.0] * 9]) == outcomes[1:2]


class Slow:
    """Takes so many seconds for a row and for a call, by a clock of its own; sums each row."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, row: float, call: float = 0) -> None:
        self.row, self.call = row, call
        self.clock = Clock()
        self.calls: list[int] = []  # rows of each
        monkeypatch.setattr(predictor_module, "time", SimpleNamespace(monotonic=self.clock))

    def predict(self, features: Any) -> Any:
        self.calls.append(len(features))
        self.clock.seconds += self.call + self.row * len(features)
        if (features == 13).any():
            raise ValueError("thirteen")
        return features.sum(axis=1)


ROWS = [[float(number)] + [0.0] * 9 for number in range(100, 5100)]
SUMS = [row[0] for row in ROWS]


def longest_silence(slow: Slow, predictor: Predictor, rows: list[list[float]]) -> float:
    """The most seconds in which a service that predicts these rows does not look around."""
    looks = [slow.clock()]
    predictor.predict(rows, lambda: looks.append(slow.clock()))
    looks.append(slow.clock())
    return max(later - earlier for earlier, later in pairwise(looks))


@pytest.mark.parametrize(("row", "most"), [(0.003, 2), (0.1, 2), (0.6, 2), (4, 4)])
def test_long_work_is_done_in_slices_of_some_seconds(
    monkeypatch: pytest.MonkeyPatch, row: float, most: float
) -> None:
    slow = Slow(monkeypatch, row)
    predictor = Predictor(slow)
    assert longest_silence(slow, predictor, ROWS) <= most + 1e-6
    assert predictor.predict(ROWS) == SUMS


@pytest.mark.parametrize("call", [0, 0.1, 0.9])
def test_quick_work_is_soon_done_in_one_call_whatever_a_call_costs(
    monkeypatch: pytest.MonkeyPatch, call: float
) -> None:
    slow = Slow(monkeypatch, 1e-6, call)
    predictor = Predictor(slow)
    predictor.predict(ROWS)
    slow.calls.clear()
    predictor.predict(ROWS[:1500])
    assert len(slow.calls) == 1


def test_slices_follow_a_model_that_gets_slower_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch, 1e-6)
    predictor = Predictor(slow)
    predictor.predict(ROWS)
    slow.row = 0.003
    assert longest_silence(slow, predictor, ROWS) < STOP_SECONDS
    assert longest_silence(slow, predictor, ROWS) <= 2 + 1e-6
    assert longest_silence(slow, predictor, [[13.0] * 10] * 1000) <= 2 + 1e-6


def test_what_is_asked_between_two_slices_may_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def between() -> None:
        raise StopError

    predictor = Predictor(Slow(monkeypatch, 0.003))
    assert predictor.predict(ROWS[:1], between) == SUMS[:1]
    with pytest.raises(StopError):
        predictor.predict(ROWS, between)
