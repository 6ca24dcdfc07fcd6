"""Takes requests over HTTP, publishes them to `features`, and keeps the model's answers as jobs."""

import logging

from app import Api
from counters import Counters
from gateway_settings import GatewaySettings
from jobs.answers import Answers
from pipeline.broker import Broker
from pipeline.queues import ANSWERS, FEATURES, FEATURES_BY_MODEL
from pipeline.run import Run, run_service
from pipeline.table.readers import Readers

POLL_SECONDS = 1.0  # between two checks of the gateway's health, when no answer comes


def main(settings: GatewaySettings, run: Run) -> None:
    for library in ("httpx", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)
    counters = Counters()
    readers = Readers.of(settings)
    answers = Answers(settings, run, counters, readers)
    with (
        Broker(settings, run, uses=["answers", "by_model", "changes"]) as broker,
        Api(settings, readers.schema, broker, counters) as api,
    ):
        run.needs.append(lambda: api.waiting.connected)
        for queue in (FEATURES, FEATURES_BY_MODEL):
            broker.watch_depth(queue)
        for batch in broker.consume(ANSWERS, idle_seconds=POLL_SECONDS):
            api.check()
            if (bad := answers.keep(batch)) is not None:
                broker.dead_letter(bad)
                batch.ack_when_confirmed()


if __name__ == "__main__":
    run_service("gateway", GatewaySettings, main)
