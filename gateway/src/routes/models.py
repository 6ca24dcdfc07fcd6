"""The calls about models: list, promote, run as shadow, roll back, delete."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Response

from promotion.rules import FORCE
from routes.browsers import VARY
from routes.responses import BODY, REFUSED, STORE, UNKNOWN, error
from routes.state import State
from schemas.base import NAME_PATTERN, key_header
from schemas.changes import Changed, ChangeOut, ChangesOut, fresh
from schemas.comparison import ShadowOut
from schemas.models import ModelOut, ModelsOut, Promotion, PromotionOut

UNFORCED = Promotion()  # used if there is no body

ModelId = Annotated[str, Path(pattern=NAME_PATTERN, examples=["ridge-7f3a9c2b41de"])]
Key = Annotated[
    str,
    key_header(
        "A text of your own. A request repeated with the same text makes no second change, ever."
    ),
]

router = APIRouter(tags=["models"], responses=STORE)


@router.get("/models", summary="List the models")
async def models(state: State, response: Response) -> ModelsOut:
    """Lists the models of all data sets, and names the live model and the shadow model of this one.

    Their errors on live rows come from plot: without it they are null. A browser that is opened at
    this path gets a page.
    """
    response.headers.update(VARY)
    return await state.known_models.all()


@router.get("/models/{model_id}", summary="Get a model", responses=UNKNOWN)
async def model(model_id: ModelId, state: State) -> ModelOut:
    """Returns the record of a model of any data set, and what is known of it."""
    return await state.known_models.one(model_id)


@router.get(
    "/models/{model_id}/schema",
    summary="Get the schema of what a model takes",
    responses={**UNKNOWN, **REFUSED},
)
async def model_schema(model_id: ModelId, state: State) -> Response:
    """Returns the schema of a row of this model: its columns, in its order. See GET /schema."""
    asked = await state.asked.of(model_id)
    return Response(msgspec.json.encode(asked.schema), media_type="application/json")


@router.delete(
    "/models/{model_id}",
    status_code=204,
    summary="Delete a model",
    responses={**UNKNOWN, **REFUSED},
)
async def delete(model_id: ModelId, state: State) -> Response:
    """Deletes a model that is not in use."""
    await state.threads.run(lambda: state.registry.delete(model_id))
    return Response(status_code=204)


@router.post(
    "/models/{model_id}/promote",
    summary="Promote a model",
    description="Makes the model live: it answers from now on. Refused with 409 if it does not "
    "load or takes other columns. Refused unless forced if its error on the hold-out is too high, "
    "or if hold-out rows were, or may have been, in its training data, so that its score there "
    "says nothing.",
    responses={**UNKNOWN, **REFUSED, **BODY},
)
async def promote(
    model_id: ModelId, state: State, body: Promotion = UNFORCED, idempotency_key: Key = ""
) -> Changed:
    """Makes a model live, if it loads, fits, and is not too much worse."""
    return await state.rollout.make(
        lambda: state.registry.promote(model_id, body.force, idempotency_key)
    )


@router.get(
    "/models/{model_id}/promote",
    summary="Check whether a model would be promoted",
    responses=UNKNOWN,
)
async def promotion(model_id: ModelId, state: State) -> PromotionOut:
    """Says whether a model would be promoted now, and changes nothing."""
    refusal = await state.threads.run(lambda: state.registry.refusal(model_id))
    return PromotionOut(refusal=refusal, can_force=refusal is None or FORCE in refusal)


@router.post(
    "/models/{model_id}/shadow",
    summary="Run a model as shadow",
    responses={**UNKNOWN, **REFUSED},
)
async def shadow(model_id: ModelId, state: State, idempotency_key: Key = "") -> Changed:
    """Lets a model predict the same rows as the live model, to be scored on the same labels."""
    return await state.rollout.make(lambda: state.registry.shadow(model_id, idempotency_key))


@router.get(
    "/shadow",
    summary="Compare the shadow model with the live one",
    responses={503: error("plot is unavailable.")},
)
async def compare(state: State) -> ShadowOut:
    """Compares the shadow model with the live one, on the rows that both have predicted.

    It is the comparison of the live page. Once a shadow model is live, or stopped, its comparison
    stays until there is another.
    """
    return ShadowOut(comparison=await state.plot.comparison())


@router.delete("/shadow", summary="Stop the shadow model", responses=REFUSED)
async def unshadow(state: State, idempotency_key: Key = "") -> Changed:
    """Stops the shadow model."""
    return await state.rollout.make(lambda: state.registry.unshadow(idempotency_key))


@router.post(
    "/rollback",
    summary="Roll back the last promotion",
    responses=REFUSED,
)
async def rollback(state: State, idempotency_key: Key = "") -> Changed:
    """Goes back to the model before the last promotion.

    Of two rollbacks at the same moment one succeeds, and the other gets 409. Each further
    rollback goes back by one more promotion: if an answer was lost, repeat the request with its
    `Idempotency-Key`.
    """
    async with state.rollbacks.turn(idempotency_key):
        return await state.rollout.make(lambda: state.registry.rollback(idempotency_key))


@router.get("/changes", summary="List the changes")
async def changes(state: State) -> ChangesOut:
    """Lists all changes, and what each process of `model` answers with."""
    found = await state.threads.run(state.models.changes)
    replicas = await state.threads.run(state.models.replicas)
    return ChangesOut(
        changes=[ChangeOut.of(change) for change in reversed(found)], replicas=fresh(replicas)
    )
