"""The gateway's form as a person meets it, in a real browser, with all services behind it."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page, Request, Route, expect

from browser.fitting import fits
from pipeline.dataset import holdout
from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support import Service, Vhost, eventually, page_address, read_rows, row_count

Open = Callable[..., Page]

pytestmark = pytest.mark.timeout(300)  # the first one may have to install Chromium
expect.set_options(timeout=20_000)

MARKUP = "<img src=x onerror=document.title='owned'>"
KEY = "an-api-key"


class Stack(NamedTuple):
    """All services, with a gateway that asks for no key and one that does; addresses end in /."""

    gateway: str
    guarded: str
    plot: str
    logs_dir: Path


@pytest.fixture(scope="module")
def stack(
    rabbitmq: PrivateRabbitMQ,
    redis_server: PrivateRedis,
    model_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """Started once for all tests: each of them sends jobs of its own."""
    folder = tmp_path_factory.mktemp("form")
    vhost = Vhost(rabbitmq.amqp_url, rabbitmq.management_url)
    services: list[Service] = []

    def start(name: str, **settings: object) -> Service:
        ours = {"amqp_url": vhost.amqp_url, "logs_dir": folder, "model_path": model_path}
        place = folder / f"{name}-{len(services)}"
        place.mkdir()
        services.append(Service(name, place, **(ours | settings)))
        return services[-1]

    try:
        plot = start("plot", management_url=vhost.management_url)
        start("model")
        start("metric")
        where = {"gateway_port": 0, "redis_url": redis_server.url, "plot_url": page_address(plot)}
        where["live_page_url"] = where["plot_url"]
        gateways = [start("gateway", **where), start("gateway", **where, gateway_api_key=KEY)]
        eventually(lambda: all(service.is_up() for service in services), "all services")
        gateway, guarded = map(gateway_address, gateways)
        yield Stack(gateway, guarded, page_address(plot), folder)
    finally:
        for service in services:
            service.kill()
            print(f"--- {service.name}\n{service.log()}")
        vhost.delete()


def gateway_address(gateway: Service) -> str:
    found: list[str] = eventually(
        lambda: re.findall(r"gateway at (\S+)", gateway.log()), "the gateway"
    )
    return found[-1]


@pytest.fixture
def form(stack: Stack, visit: Open) -> Open:
    """Opens the form, and waits until it can be filled.

    Without its chart, unless a test looks at it: to read Plotly takes a second each time.
    """

    def open_form(address: str = stack.gateway, width: int = 1280, chart: bool = False) -> Page:
        page = visit("about:blank", viewport={"width": width, "height": 844})
        if not chart:
            page.route("**/plotly.min.js", lambda route: route.fulfill(body=""))
        page.goto(address)
        page.wait_for_selector("#fields input[name=s6]")
        return page

    return open_form


def get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.loads(answer.read())


def fill(page: Page) -> None:
    page.click("#random")
    expect(page.locator("#value-s6")).not_to_have_value("")


def fill_and_send(page: Page) -> str:
    """Sends a random patient; the id of the job, which has its prediction."""
    fill(page)
    page.click("#send")
    page.wait_for_selector("#job[data-status=completed]")
    return job_id(page)


def job_id(page: Page) -> str:
    return str(page.text_content("#job-names code"))


def refuse(page: Page, path: str, status: int, detail: object, headers: Any = None) -> None:
    """Has the browser meet an answer that the services give only when something is amiss."""

    def answer(route: Route) -> None:
        route.fulfill(status=status, json={"detail": detail}, headers=headers or {})

    page.route(path, answer, times=1)


def test_a_patient_is_sent_and_answered_and_the_error_seen_once_the_truth_is_known(
    stack: Stack, form: Open
) -> None:
    page = form(chart=True)
    job = fill_and_send(page)
    told = get(f"{stack.gateway}job/{job}")
    assert page.text_content("#prediction") == f"{told['prediction']:.2f}"
    assert told["model_id"] in str(page.text_content("#job-names"))
    for step in ("written", "with the model", "answered"):
        expect(page.locator("#job-steps li:not(.waiting)").filter(has_text=step)).to_have_count(1)
    expect(page.locator("#label-known")).to_contain_text("The data set says")
    page.click("#label-use")
    label = float(page.input_value("#label"))
    assert label in holdout().labels
    page.press("#label", "Enter")
    expect(page.locator("#error-words")).to_contain_text(f"{abs(label - told['prediction']):.2f}")
    assert page.get_attribute("#trace", "href") == f"{stack.plot}#id={job}"
    eventually(lambda: row_count(stack.logs_dir) > 0, "a row in metric_log.csv")
    row = eventually(lambda: rows_of(stack, job), "the job's row in metric_log.csv")
    assert row == [(label, told["prediction"])]


def rows_of(stack: Stack, job: str) -> list[tuple[float, float]]:
    rows = read_rows(stack.logs_dir)
    found = rows[rows["id"] == job]
    return list(zip(found["y_true"], found["y_pred"], strict=True))


def test_the_prediction_stands_among_all_in_picture_words_and_table(
    stack: Stack, form: Open
) -> None:
    page = form(chart=True)
    job = fill_and_send(page)
    page.click("#label-use")
    page.press("#label", "Enter")
    eventually(lambda: rows_of(stack, job), "the job's row in metric_log.csv")
    rows = row_count(stack.logs_dir)
    eventually(lambda: get(f"{stack.gateway}predictions")["rows"] == rows, "its histogram")
    page.click("#recent-rows button")
    fill_and_send(page)
    expect(page.locator("#job-words")).to_have_text(re.compile("^(High|Low)er than .* prediction"))
    page.wait_for_selector("#predictions .main-svg")
    shown = page.evaluate("[...document.getElementById('predictions').data[0].y]")
    marked = page.evaluate("document.getElementById('predictions').layout.shapes[0].x0")
    assert shown == get(f"{stack.gateway}predictions")["counts"]
    assert f"{marked:.2f}" == page.text_content("#prediction")
    page.click("#predictions-table summary")
    expect(page.locator("#predictions-table tbody tr")).to_have_count(len(shown))


def test_recent_jobs_survive_a_reload_and_are_shown_again(form: Open) -> None:
    page = form()
    first, _ = fill_and_send(page), fill_and_send(page)
    page.reload()
    expect(page.locator("#recent-rows tr")).to_have_count(2)
    page.click(f"#recent-rows button[data-id='{first}']")
    expect(page.locator("#job-names")).to_contain_text(first)
    expect(page.locator("#prediction")).not_to_have_text("–")
    expect(page.locator("#label-form")).to_be_visible()
    page.click("#clear")
    expect(page.locator("#recent")).to_be_hidden()
    assert page.evaluate("localStorage.getItem('recent-jobs')") == "[]"


def test_an_expired_job_is_said_to_be_and_what_is_known_of_it_stays(
    form: Open, complaints: list[str]
) -> None:
    page = form()
    job = fill_and_send(page)
    prediction = str(page.text_content("#prediction"))
    refuse(page, f"**/job/{job}", 410, "the job has expired")
    page.reload()
    row = page.locator("#recent-rows tr")
    expect(row).to_contain_text("expired")
    expect(row).to_contain_text(prediction)
    row.get_by_role("button").click()
    expect(page.locator("#job-words")).to_contain_text("has expired")
    complaints.clear()  # a browser tells in its console of an answer 410


def test_it_is_used_by_keyboard_alone(form: Open) -> None:
    page = form()
    tab_to(page, "#random")
    page.keyboard.press("Enter")
    expect(page.locator("#value-s6")).not_to_have_value("")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#job[data-status=completed]")
    tab_to(page, "#label")
    page.keyboard.type("100")
    page.keyboard.press("Enter")
    expect(page.locator("#error-words")).to_contain_text("100")
    tab_to(page, "#recent-rows button")
    page.keyboard.press("Enter")
    expect(page.locator("#job")).to_be_focused()


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_it_fits_its_window_in_both_schemes(form: Open) -> None:
    page = form(width=390, chart=True)
    fill_and_send(page)
    page.wait_for_selector("#predictions .main-svg")
    for width, scheme in ((390, "light"), (390, "dark"), (1280, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        look = partial(fits, page, ["predictions"], width, scheme)
        eventually(look, f"{width} px in the {scheme} scheme")


def test_what_is_no_patient_is_refused_before_it_is_sent(form: Open) -> None:
    page = form()
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    fill(page)
    page.fill("#value-bmi", "420")
    page.click("#send")
    assert page.evaluate("document.querySelector('#value-bmi:invalid') !== null")
    page.fill("#value-bmi", "")
    page.click("#send")
    assert sent == []


def test_what_the_gateway_refuses_is_told_at_its_field(form: Open, complaints: list[str]) -> None:
    page = form()
    fill(page)
    page.route("**/predict", with_text_for_a_number, times=1)
    page.click("#send")
    expect(page.locator("#bmi-problem")).to_contain_text("valid number")
    expect(page.locator("#value-bmi")).to_be_focused()
    refuse(page, "**/predict", 422, [{"loc": ["body", "data", "bp"], "msg": MARKUP, "type": "x"}])
    page.click("#send")
    expect(page.locator("#bp-problem")).to_have_text(MARKUP)
    complaints.clear()  # a browser tells in its console of an answer 422


def with_text_for_a_number(route: Route) -> None:
    body = json.loads(route.request.post_data or "")
    body["data"]["bmi"] = "thin"
    route.continue_(post_data=json.dumps(body))


@pytest.mark.parametrize("status", [429, 503])
def test_a_gateway_that_cannot_just_now_says_so_and_can_be_asked_again(
    form: Open, complaints: list[str], status: int
) -> None:
    page = form()
    keys: list[str] = []
    page.on("request", lambda request: keys.append(request.headers.get("idempotency-key", "")))
    refuse(page, "**/predict", status, f"not now: {MARKUP}", {"Retry-After": "2"})
    fill(page)
    page.click("#send")
    expect(page.locator("#job-problem")).to_have_text(
        f"not now: {MARKUP}. Worth another try in 2 s."
    )
    page.click("#again")
    page.wait_for_selector("#job[data-status=completed]")
    expect(page.locator("#job-problem")).to_be_hidden()
    given = [key for key in keys if key]
    assert len(given) == 2
    assert len(set(given)) == 1, "the same job"
    assert "owned" not in page.title()
    complaints.clear()  # a browser tells in its console of such an answer


def test_another_true_value_is_refused_in_words(
    stack: Stack, form: Open, complaints: list[str]
) -> None:
    page = form()
    job = fill_and_send(page)
    body = json.dumps({"value": 33.25}).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(
        urllib.request.Request(f"{stack.gateway}label/{job}", body, headers), timeout=10
    ).close()
    page.fill("#label", "34")
    page.press("#label", "Enter")
    expect(page.locator("#label-problem")).not_to_be_empty()
    page.fill("#label", "33.25")
    page.press("#label", "Enter")
    expect(page.locator("#error-words")).to_contain_text("33.25")
    complaints.clear()  # a browser tells in its console of an answer 409


def test_the_api_key_is_asked_for_once(stack: Stack, form: Open, complaints: list[str]) -> None:
    page = form(stack.guarded)
    fill(page)
    page.click("#send")
    page.fill("#key", "wrong")
    page.press("#key", "Enter")
    expect(page.locator("#key-words")).to_contain_text("not the key")
    page.fill("#key", KEY)
    page.press("#key", "Enter")
    page.wait_for_selector("#job[data-status=completed]")
    complaints.clear()  # a browser tells in its console of an answer 401
    page.reload()
    expect(page.locator("#recent-rows tr")).to_have_count(1)
    fill_and_send(page)
    expect(page.locator("#key-form")).to_be_hidden()


def test_markup_in_what_is_remembered_is_text(form: Open) -> None:
    page = form()
    remembered = {"job_id": MARKUP, "status": "expired", "created_at": "2026-01-01T00:00:00Z"}
    page.evaluate(
        f"localStorage.setItem('recent-jobs', JSON.stringify([{json.dumps(remembered)}]))"
    )
    page.reload()
    page.locator("#recent-rows button").click()
    expect(page.locator("#job-names code")).to_have_text(MARKUP)
    assert page.locator("main img").count() == 0
    assert "owned" not in page.title()


def test_without_plot_the_form_works_and_says_what_is_missing(
    form: Open, complaints: list[str]
) -> None:
    page = form()
    page.route("**/predictions", lambda route: route.fulfill(status=503, json={"detail": "gone"}))
    page.reload()
    expect(page.locator("#predictions-words")).to_contain_text("gone")
    fill_and_send(page)
    expect(page.locator("#job-words")).to_have_text("Answered.")
    complaints.clear()  # a browser tells in its console of an answer 503


def test_the_api_is_described_and_tried_without_the_internet(stack: Stack, visit: Open) -> None:
    page = visit(f"{stack.gateway}docs")
    page.click("[data-path='/columns']")
    page.locator(".try-out__btn").click()
    page.locator(".execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text("Body mass index")
