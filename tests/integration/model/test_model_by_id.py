"""`model-by-id` as a process: each answer is of the model that was asked, or says why not."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import skops.io
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from pipeline import dataset
from pipeline.broker.batch import EXPIRED
from pipeline.model_store.records import SKOPS, StoredFile
from pipeline.model_store.skops_model import TRUSTED_TYPES
from pipeline.model_store.store import ModelStore
from pipeline.table.data_sets import load, load_schema
from pipeline.table.estimators import default_estimator
from pipeline.table.matrix import matrix
from support.by_model import Asker, Told, asking
from support.service import Service
from support.stored_models import damage, fragile_estimator, put_model, put_model_of
from support.tables import houses, write_data_set
from support.vhost import Vhost
from support.waiting import STOP_SECONDS, eventually

Start = Callable[..., Service]

ROWS = dataset.holdout().features[:40].tolist()
NINE = ["s6", "bmi", "age", "bp", "s1", "s2", "s3", "s4", "s5"]  # without sex, in another order


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(str(tmp_path / "models"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the data sets are: houses is there."""
    write_data_set(tmp_path / "datasets", houses())
    return tmp_path / "datasets"


@pytest.fixture
def asker(vhost: Vhost) -> Iterator[Asker]:
    with asking(vhost) as asker:
        yield asker


@pytest.fixture
def service(start: Start, folder: Path) -> Service:
    return start("model-by-id", datasets_dir=folder)


def stored(store: ModelStore, model_id: str) -> Any:
    """The model in the store, loaded without any code of ours."""
    return skops.io.load(Path(store.url, "models", model_id, SKOPS), trusted=TRUSTED_TYPES)


def told(row: list[Told]) -> list[Any]:
    assert all(each.reason is None for each in row), row
    return [each.value for each in row]


@pytest.mark.usefixtures("service")
def test_each_answer_is_what_the_stored_model_says_and_no_row_of_the_stream(
    store: ModelStore, vhost: Vhost, asker: Asker
) -> None:
    put_model(store, "one", Ridge(0.01))
    put_model(store, "two", RandomForestRegressor(10, random_state=0))
    ids = [str(number) for number in range(len(ROWS))]
    for model_id in ("one", "two"):
        asker.found.clear()
        asker.ask(model_id, ROWS[:1], ids[:1])
        asker.ask(model_id, ROWS[1:], ids[1:])
        answers = asker.told(*ids)
        assert {(each.model_id, each.ask_model) for each in answers} == {(model_id, model_id)}
        assert told(answers) == pytest.approx(stored(store, model_id).predict(ROWS), rel=1e-12)
    assert vhost.depth("y_pred") == vhost.depth("dead_letters") == 0


@pytest.mark.usefixtures("service")
def test_a_model_takes_its_own_columns_in_its_own_order(store: ModelStore, asker: Asker) -> None:
    names = dataset_names()
    places = [names.index(name) for name in NINE]
    data = dataset.training()
    fitted = Ridge(0.1).fit(data.features[:, places], data.labels)
    put_model(store, "nine", features=NINE, files={SKOPS: skops.io.dumps(fitted)})
    rows = [[row[place] for place in places] for row in ROWS]
    asker.ask("nine", rows, ids := [str(number) for number in range(len(rows))])
    by_names = dict(zip(NINE, rows[0], strict=True))
    asker.ask("nine", [dict(reversed(by_names.items()))], ["by names"])
    asker.ask("nine", [ROWS[0]], ["ten"])
    expected = stored(store, "nine").predict(rows)
    assert told(asker.told(*ids, "by names")) == pytest.approx([*expected, expected[0]])
    assert "a row has 9 values (s6 bmi age" in str(asker.told("ten")[0].reason)


def dataset_names() -> list[str]:
    return load_schema("diabetes", Path()).names


@pytest.mark.usefixtures("service")
def test_a_model_of_any_data_set_answers_rows_of_its_own(
    store: ModelStore, folder: Path, asker: Asker
) -> None:
    schema, rows = load("houses", folder)
    estimator = default_estimator(schema.task, schema.columns)
    put_model_of(store, "houses", folder, estimator, "of-houses")
    put_model_of(store, "iris", folder, LogisticRegression(max_iter=1000), "of-iris")
    some, _ = rows.holdout()
    asker.ask("of-houses", some[:20], ids := [f"h{number}" for number in range(20)])
    wanted = stored(store, "of-houses").predict(matrix(some[:20], schema.columns))
    assert told(asker.told(*ids)) == pytest.approx(wanted)

    flowers, _ = load("iris", folder).rows.holdout()
    asker.ask("of-iris", flowers[:1], ["i"])
    (answer,) = told(asker.told("i"))
    model = stored(store, "of-iris")
    assert answer == pytest.approx(
        dict(zip(model.classes_, model.predict_proba(flowers[:1])[0], strict=True))
    )


def test_what_cannot_be_answered_says_why_for_each_row(
    service: Service, store: ModelStore, folder: Path, vhost: Vhost, asker: Asker
) -> None:
    put_model(store, "good")
    put_model(store, "fragile", files={SKOPS: skops.io.dumps(fragile_estimator())})
    put_model(store, "damaged")
    damage(store, "damaged")
    put_model(store, "misfit", features=["age", "height"])
    put_model(store, "foreign", files={SKOPS: b"no model"})
    put_model_of(store, "houses", folder, DummyRegressor(), "gone")
    for path in (folder / "houses").iterdir():
        path.unlink()
    rewrite_size(store, "huge")
    for number, (model_id, reason) in enumerate(
        {
            "absent": "there is no model absent in the model store",
            "../models/good": "there is no model ../models/good in the model store",
            "damaged": "SHA-256 is another",
            "misfit": "it takes age height, and a row of the data set 'diabetes' brings age sex",
            "foreign": "is not a skops model",
            "gone": "there is no data set 'houses'",
            "huge": "a file of huge of 33,554,433 bytes is too large, the most is 33,554,432",
            None: "it names no model",
        }.items()
    ):
        ids = [f"{number}-{row}" for row in range(3)]
        asker.ask(model_id, ROWS[:3], ids)
        for answer in asker.told(*ids):
            assert reason in str(answer.reason)
            assert (answer.model_id, answer.ask_model) == (None, model_id)
    strange = [*ROWS[0][:9], 1.0]
    asker.ask("fragile", [ROWS[0], strange], ["fits", "strange"])
    fits, failed = asker.told("fits", "strange")
    assert (fits.model_id, fits.reason) == ("fragile", None)
    assert "the model failed on this row" in str(failed.reason)
    assert vhost.depth("dead_letters") == 8 * 3 + 1
    assert service.process.poll() is None


def rewrite_size(store: ModelStore, model_id: str) -> None:
    """A model whose record says that its file has a byte more than is allowed."""
    put_model(store, model_id)
    path = Path(store.url, "models", model_id, "model.json")
    record = json.loads(path.read_bytes())
    record["files"][SKOPS] = {"sha256": StoredFile.of(b"").sha256, "size": 32 * 2**20 + 1}
    path.write_text(json.dumps(record))


@pytest.mark.usefixtures("service")
def test_a_request_without_an_asker_and_a_bad_one_are_dead_letters(
    store: ModelStore, vhost: Vhost, asker: Asker
) -> None:
    put_model(store, "good")
    asker.ask("good", ROWS[:1], ["nobody"], reply_to=None)
    properties, body = vhost.wait_for("dead_letters")
    assert properties.headers["x-reason"].startswith("nobody would get the answer")
    assert properties.headers["x-source-queue"] == "features.by_model"
    assert json.loads(body)["id"] == "nobody"
    headers = {"ask_model": "good"}
    for bad in (b"", b"[]", b'{"id": 1}', b'{"id": [1, 2], "body": [[1]]}'):
        vhost.put("features.by_model", bad, headers=headers, reply_to="answers")
        assert vhost.wait_for("dead_letters")[1] == bad
        assert vhost.wait_for("answers")[1] == bad
    vhost.put("features.by_model", b'{"id": 1, "body": [2]}', headers={"ask_model": 7})
    assert "names no model" in vhost.wait_for("dead_letters")[0].headers["x-reason"]
    asker.ask("good", ROWS[:1], ["next"])
    assert told(asker.told("next"))


def test_many_models_in_turn_stay_within_a_bound(
    service: Service, store: ModelStore, asker: Asker
) -> None:
    """Forests of 13 MB each: four of them have room."""
    put_model(store, "forest-0", RandomForestRegressor(300, random_state=0))
    content = Path(store.url, "models", "forest-0", SKOPS).read_bytes()
    assert 64 * 2**20 // len(content) == 4
    for number in range(1, 8):
        put_model(store, f"forest-{number}", files={SKOPS: content})
    peaks = []
    for turn in range(2):
        for number in range(8):
            asker.ask(f"forest-{number}", ROWS[:1], [row := f"{turn}-{number}"])
            assert told(asker.told(row))
            assert service.counts().get("models", 0) <= 4
        peaks.append(service.peak_memory())
    assert peaks[1] < peaks[0] + 60 * 2**20, "a second turn takes little more than the first"
    assert service.stop(STOP_SECONDS) == 0


def test_killed_at_any_time_it_answers_all_after_a_restart(
    start: Start, store: ModelStore, vhost: Vhost, asker: Asker
) -> None:
    put_model(store, "one")
    put_model(store, "forest", RandomForestRegressor(100, random_state=0))
    ids = [str(number) for number in range(40)]
    for row_id in ids:
        asker.ask(("one", "forest")[int(row_id) % 2], ROWS[:1], [row_id])
    asker.flush()
    for _ in range(2):
        before = vhost.depth("features.by_model")
        service = start("model-by-id")
        eventually(lambda: vhost.depth("features.by_model") < before, "requests taken")  # noqa: B023
        service.kill()
    start("model-by-id")
    for row_id, answer in zip(ids, asker.told(*ids), strict=True):
        assert (answer.model_id, answer.reason) == (("one", "forest")[int(row_id) % 2], None)
    eventually(lambda: vhost.depth("features.by_model") == 0, "an empty queue")


def test_a_model_that_ends_each_process_keeps_nobody_else_from_an_answer(
    start: Start, store: ModelStore, asker: Asker
) -> None:
    """Its request is the first of the queue at every start, others were taken together with it."""
    put_model(store, "good")
    data = dataset.training()
    deadly = HistGradientBoostingRegressor(max_iter=1).fit(data.features, data.labels)
    deadly._predictors[0][0].nodes["feature_idx"] = 2**30  # read far beyond the row: SIGSEGV
    put_model(store, "deadly", files={SKOPS: skops.io.dumps(deadly)})
    asker.ask("deadly", ROWS[:1], ["deadly"])
    asker.flush()
    ids = [str(number) for number in range(8)]
    for row_id in ids:
        asker.ask("good", ROWS[:1], [row_id])
    for _ in range(12):
        service = start("model-by-id")
        assert service.process.wait(STOP_SECONDS) == -signal.SIGSEGV
        if {*ids} <= {*asker.collect()}:
            break
    assert told(asker.told(*ids, seconds=1))
    assert "deadly" not in asker.found


def test_while_the_store_is_away_requests_wait_and_the_late_end(
    start: Start, asker: Asker, tmp_path: Path
) -> None:
    away = tmp_path / "store"
    away.write_text("in the way")
    service = start("model-by-id", model_store=away)
    asker.ask("one", ROWS[:1], ["late"], expires_in_ms=1500)
    asker.ask("one", ROWS[:1], ["patient"])
    eventually(lambda: "one waits for the model store" in service.log(), "a warning")
    assert service.stop(STOP_SECONDS) == 0, "it can be stopped while it waits"
    service = start("model-by-id", model_store=away)
    eventually(lambda: service.log().count("waits for the model store") > 1, "a warning")
    away.unlink()
    put_model(ModelStore(str(away)), "one")
    late, patient = asker.told("late", "patient")
    assert late.reason in (EXPIRED, "expired")  # the broker's own word, where it saw it first
    assert (patient.model_id, patient.reason) == ("one", None)
    assert [len(each) for each in asker.found.values()] == [1, 1]


def test_what_it_holds_when_the_time_is_up_ends_with_a_reason(
    start: Start, asker: Asker, tmp_path: Path, vhost: Vhost
) -> None:
    (tmp_path / "store").write_text("in the way")
    service = start("model-by-id", model_store=tmp_path / "store")
    eventually(service.is_up, "the service")
    asker.ask("one", ROWS[:3], ["a", "b", "c"], expires_in_ms=2000)
    asker.flush()
    eventually(lambda: vhost.depth("features.by_model") == 0, "that it is taken")
    assert {each.reason for each in asker.told("a", "b", "c")} == {EXPIRED}
    assert vhost.depth("dead_letters") == 3


def test_a_loaded_model_answers_before_another_is_waited_for(
    start: Start, store: ModelStore, asker: Asker, tmp_path: Path
) -> None:
    """The cold one waits for a store that is away; the warm one, in the same batch, does not."""
    put_model(store, "warm")
    service = start("model-by-id")
    for number in range(5):  # once they are quick, more than one is taken at a time
        asker.ask("warm", ROWS[:1], [f"first-{number}"])
        assert told(asker.told(f"first-{number}"))
    Path(store.url).rename(tmp_path / "elsewhere")
    Path(store.url).write_text("in the way")
    service.process.send_signal(signal.SIGSTOP)  # so that both are taken together
    asker.ask("cold", ROWS[:1], ["cold"])
    asker.ask("warm", ROWS[1:2], ["warm"])
    asker.flush()
    service.process.send_signal(signal.SIGCONT)
    assert told(asker.told("warm"))
    assert "cold" not in asker.found
    Path(store.url).unlink()
    (tmp_path / "elsewhere").rename(store.url)
    assert asker.told("cold")[0].reason == "there is no model cold in the model store"
