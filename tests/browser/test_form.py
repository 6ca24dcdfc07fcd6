"""The gateway's form as a person meets it, in a real browser, with all services behind it."""

import re
from functools import partial

from playwright.sync_api import Page, expect

from browser.fitting import fits
from browser.forms import Open, Stack, fill, fill_and_send, get, refuse
from pipeline.dataset import holdout
from support.rows import read_rows, row_count
from support.waiting import eventually


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


def test_a_value_beyond_the_data_set_is_answered_with_a_warning(form: Open) -> None:
    page = form()
    fill(page)
    page.get_by_label("Age years").fill("93")
    page.click("#send")
    page.wait_for_selector("#job[data-status=completed]")
    expect(page.locator("#job-warnings")).to_contain_text("age is 93")
    fill_and_send(page)
    expect(page.locator("#job-warnings")).to_be_hidden()


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
    counts = get(f"{stack.gateway}predictions")["counts"]
    drawn = partial(page.evaluate, "[...document.getElementById('predictions').data[0].y]")
    eventually(lambda: drawn() == counts, "its bars")
    marked = page.evaluate("document.getElementById('predictions').layout.shapes[0].x0")
    assert f"{marked:.2f}" == page.text_content("#prediction")
    page.click("#predictions-table summary")
    expect(page.locator("#predictions-table tbody tr")).to_have_count(len(counts))


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
    expect(page.get_by_label("Blood sugar")).not_to_have_value("")
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
