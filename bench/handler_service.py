"""Prediction in the handler of a web service, as a team writes it first: to compare with.

`python handler_service.py handler MODEL` serves POST /predict with the same JSON as the gateway.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

from pipeline.model_store.predictor import Predictor

Row = Annotated[list[float], Field(min_length=10, max_length=10)]


class Question(BaseModel):
    """One row, or many."""

    data: Row | list[Row]


def app_of(predictor: Predictor) -> FastAPI:
    app = FastAPI()

    @app.post("/predict")
    async def predict(question: Question) -> dict[str, Any]:
        # Not in a thread, which FastAPI would do for a plain function: that is slower here.
        if isinstance(question.data[0], list):
            return {"predictions": predictor.predict(question.data)}
        return {"prediction": predictor.predict([question.data])[0]}

    return app


if __name__ == "__main__":
    uvicorn.run(
        app_of(Predictor.load(Path(sys.argv[2]))),
        host="127.0.0.1",
        port=0,
        loop="uvloop",
        http="httptools",
        access_log=False,
    )
