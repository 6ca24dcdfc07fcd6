"""`python -m pipeline ask` beside a gateway of any data set, with categories, texts, classes."""

import json
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.table import built_in
from pipeline.table.schema import Number, Schema, Target, Text
from support.fake_gateway import Fake, refusal
from support.tables import HOUSES

Ask = Callable[..., tuple[int, str, str]]

MOODS = ["very good", "so\u202eso", "it's bad", "a", "b", "c", "d"]
REVIEWS = Schema(
    "reviews", "classification", Target("mood", "Mood", classes=MOODS), [Text("text", "Review")]
)
REVIEW = "the food was cold, and the waiter rude"
TOLD = {"job_id": "j-1", "status": "completed", "prediction": 453210.7}
SHARES = dict(zip(MOODS, (0.05, 0.6, 0.2, 0.06, 0.04, 0.03, 0.02), strict=True))
SORTED = TOLD | {"prediction": "so\u202eso", "probabilities": SHARES}


@pytest.fixture
def ask(command: Ask) -> Ask:
    return partial(command, "ask")


@pytest.fixture
def houses(gateway: Fake) -> Fake:
    gateway.schema = HOUSES
    gateway.tell((200, TOLD, {}))
    return gateway


@pytest.fixture
def reviews(gateway: Fake) -> Fake:
    gateway.schema = REVIEWS
    gateway.tell((200, SORTED, {}))
    return gateway


def data(gateway: Fake) -> Any:
    """The rows of the only request; that they are raw is said where there is a choice."""
    ((call, _, body),) = gateway.asked
    assert (call, body.keys() - {"id"}) == ("POST /predict", {"data"})
    return body["data"]


def test_a_random_row_of_diabetes_is_shown_asked_as_measured_and_labelled(
    ask: Ask, gateway: Fake
) -> None:
    values = dict.fromkeys(built_in.default().names, 1.0) | {"age": 59.0, "s5": 4.8598}
    job = {"job_id": "-x y", "status": "completed", "prediction": 161.8372}
    gateway.tell((200, {"values": values, "label": 151.0}, {}), (200, job, {}))
    status, out, _ = ask("random")
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "age             59      years   Age"
    assert lines[8] == "s5              4.8598          ln triglycerides"
    assert lines[10:15] == [
        "", "job id          -x y", "status          completed", "prediction      161.837 points",
        "truth           151 points",
    ]  # fmt: skip
    assert gateway.asked[1][2] == {"data": [*values.values()], "units": "raw"}
    assert shlex.split(lines[-1])[-3:] == ["label", "-x y", "151"]


def test_a_random_row_of_a_mixed_table(ask: Ask, houses: Fake) -> None:
    values = {"rooms": 4.0, "town": "Bern", "remarks": "\x1b[2J " + "quiet " * 30, "area": None}
    houses.tell((200, {"values": values, "label": 1234567.5}, {}), (200, TOLD, {}))
    status, out, _ = ask("random")
    assert (status, "\x1b" in out) == (0, False)
    lines = [line.split() for line in out.splitlines()]
    assert lines[:3] == [["rooms", "4"], ["area", "(missing)", "m²"], ["town", "Bern"]]
    assert max(map(len, out.splitlines()[:6])) <= 80, "a long text is wrapped"
    assert ["prediction", "453211", "€"] in lines
    assert ["truth", "1234567.5", "€"] in lines, "what is reported has all digits"
    assert lines[-1][-3:] == ["label", "j-1", "1234567.5"]
    assert houses.asked[1][2] == {"data": [4.0, None, "Bern", values["remarks"]]}


def test_the_truth_is_reported_by_the_printed_line_whatever_the_class(
    ask: Ask, reviews: Fake
) -> None:
    row = {"values": {"text": REVIEW}, "label": "it's bad"}
    reviews.tell((200, row, {}), (200, SORTED, {}), (202, {}, {}))
    _, out, _ = ask("random")
    report = shlex.split(out.splitlines()[-1])
    assert ask(*report[report.index("label") :]) == (0, "the label of j-1 is it's bad\n", "")
    assert reviews.asked[-1][0::2] == ("POST /label/j-1", {"value": "it's bad"})


def test_probabilities_are_shown_largest_first_and_the_rest_together(
    ask: Ask, reviews: Fake
) -> None:
    status, out, _ = ask("predict", REVIEW)
    assert (status, data(reviews)) == (0, [REVIEW])
    assert out.splitlines()[2:] == [
        r"prediction      so\u202eso",
        r"probabilities   0.600  so\u202eso",
        "                0.200  it's bad",
        "                0.060  a",
        "                0.050  very good",
        "                0.090  (the other 3)",
    ]
    assert json.loads(ask("predict", REVIEW, "--json")[1])["probabilities"] == SHARES


@pytest.mark.parametrize(
    "text", ["-5 of 5 stars", "--no way!", "--x=y", "a = b", "mood=bad", "texts=1", "ünï", "4"]
)
def test_a_text_is_one_word_whatever_is_in_it(ask: Ask, reviews: Fake, text: str) -> None:
    assert ask("predict", text)[0] == 0
    assert data(reviews) == [text]


@pytest.mark.parametrize(
    ("words", "row"),
    [
        (["4", "98.5", "Bern", "a = b, c"], [4, 98.5, "Bern", "a = b, c"]),
        (["4", "", " ", ""], [4, None, None, None]),
        (["rooms=4"], [4, None, None, None]),
        (["town=Bern", "remarks=x=1", "area=", "rooms=-1e3"], [-1000, None, "Bern", "x=1"]),
    ],
)
def test_the_values_of_a_row_in_order_or_by_name(
    ask: Ask, houses: Fake, words: list[str], row: list[Any]
) -> None:
    status, out, _ = ask("predict", *words)
    assert (status, out.splitlines()[-1]) == (0, "prediction      453211 €")
    assert data(houses) == row


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict", "4", "98.5"], "a row has 4 values (rooms area town remarks), and not 2; put "),
        (["predict", "a", "", "", ""], "rooms: 'a' is not a number"),
        (["predict", "4,5", "", "", ""], "rooms: '4,5' is not a number: write 4.5"),
        (["predict", "", "1", "", ""], "rooms: a number is needed, as no value may be missing"),
        (["predict", "area=1"], "these are missing: rooms"),
        (["predict", "rooms=1", "Bern"], "'Bern' has no name: all values are name=value, or none"),
        (["predict", "rooms=1", "size=3"], "there is no column 'size': a row has rooms area town"),
        (["predict", "rooms=1", "rooms=1"], "'rooms' is given twice"),
        (["predict", "1", "1", "\udcff", ""], "town: '\\udcff' is not UTF-8"),
        (["predict", "1", "", "", "", "--units", "raw"], "houses has its values in one form only"),
        (["label", "j-1", "cheap"], "price: 'cheap' is not a number"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_row_is_told_with_the_column(
    ask: Ask, houses: Fake, arguments: list[str], said: str
) -> None:
    status, out, err = ask(*arguments)
    assert (status, out) == (2, "")
    assert not [call for call, *_ in houses.asked if call.startswith("POST")]
    assert said in err


def test_of_hundreds_of_columns_a_dozen_is_listed(ask: Ask, gateway: Fake) -> None:
    columns = [Number(f"c{index}") for index in range(300)]
    gateway.schema = Schema("wide", "regression", Target("y"), [*columns])
    for words in (["1"], ["c1=1"], ["x=1"]):
        status, _, err = ask("predict", *words)
        assert (status, len(err) < 400) == (2, True)


def test_a_class_that_there_is_not_is_told_with_those_there_are(ask: Ask, reviews: Fake) -> None:
    status, _, err = ask("label", "j-1", "good")
    assert (status, [call for call, *_ in reviews.asked]) == (2, ["GET /job/j-1"])
    assert r"mood: 'good' is none of the classes 'very good' so\u202eso" in err


def test_a_label_of_a_job_that_asked_a_model_by_its_id_is_one_of_that_models(
    ask: Ask, reviews: Fake
) -> None:
    asked: Any = (200, SORTED | {"job_id": "j-1", "asked_model": "ridge-1"}, {})
    own = built_in.default().to_json()
    taken = {"job_id": "j-1", "label": 151, "makes_row": False, "warnings": []}
    reviews.tell(asked, (200, own, {}), (202, taken, {}))
    status, out, err = ask("label", "j-1", "151")
    assert (status, out) == (0, "the label of j-1 is 151\n")
    assert "metric_log.csv gets no row" in err
    assert reviews.asked[-1][2] == {"value": 151.0}


def test_a_table_of_classes_in_lines(ask: Ask, reviews: Fake, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('id,text\na,"one, two"\nb,three\n')
    jobs = [SORTED | {"job_id": "a", "prediction": "very good"}, SORTED | {"job_id": "b"}]
    reviews.tell((200, {"jobs": jobs}, {}))
    status, out, _ = ask("predict", "--file", str(tmp_path / "rows.csv"))
    assert (status, data(reviews)) == (0, [["one, two"], ["three"]])
    assert out.splitlines() == [
        f"{'JOB':36}  {'STATUS':10}  PREDICTION",
        f"{'a':36}  {'completed':10}   very good",
        f"{'b':36}  {'completed':10}  so\\u202eso",
    ]


def test_a_column_that_the_file_does_not_have_is_missing_and_that_is_said(
    ask: Ask, houses: Fake, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("Remarks;area;rooms\nold;98,5;4\n")
    _, _, err = ask("predict", "--file", str(tmp_path / "rows.csv"))
    assert data(houses) == [4, 98.5, None, None]
    assert err == "missing in each row, as the file has no such column: town remarks\n"


def test_long_texts_go_in_requests_that_the_gateway_takes(
    ask: Ask, reviews: Fake, tmp_path: Path
) -> None:
    lines = [json.dumps([str(index) + "ü" * 100_000]) for index in range(10)]
    (tmp_path / "rows.json").write_text(f"[{','.join(lines)}]")
    reviews.tell(*((200, {"jobs": [SORTED] * count}, {}) for count in (4, 4, 2)))
    assert ask("predict", "--file", str(tmp_path / "rows.json"), "--json")[0] == 0
    sent = [body["data"] for _, _, body in reviews.asked]
    assert [len(json.dumps(each, ensure_ascii=False).encode()) < 2**20 for each in sent] == [
        True
    ] * 3
    assert len({json.dumps(row) for each in sent for row in each}) == 10


def test_an_older_gateway_is_told_in_a_line(ask: Ask, gateway: Fake) -> None:
    gateway.schema = None
    gateway.tell(refusal(404, "Not Found"))
    assert ask("predict", "1") == (1, "", "Not Found\n")
