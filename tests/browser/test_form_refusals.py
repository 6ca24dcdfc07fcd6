"""The form where something is amiss: it says so in words, and loses nothing."""

import json
import urllib.request

import pytest
from playwright.sync_api import Request, Route, expect

from browser.forms import KEY, Open, Stack, fill, fill_and_send, refuse
from support.waiting import PATIENCE_SECONDS

MARKUP = "<img src=x onerror=document.title='owned'>"


def test_what_is_no_patient_is_refused_before_it_is_sent(form: Open) -> None:
    page = form()
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    fill(page)
    page.get_by_label("Body mass index").fill("420")
    page.click("#send")
    assert page.evaluate("document.querySelector('#value-2:invalid') !== null")
    page.get_by_label("Body mass index").fill("")
    page.click("#send")
    assert sent == []


def test_what_the_gateway_refuses_is_told_at_its_field(form: Open, complaints: list[str]) -> None:
    page = form()
    fill(page)
    page.route("**/predict", with_text_for_a_number, times=1)
    page.click("#send")
    expect(page.locator("#problem-2")).to_contain_text("number")
    expect(page.get_by_label("Body mass index")).to_be_focused()
    refuse(page, "**/predict", 422, [{"loc": ["body", "data", "bp"], "msg": MARKUP, "type": "x"}])
    page.click("#send")
    expect(page.locator("#problem-3")).to_have_text(MARKUP)
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
    expect(page.locator("#job-problem")).to_have_text(f"not now: {MARKUP}. Try again in 2 s.")
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
        urllib.request.Request(f"{stack.gateway}label/{job}", body, headers),
        timeout=PATIENCE_SECONDS,
    ).close()
    page.fill("#label", "34")
    page.press("#label", "Enter")
    expect(page.locator("#label-problem")).not_to_be_empty()
    page.fill("#label", "33.25")
    page.press("#label", "Enter")
    expect(page.locator("#error-words")).to_contain_text("33.25")
    complaints.clear()  # a browser tells in its console of an answer 409


def test_the_api_key_is_asked_for_once(stack: Stack, form_at: Open, complaints: list[str]) -> None:
    page = form_at(stack.guarded)
    fill(page)
    page.click("#send")
    page.fill("#key", "wrong")
    page.press("#key", "Enter")
    expect(page.locator("#key-words")).to_contain_text("key is wrong")
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
    page.click("[data-path='/schema']")
    page.locator(".try-out__btn").click()
    page.locator(".execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text("Body mass index")
