"""The live page of other data sets: with classes, and in other units."""

import csv
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace
from playwright.sync_api import Page, expect
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from browser.fitting import fits
from pipeline.files import METRIC_LOG, METRIC_LOG_SHADOW, METRIC_STATE
from pipeline.numbers import percent
from pipeline.table.schema import Schema
from support.live_page import NOTHING_THERE
from support.pages import page_address
from support.schemas import AWKWARD, IRIS, LETTERS
from support.service import Service
from support.tables import HOUSES
from support.waiting import eventually

Open = Callable[..., Page]
Start = Callable[..., Service]

CHARTS = ("histogram", "trend")
MIN_CONTRAST = 4.5  # of text (WCAG 2.1, AA)
MIN_FONT_PX = 11

# The ratio of the luminances of a text and of what is behind it, for each text of the tables.
CONTRASTS = """(selector) => {
  const context = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const rgb = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => rgb(color).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return rgb(color)[3] === 255 ? color : behind(element.parentElement);
  };
  return [...document.querySelectorAll(selector)].filter((cell) => cell.textContent).map((cell) => {
    const [one, other] = [luminance(getComputedStyle(cell).color), luminance(behind(cell))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  });
}"""
CELLS = ".matrix th, .matrix td, .rows th, .rows td"


def write_classes(folder: Path, schema: Schema, rows: int) -> pd.DataFrame:
    """Writes rows of classes of which most are right; returns the log as pandas reads it."""
    random, names = np.random.default_rng(rows), schema.target.classes
    folder.mkdir(exist_ok=True)
    with (folder / METRIC_LOG).open("w", newline="") as log:
        writer = csv.writer(log, lineterminator="\n")
        writer.writerow(["id", "y_true", "y_pred", "absolute_error"])
        for number in range(rows):
            at, wrong = random.integers(len(names)), int(random.random() < 0.2)
            error = random.uniform(0.5, 1) if wrong else random.uniform(0, 0.5)
            writer.writerow([f"r{number}", names[at], names[(at + wrong) % len(names)], error])
    return pd.read_csv(folder / METRIC_LOG, dtype={"y_true": str, "y_pred": str})


def started(start: Start, folder: Path, schema: Schema, **settings: Any) -> Service:
    """Starts plot with this data set, whose schema it finds in a file."""
    place = folder / "datasets" / schema.name
    place.mkdir(parents=True, exist_ok=True)
    (place / "schema.json").write_bytes(schema.to_json())
    return start(
        "plot", dataset=schema.name, datasets_dir=folder / "datasets", plot_interval=0.2,
        management_url=NOTHING_THERE, **settings,
    )  # fmt: skip


def texts(page: Page, selector: str) -> list[list[str]]:
    """The texts of a table's cells, row by row."""
    rows = page.locator(f"{selector} tbody tr")
    return [row.locator("td").all_text_contents() for row in rows.all()]


@pytest.mark.parametrize("schema", [IRIS, LETTERS, AWKWARD])
def test_each_figure_of_the_page_is_that_of_scikit_learn(
    show: Open, start: Start, tmp_path: Path, schema: Schema
) -> None:
    log = write_classes(tmp_path / schema.name, schema, 1500)
    names = schema.target.classes
    page = show(started(start, tmp_path, schema))
    expect(page.locator("#n-rows")).to_have_text("1,500")
    accuracy = (log["y_true"] == log["y_pred"]).mean()
    expect(page.locator("#n-accuracy")).to_have_text(percent(accuracy))
    most = log["y_true"].value_counts()
    expect(page.locator(".card[data-name=accuracy]")).to_contain_text(
        f": {percent(most.iloc[0] / 1500)}"
    )
    errors = log["absolute_error"]
    for name, value in (("mae", errors.mean()), ("log_loss", -np.log1p(-errors).mean())):
        assert float(str(page.text_content(f"#n-{name}"))) == pytest.approx(value, rel=5e-3)
    expect(page.locator("#confusion tbody tr")).to_have_count(len(names))
    expected = confusion_matrix(log["y_true"], log["y_pred"], labels=names)
    assert texts(page, "#confusion") == expected.astype(str).tolist()
    assert page.locator("#confusion tbody th").all_text_contents() == names
    scores = [
        score(log["y_true"], log["y_pred"], labels=names, average=None)
        for score in (recall_score, precision_score)
    ]
    wanted = [[percent(value) for value in pair] for pair in zip(*scores, strict=True)]
    assert [row[1:] for row in texts(page, "#by-class")] == wanted
    last = page.locator("#last-rows tr").first.locator("td")
    assert last.all_text_contents()[1:3] == [log["y_true"].iloc[-1], log["y_pred"].iloc[-1]]
    wrong = page.locator("#last-rows .wrong")
    assert wrong.count() == (log["y_true"] != log["y_pred"])[-20:].sum()
    expect(page.locator("#confusion-words")).to_contain_text("of 1,500 rows are right")
    expect(page.locator("#pairs")).to_be_hidden()
    assert page.locator("b:text-is('')").count() == 0, "markup in a class is text"


@pytest.mark.parametrize("schema", [IRIS, LETTERS, AWKWARD])
def test_classes_fit_the_window_in_both_schemes(
    show: Open, start: Start, tmp_path: Path, schema: Schema
) -> None:
    write_classes(tmp_path / schema.name, schema, 3000)
    page = show(started(start, tmp_path, schema), viewport={"width": 390, "height": 844})
    for name in CHARTS:
        page.locator(f"#{name}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#{name} .main-svg")
    for width, scheme in ((390, "light"), (390, "dark"), (1280, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        eventually(partial(fits, page, CHARTS, width, scheme), f"{width} px in the {scheme} scheme")
        contrasts = page.evaluate(CONTRASTS, CELLS)
        assert len(contrasts) > 100
        assert min(contrasts) >= MIN_CONTRAST, f"{width} px in the {scheme} scheme"
        sizes = page.evaluate(
            "(cells) => [...document.querySelectorAll(cells)]"
            ".map((cell) => parseFloat(getComputedStyle(cell).fontSize))",
            CELLS,
        )
        assert min(sizes) >= MIN_FONT_PX
        cut = page.evaluate(
            "() => [...document.querySelectorAll('.matrix td')]"
            ".filter((cell) => cell.scrollWidth > cell.clientWidth + 1).length"
        )
        assert cut == 0, "no number is cut"


def test_a_wide_matrix_is_scrolled_by_keyboard_and_keeps_its_names(
    show: Open, start: Start, tmp_path: Path
) -> None:
    write_classes(tmp_path / "letters", LETTERS, 3000)
    page = show(started(start, tmp_path, LETTERS), viewport={"width": 390, "height": 844})
    region = page.get_by_role("region", name="Which class is taken for which")
    expect(region.locator("tbody tr")).to_have_count(26)
    region.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    eventually(lambda: region.evaluate("(box) => box.scrollLeft") > 0, "it scrolls")
    name = region.get_by_role("rowheader", name="M", exact=True).bounding_box()
    frame = region.bounding_box()
    assert name
    assert frame
    assert name["x"] == pytest.approx(frame["x"], abs=1), "the name stays in sight"


def test_a_trace_tells_classes_and_probabilities(show: Open, start: Start, tmp_path: Path) -> None:
    write_classes(tmp_path / "iris", IRIS, 3)
    with closing(sqlite3.connect(tmp_path / "iris" / METRIC_STATE)) as database:
        columns = "id, y_true, y_pred, joined_in_ms, model_id, absolute_error, half_brier"
        database.execute(f"CREATE TABLE joined ({columns})")
        database.execute(
            "INSERT INTO joined VALUES ('a', 'setosa', 'virginica', 5, 'm', 0.75, 0.525)"
        )
        database.execute("CREATE TABLE pending (id, queue, value, published_in_ms, received_in_ms)")
        told = '{"setosa":0.125,"versicolor":0.5,"virginica":0.375}'
        database.execute("INSERT INTO pending VALUES ('late', 'y_pred', ?, 1, 2)", (told,))
        database.commit()
    page = show(started(start, tmp_path, IRIS), "#id=a")
    result = page.locator("#trace-result")
    expect(result).to_contain_text(
        "virginica was predicted, and setosa is right. The error is 0.75"
    )
    expect(result).to_contain_text("half Brier score 0.525")
    page.fill("#trace-id", "late")
    page.press("#trace-id", "Enter")
    expect(result).to_contain_text("y_pred versicolor")
    expect(result).to_contain_text("versicolor 0.5, virginica 0.375, setosa 0.125")


def test_the_shadow_model_of_classes_is_compared_by_half_its_brier_score(
    show: Open, start: Start, tmp_path: Path
) -> None:
    log = write_classes(tmp_path / "iris", IRIS, 600)
    shadow = log.assign(
        model_id="forest", live_model_id="logistic", live_absolute_error=0.5,
        half_brier=log["absolute_error"] ** 2 / 2, live_half_brier=0.6,
    )  # fmt: skip
    shadow["absolute_error"] = (log["y_true"] != log["y_pred"]).astype(float)
    shadow.to_csv(tmp_path / "iris" / METRIC_LOG_SHADOW, index=False)
    page = show(started(start, tmp_path, IRIS))
    gain = 0.6 - shadow["half_brier"].mean()
    expect(page.locator("#shadow-verdict")).to_contain_text(
        f"Shadow model forest is better: its half Brier score is smaller by {gain:.3g} ("
    )
    expect(page.locator("#shadow-model td").first).to_have_text(f"{0.6 - gain:.3g}")
    expect(page.locator("#live-model td")).to_have_text(["0.6", "0.5"])
    expect(page.locator("#note-shadow-only")).to_contain_text(
        "The shadow model tells classes only, without probabilities"
    )
    expect(page.locator("#note-shadow-bound")).to_be_hidden()
    expect(page.locator("#shadow")).not_to_contain_text("points")


def test_a_model_that_tells_classes_only_has_no_log_loss(
    show: Open, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "iris").mkdir()
    rows = "a,setosa,setosa,0\nb,setosa,virginica,1\n"
    (tmp_path / "iris" / METRIC_LOG).write_text(f"id,y_true,y_pred,absolute_error\n{rows}")
    page = show(started(start, tmp_path, IRIS))
    expect(page.locator("#n-accuracy")).to_have_text("50.0 %")
    expect(page.locator("#n-log_loss")).to_have_text("–")
    expect(page.locator(".card[data-name=log_loss]")).to_contain_text("Meaningless")
    expect(page.locator("#note-only")).to_contain_text("only classes were told")


@pytest.mark.parametrize(("factor", "unit"), [(1e-6, "€"), (1.0, "€<b>"), (1e4, "€")])
def test_numbers_of_any_scale_have_their_unit(
    show: Open, start: Start, tmp_path: Path, factor: float, unit: str
) -> None:
    schema = replace(HOUSES, target=replace(HOUSES.target, unit=unit))
    random = np.random.default_rng(7)
    labels = random.uniform(21_000, 890_000, 500) * factor
    errors = random.normal(0, 40_000, 500) * factor
    frame = pd.DataFrame({"id": range(500), "y_true": labels, "y_pred": labels + errors})
    (tmp_path / "houses").mkdir()
    frame.assign(absolute_error=abs(errors)).to_csv(tmp_path / "houses" / METRIC_LOG, index=False)
    page = show(started(start, tmp_path, schema), viewport={"width": 390, "height": 844})
    expect(page.locator("h1")).to_have_text("House prices")
    expect(page.locator(".card[data-name=mae] .unit")).to_have_text(unit)
    shown = float(str(page.text_content("#n-mae")).replace(",", ""))
    assert shown == pytest.approx(abs(errors).mean(), rel=5e-3)
    expect(page.locator("#histogram-words")).to_contain_text(f"{unit}, nine in ten below")
    for name in (*CHARTS, "pairs"):
        page.locator(f"#{name}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#{name} .main-svg")
    titles = page.locator(".ytitle, .xtitle").all_text_contents()
    wanted = {f"{title} ({unit})" for title in ("absolute error", "MAE", "y_true", "y_pred")}
    assert wanted <= set(titles)
    assert "points" not in str(page.locator("main").inner_text())
    eventually(partial(fits, page, (*CHARTS, "pairs"), 390, "light"), "it fits")
    overlaps = page.evaluate(
        "() => [...document.querySelectorAll('.ytitle')].filter((title) => {"
        " const {right} = title.getBoundingClientRect();"
        " return [...title.closest('.chart').querySelectorAll('.ytick text')]"
        "  .some((tick) => tick.getBoundingClientRect().left < right); }).length"
    )
    assert overlaps == 0


def test_a_page_that_stays_open_follows_plot_to_another_data_set(
    show: Open, start: Start, tmp_path: Path, complaints: list[str]
) -> None:
    write_classes(tmp_path / "iris", IRIS, 10)
    plot = started(start, tmp_path, HOUSES)
    page = show(plot)
    expect(page.locator("h1")).to_have_text("House prices")
    port = page_address(plot).rstrip("/").rpartition(":")[2]
    plot.stop()
    page.wait_for_selector("#status[data-state=lost]")
    started(start, tmp_path, IRIS, plot_port=port)
    expect(page.locator("h1")).to_have_text("Iris flowers")
    expect(page.locator("#n-rows")).to_have_text("10")
    complaints.clear()  # a browser tells in its console of a server that has gone
