"""Runs a service that kills itself at a named point: python crash_at.py POINT NTH SERVICE.

The point lies between two steps of the service's own code, and counts when it is reached for the
NTH time. The service knows nothing of this.
"""

import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

POINTS = {
    "metric": (
        "before the commit",
        "after the commit",
        "mid-line in the CSV",
        "before the length is recorded",
        "before the acks",
    ),
    "model": (
        "after publishing",
        "once the predictions are confirmed",
        "before the confirms are seen",
        "before the acks",
    ),
    "gateway": (
        "before a job is published",
        "before a confirm is noted",
        "after a confirm is noted",
        "before a label is published",
        "before a published label is noted",
        "before the acks",
    ),
}


class Moment:
    """The so-manieth time that a point is reached: there the process kills itself."""

    def __init__(self, nth: int) -> None:
        self._left = nth
        self._lock = threading.Lock()

    def reached(self, last_act: Callable[[], object] = lambda: None) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                last_act()
                os.kill(os.getpid(), signal.SIGKILL)


def arm_metric(point: str, moment: Moment) -> None:
    from durable_csv import DurableCsv  # noqa: PLC0415 (its folder is on the path only now)

    record, write = DurableCsv.record, DurableCsv.write

    def armed_record(self: DurableCsv, text: str) -> None:
        record(self, text)
        if text and point == "before the commit":
            moment.reached()

    def armed_write(self: DurableCsv) -> None:
        tail = self._tail
        if tail and point == "after the commit":
            moment.reached()
        if tail and point == "mid-line in the CSV":
            moment.reached(lambda: os.write(self._descriptor, tail[: len(tail) * 2 // 3]))
        write(self)
        if tail and point == "before the length is recorded":
            moment.reached()

    DurableCsv.record, DurableCsv.write = armed_record, armed_write  # type: ignore[method-assign]


def arm_model(point: str, moment: Moment) -> None:
    from pipeline.broker.client import Broker  # noqa: PLC0415

    publish = Broker.publish

    def armed_publish(self: Broker, *arguments: Any) -> None:
        publish(self, *arguments)
        if point == "once the predictions are confirmed":
            self.flush()
        moment.reached()

    Broker.publish = armed_publish  # type: ignore[method-assign, assignment]


def arm_gateway(point: str, moment: Moment) -> None:
    from jobs.label_store import LabelStore  # noqa: PLC0415
    from jobs.store import JobStore  # noqa: PLC0415

    steps: dict[
        str, tuple[type, str, bool]
    ] = {  # the step of a store after, or before, which it is
        "before a job is published": (JobStore, "create", True),
        "before a confirm is noted": (JobStore, "confirm", False),
        "after a confirm is noted": (JobStore, "confirm", True),
        "before a label is published": (LabelStore, "tell", True),
        "before a published label is noted": (LabelStore, "confirm", False),
    }
    store, name, is_after = steps[point]
    step = getattr(store, name)

    async def armed(self: Any, *arguments: Any, **named: Any) -> Any:
        if not is_after:
            moment.reached()
        found = await step(self, *arguments, **named)
        if is_after:
            moment.reached()
        return found

    setattr(store, name, armed)


def arm_confirms(moment: Moment) -> None:
    from pipeline.broker.publisher import Publisher  # noqa: PLC0415

    on_confirm = Publisher._on_confirm

    def armed_on_confirm(self: Publisher, frame: Any) -> None:
        moment.reached()
        on_confirm(self, frame)

    Publisher._on_confirm = armed_on_confirm  # type: ignore[method-assign]


def arm_acks(moment: Moment) -> None:
    from pipeline.broker.consumer import Consumer  # noqa: PLC0415

    ack = Consumer._ack

    def armed_ack(channels: Any, last_tags: Any) -> None:
        if last_tags:  # not where nothing had arrived
            moment.reached()
        ack(channels, last_tags)

    Consumer._ack = staticmethod(armed_ack)  # type: ignore[method-assign]


def main(point: str, nth: str, script: str) -> None:
    service = Path(script)
    assert point in POINTS[service.stem], f"{service.stem} has no point {point!r}"
    sys.path.insert(0, str(service.parent))
    moment = Moment(int(nth))
    if point == "before the acks":
        arm_acks(moment)
    elif point == "before the confirms are seen":
        arm_confirms(moment)
    else:
        arm = {"metric": arm_metric, "model": arm_model, "gateway": arm_gateway}
        arm[service.stem](point, moment)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
