"""The live model and the shadow model: each change is checked, numbered and kept."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from jobs.store import ConflictError, digest
from pipeline import dataset
from pipeline.clock import now_text
from pipeline.errors import PipelineError
from pipeline.messages import new_id
from pipeline.model_store.records import Change, Model, promotions_in_force
from pipeline.model_store.store import ModelStore, TakenError
from promotion.checks import Judge, RefusedError

Action = Literal["promote", "rollback", "shadow", "unshadow"]
Asked = tuple[Action, str | None]  # the action, and the model it is about
TRIES = 5  # attempts at a change, while others make theirs


class UnknownModelError(PipelineError):
    """The model does not exist."""


class Look(NamedTuple):
    """A snapshot of the model store."""

    models: list[Model]
    last: Change | None


class Registry:
    """The changes of models. Each call blocks.

    Raises ModelStoreError, DamagedError, RefusedError and UnknownModelError. A change with a `key`
    is made once: if it is asked for again, it is the same change; a different one with the same key
    raises ConflictError. `between` is called between steps of long work.
    """

    def __init__(
        self, store: ModelStore, most_rise: float, between: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._judge = Judge(store, between)
        self._most_rise = most_rise

    def look(self) -> Look:
        """Returns all models, and their roles."""
        return Look(self._store.models(), self._store.last_change())

    def model(self, model_id: str) -> Model:
        """Returns one of the models."""
        model = self._store.model(model_id)
        if model is None:
            raise UnknownModelError(f"there is no model {model_id}")
        return model

    def promote(self, model_id: str, force: bool, key: str = "") -> Change:
        """Makes the model the live one. If it was the shadow model, that trial ends."""

        return self._change(
            key, ("promote", model_id), lambda changes: self._promotion(changes, model_id, force)
        )

    def refusal(self, model_id: str) -> str | None:
        """Returns why it would not be promoted now; None if it would. Changes nothing."""
        try:
            self._promotion(self._store.changes(), model_id, force=False)
        except RefusedError as error:
            return str(error)
        return None

    def shadow(self, model_id: str, key: str = "") -> Change:
        """Makes the model the shadow model, which predicts the same rows as the live one."""

        def decide(changes: list[Change]) -> Change:
            self._usable(model_id)
            live, shadow = _now(changes)
            _refuse_live(model_id, live)
            if live is None:
                raise RefusedError("no model answers yet: there is nothing to compare with")
            if shadow == model_id:
                raise RefusedError(f"{model_id} is tried in the shadow already")
            return _next(changes, "shadow", live, model_id)

        return self._change(key, ("shadow", model_id), decide)

    def unshadow(self, key: str = "") -> Change:
        """Ends the trial of the shadow model."""

        def decide(changes: list[Change]) -> Change:
            live, shadow = _now(changes)
            if live is None or shadow is None:
                raise RefusedError("no model is tried in the shadow")
            return _next(changes, "unshadow", live, None)

        return self._change(key, ("unshadow", None), decide)

    def rollback(self, key: str = "") -> Change:
        """Makes the model live again that the last promotion replaced.

        After the first promotion that is the model of MODEL_PATH, even one that came since. It
        takes back the promotion that it sees first, or nothing: somebody else may do the same.
        """
        seen: int | None = None

        def decide(changes: list[Change]) -> Change:
            nonlocal seen
            stands = promotions_in_force(changes)
            if len(stands) < 2:
                raise RefusedError("there is no promotion to take back")
            earlier, last = stands[-2:]
            seen = seen or last.number
            if last.number != seen:
                raise RefusedError(
                    f"change {changes[-1].number} came first, a {changes[-1].action}: look, and "
                    "ask again if there is still something to take back"
                )
            return self._next_rollback(changes, earlier.own, last.number)

        return self._change(key, ("rollback", None), decide)

    def delete(self, model_id: str) -> None:
        """Removes a model for good, unless it is in use, or the next rollback returns to it."""
        model = self.model(model_id)
        changes = self._store.changes()
        live, shadow = _now(changes)
        earlier = [change.own for change in promotions_in_force(changes)[-2:-1]]
        uses: dict[str | None, str] = dict.fromkeys(earlier, "what a rollback returns to")
        uses |= {shadow: "tried in the shadow", live: "the one that answers"}
        if use := uses.get(model_id):
            raise RefusedError(f"{model_id} is not deleted: it is {use}")
        self._store.delete(model)

    def _promotion(self, changes: list[Change], model_id: str, force: bool) -> Change:
        model = self._usable(model_id)
        live, shadow = _now(changes)
        _refuse_live(model_id, live)
        if not force:
            _refuse_seen(model)
            _refuse_untold(model)
        if not force and live is not None:
            self._refuse_worse(model, live)
        kept = None if shadow == model_id else shadow
        return _next(changes, "promote", model_id, kept, forced=force)

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

    def _usable(self, model_id: str) -> Model:
        model = self.model(model_id)
        self._judge.check(model)
        return model

    def _next_rollback(self, changes: list[Change], live: str, takes_back: int) -> Change:
        model = self._store.model(live)
        if model is None:
            raise RefusedError(f"the model before, {live}, has been deleted")
        self._judge.check(model)
        _, shadow = _now(changes)
        change = _next(changes, "rollback", live, None if shadow == live else shadow)
        return msgspec.structs.replace(change, takes_back=takes_back)

    def _change(self, key: str, asked: Asked, decide: Callable[[list[Change]], Change]) -> Change:
        """Makes the change that `decide` returns; looks again if another change came first."""
        nonce = digest(key.encode()) if key else new_id()
        for _ in range(TRIES):
            changes = self._store.changes()
            for made in changes:
                if made.nonce == nonce:
                    return _same(made, asked)
            change = msgspec.structs.replace(decide(changes), nonce=nonce)
            try:
                self._store.change(change)
            except TakenError:
                continue
            return change
        raise RefusedError("others change the models at the same time: look, and ask again")


def _same(made: Change, asked: Asked) -> Change:
    """Returns the change. Raises ConflictError if its key came with a different request."""
    model_id = {"promote": made.live, "shadow": made.shadow}.get(made.action)
    if (made.action, model_id) != asked:
        raise ConflictError(
            f"this Idempotency-Key was used before, for change {made.number}: "
            f"{made.action} {model_id or ''}".rstrip()
        )
    return made


def _now(changes: list[Change]) -> tuple[str | None, str | None]:
    """Returns the live model and the shadow model."""
    return (changes[-1].live, changes[-1].shadow) if changes else (None, None)


def _refuse_live(model_id: str, live: str | None) -> None:
    if model_id == live:
        raise RefusedError(f"{model_id} is the model that answers already")


def _refuse_seen(model: Model) -> None:
    """Raises RefusedError if the model has seen hold-out rows: its error there proves nothing."""
    if model.holdout_rows_seen:
        raise RefusedError(
            f"{model.holdout_rows_seen} of the {dataset.HOLDOUT_ROWS} hold-out rows were in the "
            f"training data of {model.model_id}, so its score on them says nothing; "
            '{"force": true} promotes all the same'
        )


def _refuse_untold(model: Model) -> None:
    """Raises RefusedError if an earlier trainer, which did not look for hold-out rows, made it.

    Only a model of a user's own data set is refused: on the built-in one no training uses them.
    """
    is_of_own_data = model.job_id is not None and model.dataset_id != dataset.NAME
    if is_of_own_data and model.holdout_rows_seen is None:
        raise RefusedError(
            f"whether hold-out rows were in the training data of {model.model_id}, of the data "
            f"set {model.dataset_id!r}, is not known: an earlier version trained it, and its "
            'record does not say; train it again, or {"force": true} promotes it all the same'
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
