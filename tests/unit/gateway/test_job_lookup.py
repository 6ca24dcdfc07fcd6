"""JobLookup: what is there, what was, and what is written between two looks."""

import asyncio
from typing import Any

import pytest

from gateway_errors import ExpiredJobError, UnknownJobError
from jobs.job_lookup import JobLookup

JOB = object()


class Store:
    """Has no job at the first look, then `job`; a job with this id was there if `was_there`."""

    def __init__(self, job: Any, *, was_there: bool) -> None:
        self._found = [None, job]
        self._was_there = was_there

    async def read(self, job_ids: list[str]) -> list[Any]:
        return [self._found.pop(0) for _ in job_ids]

    async def was_there(self, _: str) -> bool:
        return self._was_there


class Trainings:
    """Has none."""

    async def read(self, _: str) -> None:
        return None


def found(store: Any) -> Any:
    trainings: Any = Trainings()
    return asyncio.run(JobLookup(store, trainings).either("a"))


@pytest.mark.parametrize("was_there", [True, False])
def test_a_job_that_is_written_between_two_looks_has_not_expired(was_there: bool) -> None:
    assert found(Store(JOB, was_there=was_there)) is JOB


def test_one_that_is_gone_has_expired_and_one_that_never_was_is_unknown() -> None:
    with pytest.raises(ExpiredJobError):
        found(Store(None, was_there=True))
    with pytest.raises(UnknownJobError):
        found(Store(None, was_there=False))
