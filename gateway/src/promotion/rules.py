"""The rules of changes: what is refused, and how one change follows from those before it.

Plain values in, a plain value out: nothing here reads the model store. "Refuses" means that it
raises RefusedError.
"""

from typing import Literal

from gateway_errors import ConflictError, RefusedError
from pipeline.clock import now_text
from pipeline.model_store.records import Change, Model
from pipeline.numbers import readable
from pipeline.table.schema import Schema, Task
from pipeline.table.split_digest import is_by_content, split_digest
from promotion.checks import Score

FORCE = '{"force": true}, or --force, promotes it anyway'
SAME = 0.001  # half Brier scores that differ by less count as the same
Action = Literal["promote", "rollback", "shadow", "unshadow"]
Request = tuple[Action, str | None]  # the action, and the model it is about


def current(changes: list[Change]) -> tuple[str | None, str | None]:
    """Returns the live model and the shadow model."""
    return (changes[-1].live, changes[-1].shadow) if changes else (None, None)


def next_change(
    changes: list[Change], action: Action, live: str, shadow: str | None, forced: bool = False
) -> Change:
    return Change(
        number=changes[-1].number + 1 if changes else 1,
        action=action,
        live=live,
        shadow=shadow,
        forced=forced,
        at=now_text(),
    )


def repeated(made: Change, request: Request) -> Change:
    """Returns the change. Raises ConflictError if its key came with a different request."""
    model_id = {"promote": made.live, "shadow": made.shadow}.get(made.action)
    if (made.action, model_id) != request:
        raise ConflictError(
            f"this Idempotency-Key was used before, for change {made.number}: "
            f"{made.action} {model_id or ''}".rstrip()
        )
    return made


def refuse_live(model_id: str, live: str | None) -> None:
    if model_id == live:
        raise RefusedError(f"{model_id} is the live model already")


def refuse_seen(model: Model, held_out: int) -> None:
    """Raises RefusedError if the model has seen hold-out rows: its error there proves nothing."""
    if model.holdout_rows_seen:
        raise RefusedError(
            f"{model.holdout_rows_seen} of the {held_out:,} hold-out rows were in the "
            f"training data of {model.model_id}, so its score on them says nothing; {FORCE}"
        )


def refuse_other_rows(model: Model, schema: Schema, rows: int) -> None:
    """Raises RefusedError if the model may have seen rows that were not held out then, but are now.

    A fifth of a table is held out, and which rows these are depends on the others: where a row
    comes or goes, one that a model was trained on may take its place in the hold-out. So a model's
    record has the SHA-256 of the table and a digest of its split, and both must be those of now.

    Only if a row's own content decides, as with `hash` and `group` from 1,000 rows on, do others
    not matter; the digest is the same if that was so then, and is now, with the same columns. It
    does not help a model that was trained on another file: rows of that were looked for in the
    hold-out of then. An earlier version has kept no digest: there the SHA-256 alone counts.
    """
    has_same_rows = model.rows_sha256 == schema.rows_sha256
    has_same_split = model.split_digest == split_digest(schema, rows)
    if has_same_rows and (has_same_split or not model.split_digest):
        return
    if has_same_split and is_by_content(schema, rows) and model.dataset_id == model.data_set:
        return
    raise RefusedError(
        f"{schema.name} has changed since {model.model_id} was trained, which may have seen rows "
        "that are held out now, so its score on them says nothing: train it again (and restart the "
        f"services, if they were started before the change); {FORCE}"
    )


def refuse_unrecorded(model: Model) -> None:
    """Raises RefusedError if nobody knows whether the model has seen hold-out rows.

    Only a model of a user's own file is refused: on its data set no training uses them.
    """
    is_of_own_data = model.job_id is not None and model.dataset_id != model.data_set
    if is_of_own_data and model.holdout_rows_seen is None:
        raise RefusedError(
            f"it is not known whether hold-out rows were in the training data of {model.model_id} "
            f"(data set {model.dataset_id!r}): an earlier version trained it, and its record does "
            "not say, or it takes some of the columns, and rows that look the same there may be "
            f"others; train it again on all columns, or {FORCE}"
        )


def refuse_worse(
    model: tuple[str, Score], live: tuple[str, Score], max_rise: float, task: Task
) -> None:
    """Refuses a model whose error on the hold-out exceeds the live one's by more than `max_rise`.

    Both are given as id and score. A half Brier score may rise by SAME more: after a live one of 0
    nothing else would ever pass.
    """
    (model_id, score), (live_id, live_score) = model, live
    if score.value is None or live_score.value is None:
        unknown = model_id if score.value is None else live_id
        raise RefusedError(
            f"the error of {unknown} on the hold-out is not known: it is an ONNX file "
            f"without a record, or no row is held out; {FORCE}"
        )
    is_regression = task == "regression"
    if score.value > live_score.value * (1 + max_rise) + (0 if is_regression else SAME):
        name = "an RMSE" if is_regression else "a half Brier score"
        more = f"{max_rise:.1%}" if is_regression else f"{max_rise:.1%} and {SAME}"
        raise RefusedError(
            f"{model_id} has {name} of {_shown(score, task)} on the hold-out, {live_id} has "
            f"{_shown(live_score, task)}: at most {more} more is allowed (MAX_RMSE_RISE); {FORCE}"
        )


def _shown(score: Score, task: Task) -> str:
    assert score.value is not None
    if task == "regression":
        return readable(score.value)
    only = " (it tells only classes, and each counts as sure)" if score.only_classes else ""
    return f"{score.value:.4f}{only}"
