"""The live page tells of broker, queues and services, and whether a person should look."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from support.service import Service

Open = Callable[..., Page]

SHOWN = """async (events) => {
    const {showPipeline} = await import('/static/pipeline.js');
    events.forEach(showPipeline);
    const of = (id) => document.getElementById(id);
    return {
        orange: [...document.querySelectorAll('.queue.orange')].map((queue) => queue.id),
        words: of('queue-features').querySelector('.words').textContent,
        depth: of('queue-features').querySelector('.depth').textContent,
        copies: of('service-model').querySelector('.copies').textContent,
        broker: of('broker').textContent,
    };
}"""


def event(
    at_in_ms: int = 0, models: int = 1, warnings: tuple[str, ...] = (), **queues: Any
) -> dict[str, Any]:
    """Returns what the server tells of a pipeline that is well, but for this."""
    calm = {"ready": 0, "unacked": 0, "in_per_second": 5, "out_per_second": 5, "consumers": 1,
            "trend": "empty", "change": 0, "change_seconds": 20, "state": ""}  # fmt: skip
    names = ("features", "y_true", "y_pred", "dead_letters")
    return {
        "now_in_ms": at_in_ms,
        "broker": {"reachable": True, "note": "RabbitMQ 4.0.5", "warnings": warnings},
        "queues": dict.fromkeys(names, calm) | {n: calm | q for n, q in queues.items()},
        "services": {"model": {"state": "running", "copies": models}},
        "pending": None,
    }


@pytest.fixture
def shown(show: Open, plot: Service) -> Callable[..., dict[str, Any]]:
    page = show(plot)
    return lambda *told: page.evaluate(SHOWN, told)


def test_orange_is_what_somebody_should_look_at(shown: Callable[..., dict[str, Any]]) -> None:
    cases: list[tuple[dict[str, Any], bool, str]] = [
        ({"ready": 1, "trend": "level"}, False, "steady"),
        ({"ready": 300, "trend": "behind", "change": 100}, True, "falls behind by 5.0 a second"),
        ({"ready": 300, "trend": "drains", "change": -100}, False, "drains by 5.0 a second"),
        ({"ready": 300, "trend": "unread", "consumers": 0}, True,
         "no consumer; grows by 5.0 a second"),
        ({"consumers": 0}, False, "empty; no consumer"),
        ({"state": "down"}, True, "unusable: down"),
        ({"ready": 9, "trend": "unknown", "change_seconds": 0}, False, "too new to tell"),
    ]  # fmt: skip
    for queue, is_orange, words in cases:
        found = shown(event(features=queue))
        assert (found["orange"], found["words"]) == (["queue-features"] * is_orange, words)
    assert shown(event(features={"state": "down"}))["depth"] == "–"
    new = shown(event(dead_letters={"ready": 9, "trend": "arriving", "change": 3}))
    assert new["orange"] == ["queue-dead_letters"]
    late = event()
    late["queues"]["y_true.delay"] = late["queues"]["y_true"] | {"ready": 900, "trend": "held"}
    assert shown(late)["orange"] == []


def test_copies_of_a_service_are_told_and_those_that_have_gone(
    shown: Callable[..., dict[str, Any]],
) -> None:
    minute = 60_000
    three = [event(0, models=1), event(1000, models=3)]
    assert shown(*three)["copies"] == "3 copies"
    assert shown(*three, event(0, models=2))["copies"].startswith("2 of 3 copies since ")
    assert shown(*three, event(0, models=2), event(9, models=3))["copies"] == "3 copies"
    later = [event(0, models=1), event(11 * minute, models=1)]
    assert shown(*three, *later)["copies"] == ""


def test_what_is_the_matter_with_a_node_is_on_the_page(
    shown: Callable[..., dict[str, Any]],
) -> None:
    found = shown(event(warnings=("node rabbit@b is down", "queue y_true loses a message")))
    assert found["broker"] == (
        "RabbitMQ 4.0.5. Node rabbit@b is down. Queue y_true loses a message."
    )


def test_a_pipeline_without_its_broker_is_not_called_live(show: Open, plot: Service) -> None:
    page = show(plot)
    expect(page.locator("#status")).to_have_text("broker unreachable")
    expect(page.locator("#broker")).to_contain_text("127.0.0.1 refuses the connection")
    expect(page.locator("#broker")).not_to_contain_text("Errno")
