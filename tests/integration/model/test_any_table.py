"""`features` and `model` as processes, on data sets that are not the default one."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import skops.io
from sklearn.linear_model import Ridge

from pipeline.model_store.records import SKOPS, Change, Model
from pipeline.model_store.store import ModelStore
from pipeline.settings import Settings
from pipeline.table.data_sets import load
from pipeline.table.readers import Readers
from support.service import Service
from support.tables import DESCRIPTION, houses, write_data_set
from support.vhost import Vhost
from support.waiting import STOP_SECONDS, eventually

HOUSE = [4, 88.0, "Bern", "a quiet garden"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the data sets are: houses is there."""
    write_data_set(tmp_path / "datasets", houses())
    return tmp_path / "datasets"


def store_of(tmp_path: Path, name: str) -> ModelStore:
    return ModelStore(str(tmp_path / "models"), name)


def answers(vhost: Vhost, queue: str, count: int) -> dict[str, Any]:
    """The values of so many rows in a queue, by id."""
    found: dict[str, Any] = {}
    while len(found) < count:
        _, body = vhost.wait_for(queue)
        message = json.loads(body)
        found |= zip(message["id"], message["body"], strict=True)
    return found


@pytest.mark.parametrize("name", ["iris", "houses"])
def test_four_that_start_at_once_have_one_model_and_answer_each_row(
    name: str, start: Callable[..., Service], vhost: Vhost, folder: Path, tmp_path: Path
) -> None:
    models = [start_apart(start, tmp_path, folder, index, dataset=name) for index in range(4)]
    for model in models:
        eventually(partial(is_live, model), "a model")
    store = store_of(tmp_path, name)
    (first,) = store.changes()
    (record,) = store.models()
    assert (first.number, first.action, first.live) == (1, "start", record.model_id)
    assert (record.data_set, record.features) == (name, load(name, folder).schema.names)
    eventually(lambda: len(store.replicas()) == 4, "reports of four")
    assert {replica.live for replica in store.replicas()} == {record.model_id}
    assert "held-out rows" in "".join(model.log() for model in models)

    features = start_apart(
        start, tmp_path, folder, 9, "features", dataset=name, stream_count=300, stream_batch=20,
        stream_rate=0,
    )  # fmt: skip
    assert features.wait() == 0
    told = answers(vhost, "y_pred", 300)
    labels = answers(vhost, "y_true", 300)
    assert told.keys() == labels.keys()
    assert vhost.depth("dead_letters") == 0
    readers = Readers.of(Settings(dataset=name, datasets_dir=folder))
    for row_id in told:
        assert readers.predictions.decode(pair(row_id, told[row_id]))[1] == []
        assert readers.labels.decode(pair(row_id, labels[row_id]))[1] == []
    if name == "iris":
        right = [max(told[row_id], key=told[row_id].get) == labels[row_id] for row_id in told]
        assert sum(right) / len(right) > 0.9
    else:
        errors = [abs(told[row_id] - labels[row_id]) for row_id in told]
        assert sum(errors) / len(errors) < 20_000


def is_live(model: Service) -> bool:
    return "is live" in model.log()


def pair(row_id: str, value: Any) -> bytes:
    return json.dumps({"id": row_id, "body": value}).encode()


def start_apart(
    start: Callable[..., Service],
    tmp_path: Path,
    folder: Path,
    index: int,
    service: str = "model",
    **settings: object,
) -> Service:
    """Starts a service with a folder of its own: several of a name write their status there."""
    (own := tmp_path / f"{service}-{index}").mkdir()
    ours = {"dataset": "houses", "datasets_dir": folder, "model_path": folder / "none.skops"}
    return start(service, folder=own, **(ours | settings))


def test_rows_that_are_bad_are_put_aside_and_unknown_values_answered(
    start: Callable[..., Service], vhost: Vhost, folder: Path, tmp_path: Path
) -> None:
    model = start_apart(start, tmp_path, folder, 0)
    eventually(lambda: vhost.depth("dead_letters") == 0, "the queues")
    for body, reason in {
        '[4, 88, "Bern"]': "a row has 4 values (rooms area town remarks), and not 3",
        '[4, 88, "Bern", "a", 1]': "and not 5",
        '["4", 88, "Bern", "a"]': 'rooms: "4" is no number',
        '[true, 88, "Bern", "a"]': "rooms: true is no number",
        '[null, 88, "Bern", "a"]': "rooms: missing, and the schema does not allow it",
        '[4, 88, 12, "a"]': "town: 12 is no text",
        '[NaN, 88, "Bern", "a"]': "",
        '[1e101, 88, "Bern", "a"]': "rooms: too large, the most is 1e+100",
        '{"rooms": 4, "floor": 1}': 'there is no column "floor"',
    }.items():
        vhost.put("features", f'{{"id": "a", "body": {body}}}'.encode())
        properties, raw = vhost.wait_for("dead_letters")
        assert reason in properties.headers["x-reason"], body
        assert body.encode() in raw

    for body in ('[4, 88, "Thun", "never seen"]', "[4, null, null, null]", '{"rooms": 4}'):
        vhost.put("features", f'{{"id": "b", "body": {body}}}'.encode())
        assert 0 < json.loads(vhost.wait_for("y_pred")[1])["body"] < 2_000_000

    many = [HOUSE, [4, 88, 12, "a"], HOUSE]
    vhost.put("features", json.dumps({"id": ["a", "b", "c"], "body": many}).encode())
    assert json.loads(vhost.wait_for("y_pred")[1])["id"] == ["a", "c"]
    assert json.loads(vhost.wait_for("dead_letters")[1])["id"] == "b"
    assert model.stop() == 0


def test_one_killed_while_it_trains_is_followed_by_another(
    start: Callable[..., Service], vhost: Vhost, tmp_path: Path
) -> None:
    write_data_set(tmp_path / "datasets", houses(40_000))
    folder, store = tmp_path / "datasets", store_of(tmp_path, "houses")
    first = start_apart(start, tmp_path, folder, 0)
    eventually(lambda: "training one" in first.log(), "the beginning of a training")
    first.kill()
    assert store.changes() == []

    stopped = start_apart(start, tmp_path, folder, 1)
    eventually(lambda: "training one" in stopped.log(), "the beginning of a training")
    assert stopped.stop(STOP_SECONDS) == 0
    assert store.changes() == []

    start_apart(start, tmp_path, folder, 2)
    eventually(lambda: vhost.depth("dead_letters") == 0, "the queues")
    vhost.put("features", pair("a", HOUSE))
    assert json.loads(vhost.wait_for("y_pred")[1])["id"] == "a"
    assert len(store.changes()) == 1


def test_beside_the_default_data_set_each_has_its_own(
    start: Callable[..., Service], vhost: Vhost, folder: Path, tmp_path: Path
) -> None:
    default = start("model")
    eventually(default.is_up, "the model of diabetes")
    model = start_apart(start, tmp_path, folder, 0)
    eventually(partial(is_live, model), "the model of houses")
    ours, theirs = store_of(tmp_path, "houses"), store_of(tmp_path, "")
    assert len(ours.changes()) == len(theirs.changes()) == 1
    assert [each.data_set for each in ours.models()] == ["houses"]
    assert [each.data_set for each in theirs.models()] == ["diabetes"]

    (own,), (foreign,) = ours.models(), theirs.models()
    few = Ridge().fit([[row[0]] for row in houses()], [row[-1] for row in houses()])
    store_few(ours, own, skops.io.dumps(few))
    for number, live, problem in (
        (2, foreign.model_id, "is a model of the data set 'diabetes', and this is 'houses'"),
        (3, "few", None),
    ):
        ours.change(Change(number=number, action="promote", live=live, at=own.created_at))
        with vhost.channel() as channel:
            channel.basic_publish("changes", "", b"{}")
        replica = eventually(partial(follows, ours, number), f"change {number}")
        assert (problem or "") in (replica.problem or "")
        assert replica.live == (own.model_id if problem else "few")


def follows(store: ModelStore, number: int) -> Any:
    return next((each for each in store.replicas() if each.change == number), None)


def store_few(store: ModelStore, like: Model, content: bytes) -> None:
    """Stores a model of one of the columns."""
    fields = {name: getattr(like, name) for name in like.__struct_fields__}
    store.add(Model(**(fields | {"model_id": "few", "features": ["rooms"]})), {SKOPS: content})


def test_a_split_by_time_is_streamed_once_and_in_order(
    start: Callable[..., Service], vhost: Vhost, tmp_path: Path
) -> None:
    rows = [[f"2026-{month:02}-01", *row] for month, row in enumerate(houses(12), 1)]
    schema = DESCRIPTION | {"split": "time", "split_column": "month"}
    write_data_set(tmp_path / "datasets", [*rows[6:], *rows[:6]], schema)
    features = start_apart(
        start, tmp_path, tmp_path / "datasets", 0, "features", stream_rate=0, stream_batch=2
    )
    eventually(lambda: "all rows of houses are streamed, once" in features.log(), "the end")
    assert [*answers(vhost, "y_true", 3).values()] == [row[-1] for row in rows[-3:]]
    expected = [[None if value == "" else value for value in row[1:-1]] for row in rows[-3:]]
    assert [*answers(vhost, "features", 3).values()] == expected
    time.sleep(2)
    assert vhost.depth("features") == 0  # no second round
    assert features.stop() == 0


def test_rows_that_are_not_the_schemas_are_told(
    start: Callable[..., Service], tmp_path: Path, folder: Path
) -> None:
    with (folder / "houses" / "rows.csv").open("a") as file:
        file.write("1,2,Bern,a,3\n")
    for index, name in enumerate(("features", "model")):
        service = start_apart(start, tmp_path, folder, index, name)
        assert service.wait() == 1
        assert "is not the file that its schema was made for" in service.log()
    (folder / "houses" / "rows.csv").unlink()
    service = start_apart(start, tmp_path, folder, 8, "features")
    assert service.wait() == 1
    assert "there is no data set 'houses'" in service.log()
