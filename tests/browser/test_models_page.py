"""The page of the models as a person meets it, with a trainer and two processes of `model`."""

import json
import re
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from browser.fitting import brightness
from browser.forms import KEY, Open, gateway_address, get, refuse, starting, wait_for_all
from pipeline.clock import now_text
from pipeline.model_store.records import Replica
from pipeline.model_store.store import ModelStore
from pipeline.training import ALGORITHMS_OF
from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.pages import page_address
from support.stored_models import change, put_bad_model, put_model
from support.trainer_client import SLOW
from support.waiting import PATIENCE_SECONDS, eventually

MARKUP = "<img src=x onerror=document.title='owned'>"


class Stack(NamedTuple):
    """A gateway without a key, one with it, and their store; addresses end in /."""

    gateway: str
    guarded: str
    store: ModelStore


@pytest.fixture(scope="module")
def stack(
    rabbitmq: PrivateRabbitMQ,
    redis_server: PrivateRedis,
    model_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("models-page")
    ours = {"logs_dir": folder, "model_path": model_path, "model_store": folder / "models"}
    with starting(rabbitmq, folder, redis_url=redis_server.url, **ours) as start:
        plot = start("plot")
        where = {"gateway_port": 0, "plot_url": page_address(plot)}
        where["live_page_url"] = where["plot_url"]
        gateways = [start("gateway", **where), start("gateway", **where, gateway_api_key=KEY)]
        others = [start(name) for name in ("model", "model", "metric", "trainer")]
        wait_for_all(plot, *gateways, *others)
        gateway, guarded = map(gateway_address, gateways)
        eventually(lambda: get(f"{gateway}models")["live"], "a live model")
        eventually(lambda: len(get(f"{gateway}changes")["replicas"]) == 2, "both processes")
        yield Stack(gateway, guarded, ModelStore(str(folder / "models")))


@pytest.fixture
def page(stack: Stack, visit: Open) -> Page:
    return open_page(visit, stack.gateway)


def open_page(visit: Open, gateway: str, width: int = 1280) -> Page:
    page = visit(f"{gateway}models", viewport={"width": width, "height": 844})
    page.wait_for_selector("#algorithm option", state="attached")
    return page


def row(page: Page, model_id: str) -> Locator:
    return page.locator(f"[id='model-{model_id}']")


def act(page: Page, model_id: str, name: str) -> None:
    """Presses a button of a model, and once the gateway allows it, that of the dialog."""
    row(page, model_id).get_by_role("button", name=name).click()
    page.locator("#change-do").click()
    expect(page.locator("#change")).to_be_hidden()
    expect(page.locator("#done")).to_be_focused()


def train(page: Page, params: str, algorithm: str = "ridge") -> Locator:
    """Asks for a training; its card."""
    page.select_option("#algorithm", algorithm)
    page.fill("#params", params)
    before = page.locator(".training").count()
    page.click("#train-send")
    expect(page.locator(".training")).to_have_count(before + 1)
    return page.locator(".training").first


def post(address: str, body: Any) -> Any:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        return json.loads(answer.read())


def add_rows(gateway: str, rows: int) -> None:
    """Sends rows, and tells their labels."""
    for _ in range(rows):
        known = get(f"{gateway}rows/random")
        job = post(f"{gateway}predict", {"data": known["values"], "units": "raw"})["job_id"]
        eventually(partial(is_completed, f"{gateway}job/{job}"), "a prediction")
        post(f"{gateway}label/{job}", {"value": known["label"]})


def is_completed(address: str) -> bool:
    return bool(get(address)["status"] == "completed")


def test_a_model_is_trained_and_is_in_the_table(stack: Stack, page: Page) -> None:
    options = page.locator("#algorithm option").evaluate_all("all => all.map((one) => one.value)")
    assert sorted(options) == sorted(ALGORITHMS_OF["regression"])
    page.get_by_label("Blood sugar").uncheck()
    expect(page.locator("#columns-words")).to_have_text("9 of 10 columns.")
    card = train(page, "alpha=0.5")
    expect(card.locator(".words")).to_contain_text("by always telling the median; RMSE")
    expect(card.locator(".progress .done")).to_have_count(5)
    expect(card.get_by_role("heading")).to_have_text("ridge, alpha=0.5")

    told = max(get(f"{stack.gateway}models")["models"], key=lambda model: model["created_at"])
    assert told["params"] == {"alpha": 0.5}
    assert len(told["features"]) == 9
    mine = row(page, told["model_id"])
    expect(mine).to_contain_text("alpha=0.5")
    expect(mine).to_contain_text(f"MAE {told['metrics']['mae']:.2f}")
    expect(mine).to_contain_text(f"baseline {told['metrics']['baseline_mae']:.2f}")
    mine.get_by_text("9 columns").click()
    expect(mine.locator(".columns")).to_have_text(", ".join(told["features"]))
    page.reload()
    expect(page.locator(".training .words")).to_contain_text("by always telling the median")
    page.get_by_role("button", name="Remove from this list").click()
    expect(page.locator("#trainings-words")).to_have_text("None yet.")


def test_a_training_goes_on_during_a_reload_and_is_cancelled(page: Page) -> None:
    params = " ".join(f"{name}={value}" for name, value in SLOW["params"].items())
    card = train(page, params, SLOW["algorithm"])
    expect(card.locator(".percent")).to_contain_text("%")
    page.reload()
    expect(card.locator("[aria-current=step]")).to_have_text("fit")
    card.get_by_role("button", name="Cancel").click()
    expect(card.locator(".words")).to_have_text("Cancelled: there is no model.")


def test_what_cannot_be_trained_is_told(page: Page, complaints: list[str]) -> None:
    page.fill("#params", "alpha")
    page.click("#train-send")
    expect(page.locator("#params-problem")).to_have_text("Expected name=value, not “alpha”.")
    card = train(page, "alpah=1")
    expect(card.locator(".problem")).to_contain_text("alpah")
    refuse(page, "**/train", 422, [{"loc": ["body", "params"], "msg": MARKUP, "type": "x"}])
    page.click("#train-send")
    expect(page.locator("#train-problem")).to_have_text(f"params: {MARKUP}")
    complaints.clear()  # a browser tells in its console of an answer 422


def test_a_refused_promotion_is_explained_and_can_be_forced(stack: Stack, page: Page) -> None:
    put_bad_model(stack.store, "bad")
    page.reload()
    row(page, "bad").get_by_role("button", name="Promote").click()
    expect(page.locator("#change-problem")).to_contain_text("bad has an RMSE of")
    expect(page.locator("#change-force")).to_be_visible()
    page.keyboard.press("Escape")
    expect(row(page, "bad")).to_contain_text("stored")

    row(page, "bad").get_by_role("button", name="Promote").click()
    page.get_by_role("button", name="Promote anyway").click()
    expect(page.locator("#done")).to_have_text(
        re.compile(r"Change \d+: promoted bad, forced\. 2 of 2 processes follow\.")
    )
    expect(row(page, "bad").locator(".state")).to_have_text("live")
    expect(page.locator("#models tbody tr").first).to_contain_text("bad")
    act(page, "bad", "Roll back")
    expect(row(page, "bad").locator(".state")).to_have_text("stored")
    act(page, "bad", "Delete")
    expect(row(page, "bad")).to_have_count(0)


def test_what_cannot_answer_here_is_not_offered_to_be_forced(stack: Stack, page: Page) -> None:
    put_model(stack.store, "of-others", features=["no-such-column"])
    page.reload()
    row(page, "of-others").get_by_role("button", name="Promote").click()
    expect(page.locator("#change-problem")).to_contain_text("of-others cannot answer here")
    expect(page.locator("#change-do")).to_be_hidden()
    page.get_by_role("button", name="Cancel").click()
    act(page, "of-others", "Delete")


def test_a_shadow_is_tried_promoted_and_rolled_back(stack: Stack, page: Page) -> None:
    live = get(f"{stack.gateway}models")["live"]
    put_model(stack.store, "tried")
    page.reload()
    act(page, "tried", "Run as shadow")
    expect(row(page, "tried").locator(".state")).to_have_text("shadow")
    expect(page.locator("#verdict")).to_contain_text("No row yet")
    add_rows(stack.gateway, 2)
    eventually(lambda: get(f"{stack.gateway}shadow")["comparison"], "rows of both models")
    page.reload()
    expect(page.locator("#verdict")).to_have_text(re.compile(r"Too few rows to tell: \d of 100\."))
    act(page, "tried", "Stop the shadow")
    expect(page.locator("#shadow")).to_be_hidden()
    act(page, "tried", "Promote")
    expect(page.locator("#list-words")).to_contain_text("tried answers.")
    expect(page.locator("#changes li").first).to_contain_text("promoted tried")
    act(page, "tried", "Roll back")
    expect(row(page, live).locator(".state")).to_have_text("live")
    act(page, "tried", "Delete")


def test_what_others_change_and_each_process_says_is_kept_up_with(stack: Stack, page: Page) -> None:
    expect(page.locator("#replicas li.follows")).to_have_count(2)
    put_model(stack.store, "theirs")
    live = get(f"{stack.gateway}models")["live"]
    number = change(stack.store, live, shadow="theirs")
    said = {"name": "elsewhere", "live": live, "at": now_text()}
    stack.store.report(Replica(change=number, problem=MARKUP, **said))
    expect(row(page, "theirs").locator(".state")).to_have_text("shadow")
    process = page.locator("#replicas li", has_text="elsewhere")
    expect(process.locator(".problem")).to_have_text(MARKUP)
    expect(process).to_contain_text("does not follow")
    act(page, "theirs", "Stop the shadow")
    act(page, "theirs", "Delete")


def test_what_is_named_like_markup_stays_text(stack: Stack, page: Page) -> None:
    hostile = {"algorithm": MARKUP, "params": {MARKUP: MARKUP}, "notes": [MARKUP]}
    put_model(stack.store, "hostile", features=[MARKUP], **hostile)
    page.reload()
    mine = row(page, "hostile")
    expect(mine).to_contain_text(f"{MARKUP}={MARKUP}")
    mine.get_by_text("1 column").click()
    expect(mine.locator(".columns")).to_have_text(MARKUP)
    assert page.locator("img").count() == 0
    assert "owned" not in page.title()
    act(page, "hostile", "Delete")


def test_a_model_of_another_data_set_can_only_be_asked(stack: Stack, page: Page) -> None:
    put_model(stack.store, "flowers", data_set="iris", dataset_id="iris")
    page.reload()
    theirs = row(page, "flowers")
    expect(theirs).to_contain_text("can be asked by its id")
    expect(theirs.get_by_role("button")).to_have_count(0)


SCORED: dict[str, Any] = {
    "data_set": "diabetes", "task": "regression", "size": 4_201_000,
    "live_metrics": {"rows": 1234, "mae": 43.21, "rmse": 55.5, "last_at": "2026-11-22T11:37:14Z"},
    "shadow_metrics": {"rows": 1, "mae": 40.5, "rmse": 40.5, "last_at": "2026-11-22T11:37:14Z"},
    "answered_at": "2026-11-22T11:37:14Z",
}  # fmt: skip
OF_CLASSES: dict[str, Any] = {
    "task": "classification", "shadow_metrics": None,
    "metrics": {"accuracy": 0.9667, "majority_accuracy": 0.3333, "half_brier": 0.0258},
    "live_metrics": {"rows": 20, "accuracy": 0.95, "half_brier": 0.03, "last_at": None},
}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        (
            SCORED,
            ["4.2 MB", "MAE 43.21", "1,234 rows as the live model", "1 row as the shadow model"],
        ),
        (
            SCORED | OF_CLASSES,
            ["accuracy 96.7 %", "baseline 33.3 %", "accuracy 95.0 %", "20 rows as the live model"],
        ),
    ],
)
def test_errors_on_live_rows_are_shown_by_role(
    page: Page, fields: dict[str, Any], texts: list[str]
) -> None:
    page.route("**/models", partial(add_fields, fields))
    page.reload()
    mine = page.locator("#model-rows tr").first
    for text in texts:
        expect(mine).to_contain_text(text)
    expect(mine.locator("time").last).to_have_attribute("datetime", fields["answered_at"])


def add_fields(fields: dict[str, Any], route: Route) -> None:
    """Adds fields to each model that the gateway lists; leaves the page as it is."""
    if route.request.resource_type == "document":
        route.continue_()
        return
    found = route.fetch().json()
    models = [model | fields for model in found["models"]]
    route.fulfill(json=found | {"models": models})


def test_the_key_is_asked_for_once(stack: Stack, visit: Open, complaints: list[str]) -> None:
    page = open_page(visit, stack.guarded)
    page.get_by_label("This gateway requires an API key").fill(KEY)
    page.keyboard.press("Enter")
    expect(page.locator("#model-rows tr").first).to_contain_text("live")
    expect(page.locator("#key-form")).to_be_hidden()
    assert all("401" in text for text in complaints)
    complaints.clear()  # a browser tells in its console of an answer 401


def test_what_fails_is_told_and_asked_again(page: Page, complaints: list[str]) -> None:
    expect(page.locator("#replicas li.follows")).to_have_count(2)
    refuse(page, "**/changes", 503, f"not now: {MARKUP}")
    expect(page.locator("#lost")).to_contain_text(f"not now: {MARKUP}.")
    expect(page.locator("#lost")).to_be_hidden()
    row_of_any = page.locator("#model-rows tr").first
    expect(row_of_any).to_be_visible()
    complaints.clear()  # a browser tells in its console of an answer 503


def test_a_change_whose_answer_is_lost_is_made_once(
    stack: Stack, page: Page, complaints: list[str]
) -> None:
    put_model(stack.store, "lost")
    page.reload()
    page.route("**/models/lost/shadow", lambda route: (route.fetch(), route.abort()), times=1)
    row(page, "lost").get_by_role("button", name="Run as shadow").click()
    page.click("#change-do")
    expect(page.locator("#change-problem")).to_have_text("The gateway does not answer.")
    page.click("#change-do")
    expect(page.locator("#done")).to_contain_text("in the shadow: lost")
    made = get(f"{stack.gateway}changes")["changes"]
    assert [each["shadow"] for each in made].count("lost") == 1
    act(page, "lost", "Stop the shadow")
    act(page, "lost", "Delete")
    complaints.clear()  # of the request that was aborted


def test_it_fits_its_window_in_both_schemes(stack: Stack, visit: Open) -> None:
    put_model(stack.store, "m" * 64, algorithm="a" * 64, features=["c" * 100], target="t")
    page = open_page(visit, stack.gateway, width=390)
    expect(row(page, "m" * 64)).to_be_visible()
    row(page, "m" * 64).get_by_text("1 column").click()
    for width, scheme in ((390, "light"), (390, "dark"), (1280, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        eventually(partial(fits, page, width, scheme), f"{width} px in the {scheme} scheme")
    row(page, "m" * 64).get_by_role("button", name="Delete").click()
    page.set_viewport_size({"width": 390, "height": 844})
    assert fits(page, 390, "light")
    page.click("#change-do")
    expect(row(page, "m" * 64)).to_have_count(0)


def fits(page: Page, width: int, scheme: str) -> bool:
    """Tells whether nothing is wider than the window, and the page keeps to the scheme."""
    style = "getComputedStyle(document.body)"
    ground = page.evaluate(f"{style}.backgroundColor")
    ink = page.evaluate(f"{style}.color")
    return page.evaluate("document.documentElement.scrollWidth") <= width and (
        brightness(ground) > 128
    ) == (brightness(ink) < 128) == (scheme == "light")
