"""Junk labels by the thousand, with good rows among them: which of these metric must not lose."""

import json
import random
from collections.abc import Callable
from pathlib import Path

from support.live_page import NOTHING_THERE, get
from support.rows import read_rows
from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

Start = Callable[..., Service]

MAX_PENDING = 10_000
CHUNK = 1000  # junk labels in a message
GOOD = 10  # of each kind, among them
FAR = 30  # chunks between such a label and its prediction: far more than MAX_PENDING labels


def flood(start: Start, vhost: Vhost, folder: Path, junk: int) -> str:
    """Good rows are lost only where MAX_PENDING younger labels came before the prediction.

    While metric is behind, predictions of `far` may be there before so many labels are taken: then
    their rows are in the CSV as well. Returns what metric says of it in its log.
    """
    metric = start("metric", max_pending=MAX_PENDING)
    eventually(metric.is_up, "metric")
    labels = _publish(vhost, junk // CHUNK)
    near = {each for each in labels if each.startswith("near")}
    counts = eventually(
        lambda: _settled(metric.counts(), len(labels), len(near)),
        f"{len(near):,} rows, and each of {len(labels):,} labels told of",
        PATIENCE_SECONDS + junk / 1000,
    )
    joined = set(read_rows(folder)["id"])
    assert near <= joined
    unmatched = [line.split(",") for line in (folder / "unmatched.csv").read_text().split()[1:]]
    rest = [each for each in labels if each not in joined]
    gone = rest[: len(rest) - int(counts["pending_y_true"])]
    assert [row_id for row_id, *_ in unmatched] == gone, "the oldest, and no prediction"
    assert MAX_PENDING - len(joined - near) <= counts["pending_y_true"] <= MAX_PENDING
    _check_page(start("plot", management_url=NOTHING_THERE), len(gone))
    return metric.log()


def _settled(counts: dict[str, float], labels: int, least_rows: int) -> dict[str, float] | None:
    """Returns the counts once metric has told of each label what became of it."""
    told = sum(counts.get(name, 0) for name in ("joined", "let_go_y_true", "pending_y_true"))
    return counts if told == labels and counts["joined"] >= least_rows else None


def _publish(vhost: Vhost, chunks: int) -> list[str]:
    """Ids of the labels in their order. A prediction of `near` comes at once, of `far` later."""
    dice = random.Random(1)
    labels: list[str] = []
    with vhost.channel() as channel:
        channel.confirm_delivery()
        for number in range(chunks):
            near = [f"near-{number}-{each}" for each in range(GOOD)]
            far = [f"far-{number}-{each}" for each in range(GOOD)]
            chunk = [*near, *far, *(f"junk-{number}-{each}" for each in range(CHUNK))]
            dice.shuffle(chunk)
            labels += chunk
            late = [f"far-{number - FAR}-{each}" for each in range(GOOD) if number >= FAR]
            for queue, ids in (("y_true", chunk), ("y_pred", near + late)):
                channel.basic_publish("", queue, message(ids))
    return labels


def message(ids: list[str]) -> bytes:
    return json.dumps({"id": ids, "body": [1] * len(ids)}).encode()


def _check_page(plot: Service, let_go: int) -> None:
    found = get(plot, "/api/summary")["unmatched"]
    assert found["let_go"]["y_true"]["halves"] == let_go
    assert 0 <= found["let_go"]["y_true"]["youngest_in_ms"] < 1000 * PATIENCE_SECONDS
    assert (found["let_go"].keys(), found["expired"], found["dropped"]) == ({"y_true"}, {}, 0)
