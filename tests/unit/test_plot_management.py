"""What is made of the management API's answers; that it gives them is tested against a broker."""

import pytest

from management import Copies, Management, Queue, by_stream, services


def answer(name: str, *, ready: int = 0, rate: float = 0.0, consumers: int = 0) -> str:
    return (
        f'{{"name": "{name}", "messages_ready": {ready}, "messages_unacknowledged": 1,'
        f' "consumers": {consumers}, "message_stats": {{"publish_details": {{"rate": {rate}}}}}}}'
    )


def queues_of(*answers: str) -> dict[str, Queue]:
    return by_stream(f"[{','.join(answers)}]".encode())


def test_queues_that_are_not_of_the_pipeline_are_left_out() -> None:
    found = queues_of(answer("features", ready=3, rate=5.0, consumers=1), answer("my-own"))
    assert found == {"features": Queue(3, 1, 5.0, 0.0, 1)}


def test_a_queue_that_nothing_has_passed_yet_has_no_rates() -> None:
    assert queues_of('{"name": "y_pred"}') == {"y_pred": Queue()}


def test_labels_that_wait_to_be_late_are_taken_together() -> None:
    found = queues_of(answer("y_true.delay.1of4", ready=2), answer("y_true.delay.2of4", ready=5))
    assert found == {"y_true.delay": Queue(7, 2)}


def test_no_label_that_waits_is_no_queue() -> None:
    assert queues_of('{"name": "y_true.delay.1of4"}') == {}


@pytest.mark.parametrize(
    ("consumers", "state"),
    [((0, 0), ("stopped", 0)), ((1, 0), ("stopped", 0)), ((1, 1), ("running", 1))],
)
def test_metric_is_there_if_both_its_queues_are_consumed(
    consumers: tuple[int, int], state: tuple[str, int]
) -> None:
    y_true, y_pred = consumers
    queues = {"y_true": Queue(consumers=y_true), "y_pred": Queue(consumers=y_pred)}
    assert services(queues, [])["metric"] == Copies(*state)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rate", "names", "state"),
    [
        (0.0, [], Copies("stopped", 0)),
        (0.0, ["features: publishing", "features: publishing", "model: publishing"],
         Copies("running", 2)),
        (5.0, [""], Copies("running", 1)),
    ],
)  # fmt: skip
def test_features_is_there_by_its_name_or_by_its_rows(
    rate: float, names: list[str], state: Copies
) -> None:
    assert services({"features": Queue(in_per_second=rate)}, names)["features"] == state


def test_without_an_answer_only_plot_is_known_to_be_there() -> None:
    look = Management(["http://guest:secret@127.0.0.1:1/%2F"]).look()
    assert not look.reachable
    assert "secret" not in look.note
    states = {name: copies.state for name, copies in look.services.items()}
    assert states == {
        "features": "unknown", "model": "unknown", "metric": "unknown", "plot": "running",
    }  # fmt: skip
