"""The calls about models: what they answer, whom they tell, and how long they wait for whom."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest

from pipeline.clock import now_text
from pipeline.model_store.records import REPORT_SECONDS, Change, Replica
from pipeline.model_store.store import ModelStore
from promotion.rollout import FOLLOW_SECONDS
from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.gateway_client import Gateway
from support.schemas import DIABETES
from support.service import Service
from support.stored_models import put_bad_model, put_model
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

KEY = "a-key-for-all-of-this"


@pytest.fixture(scope="module")
def lonely(
    rabbitmq: PrivateRabbitMQ, redis_server: PrivateRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, Vhost]]:
    """A gateway without a model: the processes of `model` are what the tests write of them."""
    vhost = Vhost(rabbitmq.amqp_url, rabbitmq.management_url)
    folder = tmp_path_factory.mktemp("gateway")
    service = Service(
        "gateway", folder, amqp_url=vhost.amqp_url, training_url=vhost.amqp_url,
        redis_url=redis_server.url, gateway_port=0, gateway_api_key=KEY, model_store="models",
    )  # fmt: skip
    try:
        gateway = Gateway(service, **{"X-API-Key": KEY})
        gateway.wait_until_well()
        yield gateway, vhost
        gateway.close()
    finally:
        service.kill()
        print(f"--- gateway\n{service.log()}")
        vhost.delete()


@pytest.fixture
def gateway(lonely: tuple[Gateway, Vhost]) -> Gateway:
    return lonely[0]


@pytest.fixture
def vhost(lonely: tuple[Gateway, Vhost]) -> Vhost:
    return lonely[1]


@pytest.fixture
def folder(gateway: Gateway) -> Path:
    return gateway.service.log_file.with_name("models")


@pytest.fixture
def store(folder: Path) -> Iterator[ModelStore]:
    """The gateway's, with three models, of which `first` answers."""
    store = ModelStore(str(folder))
    for model_id in ("first", "second"):
        put_model(store, model_id)
    put_bad_model(store, "bad")
    store.change(Change(number=1, action="start", live="first", at=now_text()))
    yield store
    for kind in folder.iterdir():
        shutil.rmtree(kind)


def replica(change: int, age_in_s: float = 0, **fields: Any) -> Replica:
    at = datetime.now(UTC) - timedelta(seconds=age_in_s)
    said = {"name": "model-1", "live": "first", "at": at.isoformat()}
    return Replica(change=change, **(said | fields))


def number_of(store: ModelStore) -> int:
    last = store.last_change()
    assert last is not None
    return last.number


def promote(gateway: Gateway, model_id: str, **body: Any) -> Any:
    return gateway.http.post(f"/models/{model_id}/promote", json=body)


def assert_refused(answer: Any, reason: str) -> None:
    assert answer.status_code == 409
    assert reason in answer.json()["detail"]


@pytest.mark.usefixtures("store")
def test_models_are_told_with_their_state(gateway: Gateway) -> None:
    gateway.http.post("/models/second/shadow")
    told = gateway.http.get("/models").json()
    assert (told["live"], told["shadow"]) == ("first", "second")
    states = {model["model_id"]: model["state"] for model in told["models"]}
    assert states == {"first": "live", "second": "shadow", "bad": "stored"}
    model = gateway.http.get("/models/second").json()
    assert model in told["models"]
    assert model["features"] == DIABETES.names
    assert model["metrics"]["held_out_rows"] == 89
    assert model["files"]["model.skops"]["size"] > 0


def test_each_change_is_kept_and_told_to_all_processes(
    gateway: Gateway, store: ModelStore, vhost: Vhost
) -> None:
    with vhost.channel() as channel:
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, "changes")
        begun = number_of(store)
        answers = [
            gateway.http.post("/models/second/shadow"),
            gateway.http.delete("/shadow"),
            promote(gateway, "bad", force=True),
            promote(gateway, "second"),
            gateway.http.post("/rollback"),
        ]
        assert [answer.status_code for answer in answers] == [200] * 5
        made = [answer.json()["change"] for answer in answers]
        assert [answer.json()["replicas"] for answer in answers] == [[]] * 5
        heard = [
            eventually(lambda: channel.basic_get(queue, auto_ack=True)[0], "an announcement")
            for _ in answers
        ]
        assert [frame.exchange for frame in heard] == ["changes"] * 5
    assert [(each["action"], each["live"], each["shadow"], each["forced"]) for each in made] == [
        ("shadow", "first", "second", False),
        ("unshadow", "first", None, False),
        ("promote", "bad", None, True),
        ("promote", "second", None, False),
        ("rollback", "bad", None, False),
    ]
    assert [each["number"] for each in made] == list(range(begun + 1, begun + 6))
    assert gateway.http.get("/changes").json()["changes"][:5] == made[::-1]


PAIRS = 20


def test_of_two_rollbacks_at_one_moment_one_goes_back(gateway: Gateway, store: ModelStore) -> None:
    put_model(store, "third")
    start = Barrier(2)

    def roll_back(_: int) -> httpx.Response:
        start.wait(PATIENCE_SECONDS)
        return gateway.http.post("/rollback")

    refused = 0
    with ThreadPoolExecutor(2) as pool:
        for _ in range(PAIRS):
            for model_id in ("second", "third"):
                promote(gateway, model_id)
            answers = [*pool.map(roll_back, range(2))]
            made = [each.json()["change"]["live"] for each in answers if each.status_code == 200]
            if len(made) == 2:  # on a busy machine one may come when the other has been answered
                assert {*made} == {"second", "first"}
                continue
            assert made == ["second"]
            (other,) = [answer for answer in answers if answer.status_code != 200]
            assert_refused(other, "see GET /changes")
            refused += 1
            assert gateway.http.post("/rollback").json()["change"]["live"] == "first"
    assert refused > PAIRS / 2


def test_a_change_sent_again_with_its_key_is_the_same(gateway: Gateway, store: ModelStore) -> None:
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/models/second/shadow", None),
        ("DELETE", "/shadow", None),
        ("POST", "/models/second/promote", {}),
        ("POST", "/rollback", None),
    ]

    def call(number: int) -> Any:
        method, path, body = calls[number]
        headers = {"Idempotency-Key": f"key {number}"}
        return gateway.http.request(method, path, json=body, headers=headers).json()["change"]

    made = [call(number) for number in range(len(calls))]
    assert [call(number) for number in range(len(calls))] == made
    assert [each["takes_back"] for each in made] == [None, None, None, made[2]["number"]]
    assert number_of(store) == made[-1]["number"]
    answer = gateway.http.post("/rollback", headers={"Idempotency-Key": "key 2"})
    assert_refused(answer, f"used before, for change {made[2]['number']}: promote second")


def test_what_cannot_be_done_is_refused_with_the_reason(
    gateway: Gateway, store: ModelStore, folder: Path
) -> None:
    put_model(store, "foreign", features=["height", *DIABETES.names[1:]])
    put_model(store, "damaged")
    (folder / "models" / "damaged" / "model.skops").write_bytes(b"")
    begun = number_of(store)
    assert_refused(promote(gateway, "bad"), "on the hold-out")
    assert_refused(promote(gateway, "first"), "is the live model already")
    assert_refused(
        promote(gateway, "foreign", force=True), "cannot answer here: it takes height sex"
    )
    assert_refused(promote(gateway, "damaged", force=True), "SHA-256")
    assert_refused(gateway.http.post("/models/damaged/shadow"), "SHA-256")
    assert_refused(gateway.http.delete("/shadow"), "there is no shadow model")
    assert_refused(gateway.http.delete("/models/first"), "cannot be deleted")
    assert number_of(store) == begun


def test_a_model_that_is_not_in_use_can_be_deleted(gateway: Gateway, store: ModelStore) -> None:
    answer = gateway.http.delete("/models/second")
    assert (answer.status_code, answer.content) == (204, b"")
    assert store.model("second") is None
    for again in (
        gateway.http.delete("/models/second"),
        gateway.http.get("/models/second"),
        promote(gateway, "second"),
        gateway.http.post("/models/second/shadow"),
    ):
        assert again.status_code == 404
        assert again.json()["detail"] == "there is no model second"


def test_the_answer_comes_as_soon_as_all_processes_follow(
    gateway: Gateway, store: ModelStore
) -> None:
    number = number_of(store) + 1
    gateway.http.get("/models/second/promote")  # the first question reads the hold-out
    store.report(replica(number, live="second"))
    store.report(replica(number, name="model-2", problem="it does not load"))
    store.report(replica(1, 3 * REPORT_SECONDS + 1, name="gone"))
    begin = time.monotonic()
    told = promote(gateway, "second").json()["replicas"]
    prompt = time.monotonic() - begin
    promote(gateway, "first")  # of which nobody reports that it follows
    assert prompt < time.monotonic() - begin - prompt, "nobody is waited for"
    assert [each["name"] for each in told] == ["model-1", "model-2"]
    assert told[1]["problem"] == "it does not load"
    names = [each["name"] for each in gateway.http.get("/changes").json()["replicas"]]
    assert names == ["model-1", "model-2"]


def test_who_does_not_follow_in_time_is_told_as_it_is(gateway: Gateway, store: ModelStore) -> None:
    number = number_of(store)
    store.report(replica(number))
    begin = time.monotonic()
    (told,) = promote(gateway, "second").json()["replicas"]
    assert time.monotonic() - begin >= FOLLOW_SECONDS
    assert (told["change"], told["live"]) == (number, "first")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("model_id", ["%20", "a%0A", "..%2Ffirst", "-x", "a" * 65, "%C3%A4"])
def test_what_is_no_name_is_refused(gateway: Gateway, model_id: str) -> None:
    for method, path in (
        ("GET", ""), ("DELETE", ""), ("POST", "/promote"), ("POST", "/shadow")
    ):  # fmt: skip
        answer = gateway.http.request(method, f"/models/{model_id}{path}", json={})
        assert answer.status_code in {404, 405, 422}
        assert "detail" in answer.json()


def test_a_promotion_needs_no_body_and_can_be_asked_about(
    gateway: Gateway, store: ModelStore
) -> None:
    put_model(store, "foreign", features=["height", *DIABETES.names[1:]])
    begun = number_of(store)

    def refusal(model_id: str, can_force: bool = False) -> str:
        answer = gateway.http.get(f"/models/{model_id}/promote")
        assert answer.status_code == 200
        assert answer.json()["can_force"] == can_force
        return str(answer.json()["refusal"])

    assert refusal("second", can_force=True) == "None"
    assert "on the hold-out" in refusal("bad", can_force=True)
    assert "is the live model already" in refusal("first")
    assert "cannot answer here: it takes height sex" in refusal("foreign")
    assert gateway.http.get("/models/absent/promote").status_code == 404
    assert number_of(store) == begun
    answer = gateway.http.post("/models/second/promote")
    assert (answer.status_code, answer.json()["change"]["live"]) == (200, "second")


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


@pytest.mark.usefixtures("store")
def test_a_browser_gets_a_page_of_the_models_and_a_program_what_it_always_got(
    gateway: Gateway,
) -> None:
    with httpx.Client(base_url=gateway.address, trust_env=False) as browser:
        page = browser.get("/models", headers={"Accept": BROWSER})
        assert page.headers["Content-Type"].startswith("text/html")
        assert "<h1>Models</h1>" in page.text
        assert browser.get("/models", headers={"Accept": "*/*"}).status_code == 401
        assert browser.get("/models/first", headers={"Accept": BROWSER}).status_code == 401
        del browser.headers["Accept"]
        without = browser.get("/models", headers={"X-API-Key": KEY})
    kinds = ("*/*", "application/json", "application/json, text/html;q=0.9", "nonsense;q=x")
    answers = [gateway.http.get("/models", headers={"Accept": kind}) for kind in kinds]
    assert {answer.text for answer in answers} == {without.text}
    assert without.json()["live"] == "first"
    assert all(answer.headers["Vary"] == "Accept" for answer in [page, without, *answers])


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("path", ["/models", "/models/absent", "/changes", "/health", "/nowhere"])
def test_each_answer_ends_its_line(gateway: Gateway, path: str) -> None:
    answer = gateway.http.get(path)
    assert answer.content.endswith(b"}\n")
    assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "body", [b"null", b"[]", b'{"force": 1}', b'{"force": "yes"}', b'{"fore": true}']
)
def test_a_promotion_that_says_something_else_is_refused(gateway: Gateway, body: bytes) -> None:
    assert gateway.post("/models/second/promote", body).status_code == 422


def test_all_of_it_asks_for_the_key(gateway: Gateway) -> None:
    for method, path in (
        ("GET", "/models"), ("GET", "/models/a"), ("DELETE", "/models/a"), ("GET", "/changes"),
        ("GET", "/shadow"),
        ("POST", "/models/a/promote"), ("POST", "/models/a/shadow"), ("DELETE", "/shadow"),
        ("POST", "/rollback"), ("POST", "/train"), ("POST", "/job/a/cancel"), ("GET", "/job/a"),
    ):  # fmt: skip
        answer = gateway.http.request(method, path, headers={"X-API-Key": "another"}, json={})
        assert answer.status_code == 401, path


def test_a_change_that_is_made_is_told_whatever_else_fails(
    gateway: Gateway, store: ModelStore, folder: Path
) -> None:
    """Told of a failure, the client would ask again, and go back one promotion too many."""
    promote(gateway, "second")
    (folder / "replicas").mkdir(exist_ok=True)
    (folder / "replicas" / "damaged.json").write_bytes(b"{")
    begun = number_of(store)
    answer = gateway.http.post("/rollback")
    assert (answer.status_code, answer.json()["replicas"]) == (200, [])
    assert answer.json()["change"]["number"] == number_of(store) == begun + 1


@pytest.mark.usefixtures("store")
def test_a_damaged_record_is_named(gateway: Gateway, folder: Path) -> None:
    record = folder / "models" / "second" / "model.json"
    whole = record.read_bytes()
    record.write_bytes(b"{")
    for path in ("/models", "/models/second"):
        answer = gateway.http.get(path)
        assert answer.status_code == 500
        assert "models/second/model.json" in answer.json()["detail"]
    record.write_bytes(whole)
    assert gateway.http.get("/models/second").status_code == 200


@contextlib.contextmanager
def without(folder: Path) -> Iterator[None]:
    """The store's folder is a file meanwhile."""
    aside = folder.rename(folder.with_name("aside"))
    folder.write_bytes(b"")
    yield
    folder.unlink()
    aside.rename(folder)


def test_without_its_store_or_the_broker_nothing_is_changed(
    gateway: Gateway, store: ModelStore, folder: Path, vhost: Vhost
) -> None:
    begun = number_of(store)
    with without(folder):
        for answer in (gateway.http.get("/models"), promote(gateway, "second")):
            assert answer.status_code == 503
            assert "model store" in answer.json()["detail"]
            assert int(answer.headers["Retry-After"]) > 0
    vhost.delete()
    gateway.wait_until_ill()
    answer = promote(gateway, "second")
    assert answer.status_code == 503
    assert "broker" in answer.json()["detail"]
    assert gateway.http.get("/models").json()["live"] == "first"
    vhost.manage("PUT", f"vhosts/{vhost.name}")
    vhost.permit("guest")
    gateway.wait_until_well()
    assert number_of(store) == begun
    assert promote(gateway, "second").status_code == 200
    assert "Traceback" not in gateway.service.log()
