"""`python -m pipeline models` beside a server of HTTP that answers as it is told."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from support.at_terminal import run_at_terminal
from support.fake_gateway import Fake, refusal

COMMAND = "docker compose run --rm pipeline"
RIDGE = "ridge-7f3a9c2b41de"
FOREST = "random-forest-9ee9983c22c4"
BOOSTING = "hist-gradient-boosting-c827ff1a89e2"
NUMBERS = {
    "rmse": 58.7, "mae": 47.56, "baseline_mae": 63.94, "training_rows": 353, "held_out_rows": 89,
}  # fmt: skip
CLASSES = {
    "accuracy": 0.96667, "majority_accuracy": 1 / 3, "log_loss": 0.07, "half_brier": 0.026,
    "training_rows": 120, "held_out_rows": 30,
}  # fmt: skip

Models = Callable[..., tuple[int, str, str]]


def model(model_id: str, mae: float = 47.56, **fields: Any) -> dict[str, Any]:
    """A model as an earlier gateway tells it; `fields` are those of a later one, and others."""
    return {
        "model_id": model_id, "dataset_id": "diabetes", "features": ["age", "bmi"],
        "target": "target", "algorithm": model_id.rpartition("-")[0].replace("-", "_"),
        "params": {"alpha": 0.5, "solver": "auto"}, "metrics": NUMBERS | {"mae": mae},
        "holdout_rows_seen": 0, "versions": {"python": "3.13.1", "skops": "0.16.0"},
        "created_at": "2026-11-22T11:37:14.021000Z", "seconds": 0.21, "job_id": "j-1",
        "notes": ["a note"], "files": {"model.skops": {"sha256": "5a" * 32, "size": 4201}},
        "state": "stored",
    } | fields  # fmt: skip


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def change(number: int, action: str, live: str, shadow: str | None = None, **more: Any) -> Any:
    return {
        "number": number, "action": action, "live": live, "shadow": shadow, "forced": False,
        "takes_back": None, "default": None, "at": "2026-11-22T15:34:56.834000Z",
    } | more  # fmt: skip


def replica(name: str, number: int, live: str, problem: str | None = None) -> dict[str, Any]:
    return {"name": name, "change": number, "live": live, "shadow": None, "problem": problem}


@pytest.fixture
def models(command: Models, monkeypatch: pytest.MonkeyPatch) -> Models:
    """Runs it as a person with Docker does; exit status, stdout, stderr."""
    monkeypatch.setenv("SHOWN_COMMAND", COMMAND)
    return partial(command, "models")


def tell(gateway: Fake, *answers: Any) -> None:
    gateway.tell(*((200, answer, {}) for answer in answers))


STORE: dict[str, Any] = {
    "live": RIDGE,
    "shadow": FOREST,
    "models": [
        model(BOOSTING, 49.1, holdout_rows_seen=71, live_metrics={"rows": 3, "mae": 50.25}),
        model("logistic-1", data_set="iris", metrics=CLASSES),
        model("linear-1", 46.0),
        model(
            FOREST, 48.05, state="shadow",
            shadow_metrics={"rows": 1, "mae": 13303.2}, live_metrics={"rows": 9, "mae": 1},
        ),
        model(
            RIDGE, state="live", answered_at=ago(minutes=3, seconds=5),
            live_metrics={"rows": 1204, "mae": 43.1, "rmse": 55.5, "last_at": ago(hours=2.5)},
        ),
    ],
}  # fmt: skip
for each in STORE["models"]:
    each.setdefault("data_set", "diabetes")


def test_models_are_listed_as_a_person_compares_them(models: Models, gateway: Fake) -> None:
    tell(gateway, STORE)
    status, out, err = models("list")
    assert (status, err) == (0, "")
    assert gateway.asked[0][0] == "GET /models"
    head, *lines, note = [re.split(r" {2,}", line) for line in out.splitlines()]
    assert head == [
        "STATE", "MODEL", "ALGORITHM", "DATA SET", "HOLD-OUT", "BASELINE", "SO FAR", "ROWS",
        "SIZE", "ANSWERED",
    ]  # fmt: skip
    assert lines == [
        ["live", RIDGE, "ridge", "diabetes", "MAE 47.56", "63.94", "MAE 43.1", "1,204", "4.2 kB",
         "3 min ago"],
        ["shadow", FOREST, "random_forest", "diabetes", "MAE 48.05", "63.94", "MAE 13,303", "1",
         "4.2 kB", "–"],
        ["", "linear-1", "linear", "diabetes", "MAE 46", "63.94", "–", "–", "4.2 kB", "–"],
        ["", BOOSTING, "hist_gradient_boosting", "diabetes", "MAE 49.1*", "63.94", "MAE 50.25",
         "3", "4.2 kB", "–"],
        ["", "logistic-1", "logistic", "iris", "acc. 0.967", "0.333", "–", "–", "4.2 kB", "–"],
    ]  # fmt: skip
    assert note[0].startswith("* it was trained on rows of the hold-out")


def test_an_earlier_gateway_tells_less_of_them(models: Models, gateway: Fake) -> None:
    tell(gateway, {"live": None, "shadow": None, "models": [model(RIDGE, metrics=None)]})
    (_, line) = models("list")[1].splitlines()
    assert re.split(r" {2,}", line)[1:] == [
        RIDGE, "ridge", "diabetes", "–", "–", "–", "–", "4.2 kB", "–",
    ]  # fmt: skip


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_shows_each_model_whole(gateway: Fake, columns: int) -> None:
    tell(gateway, STORE)
    status, out = run_at_terminal("models", "list", columns=columns, GATEWAY_URL=gateway.url)
    lines = out.splitlines()
    assert status == 0
    assert max(map(len, lines)) <= columns
    assert len(lines) == (13 if columns == 80 else 7), "no line is wrapped"
    assert sum(BOOSTING in line for line in lines) == 1
    assert re.search(r"\n +random_forest, diabetes +63\.94 +1 row +4\.2 kB\n", out) or columns > 80


def test_all_is_shown_of_a_model(models: Models, gateway: Fake) -> None:
    tell(gateway, STORE["models"][4], {"refusal": None})
    status, out, _ = models("show", RIDGE)
    assert status == 0
    assert [call for call, _, _ in gateway.asked] == [f"GET /models/{RIDGE}"]
    made = "2026-11-22T11:37:14Z ("
    lines = [line.split(f"{made}")[0] + made if made in line else line for line in out.splitlines()]
    assert lines == [
        f"model id        {RIDGE}",
        "state           live",
        "algorithm       ridge",
        "parameters      alpha=0.5",
        "                solver=auto",
        "data set        diabetes",
        "predicts        target",
        "from            age, bmi",
        f"trained         {made}",
        "hold-out        89 rows",
        "                RMSE 58.7",
        "                MAE 47.56 (63.94 by always telling the median)",
        "errors live     RMSE 55.5, MAE 43.1 (1,204 rows, the last 2 h ago)",
        "errors shadow   –",
        "answered        3 min ago",
        "size            4.2 kB in 1 file",
        "files           model.skops, 4,201 bytes",
        f"SHA-256         {'5a' * 32}",
        "versions        python 3.13.1, skops 0.16.0",
        "training job    j-1",
        "notes           a note",
    ]
    assert re.search(r"^trained .*ago\), on 353 rows, in 0.21 s$", out, re.MULTILINE)


def test_what_comes_next_for_a_model_is_said(models: Models, gateway: Fake) -> None:
    tell(gateway, model(RIDGE), {"refusal": None})
    assert models("show", RIDGE)[1].splitlines()[-2:] == [
        f"try it in the shadow: {COMMAND} models shadow {RIDGE}",
        f"promote it: {COMMAND} models promote {RIDGE}",
    ]
    tell(gateway, model(RIDGE, holdout_rows_seen=1), {"refusal": "1 of \x1b[2J"})
    out = models("show", RIDGE)[1]
    assert out.splitlines()[-1] == "it cannot be promoted as it is: 1 of \\x1b[2J"
    assert "1 row of it were in the training data" in out
    tell(gateway, model(RIDGE, state="shadow"), {"live_page": "http://a/"}, {"refusal": "no"})
    assert models("show", RIDGE)[1].splitlines()[-3:] == [
        "its verdict, some rows later: http://a/",
        "it cannot be promoted as it is: no",
        f"stop it: {COMMAND} models unshadow",
    ]


BEFORE = change(7, "promote", "old", "tried")


@pytest.mark.parametrize(
    ("arguments", "call", "body", "made", "shown"),
    [
        (
            ["promote", RIDGE], f"POST /models/{RIDGE}/promote", {"force": False},
            change(8, "promote", RIDGE, "tried"),
            [f"live            old → {RIDGE}", "change          8"],
        ),
        (
            ["promote", "tried", "--force"], "POST /models/tried/promote", {"force": True},
            change(8, "promote", "tried", forced=True),
            ["live            old → tried", "shadow          tried → –",
             "change          8, by force"],
        ),
        (
            ["shadow", RIDGE], f"POST /models/{RIDGE}/shadow", 0, change(8, "shadow", "old", RIDGE),
            [f"shadow          tried → {RIDGE}", "change          8"],
        ),
        (
            ["unshadow"], "DELETE /shadow", 0, change(8, "unshadow", "old"),
            ["shadow          tried → –", "change          8"],
        ),
        (
            ["rollback"], "POST /rollback", 0,
            change(8, "rollback", "older", "tried", takes_back=7),
            ["live            old → older", "change          8, takes back change 7"],
        ),
    ],
)  # fmt: skip
def test_a_change_is_made_once_and_told(
    models: Models, gateway: Fake, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], call: str, body: Any, made: Any, shown: list[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("time.sleep", lambda _: None)
    done = {"change": made, "replicas": [replica("model-1", 8, made["live"])]}
    gateway.tell(
        refusal(503, "no broker"), None, (200, done, {}),
        (200, {"changes": [made, BEFORE], "replicas": []}, {}), (200, {}, {}),
    )  # fmt: skip
    status, out, err = models(*arguments)
    assert status == 0
    assert "no broker; trying again" in err
    assert out.splitlines()[: len(shown) + 1] == [*shown, "followed by     model-1"]
    assert [each[0] for each in gateway.asked[:3]] == [call] * 3
    assert gateway.asked[0][2] == body
    assert len({headers["idempotency-key"] for _, headers, _ in gateway.asked[:3]}) == 1
    gateway.tell((200, done, {}))
    assert models(*arguments, "--json") == (0, json.dumps(done) + "\n", "")
    assert len({headers.get("idempotency-key") for _, headers, _ in gateway.asked}) == 3


def test_who_does_not_follow_is_told_with_the_reason(models: Models, gateway: Fake) -> None:
    made = change(8, "promote", RIDGE)
    told = [
        replica("model-1", 8, RIDGE), replica("model-2", 8, "old", "it does not load"),
        replica("model-3", 7, "old"), replica("model-4", 8, RIDGE),
    ]  # fmt: skip
    gateway.tell((200, {"change": made, "replicas": told}, {}), refusal(404, "no such call"))
    _, out, _ = models("promote", RIDGE)
    assert out.splitlines() == [
        f"live            {RIDGE}",
        "shadow          –",
        "change          8",
        "followed by     model-1, model-4",
        "not followed by model-2 answers with old: it does not load",
        "not followed by model-3 answers with old",
        "",
        f"go back: {COMMAND} models rollback",
    ]
    gateway.tell((200, {"change": made, "replicas": []}, {}), refusal(404))
    assert "followed by     – (no process of model" in models("promote", RIDGE)[1]


def test_after_a_trial_has_begun_its_verdict_is_the_next_step(
    models: Models, gateway: Fake
) -> None:
    made = change(8, "shadow", "old", RIDGE)
    tell(
        gateway, {"change": made, "replicas": []}, {"changes": [made, BEFORE], "replicas": []},
        {"live_page": "http://localhost:8080/"}, {"refusal": None},
    )  # fmt: skip
    assert models("shadow", RIDGE)[1].splitlines()[-4:] == [
        "",
        "its verdict, some rows later: http://localhost:8080/",
        f"promote it: {COMMAND} models promote {RIDGE}",
        f"stop it: {COMMAND} models unshadow",
    ]


def test_the_history_is_what_has_changed_and_who_answers_with_what(
    models: Models, gateway: Fake
) -> None:
    history = {
        "changes": [
            change(5, "unshadow", "b"), change(4, "shadow", "b", "c"),
            change(3, "rollback", "b", takes_back=2), change(2, "promote", "a", forced=True),
            change(1, "start", "b"),
        ],
        "replicas": [replica("model-1", 5, "b"), replica("model-2", 4, "a", "no a\n")],
    }  # fmt: skip
    tell(gateway, history)
    status, out, _ = models("history")
    assert status == 0
    answering, _, table = out.partition("\n\n")
    assert answering.splitlines() == [
        "model-1 answers with b",
        "model-2 answers with a: no a\\n, since change 4",
    ]
    assert [line.split()[0:1] + line.split()[2:] for line in table.splitlines()] == [
        ["CHANGE", "ACTION", "MODEL"],
        ["5", "unshadow", "c"],
        ["4", "shadow", "c"],
        ["3", "rollback", "b", "takes", "back", "change", "2"],
        ["2", "promote", "a", "by", "force"],
        ["1", "start", "b"],
    ]


def test_without_changes_and_processes_there_is_none_to_show(models: Models, gateway: Fake) -> None:
    tell(gateway, {"changes": [], "replicas": []})
    assert models("history")[1].splitlines() == [
        "no process of model has reported what it answers with",
        "",
        "there is no change yet: the first model that starts makes one",
    ]
    tell(gateway, {"live": None, "shadow": None, "models": []})
    assert models("list") == (0, f"there is no model yet: {COMMAND} train makes one\n", "")


def test_a_model_is_deleted_by_who_says_so(models: Models, gateway: Fake) -> None:
    gateway.tell((204, b"", {}))
    status, out, _ = models("delete", RIDGE, "-y")
    assert (status, out.splitlines()[0]) == (0, f"{RIDGE} is deleted")
    assert [call for call, _, _ in gateway.asked] == [f"DELETE /models/{RIDGE}"]
    assert json.loads(models("delete", RIDGE, "-y", "--json")[1]) == {
        "model_id": RIDGE,
        "deleted": True,
    }


def test_without_a_terminal_nobody_is_asked(
    models: Models, gateway: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115, PTH123
    status, out, err = models("delete", RIDGE)
    assert (status, out) == (2, "")
    assert "give -y" in err
    assert not gateway.asked


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("\n", 1), ("no\n", 1), ("\x04", 1)])
def test_at_a_terminal_a_person_is_asked(gateway: Fake, typed: str, status: int) -> None:
    gateway.tell((200, model(RIDGE), {}), (204, b"", {}))
    found, shown = run_at_terminal("models", "delete", RIDGE, typed=typed, GATEWAY_URL=gateway.url)
    assert found == status
    assert f"delete {RIDGE} (ridge, 4.2 kB) for good? [y/N]" in shown
    assert (f"{RIDGE} is deleted" in shown) == (not status)
    assert ("nothing is deleted" in shown) == bool(status)
    assert [call.split()[0] for call, _, _ in gateway.asked] == ["GET", "DELETE"][: 2 - status]


@pytest.mark.parametrize("action", ["list", "show", "promote", "shadow", "unshadow", "rollback"])
def test_a_refusal_is_the_gateways_sentence(models: Models, gateway: Fake, action: str) -> None:
    gateway.tell(refusal(409, "it is \x1b[2J live"))
    ids = [RIDGE] * (action in {"show", "promote", "shadow"})
    assert models(action, *ids) == (1, "", "it is \\x1b[2J live\n")


@pytest.mark.parametrize("model_id", ["", ".", "..", "a/b"])
def test_no_model_has_an_id_that_is_another_path(
    models: Models, gateway: Fake, model_id: str
) -> None:
    assert models("promote", model_id) == (1, "", f"there is no model {model_id!r}\n")
    assert not gateway.asked


def test_a_program_is_told_the_answers_as_they_are(models: Models, gateway: Fake) -> None:
    for arguments in (["list"], ["show", RIDGE], ["history"]):
        tell(gateway, {"anything": [1]})
        assert models(*arguments, "--json") == (0, '{"anything": [1]}\n', "")


def test_what_is_no_gateways_answer_is_not_passed_on(models: Models, gateway: Fake) -> None:
    gateway.tell((200, b"<html>\xff", {}))
    for arguments in (["list"], ["list", "--json"]):
        status, out, err = models(*arguments)
        assert (status, out) == (1, "")
        assert "is GATEWAY_URL right?" in err


def test_help_says_what_others_call_them(models: Models) -> None:
    assert "MLflow calls them champion (live) and challenger (shadow)" in models("--help")[1]
