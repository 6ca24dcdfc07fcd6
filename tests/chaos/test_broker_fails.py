"""The broker killed, restarted, short of memory, closing connections, losing a queue."""

from random import Random

import pytest

from chaos.report import Report
from chaos.streams import Stream, Tries, a_moment, moments
from pipeline.broker.publisher import WINDOW_MESSAGES
from rabbitmq import PrivateRabbitMQ
from support.waiting import eventually

pytestmark = pytest.mark.timeout(3600)


def test_kill_9_of_the_broker(
    rabbitmq: PrivateRabbitMQ, stream: Stream, report: Report, dice: Random, tries: Tries
) -> None:
    line = report.line("`kill -9` of the broker")
    stream.open(rate=800)

    def kill() -> None:
        rabbitmq.kill()
        rabbitmq.start()

    for _ in moments(dice, tries(20), 0.5, 2):
        stream.strike(line, kill)
    stream.finish(line)


def test_an_orderly_restart_of_the_broker(
    rabbitmq: PrivateRabbitMQ, stream: Stream, report: Report, dice: Random, tries: Tries
) -> None:
    line = report.line("broker restarted in good order")
    stream.open()

    def restart() -> None:
        rabbitmq.stop()
        rabbitmq.start()

    for _ in moments(dice, tries(5), 0.5, 2):
        stream.strike(line, restart)
    stream.finish(line)


def test_late_labels_outlive_kills_of_the_broker(
    rabbitmq: PrivateRabbitMQ, stream: Stream, report: Report, dice: Random, tries: Tries
) -> None:
    line = report.line("`kill -9` of the broker while labels wait in it (`LABEL_DELAY`)")
    stream.open(rate=300, label_delay=5)
    for _ in moments(dice, tries(10), 0.5, 2):
        rabbitmq.kill()
        line.tries += 1
        rabbitmq.start()
        a_moment(dice, 0.5, 2)
    published = stream.published()  # asked to stop without a broker, features would leave some
    eventually(lambda: stream.published() > published, "features to publish again")
    stream.finish(line)


def test_the_broker_closes_all_connections(
    stream: Stream, report: Report, dice: Random, tries: Tries
) -> None:
    line = report.line("all connections closed by the broker")
    stream.open()
    for _ in moments(dice, tries(20), 0.5, 2):
        # the broker's list of them is some seconds old
        stream.strike(line, lambda: eventually(stream.vhost.close_connections, "connections"))
    stream.finish(line)


def test_the_brokers_memory_alarm(
    rabbitmq: PrivateRabbitMQ, stream: Stream, report: Report, dice: Random, tries: Tries
) -> None:
    line = report.line("memory alarm of the broker, on and off")
    stream.open()

    def alarm() -> None:
        rabbitmq.control("set_vm_memory_high_watermark", "absolute", "1000")
        try:
            eventually(lambda: stream.vhost.manage("GET", "nodes")[0]["mem_alarm"], "the alarm")
            a_moment(dice, 0.5, 2)
        finally:
            rabbitmq.control("set_vm_memory_high_watermark", "0.6")

    for _ in moments(dice, tries(5), 0.5, 2):
        stream.strike(line, alarm)
    stream.finish(line)


@pytest.mark.parametrize("queue", ["features", "y_pred", "y_true"])
def test_a_queue_is_deleted(stream: Stream, report: Report, dice: Random, queue: str) -> None:
    """Nothing more can be had: what the queue held is lost, and counted.

    So is what was on its way into the queue; and, if another queue takes a copy, as our taps do,
    what is published until a consumer declares the queue again: else it comes back.
    """
    line = report.line(f"queue {queue} deleted with what it held")
    stream.open()
    consumer = "model" if queue == "features" else "metric"
    stream.stop(consumer)
    eventually(lambda: stream.vhost.depth(queue) > dice.randint(100, 300), "a full queue")
    line.tries += 1
    with stream.vhost.channel() as channel:
        before = stream.published()
        held = int(channel.queue_delete(queue).method.message_count or 0)
    stream.start(consumer)
    eventually(lambda: stream.vhost.depth(queue) >= 0, "the queue to be there again")
    on_their_way = stream.published() - before + WINDOW_MESSAGES
    lost = stream.finish(line, deleted=queue)
    assert 0 < held <= lost <= held + on_their_way
