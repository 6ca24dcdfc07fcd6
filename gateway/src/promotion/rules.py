"""The rules of changes: what is refused, and how one change follows from those before it.

Plain values in, a plain value out: nothing here reads the model store. "Refuses" means that it
raises RefusedError.
"""

from typing import Literal

from gateway_errors import ConflictError, RefusedError
from pipeline import dataset
from pipeline.clock import now_text
from pipeline.model_store.records import Change, Model

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


def refuse_seen(model: Model) -> None:
    """Raises RefusedError if the model has seen hold-out rows: its error there proves nothing."""
    if model.holdout_rows_seen:
        raise RefusedError(
            f"{model.holdout_rows_seen} of the {dataset.HOLDOUT_ROWS} hold-out rows were in the "
            f"training data of {model.model_id}, so its score on them says nothing; "
            '{"force": true} promotes it anyway'
        )


def refuse_unrecorded(model: Model) -> None:
    """Raises RefusedError if an earlier trainer, which did not look for hold-out rows, made it.

    Only a model of a user's own data set is refused: on the built-in one no training uses them.
    """
    is_of_own_data = model.job_id is not None and model.dataset_id != dataset.NAME
    if is_of_own_data and model.holdout_rows_seen is None:
        raise RefusedError(
            f"it is not known whether hold-out rows were in the training data of {model.model_id} "
            f"(data set {model.dataset_id!r}): an earlier version trained it, and its record "
            'does not say; train it again, or {"force": true} promotes it anyway'
        )


def refuse_worse(
    model_id: str, rmse: float | None, live_id: str, live_rmse: float | None, max_rise: float
) -> None:
    """Refuses a model whose RMSE on the hold-out exceeds the live one's by more than `max_rise`."""
    if rmse is None or live_rmse is None:
        unknown = model_id if rmse is None else live_id
        raise RefusedError(
            f"the error of {unknown} on the hold-out is not known: it is an ONNX file "
            'without a record; {"force": true} promotes it anyway'
        )
    if rmse > live_rmse * (1 + max_rise):
        raise RefusedError(
            f"{model_id} has an RMSE of {rmse:.2f} on the hold-out, {live_id} has {live_rmse:.2f}: "
            f"at most {max_rise:.1%} more is allowed (MAX_RMSE_RISE); "
            '{"force": true} promotes it anyway'
        )
