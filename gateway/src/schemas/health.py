"""The schema of the gateway's health."""

from typing import Literal

from pydantic import BaseModel, Field


class Health(BaseModel):
    """The state of the gateway: whether it accepts requests, and which part is missing if not."""

    status: Literal["ok", "unavailable"]
    broker: str = Field(description="`ok`, or what is wrong.", examples=["ok"])
    redis: str = Field(description="`ok`, or what is wrong.", examples=["ok"])
    queue: int | None = Field(description="Messages that wait for the model.", examples=[0])
