"""Which changes of models are made, and which are refused with what reason."""

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import skops.io
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline

from gateway_errors import ConflictError, RefusedError, UnknownModelError
from pipeline.clock import now_text
from pipeline.model_store.records import MAX_MODEL_BYTES, ONNX, SKOPS, Change, Metrics
from pipeline.model_store.store import ModelStore
from pipeline.table.estimators import preparation
from promotion import rules
from promotion.checks import Score
from promotion.registry import Registry
from support.s3 import BUCKET, losing_answers, moto_server
from support.schemas import DIABETES
from support.stored_models import put_bad_model, put_model, put_model_of, registry_of
from support.tables import DESCRIPTION, HOUSES, houses, write_data_set

NAMES = DIABETES.names
NUMBERED = ["first", "second", "third"]


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return filled(ModelStore(str(tmp_path)))


def filled(store: ModelStore) -> ModelStore:
    """With three models, of which `first` answers."""
    for number, model_id in enumerate(NUMBERED):
        put_model(store, model_id, Ridge(0.1 + number / 100))
    store.change(Change(number=1, action="start", live="first", at=now_text()))
    return store


@pytest.fixture
def registry(store: ModelStore) -> Registry:
    return registry_of(store)


def now(store: ModelStore) -> tuple[int, str, str | None]:
    last = store.last_change()
    assert last is not None
    return last.number, last.live, last.shadow


def refused(reason: str, call: Callable[..., Any], *arguments: Any) -> None:
    with pytest.raises(RefusedError, match=reason):
        call(*arguments)


def test_promotions_are_numbered_and_taken_back_one_by_one(
    registry: Registry, store: ModelStore
) -> None:
    refused("no promotion to roll back", registry.rollback)
    assert registry.promote("second", False) == store.last_change()
    registry.promote("third", False)
    assert now(store) == (3, "third", None)
    refused("third is the live model already", registry.promote, "third", True)
    assert [registry.rollback().live, registry.rollback().live] == ["second", "first"]
    assert now(store) == (5, "first", None)
    refused("no promotion to roll back", registry.rollback)


def test_one_is_tried_until_it_is_promoted_or_let_go(registry: Registry, store: ModelStore) -> None:
    refused("there is no shadow model", registry.unshadow)
    refused("first is the live model already", registry.shadow, "first")
    registry.shadow("second")
    assert now(store) == (2, "first", "second")
    refused("second is the shadow model already", registry.shadow, "second")
    registry.promote("third", False)
    assert now(store) == (3, "third", "second"), "it goes on beside the new one"
    registry.promote("second", False)
    assert now(store) == (4, "second", None)
    registry.shadow("third")
    registry.rollback()
    assert now(store) == (6, "third", None)
    registry.shadow("first")
    registry.unshadow()
    assert now(store) == (8, "third", None)


def test_what_is_worse_than_it_may_be_is_promoted_by_force_only(
    registry: Registry, store: ModelStore
) -> None:
    put_bad_model(store, "bad")
    refused(
        r"bad has an RMSE of \d+\.\d\d .* first has .* 5.0%",
        registry.promote,
        "bad",
        False,
    )
    registry.shadow("bad")
    assert registry.promote("bad", True).forced
    assert not registry.promote("first", False).forced, "it is better"
    assert registry_of(store, 0.9).promote("bad", False).live == "bad", "the bound is larger"


def test_one_that_was_trained_on_its_own_hold_out_is_promoted_by_force_only(
    registry: Registry, store: ModelStore
) -> None:
    put_model(store, "seen", holdout_rows_seen=71)
    put_model(store, "unseen", holdout_rows_seen=0)
    why = "71 of the 89 hold-out rows were in the training data of seen, so its score"
    refused(why, registry.promote, "seen", False)
    registry.shadow("seen")
    assert registry.promote("seen", True).forced
    refused(why, registry.promote, "unseen", False)  # there is nothing to compare it with
    assert registry.promote("unseen", True).live == "unseen"
    assert registry.promote("second", False).live == "second"


def test_the_first_that_answers_is_not_one_that_was_trained_on_its_own_hold_out(
    tmp_path: Path,
) -> None:
    store = ModelStore(str(tmp_path))
    put_model(store, "seen", holdout_rows_seen=1)
    refused("1 of the 89 hold-out rows were", registry_of(store).promote, "seen", False)


def test_one_of_own_data_that_no_record_tells_of_is_promoted_by_force_only(
    registry: Registry, store: ModelStore
) -> None:
    """An earlier version has trained it; what it made of the built-in data set is as before."""
    put_model(store, "own", dataset_id="patients", job_id="j1")
    put_model(store, "built-in", job_id="j2")
    put_model(store, "foreign", dataset_id="unknown")
    why = "not known whether hold-out rows were in the training data of own"
    refused(why, registry.promote, "own", False)
    registry.shadow("own")
    assert registry.promote("own", True).forced
    assert registry.promote("built-in", False).live == "built-in"
    assert registry.promote("foreign", False).live == "foreign"
    assert [registry.rollback().live, registry.rollback().live] == ["built-in", "own"]
    put_model(store, "told", dataset_id="patients", job_id="j3", holdout_rows_seen=0)
    assert not registry.promote("told", False).forced


def test_a_model_of_another_data_set_is_none_here(registry: Registry, store: ModelStore) -> None:
    put_model(store, "iris-1", data_set="iris")
    its_store = ModelStore(store.url, "iris")
    of_iris = registry_of(its_store, data_set="iris")
    assert [each.model_id for each in store.models()] == NUMBERED
    assert [each.model_id for each in its_store.models()] == ["iris-1"]
    for each in (store, its_store):
        assert [model.model_id for model in each.all_models()] == [*NUMBERED, "iris-1"]
    assert its_store.last_change() is None
    with pytest.raises(UnknownModelError, match="no model iris-1 of diabetes: it is one of iris"):
        registry.delete("iris-1")
    refused("iris-1 is a model of the data set 'iris'", registry.shadow, "iris-1")
    refused("iris-1 is a model of the data set 'iris'", registry.promote, "iris-1", True)
    of_iris.delete("iris-1")
    assert its_store.models() == []


def test_what_cannot_answer_here_is_not_promoted_even_by_force(
    registry: Registry, store: ModelStore, tmp_path: Path
) -> None:
    put_model(store, "foreign", features=["height", *NAMES[1:]])
    put_model(store, "flower", data_set="iris")
    put_model(store, "other", files={SKOPS: b"no model"})
    put_model(store, "damaged")
    (tmp_path / "models" / "damaged" / SKOPS).write_bytes(b"")
    put_model(store, "empty", files={})
    for model_id, reason in {
        "foreign": "foreign cannot answer here: it takes height sex .* data set 'diabetes' brings",
        "flower": "flower is a model of the data set 'iris'",
        "other": "other cannot be used: .* is not a skops model",
        "damaged": "damaged cannot be used: .* SHA-256",
        "empty": "empty cannot be used: .* missing",
    }.items():
        refused(reason, registry.promote, model_id, True)
        refused(reason, registry.shadow, model_id)
    assert now(store) == (1, "first", None)


def test_one_that_was_damaged_since_is_not_gone_back_to(
    registry: Registry, store: ModelStore, tmp_path: Path
) -> None:
    registry.promote("second", False)
    (tmp_path / "models" / "first" / SKOPS).write_bytes(b"")
    refused("first cannot be used", registry.rollback)
    (tmp_path / "models" / "second" / SKOPS).write_bytes(b"")
    assert registry_of(store).promote("third", False).live == "third", "by the record of second"


def test_a_model_in_onnx_alone_is_judged_by_its_record(
    registry: Registry, store: ModelStore
) -> None:
    for model_id, rmse in (("good", 50.0), ("worse", 90.0)):
        metrics = Metrics(rmse, 42.0, 353, 89)
        put_model(store, model_id, metrics=metrics, files={ONNX: b"for ONNX Runtime"})
    refused("worse has an RMSE of 90.00", registry.promote, "worse", False)
    assert registry.promote("good", False).live == "good"


def test_what_is_in_use_is_not_deleted(registry: Registry, store: ModelStore) -> None:
    registry.promote("second", False)
    registry.shadow("third")
    for model_id, use in {
        "first": "the model that a rollback returns to",
        "second": "the live model",
        "third": "the shadow model",
    }.items():
        refused(f"{model_id} cannot be deleted: it is {use}", registry.delete, model_id)
    registry.promote("third", False)
    registry.delete("first")
    assert [model.model_id for model in store.models()] == ["second", "third"]
    registry.rollback()
    refused("the previous model, first, has been deleted", registry.rollback)


@pytest.mark.parametrize("model_id", ["fourth", "../first", ""])
def test_one_that_is_not_there_is_told(registry: Registry, model_id: str) -> None:
    for call in (registry.stored, registry.shadow, registry.delete):
        with pytest.raises(UnknownModelError, match=f"there is no model {model_id}"):
            call(model_id)


def test_before_the_first_model_answers_one_can_be_promoted(tmp_path: Path) -> None:
    store = ModelStore(str(tmp_path))
    registry = registry_of(store)
    put_model(store, "first")
    put_model(store, "second")
    refused("no model is live yet", registry.shadow, "first")
    registry.promote("first", False)
    registry.promote("second", False)
    assert registry.rollback().live == "first"


def test_of_many_who_change_at_once_each_is_counted(store: ModelStore) -> None:
    def promote(_: int) -> int:
        mine = registry_of(store)
        return sum(try_to_promote(mine, model_id) for model_id in ("second", "third") * 5)

    with ThreadPoolExecutor(3) as pool:
        made = sum(pool.map(promote, range(3)))
    changes = store.changes()
    assert made > 0
    assert [change.number for change in changes] == list(range(1, made + 2))
    for one, next_one in pairwise(changes):
        assert one.live != next_one.live, "each looked at the one before"


def try_to_promote(registry: Registry, model_id: str) -> int:
    """1 if it was promoted, 0 if it answers already, or too many others were faster."""
    try:
        registry.promote(model_id, False)
    except RefusedError:
        return 0
    return 1


def test_one_that_is_too_large_is_not_even_read(registry: Registry, store: ModelStore) -> None:
    put_model(store, "large", files={SKOPS: bytes(MAX_MODEL_BYTES + 1)})
    refused("a file of large of 33,554,433 bytes is too large", registry.promote, "large", True)
    refused("too large", registry.shadow, "large")


PAIRS = 20


def test_of_two_rollbacks_at_one_moment_one_goes_back(tmp_path: Path) -> None:
    """In each pair both have looked before either writes."""
    lives = []
    for number in range(PAIRS):
        store = filled(ModelStore(str(tmp_path / str(number))))
        registry = registry_of(store)
        registry.promote("second", False)
        registry.promote("third", False)
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(try_to_roll_back, two_at_once(store.url)))
        (why,) = [each for each in results if isinstance(each, str)]
        assert why.startswith("change 4 came first, a rollback")
        last = store.last_change()
        assert last is not None
        assert last.takes_back == 3
        lives.append(now(store)[:2])
    assert lives == [(4, "second")] * PAIRS


def two_at_once(url: str) -> list[Registry]:
    """Registries whose first look at the changes ends when both have looked."""
    both = Barrier(2)

    class Store(ModelStore):
        def changes(self) -> list[Change]:
            found = super().changes()
            if not self._has_looked:
                self._has_looked = True
                both.wait()
            return found

        _has_looked = False

    return [registry_of(Store(url)) for _ in range(2)]


def try_to_roll_back(registry: Registry) -> Change | str:
    """The change, or why it was refused."""
    try:
        return registry.rollback()
    except RefusedError as error:
        return str(error)


def test_two_rollbacks_with_one_key_are_one_change(registry: Registry, store: ModelStore) -> None:
    registry.promote("second", False)
    registry.promote("third", False)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda each: each.rollback("a key"), two_at_once(store.url))
    assert one == other
    assert now(store) == (4, "second", None)


def test_a_change_with_a_key_is_made_once_whatever_came_since(
    registry: Registry, store: ModelStore
) -> None:
    calls: dict[str, Callable[[], Change]] = {
        "shadow": lambda: registry.shadow("third", "k1"),
        "unshadow": lambda: registry.unshadow("k2"),
        "promote": lambda: registry.promote("second", False, "k3"),
        "rollback": lambda: registry.rollback("k4"),
    }
    made = [call() for call in calls.values()]
    assert [each.action for each in made] == list(calls)
    registry.promote("third", False)
    registry.delete("second")
    assert [call() for call in calls.values()] == made
    assert now(store) == (6, "third", None)
    others: list[Callable[[], Change]] = [
        lambda: registry.rollback("k3"),
        lambda: registry.promote("third", False, "k3"),
        lambda: registry.unshadow("k1"),
    ]
    for other in others:
        with pytest.raises(ConflictError, match="this Idempotency-Key was used before, for change"):
            other()


@pytest.mark.parametrize("silently", [False, True], ids=["cut off", "silence"])
def test_a_change_whose_answer_is_lost_is_made_once(
    monkeypatch: pytest.MonkeyPatch, *, silently: bool
) -> None:
    """S3 makes each change and loses its answer; obstore asks again, or gives up."""
    tries = count()
    with moto_server() as s3:
        for name, value in s3.settings.items():
            monkeypatch.setenv(name.upper(), value)
        filled(ModelStore(url := f"s3://{BUCKET}/{uuid.uuid4()}"))
        with losing_answers(
            s3, lambda path: "/changes/" in path and next(tries) >= 0, silently=silently
        ) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            registry = registry_of(store := ModelStore(url))
            assert registry.promote("second", False).number == 2
            assert registry.promote("third", False).number == 3
            assert registry.shadow("first").number == 4
            assert registry.rollback().live == "second"
            assert now(store) == (5, "second", "first")
    assert next(tries) == 4, "each was lost once"


def test_a_model_of_some_of_the_columns_is_promoted(registry: Registry, store: ModelStore) -> None:
    """Its columns are found by their names, in the order of its record."""
    put_model_of(store, "diabetes", Path(), Ridge(0.1), "three", features=["s5", "bmi", "bp"])
    refused("three has an RMSE of", registry_of(store, 0).promote, "three", False)
    assert registry.shadow("three").shadow == "three"
    assert registry_of(store, 0.2).promote("three", False).live == "three"


def houses_with(
    folder: Path, rows: int = 400, **fields: Any
) -> tuple[ModelStore, Callable[..., Registry]]:
    """A store with two models of houses, of which `first` answers; and its registry as of now."""
    write_data_set(folder / "datasets", houses(rows), **fields)
    store = ModelStore(str(folder / "models"), "houses")
    for number, model_id in enumerate(("first", "second")):
        put(store, folder, model_id, alpha=0.1 + number / 100)
    store.change(Change(number=1, action="start", live="first", at=now_text()))
    return store, lambda: registry_of(store, 0.05, "houses", folder / "datasets")


def put(store: ModelStore, folder: Path, model_id: str, alpha: float = 0.1, **fields: Any) -> None:
    names = fields.get("features", [each["name"] for each in DESCRIPTION["columns"]])
    columns = [column for name in names for column in HOUSES.columns if column.name == name]
    model = make_pipeline(*preparation(columns), Ridge(alpha))
    put_model_of(store, "houses", folder / "datasets", model, model_id, **fields)


def test_models_of_any_table_are_measured_on_its_hold_out(tmp_path: Path) -> None:
    store, registry = houses_with(tmp_path)
    put(store, tmp_path, "town", features=["town"])
    put(store, tmp_path, "two", features=["town", "rooms"])
    refused(r"town has an RMSE of \d+,\d+ on the hold-out, ", registry().promote, "town", False)
    assert registry().shadow("town").shadow == "town"
    refused("two has an RMSE of", registry().promote, "two", False)
    assert registry().promote("two", True).live == "two"
    assert registry().promote("second", False).live == "second"
    put(store, tmp_path, "size", features=["rooms"], files={SKOPS: b""})
    put_model(store, "patients", data_set="houses", job_id="j", dataset_id="houses")
    for model_id, reason in {
        "size": "size cannot be used",
        "patients": "patients cannot answer here: it takes age sex .* brings rooms area town rem",
    }.items():
        refused(reason, registry().promote, model_id, True)


OLDER = "houses has changed since second was trained, which may have seen rows that are held out"


def test_after_the_rows_have_changed_no_model_is_taken_at_its_word(tmp_path: Path) -> None:
    store, registry = houses_with(tmp_path)
    assert registry().refusal("second") is None
    write_data_set(tmp_path / "datasets", houses(401))
    refused(OLDER, registry().promote, "second", False)
    assert registry().promote("second", True).forced
    put(store, tmp_path, "third")
    refused(OLDER, registry().promote, "third", False)  # the live one cannot be compared with
    registry().promote("third", True)
    put(store, tmp_path, "fourth")
    assert not registry().promote("fourth", False).forced


def test_where_a_rows_own_content_decides_other_rows_do_not_matter(tmp_path: Path) -> None:
    store, registry = houses_with(tmp_path, 1_100)
    put(store, tmp_path, "of-a-file", dataset_id="own")
    write_data_set(tmp_path / "datasets", houses(1_300))
    assert registry().promote("second", False).live == "second"
    refused("may have seen rows", registry().promote, "of-a-file", False)
    write_data_set(tmp_path / "datasets", houses(900))  # too few: they decide together
    refused("may have seen rows", registry().promote, "first", False)
    columns = [*DESCRIPTION["columns"][1:], DESCRIPTION["columns"][0]]
    rows = [[*row[1:4], row[0], row[4]] for row in houses(1_300)]
    write_data_set(tmp_path / "datasets", rows, columns=columns)
    refused("may have seen rows", registry().promote, "first", False)


def test_the_same_rows_split_in_another_way_are_other_rows(tmp_path: Path) -> None:
    store, registry = houses_with(tmp_path)
    put(store, tmp_path, "of-earlier", split_digest="")
    assert registry().refusal("of-earlier") is None
    schema = tmp_path / "datasets" / "houses" / "schema.json"
    description = json.loads(schema.read_text())
    schema.write_text(json.dumps(description | {"split": "group", "split_column": "town"}))
    refused(OLDER, registry().promote, "second", False)
    refused(OLDER.replace("second", "first"), registry().promote, "of-earlier", False)


def test_a_gateway_that_began_before_the_change_says_so(tmp_path: Path) -> None:
    _, registry = houses_with(tmp_path)
    old = registry()
    write_data_set(tmp_path / "datasets", houses(401))
    refused(
        "the hold-out cannot be .* has changed since the gateway started",
        old.promote,
        "second",
        False,
    )


def test_without_rows_to_judge_by_there_is_still_a_way_back(tmp_path: Path) -> None:
    store, registry = houses_with(tmp_path)
    registry().promote("second", False)
    put(store, tmp_path, "size", files={SKOPS: b""})
    (tmp_path / "datasets" / "houses" / "rows.csv").write_text("changed by hand")
    refused("the hold-out cannot be read: .* is not the file", registry().promote, "first", False)
    refused("size cannot be used", registry().promote, "size", True)
    assert registry().rollback().live == "first"
    assert registry().promote("second", True).forced


def test_classes_are_compared_by_the_half_brier_score(tmp_path: Path) -> None:
    store = ModelStore(str(tmp_path), "iris")
    registry = registry_of(store, 0.05, "iris")
    for model_id, model in {
        "good": LogisticRegression(C=10, max_iter=1_000),
        "similar": LogisticRegression(C=9.9, max_iter=1_000),
        "poor": LogisticRegression(C=0.01),
        "classes": RidgeClassifier(),
    }.items():
        put_model_of(store, "iris", Path(), model, model_id)
    store.change(Change(number=1, action="start", live="good", at=now_text()))
    assert registry.refusal("similar") is None
    refused(
        r"poor has a half Brier score of 0\.\d{4} on the hold-out, good has 0\.\d{4}: at most 5.0% "
        r"and 0\.001 more is allowed \(MAX_RMSE_RISE\); ",
        registry.promote, "poor", False,
    )  # fmt: skip
    only = r"classes has a half Brier score of 0\.\d{4} \(it tells only classes, and each counts as"
    refused(only, registry.promote, "classes", False)
    assert registry.shadow("classes").shadow == "classes"
    put_model(
        store, "regression", data_set="iris", features=["sepal_length"],
        files={SKOPS: skops.io.dumps(Ridge().fit([[0.0], [1.0]], [1.0, 2.0]))},
    )  # fmt: skip
    refused(
        "regression cannot be used: .* does not predict one class",
        registry.promote,
        "regression",
        True,
    )


def test_a_live_score_of_nothing_lets_what_is_as_good_pass() -> None:
    perfect, same, worse = Score(0.0), Score(0.0009), Score(0.0011)
    rules.refuse_worse(("new", same), ("live", perfect), 0.05, "classification")
    refused(
        "new has a half Brier", rules.refuse_worse, ("new", worse), ("live", perfect), 0.05,
        "classification",
    )  # fmt: skip
    refused("an RMSE", rules.refuse_worse, ("new", same), ("live", perfect), 0.05, "regression")
    refused("not known", rules.refuse_worse, ("new", Score(None)), ("live", same), 1, "regression")
