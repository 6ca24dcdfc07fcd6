"""The model store, as a folder and in S3: written once, never seen half-written, in one order."""

import os
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import skops.io
from sklearn.linear_model import Ridge

from pipeline.clock import now_text
from pipeline.model_store.records import (
    RECORD,
    SKOPS,
    Change,
    Metrics,
    Model,
    Replica,
    promotions_in_force,
)
from pipeline.model_store.store import DamagedError, ModelStore, ModelStoreError, TakenError
from pipeline.settings import S3_URL
from support.s3 import BUCKET, S3, losing_answers, moto_server
from support.waiting import PATIENCE_SECONDS

Monkey = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with moto_server() as s3:
        yield s3


class Place(NamedTuple):
    """Where a store is, and how to write into it past the store."""

    url: str
    s3: S3

    def put(self, path: str, content: bytes) -> None:
        found = S3_URL.fullmatch(self.url)
        if found is None:
            (file := Path(self.url, path)).parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        else:
            key = f"{found['prefix']}/{path}"
            self.s3.client.put_object(Bucket=BUCKET, Key=key, Body=content)


@pytest.fixture(params=["folder", "S3"])
def place(request: Any, s3: S3, tmp_path: Path, monkeypatch: Monkey) -> Place:
    for name, value in s3.settings.items():
        monkeypatch.setenv(name.upper(), value)
    is_folder = request.param == "folder"
    return Place(str(tmp_path / "models") if is_folder else f"s3://{BUCKET}/{uuid.uuid4()}", s3)


@pytest.fixture
def store(place: Place) -> ModelStore:
    return ModelStore(place.url)


def a_model(model_id: str = "ridge-1", created_at: str = "2026-01-01T00:00:00Z") -> Model:
    return Model(
        model_id=model_id,
        dataset_id="diabetes",
        features=["bmi"],
        target="target",
        algorithm="ridge",
        params={"alpha": 0.5},
        metrics=Metrics(53.0, 42.0, 353, 89),
        versions={},
        created_at=created_at,
    )


def a_change(number: int, live: str = "ridge-1") -> Change:
    return Change(number=number, action="promote", live=live, at=now_text())


def test_a_new_store_is_empty(store: ModelStore) -> None:
    assert (store.models(), store.changes(), store.replicas()) == ([], [], [])
    assert store.last_change() is None
    assert store.model("ridge-1") is None
    assert store.dataset("wine") is None
    store.forget("model-1")


def test_a_model_is_found_with_its_files_until_it_is_deleted(
    store: ModelStore, place: Place
) -> None:
    for model_id, created_at in (("b", "2026-01-02T00:00:00Z"), ("a", "2026-01-03T00:00:00Z")):
        added = store.add(
            a_model(model_id, created_at), {SKOPS: b"content of " + model_id.encode()}
        )
        assert added.files[SKOPS].size == 12
    other = ModelStore(place.url)
    assert [model.model_id for model in other.models()] == ["b", "a"], "the oldest first"
    assert other.model("b") == store.model("b")
    assert other.file(other.models()[0], SKOPS) == b"content of b"
    store.delete(store.models()[0])
    assert [model.model_id for model in other.models()] == ["a"]
    assert other.model("b") is None


def test_what_is_there_stays_as_it_is(store: ModelStore, place: Place) -> None:
    first = store.add(a_model(), {SKOPS: b"first"})
    again = ModelStore(place.url).add(a_model(created_at=now_text()), {SKOPS: b"second"})
    assert again == first
    assert store.file(first, SKOPS) == b"first"


def test_a_file_cut_off_is_not_vouched_for(store: ModelStore, place: Place) -> None:
    content = skops.io.dumps(Ridge())
    for half in (content[: len(content) // 2], b""):
        place.put(f"models/ridge-1/{SKOPS}", half)
        model = store.add(a_model(), {SKOPS: content})
        assert store.file(model, SKOPS) == content
        store.delete(model)
    whole = skops.io.dumps(Ridge(7))  # of another who makes the same model
    place.put(f"models/ridge-1/{SKOPS}", whole)
    model = store.add(a_model(), {SKOPS: content})
    assert store.file(model, SKOPS) == whole
    place.put(f"models/ridge-1/{SKOPS}", whole[:-1])
    with pytest.raises(DamagedError, match=f"it has {len(whole) - 1:,} bytes"):
        store.file(model, SKOPS)
    assert store.add(a_model(), {SKOPS: content}) == model, "another file is none of its own"
    with pytest.raises(DamagedError):
        store.file(model, SKOPS)
    store.add(a_model(), {SKOPS: whole})
    assert store.file(model, SKOPS) == whole


def test_a_model_without_its_record_is_not_there(store: ModelStore, place: Place) -> None:
    place.put(f"models/ridge-1/{SKOPS}", b"a part, of one who was killed")
    assert store.model("ridge-1") is None
    assert store.models() == []


def test_what_is_seen_is_whole_while_many_write(store: ModelStore, place: Place) -> None:
    content = bytes(range(256)) * 2**14  # 4 MiB

    def write(_: int) -> Model:
        return ModelStore(place.url).add(a_model(), {SKOPS: content})

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, number) for number in range(3)]
        while (seen := store.model("ridge-1")) is None:
            assert not all(writer.done() for writer in writers)
        assert store.file(seen, SKOPS) == content
        assert [writer.result() for writer in writers] == [seen] * 3


def test_changes_are_numbered_and_of_two_writers_one_is_told(
    store: ModelStore, place: Place
) -> None:
    def write(live: str) -> bool:
        try:
            ModelStore(place.url).change(a_change(1, live))
        except TakenError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(write, "abcd"))
    assert written.count(True) == 1
    assert [change.live for change in store.changes()] == ["abcd"[written.index(True)]]
    for number in range(2, 12):
        store.change(a_change(number))
    assert [change.number for change in ModelStore(place.url).changes()] == list(range(1, 12))
    assert store.changes()[1:] == ModelStore(place.url).changes()[1:]
    last = store.last_change()
    assert last is not None
    assert last.number == 11


def test_a_process_is_known_by_what_it_said_last(store: ModelStore, place: Place) -> None:
    for number in (1, 2):
        store.report(Replica(name="model-1", change=number, live="a", at=now_text()))
    other = ModelStore(place.url)
    assert [(each.name, each.change) for each in other.replicas()] == [("model-1", 2)]
    other.forget("model-1")
    assert store.replicas() == []


def test_who_is_long_silent_is_forgotten(tmp_path: Path) -> None:
    store = ModelStore(str(tmp_path))
    for name, seconds in (("dead", 3600), ("late", 120)):
        store.report(Replica(name=name, change=1, live="a", at=now_text()))
        then = time.time() - seconds
        os.utime(tmp_path / "replicas" / f"{name}.json", (then, then))
    (tmp_path / "replicas" / "dead.json").write_bytes(b"{")
    os.utime(tmp_path / "replicas" / "dead.json", (0, 0))
    store.report(Replica(name="alive", change=1, live="a", at=now_text()))
    assert [each.name for each in store.replicas()] == ["alive", "late"]


def test_damage_is_noticed(store: ModelStore, place: Place) -> None:
    model = store.add(a_model(), {SKOPS: b"content"})
    place.put(f"models/ridge-1/{SKOPS}", b"context")
    with pytest.raises(DamagedError, match=r"models/ridge-1/model.skops .* SHA-256"):
        store.file(model, SKOPS)
    with pytest.raises(DamagedError, match=r"models/ridge-1/model.onnx is missing"):
        store.file(model, "model.onnx")
    assert len(store.models()) == 1
    place.put(f"models/ridge-1/{RECORD}", b'{"model_id": "ridge-1"')
    for look in (lambda: store.model("ridge-1"), store.models):
        with pytest.raises(DamagedError, match=rf"models/ridge-1/{RECORD}"):
            look()


@pytest.mark.parametrize("name", ["", "../ridge", "a/b", ".hidden", "-x", "a" * 65, "ridge\n", "ä"])
def test_what_is_no_name_leads_nowhere(store: ModelStore, place: Place, name: str) -> None:
    place.put("secret.csv", b"not to be read")
    assert store.model(name) is None
    assert store.dataset(name) is None


def test_a_data_set_is_what_somebody_put_there(store: ModelStore, place: Place) -> None:
    place.put("datasets/wine.csv", b"a,b\n1,2\n")
    assert store.dataset("wine") == b"a,b\n1,2\n"


def test_a_store_of_an_earlier_version_is_gone_on_with(store: ModelStore, place: Place) -> None:
    """Its changes have no nonce, and its rollbacks do not say what they take back."""
    for number, (action, live) in enumerate(
        [("start", "a"), ("promote", "b"), ("promote", "c"), ("rollback", "b")], start=1
    ):
        text = (
            f'{{"number": {number}, "action": "{action}", "live": "{live}", "shadow": null, '
            '"forced": false, "at": "2026-01-01T00:00:00Z"}'
        )
        place.put(f"changes/{number:08}.json", text.encode())
    store.change(a_change(5))
    assert [each.live for each in promotions_in_force(store.changes())] == ["a", "b", "ridge-1"]


@pytest.mark.parametrize("silently", [False, True], ids=["cut off", "silence"])
def test_what_was_written_is_known_though_the_answer_was_lost(
    s3: S3, monkeypatch: Monkey, *, silently: bool
) -> None:
    """Each of the writes is made, and then the connection ends, or nothing is heard for 5 s."""
    for name, value in s3.settings.items():
        monkeypatch.setenv(name.upper(), value)
    lost: list[str] = []

    def loses(path: str) -> bool:
        lost.append(path.rpartition("/")[2])
        return True

    with losing_answers(s3, loses, silently=silently) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        store = ModelStore(f"s3://{BUCKET}/{uuid.uuid4()}")
        added = store.add(a_model(), {SKOPS: b"content"})
        store.change(made := a_change(1))
        with pytest.raises(TakenError):
            store.change(a_change(1, "another"))
        assert store.file(added, SKOPS) == b"content"
        assert store.models() == [added]
        assert store.changes() == [made]
    assert lost == [SKOPS, RECORD, "00000001.json"], "each once"


def test_a_writer_who_was_killed_leaves_nothing_to_see(tmp_path: Path) -> None:
    store = ModelStore(str(tmp_path))
    store.change(a_change(1))
    for unfinished in ("changes/00000002.json#1", "replicas/model-1.json#1"):
        (file := tmp_path / unfinished).parent.mkdir(exist_ok=True)
        file.write_bytes(b'{"number": 2, "act')
    assert [change.number for change in store.changes()] == [1]
    assert store.replicas() == []
    store.change(a_change(2))
    assert len(store.changes()) == 2


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (file := tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelStoreError, match=str(file)):
        ModelStore(str(file / "models")).models()


def test_a_bucket_that_is_away_is_told_in_time(s3: S3, monkeypatch: Monkey) -> None:
    for name, value in s3.settings.items():
        monkeypatch.setenv(name.upper(), value)
    with pytest.raises(ModelStoreError, match="s3://nowhere cannot be used"):
        ModelStore("s3://nowhere").models()
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor() as pool:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        store = ModelStore(f"s3://{BUCKET}/models")
        begin = time.monotonic()
        calls = [store.last_change, store.models, lambda: store.change(a_change(1))]
        for told in [pool.submit(call) for call in calls]:
            assert isinstance(told.exception(PATIENCE_SECONDS), ModelStoreError)
        assert time.monotonic() - begin < 30, "not after the three minutes that obstore would try"
