"""Sends trainings to the trainer, each as a Celery task."""

from typing import Any

import msgspec
from amqp.exceptions import AMQPError
from kombu.exceptions import KombuError

from gateway_errors import BrokerAwayError, QueueFullError
from pipeline.settings import urls_of
from pipeline.training import QUEUE, TASK, TrainingRequest, TrainingSettings, celery_app

SECONDS = 3.0  # for a connection, and for each reply of the broker
MAX_WAITING = 200  # trainings, each of up to TRAIN_SECONDS: more would wait for most of a day


class TaskQueue:
    """The queue of trainings. Each call blocks, for some seconds at most."""

    def __init__(self, settings: TrainingSettings) -> None:
        self._nodes = len(urls_of(settings.training_url))
        self._app = celery_app(settings)
        bounds = {"read_timeout": SECONDS, "write_timeout": SECONDS}
        self._app.conf.update(
            # States are read directly from Redis: Celery would subscribe to each task's end.
            result_backend="disabled",
            broker_transport_options=self._app.conf.broker_transport_options | bounds,
        )

    def send(self, request: TrainingRequest) -> None:
        """Returns once the broker has the task on disk. Raises QueueFullError, and BrokerAwayError.

        Trainings are rare: a new connection for each cannot have been lost unnoticed. The exchange
        is named, as Celery would otherwise use the default one, which reaches the queues of others.
        """
        arguments: list[Any] = [msgspec.to_builtins(request)]
        try:
            with self._app.connection_for_write(connect_timeout=SECONDS) as connection:
                connection.ensure_connection(max_retries=self._nodes - 1, interval_start=0)
                self._refuse_a_long_queue(connection)
                self._app.send_task(
                    TASK,
                    arguments,
                    task_id=request.job_id,
                    connection=connection,
                    exchange=QUEUE,
                    routing_key=QUEUE,
                    retry=False,
                    confirm_timeout=SECONDS,
                )
        except (AMQPError, KombuError, OSError) as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise BrokerAwayError(f"the broker accepts no trainings: {reason}") from error

    def _refuse_a_long_queue(self, connection: Any) -> None:
        with connection.channel() as channel:
            waiting = self._app.amqp.queues[QUEUE].bind(channel).queue_declare().message_count
        if waiting >= MAX_WAITING:
            raise QueueFullError(
                f"{waiting:,} trainings wait for the trainer, and the limit is "
                f"{MAX_WAITING:,}: try again when some have ended; is the trainer running?"
            )
