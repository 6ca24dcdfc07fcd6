"""The live model and the shadow model: each change is checked, numbered and kept."""

from collections.abc import Callable

import msgspec

from gateway_errors import RefusedError, UnknownModelError
from held_out import HeldOut
from pipeline.messages import new_id
from pipeline.model_store.records import Change, Model, promotions_in_force
from pipeline.model_store.store import ModelStore, TakenError
from promotion import rules
from promotion.checks import ModelChecks
from promotion.rules import Request
from redis_store import digest

MAX_TRIES = 5  # attempts at a change, while others make theirs


class Registry:
    """Makes the changes of models. Each call blocks.

    Raises ModelStoreError, DamagedError, RefusedError and UnknownModelError. A change with a `key`
    is made once: if it is asked for again, it is the same change; a different one with the same key
    raises ConflictError. `between` is called between steps of long work.
    """

    def __init__(
        self,
        store: ModelStore,
        max_rise: float,
        held_out: HeldOut,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._schema = held_out.schema
        self._checks = ModelChecks(store, held_out, between)
        self._max_rise = max_rise

    def stored(self, model_id: str) -> Model:
        """Returns a model of any data set."""
        model = self._store.model(model_id)
        if model is None:
            raise UnknownModelError(f"there is no model {model_id}")
        return model

    def promote(self, model_id: str, force: bool, key: str = "") -> Change:
        """Makes the model the live one. There is no shadow model then, if it was that."""

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
            live, shadow = rules.current(changes)
            rules.refuse_live(model_id, live)
            if live is None:
                raise RefusedError("no model is live yet: there is nothing to compare with")
            if shadow == model_id:
                raise RefusedError(f"{model_id} is the shadow model already")
            return rules.next_change(changes, "shadow", live, model_id)

        return self._change(key, ("shadow", model_id), decide)

    def unshadow(self, key: str = "") -> Change:
        """Stops the shadow model."""

        def decide(changes: list[Change]) -> Change:
            live, shadow = rules.current(changes)
            if live is None or shadow is None:
                raise RefusedError("there is no shadow model")
            return rules.next_change(changes, "unshadow", live, None)

        return self._change(key, ("unshadow", None), decide)

    def rollback(self, key: str = "") -> Change:
        """Makes the model live again that the last promotion replaced.

        After the first promotion that is the model of MODEL_PATH, even one that came since. It
        takes back the promotion that it sees first, or nothing: somebody else may do the same.
        """
        seen: int | None = None

        def decide(changes: list[Change]) -> Change:
            nonlocal seen
            in_force = promotions_in_force(changes)
            if len(in_force) < 2:
                raise RefusedError("there is no promotion to roll back")
            earlier, last = in_force[-2:]
            seen = seen or last.number
            if last.number != seen:
                raise RefusedError(
                    f"change {changes[-1].number} came first, a {changes[-1].action}: see "
                    "GET /changes, and try again if there is still something to roll back"
                )
            return self._next_rollback(changes, earlier.own, last.number)

        return self._change(key, ("rollback", None), decide)

    def delete(self, model_id: str) -> None:
        """Removes a model for good, unless it is in use, or the next rollback returns to it."""
        model = self._own(model_id)
        changes = self._store.changes()
        live, shadow = rules.current(changes)
        earlier = [change.own for change in promotions_in_force(changes)[-2:-1]]
        uses: dict[str | None, str] = dict.fromkeys(earlier, "the model that a rollback returns to")
        uses |= {shadow: "the shadow model", live: "the live model"}
        if use := uses.get(model_id):
            raise RefusedError(f"{model_id} cannot be deleted: it is {use}")
        self._store.delete(model)

    def _promotion(self, changes: list[Change], model_id: str, force: bool) -> Change:
        model = self._usable(model_id)
        live, shadow = rules.current(changes)
        rules.refuse_live(model_id, live)
        if not force:
            self._refuse_seen(model)
            rules.refuse_unrecorded(model)
            if live is not None:
                self._compare(model, live)
        kept = None if shadow == model_id else shadow
        return rules.next_change(changes, "promote", model_id, kept, forced=force)

    def _compare(self, model: Model, live_id: str) -> None:
        live = self._store.model(live_id)
        if live is None:
            return
        self._refuse_seen(live)
        score, live_score = self._checks.score(model), self._checks.score(live)
        rules.refuse_worse(
            (model.model_id, score), (live_id, live_score), self._max_rise, self._schema.task
        )

    def _refuse_seen(self, model: Model) -> None:
        rules.refuse_other_rows(model, self._schema, self._checks.count_of_all())
        rules.refuse_seen(model, self._checks.count_of_holdout())

    def _own(self, model_id: str) -> Model:
        """Returns one of the models of the data set."""
        model = self.stored(model_id)
        if model.data_set != self._schema.name:
            raise UnknownModelError(
                f"there is no model {model_id} of {self._schema.name}: it is one of "
                f"{model.data_set}"
            )
        return model

    def _usable(self, model_id: str) -> Model:
        model = self.stored(model_id)
        self._checks.check(model)
        return model

    def _next_rollback(self, changes: list[Change], live: str, takes_back: int) -> Change:
        model = self._store.model(live)
        if model is None:
            raise RefusedError(f"the previous model, {live}, has been deleted")
        self._checks.check(model)
        _, shadow = rules.current(changes)
        change = rules.next_change(changes, "rollback", live, None if shadow == live else shadow)
        return msgspec.structs.replace(change, takes_back=takes_back)

    def _change(
        self, key: str, request: Request, decide: Callable[[list[Change]], Change]
    ) -> Change:
        """Makes the change that `decide` returns; reads them again if another change came first."""
        nonce = digest(key.encode()) if key else new_id()
        for _ in range(MAX_TRIES):
            changes = self._store.changes()
            for made in changes:
                if made.nonce == nonce:
                    return rules.repeated(made, request)
            change = msgspec.structs.replace(decide(changes), nonce=nonce)
            try:
                self._store.change(change)
            except TakenError:
                continue
            return change
        raise RefusedError(
            "other clients are changing the models now: see GET /changes, and try again"
        )
