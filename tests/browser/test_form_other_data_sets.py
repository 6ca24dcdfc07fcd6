"""The form of other data sets: classes, categories, text, missing values, and names of any kind."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Route, expect

from browser.forms import (
    Open,
    answer,
    fill,
    fill_and_send,
    gateway_address,
    get,
    is_answered,
    refuse,
    starting,
    wait_for_all,
)
from pipeline.table.schema import Category, Number, Schema, Target, Text
from pipeline.training import ALGORITHMS_OF
from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.pages import page_address
from support.schemas import AWKWARD
from support.tables import DESCRIPTION, houses, write_data_set
from support.waiting import eventually

MARKUP = "<img src=x onerror=document.title='owned'>"
LONG = "w" * 100  # as long as a name can be, with no place to break it
NO_PREDICTIONS = {"predictions": {"edges": [], "counts": [], "rows": 0, "beyond": 0}}
TITLES = {"rooms": "Rooms", "area": "Area", "town": "Town", "remarks": "Remarks"}


@pytest.fixture(scope="module")
def iris(
    rabbitmq: PrivateRabbitMQ, redis_server: PrivateRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A gateway with its model, and a plot whose log has three rows; its address."""
    folder = tmp_path_factory.mktemp("iris-form")
    (folder / "iris").mkdir()
    rows = ["a,setosa,setosa,0.1", "b,setosa,setosa,0.1", "c,virginica,versicolor,0.8"]
    log = "\n".join(["id,y_true,y_pred,absolute_error", *rows, ""])
    (folder / "iris" / "metric_log.csv").write_text(log)
    ours = {"dataset": "iris", "logs_dir": folder, "model_store": folder / "models"}
    with starting(rabbitmq, folder, redis_url=redis_server.url, **ours) as start:
        plot = start("plot")
        model, gateway = (
            start("model"),
            start("gateway", gateway_port=0, plot_url=page_address(plot)),
        )
        wait_for_all(plot, model, gateway)
        eventually(lambda: "is live" in model.log(), "a model")
        address = gateway_address(gateway)
        eventually(lambda: is_answered(f"{address}predictions"), "the chart: plot is slow at first")
        yield address


@pytest.fixture(scope="module")
def house_prices(
    rabbitmq: PrivateRabbitMQ, redis_server: PrivateRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A gateway with its model; its address."""
    folder = tmp_path_factory.mktemp("houses-form")
    columns = [column | {"title": TITLES[column["name"]]} for column in DESCRIPTION["columns"]]
    write_data_set(folder / "datasets", houses(), DESCRIPTION, columns=columns)
    ours: dict[str, Any] = {"dataset": "houses", "datasets_dir": folder / "datasets"}
    ours |= {"logs_dir": folder, "model_store": folder / "models", "redis_url": redis_server.url}
    with starting(rabbitmq, folder, **ours) as start:
        model, gateway = start("model"), start("gateway", gateway_port=0)
        wait_for_all(model, gateway)
        eventually(lambda: "is live" in model.log(), "a model")
        yield gateway_address(gateway)


def test_the_page_of_their_models_has_figures_and_algorithms_of_classes(
    iris: str, visit: Open
) -> None:
    page = visit(f"{iris}models")
    expect(page.locator("h1")).to_have_text("Iris flowers: models")
    expect(page.locator("#model-rows")).to_contain_text("baseline 33.3 %")
    options = page.locator("#algorithm option").evaluate_all("all => all.map((one) => one.value)")
    assert sorted(options) == sorted(ALGORITHMS_OF["classification"])


def test_a_flower_is_classified_and_the_true_class_told(iris: str, form_at: Open) -> None:
    page = form_at(iris)
    expect(page.locator("h1")).to_have_text("Iris flowers: ask the model")
    job = fill_and_send(page)
    told = get(f"{iris}job/{job}")
    expect(page.locator("#prediction")).to_have_text(told["prediction"])
    ranked = sorted(told["probabilities"], key=told["probabilities"].get, reverse=True)
    assert page.locator("#probabilities .name").all_text_contents() == ranked
    values = page.locator("#class-counts .value")
    expect(values).to_have_text(["2", "1", "0"])
    expect(page.locator("#class-counts .prediction .name")).to_contain_text(told["prediction"])
    page.click("#predictions-table summary")
    expect(page.locator("#predictions-table tbody tr")).to_have_text(
        ["setosa266.7 %", "versicolor133.3 %", "virginica00.0 %"]
    )

    page.click("#label-use")
    label = page.input_value("#label")
    page.get_by_role("button", name="Save").click()
    verdict = "Right" if label == told["prediction"] else "Wrong"
    expect(page.locator("#error-words")).to_contain_text(f"{verdict}: the true class is {label}.")
    expect(page.locator("#class-counts .true .name")).to_contain_text(label)
    cells = page.locator("#recent-rows td")
    expect(cells.nth(2)).to_have_text(told["prediction"])
    expect(cells.nth(3)).to_have_text(label)
    error = 1 - told["probabilities"][label]
    assert float(str(cells.nth(4).text_content())) == pytest.approx(error, rel=5e-3)


def test_jobs_of_another_data_set_are_not_among_its_recent_ones(iris: str, form_at: Open) -> None:
    page = form_at(iris)
    patient = {"job_id": "patient-7", "status": "expired", "created_at": "2026-01-01T00:00:00Z"}
    page.evaluate("text => localStorage.setItem('recent-jobs', text)", json.dumps([patient]))
    job = fill_and_send(page)
    page.reload()
    expect(page.locator("#recent-rows tr")).to_have_count(1)
    expect(page.locator("#recent-rows button")).to_have_attribute("data-id", job)
    page.click("#clear")
    assert "patient-7" in page.evaluate("localStorage.getItem('recent-jobs')")


def test_a_house_has_a_town_that_no_other_has_and_no_remarks(
    house_prices: str, form_at: Open
) -> None:
    page = form_at(house_prices, instead=NO_PREDICTIONS)
    fill(page)
    page.get_by_label("Town", exact=True).select_option("another…")
    page.get_by_label("Another value of Town").fill("Lugano")
    page.get_by_label("Area").fill("")
    page.get_by_label("Remarks").fill("")
    with page.expect_request("**/predict") as sent:
        page.click("#send")
    data = json.loads(sent.value.post_data or "")["data"]
    assert data.pop("rooms") in range(1, 13)
    assert data == {"area": None, "town": "Lugano", "remarks": None}
    page.wait_for_selector("#job[data-status=completed]")
    expect(page.locator("#job-warnings")).to_contain_text("Lugano")
    expect(page.locator("#prediction-unit")).to_have_text("€")
    page.fill("#label", "400000")
    page.press("#label", "Enter")
    expect(page.locator("#error-words")).to_contain_text("€: the true value is 400,000.")


def test_what_is_no_town_is_told_at_its_field(
    house_prices: str, form_at: Open, complaints: list[str]
) -> None:
    page = form_at(house_prices, instead=NO_PREDICTIONS)
    fill(page)
    page.route("**/predict", with_number_for_a_town, times=1)
    page.click("#send")
    problem = page.locator(".field", has_text="Town").locator(".problem")
    expect(problem).not_to_be_empty()
    expect(page.get_by_label("Town", exact=True)).to_be_focused()
    expect(page.locator("#row-problem")).to_be_hidden()
    page.get_by_label("Town", exact=True).select_option("Bern")
    expect(problem).to_be_hidden()
    page.click("#send")
    page.wait_for_selector("#job[data-status=completed]")
    complaints.clear()  # a browser tells in its console of an answer 422


def with_number_for_a_town(route: Route) -> None:
    body = json.loads(route.request.post_data or "")
    body["data"]["town"] = 4001
    route.continue_(post_data=json.dumps(body))


def test_random_rows_have_values_of_all_kinds_and_missing_ones(
    house_prices: str, form_at: Open
) -> None:
    page = form_at(house_prices, instead=NO_PREDICTIONS)
    for values in (
        {"rooms": 3, "area": 66.5, "town": "Chur", "remarks": "old, quiet"},
        {"rooms": 4, "area": None, "town": None, "remarks": None},
        {"rooms": 5, "area": 0.25, "town": "Ilanz", "remarks": "two\nlines"},
    ):
        answer(page, "rows/random", {"values": values, "label": 5})
        page.click("#random")
        expect(page.locator("#value-0")).to_have_value(str(values["rooms"]))
        with page.expect_request("**/predict") as sent:
            page.click("#send")
        assert sent.value.post_data_json == {"data": values}


# Names and titles as awkward as a schema allows.
NAMES = ["length", "submit", "elements", "__proto__", 'a"]b', LONG]
ODD = Schema(
    "odd",
    "classification",
    Target("kind", MARKUP, classes=AWKWARD.target.classes),
    [
        *(Number(name) for name in NAMES),
        Category("action", [MARKUP, LONG], MARKUP, MARKUP),
        Text("body", LONG, missing=True),
    ],
    MARKUP,
)


def test_what_a_schema_says_is_text_and_fits_a_phone(
    iris: str, form_at: Open, complaints: list[str]
) -> None:
    classes = ODD.target.classes
    counts = {"classes": classes, "counts": [3] * len(classes), "rows": 3 * len(classes)}
    row = dict.fromkeys(NAMES, 1) | {"action": LONG, "body": None}
    done = {
        "job_id": "a", "status": "completed", "created_at": "2026-01-01T00:00:00Z", "label": "<b>",
        "prediction": "x" * 100, "probabilities": {"x" * 100: 0.75, "<b>": 0.25},
        "absolute_error": 0.75,
    }  # fmt: skip
    page = form_at(
        iris, 390, instead={
            "schema": msgspec.to_builtins(ODD), "predictions": counts, "predict": done,
            "rows/random": {"values": row, "label": "0.0"},
        },
    )  # fmt: skip
    page.route(
        "**/job/a/events",
        lambda route: route.fulfill(
            content_type="text/event-stream", body=f"event: job\ndata: {json.dumps(done)}\n\n"
        ),
    )
    fill(page)
    with page.expect_request("**/predict") as sent:
        page.click("#send")
    assert sent.value.post_data_json == {"data": row}
    expect(page.locator("#error-words")).to_contain_text("Wrong: the true class is <b>.")
    wrong = {"loc": ["body", "data", LONG[:60]], "msg": MARKUP, "type": "x"}
    unknown = {"loc": ["body", "data", "rooms"], "msg": "unknown", "type": "x"}
    refuse(page, "**/predict", 422, [wrong, unknown])
    page.click("#send")
    expect(page.locator(f"#problem-{NAMES.index(LONG)}")).to_have_text(MARKUP)
    expect(page.locator("#row-problem")).to_have_text("rooms: unknown")
    complaints.clear()  # a browser tells in its console of an answer 422
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("h1").text_content() == f"{MARKUP}: ask the model"
    assert page.locator("main :is(img, b)").count() == 0
    page.set_viewport_size({"width": 1280, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 1280


def test_units_of_a_schema_are_text_in_a_chart(iris: str, form_at: Open) -> None:
    schema = Schema(
        "odd", "regression", Target("y", "<b>Weight</b>", "<i>kg</i>"), [Number("a")], "Odd"
    )
    bars = {"edges": [0, 1, 2], "counts": [3, 4], "rows": 7, "beyond": 0}
    answers = {"schema": msgspec.to_builtins(schema), "predictions": bars}
    page = form_at(iris, chart=True, instead=answers)
    expect(page.locator("#predictions .xtitle")).to_have_text("<b>Weight</b> (<i>kg</i>)")
