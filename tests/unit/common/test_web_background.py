"""Tasks beside a served application: they end with it, and a failure is reported."""

import asyncio

from pipeline.web.background import background_tasks


def test_tasks_run_until_the_end_of_the_block() -> None:
    ended: list[str] = []
    failures: list[BaseException | None] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("endless")

    async def check() -> None:
        async with background_tasks(endless, endless, give_up=failures.append):
            await asyncio.sleep(0)
            assert not ended
        await asyncio.sleep(0)

    asyncio.run(check())
    assert ended == ["endless"] * 2
    assert not failures


def test_the_reason_of_a_failure_is_reported() -> None:
    async def check() -> BaseException | None:
        failed: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

        async def fail() -> None:
            raise OSError("no more")

        async with background_tasks(fail, give_up=failed.set_result):
            return await asyncio.wait_for(failed, 5)

    assert repr(asyncio.run(check())) == "OSError('no more')"
