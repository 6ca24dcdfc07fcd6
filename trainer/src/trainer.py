"""Trains models on request, one at a time: a Celery worker."""

import logging
import os
import resource
import signal
import socket
import threading
import time
from _thread import start_new_thread
from typing import Any

from celery import Celery, bootsteps
from celery.signals import setup_logging, worker_process_init
from celery.utils.log import get_multiprocessing_logger
from celery.worker import state
from celery.worker.consumer import Consumer
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from pipeline.errors import BrokerError
from pipeline.run import STATUS_INTERVAL_SECONDS, Run, run_service
from pipeline.throttled_log import LogThrottleFilter
from pipeline.training import celery_app
from redis_watch import RedisWatch
from result_store import ResultStore
from task_messages import TaskMessageConsumer, refuse_compressed
from tasks import TrainerSettings, define_task

log = logging.getLogger(__name__)

END_SECONDS = 8.0  # for a worker to end; then it leaves a silent broker without a goodbye


class TaskConsumer(TaskMessageConsumer):
    """Celery's consumer without the 28 queues that it would declare for delayed tasks."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        default_steps = tuple(
            step for step in Consumer.Blueprint.default_steps if "DelayedDelivery" not in str(step)
        )


def status_step(run: Run) -> type[bootsteps.StartStopStep]:
    """Returns a part of the worker that reports it as well while it is connected to the broker."""

    class Status(bootsteps.StartStopStep):  # type: ignore[misc]
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:
            self.timer = consumer.timer.call_repeatedly(STATUS_INTERVAL_SECONDS, beat)

        def stop(self, _consumer: Any) -> None:
            self.timer.cancel()

    def beat() -> None:
        run.gauges["trainings"] = state.all_total_count[0]
        run.beat()

    return Status


def limit_process(megabytes: int) -> None:
    """Limits this process to so much memory from now on: a larger fit ends with a MemoryError."""
    # The stream needs the cores, too; and threads that wait for work spin: on few rows, and on a
    # busy machine, two took six times as long as one.
    threadpool_limits(1)
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 2**20, megabytes * 2**20))


def end_when_asked(run: Run) -> None:
    """Ends the worker at once: the broker hands the current training to the next one."""
    run.stop.wait()
    state.should_terminate = True
    time.sleep(END_SECONDS)
    log.warning("the broker did not answer within %g s", END_SECONDS)
    os._exit(0)


def keep_logging(**_: object) -> None:
    """Logs Celery's lines in our format: one line each, even for a process that was killed.

    It is called again in the process of a training, which has the filters of its parent.
    """
    results_log = logging.getLogger("celery.backends.base")
    if any(isinstance(each, LogThrottleFilter) for each in results_log.filters):
        return

    def without_trace(record: logging.LogRecord) -> bool:
        record.exc_info = None
        return True

    pool_log = get_multiprocessing_logger()
    pool_log.propagate = True
    pool_log.setLevel(logging.WARNING)  # all else is about its own memory
    for name in ("celery.worker.request", "celery.backends.base"):
        logging.getLogger(name).addFilter(without_trace)
    results_log.addFilter(LogThrottleFilter())  # it tries again and again


def configure(app: Celery, redis_url: str) -> None:
    app.backend_cls = f"{ResultStore.__module__}:{ResultStore.__name__}+{redis_url}"
    app.conf.update(
        worker_consumer=TaskConsumer,
        worker_concurrency=1,
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,  # for Flower
        worker_lost_wait=1.0,  # seconds to wait for a result of a dead process
        worker_cancel_long_running_tasks_on_connection_loss=False,  # its model is found stored
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        result_backend_always_retry=True,
    )


def main(settings: TrainerSettings, run: Run) -> None:
    signal.signal(signal.SIGQUIT, lambda *_: start_new_thread(run.stop.set, ()))
    app = celery_app(settings)
    configure(app, str(settings.redis_url))
    refuse_compressed()
    define_task(app, settings)
    app.steps["consumer"].add(status_step(run))
    setup_logging.connect(keep_logging, weak=False)  # in each process, in place of Celery's own
    keep_logging()
    worker_process_init.connect(lambda **_: limit_process(settings.train_memory), weak=False)
    threading.Thread(target=end_when_asked, args=[run], daemon=True).start()
    RedisWatch(str(settings.redis_url), run).wait()
    if run.stop.is_set():
        return
    name = f"trainer-{os.getpid()}@{socket.gethostname()}"
    worker = app.WorkController(hostname=name, without_gossip=True, without_mingle=True)
    worker.start()
    if worker.exitcode:
        raise BrokerError("the worker failed, see above")


if __name__ == "__main__":
    run_service("trainer", TrainerSettings, main)
