"""Which model answers, and which one is tried: each change is checked, numbered and kept."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from judge import Judge, RefusedError
from pipeline.errors import PipelineError
from pipeline.models.records import Change, Model, before
from pipeline.models.store import ModelStore, TakenError, now_text

Action = Literal["promote", "rollback", "shadow", "unshadow"]
HOLDOUT_ROWS = 89
TRIES = 5  # of a change, while others make theirs


class UnknownModelError(PipelineError):
    """There is no such model."""


class Look(NamedTuple):
    """The model store at one time."""

    models: list[Model]
    last: Change | None


class Registry:
    """Each call blocks. Raises StoreError, DamagedError, RefusedError and UnknownModelError."""

    def __init__(self, store: ModelStore, most_rise: float) -> None:
        self._store = store
        self._judge = Judge(store)
        self._most_rise = most_rise

    def look(self) -> Look:
        """All models, and what they do."""
        return Look(self._store.models(), self._store.last_change())

    def model(self, model_id: str) -> Model:
        """One of them."""
        model = self._store.model(model_id)
        if model is None:
            raise UnknownModelError(f"there is no model {model_id}")
        return model

    def promote(self, model_id: str, force: bool) -> Change:
        """Has the model answer from now on. One that was tried is not tried any more."""
        model = self.model(model_id)
        self._judge.check(model)

        def decide(changes: list[Change]) -> Change:
            live, shadow = _now(changes)
            _refuse_live(model_id, live)
            if not force:
                _refuse_seen(model)
            if not force and live is not None:
                self._refuse_worse(model, live)
            kept = None if shadow == model_id else shadow
            return _next(changes, "promote", model_id, kept, forced=force)

        return self._change(decide)

    def shadow(self, model_id: str) -> Change:
        """Has the model predict the same rows beside the one that answers."""
        self._judge.check(self.model(model_id))

        def decide(changes: list[Change]) -> Change:
            live, shadow = _now(changes)
            _refuse_live(model_id, live)
            if live is None:
                raise RefusedError("no model answers yet: there is nothing to compare with")
            if shadow == model_id:
                raise RefusedError(f"{model_id} is tried in the shadow already")
            return _next(changes, "shadow", live, model_id)

        return self._change(decide)

    def unshadow(self) -> Change:
        """Ends the trial of a model."""

        def decide(changes: list[Change]) -> Change:
            live, shadow = _now(changes)
            if live is None or shadow is None:
                raise RefusedError("no model is tried in the shadow")
            return _next(changes, "unshadow", live, None)

        return self._change(decide)

    def rollback(self) -> Change:
        """Has the model answer again that the last promotion took the place of."""

        def decide(changes: list[Change]) -> Change:
            _, shadow = _now(changes)
            earlier = before(changes)
            if earlier is None:
                raise RefusedError("there is no promotion to take back")
            model = self._store.model(earlier)
            if model is None:
                raise RefusedError(f"the model before, {earlier}, has been deleted")
            self._judge.check(model)
            return _next(changes, "rollback", earlier, None if shadow == earlier else shadow)

        return self._change(decide)

    def delete(self, model_id: str) -> None:
        """Removes a model for good, unless it is in use, or the next rollback returns to it."""
        model = self.model(model_id)
        changes = self._store.changes()
        live, shadow = _now(changes)
        uses = {before(changes): "what a rollback returns to", shadow: "tried in the shadow"}
        if use := (uses | {live: "the one that answers"}).get(model_id):
            raise RefusedError(f"{model_id} is not deleted: it is {use}")
        self._store.delete(model)

    def _refuse_worse(self, model: Model, live: str) -> None:
        present = self._store.model(live)
        if present is None:
            return
        _refuse_seen(present)
        new, old = self._judge.rmse(model), self._judge.rmse(present)
        if new is None or old is None:
            unknown = model.model_id if new is None else live
            raise RefusedError(
                f"how far off {unknown} is on the hold-out is not known: an ONNX file "
                'without a record; {"force": true} promotes it all the same'
            )
        if new > old * (1 + self._most_rise):
            raise RefusedError(
                f"{model.model_id} has an RMSE of {new:.2f} on the hold-out, {live} has {old:.2f}: "
                f"it may be {self._most_rise:.1%} more (MAX_RMSE_RISE); "
                '{"force": true} promotes it all the same'
            )

    def _change(self, decide: Callable[[list[Change]], Change]) -> Change:
        """Makes the change that `decide` comes to; it looks again where another came first."""
        for _ in range(TRIES):
            change = decide(self._store.changes())
            try:
                self._store.change(change)
            except TakenError:
                continue
            return change
        raise RefusedError("others change the models at the same time: look, and ask again")


def _now(changes: list[Change]) -> tuple[str | None, str | None]:
    """The model that answers, and the one that is tried."""
    return (changes[-1].live, changes[-1].shadow) if changes else (None, None)


def _refuse_live(model_id: str, live: str | None) -> None:
    if model_id == live:
        raise RefusedError(f"{model_id} is the model that answers already")


def _refuse_seen(model: Model) -> None:
    """An error on rows that it was trained on is nothing to judge it, or another model, by."""
    if model.holdout_rows_seen:
        raise RefusedError(
            f"{model.holdout_rows_seen} of the {HOLDOUT_ROWS} hold-out rows were in the training "
            f"data of {model.model_id}, so its score on them says nothing; "
            '{"force": true} promotes all the same'
        )


def _next(
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
