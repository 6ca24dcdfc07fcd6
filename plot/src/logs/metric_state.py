"""metric's state, read only: pending halves, the times of an id, and the errors of each model."""

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from pipeline.ids import canonical

WAIT_SECONDS = 1.0  # while a starting metric puts its files in order

Found = Literal["joined", "pending", "unknown"]


class MetricStateError(Exception):
    """metric has no state that can be read; the text says why."""


class Trace(msgspec.Struct):
    """The state's knowledge of one id. Times are Unix time in milliseconds.

    A label is a number or a class, a prediction too; one of classes that is pending may be an
    object of probabilities by class. The half Brier score is of classes.

    `pending` is an id of which one half is there; `unknown` is one that never came, that left
    without its other half, or whose row was long ago and is forgotten.
    """

    id: str
    found: Found = "unknown"
    y_true: float | str | None = None
    y_pred: float | str | dict[str, float] | None = None
    absolute_error: float | None = None
    features_in_ms: int | None = None  # when published; known once the prediction is there
    label_in_ms: int | None = None  # published
    prediction_in_ms: int | None = None  # published
    received_in_ms: int | None = None  # when the pending half was received
    joined_in_ms: int | None = None
    model_id: str | None = None  # the model that predicted, if the prediction names it
    half_brier: float | msgspec.UnsetType = msgspec.UNSET


class MetricState:
    """Opens the database anew for each question: it may be gone, or another one, since the last.

    WAL mode allows reading while metric writes, without waits. Raises MetricStateError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def pending(self) -> dict[str, int]:
        """Returns the number of halves of each queue that wait for the other half."""
        with self._open() as database:
            return dict(database.execute("SELECT queue, halves FROM pending_counts").fetchall())

    def unmatched(self) -> dict[str, Any]:
        """Returns the counts of halves that left for unmatched.csv, by reason and queue.

        `dropped` counts the ones that are in no file any more, as there were too many.
        """
        found: dict[str, Any] = {"let_go": {}, "expired": {}}
        with self._open() as database:
            for queue, reason, *numbers in database.execute(_UNMATCHED):
                found[reason][queue] = dict(zip(("halves", "youngest_in_ms"), numbers, strict=True))
            dropped = database.execute("SELECT TOTAL(dropped_lines) FROM rotated").fetchone()[0]
        return found | {"dropped": int(dropped)}

    def model_id(self) -> str | None:
        """Returns the model that predicted the last row; None if unknown."""
        with self._open() as database:
            found = database.execute(_LAST_MODEL).fetchone()
        model_id: str | None = found[0] if found else None
        return model_id

    def models(self) -> dict[str, dict[str, Any]]:
        """Returns the mean errors of each model over all rows so far, as live and shadow model.

        They are empty if the state is of an older metric. A mean is None without rows, and may be
        infinite.
        """
        found: dict[str, dict[str, Any]] = {"live": {}, "shadow": {}}
        with self._open() as database:
            if database.execute(_HAS_SCORES).fetchone() is None:
                return found
            cursor = database.execute("SELECT * FROM model_scores")
            names = [column[0] for column in cursor.description]
            for role, model_id, *sums in cursor:
                found[role][model_id] = _means(dict(zip(names[2:], sums, strict=True)))
        return found

    def joined_in_ms(self, ids: Sequence[str]) -> dict[str, int]:
        """Returns when the rows of these ids were joined, as far as that is known."""
        known = {
            canonical(row_id): row_id for row_id in ids
        }  # an older metric logged ids as they came
        marks = ",".join("?" * len(known))
        query = f"SELECT id, joined_in_ms FROM joined WHERE id IN ({marks})"
        with self._open() as database:
            found = database.execute(query, list(known)).fetchall()
        return {known[row_id]: in_ms for row_id, in_ms in found}

    def trace(self, row_id: str) -> Trace:
        """Returns all that is known of one id."""
        with self._open() as database:
            if found := _one(database, _JOINED, canonical(row_id)):
                return Trace(found="joined", **_with_error(found))
            if found := _one(database, _PENDING, canonical(row_id)):
                return Trace(found="pending", **_with_probabilities(found))
        return Trace(row_id)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        address = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        if not self._path.with_name(f"{self._path.name}-wal").exists():
            address += "&immutable=1"  # metric does not run: reading must not leave files behind
        try:
            with closing(sqlite3.connect(address, WAIT_SECONDS, uri=True)) as database:
                yield database
        except sqlite3.Error as error:
            raise MetricStateError(
                f"metric's state, {self._path}, cannot be read: {error}"
            ) from error


_UNMATCHED = "SELECT queue, reason, halves, youngest_in_ms FROM unmatched_counts"
_LAST_MODEL = "SELECT model_id FROM joined ORDER BY seq DESC LIMIT 1"
_HAS_SCORES = "SELECT 1 FROM sqlite_schema WHERE name = 'model_scores'"
# All columns, as the state of an older metric lacks the last ones.
_JOINED = "SELECT * FROM joined WHERE id = ?"
_PENDING = """
SELECT *,
    CASE queue WHEN 'y_true' THEN value END AS y_true,
    CASE queue WHEN 'y_pred' THEN value END AS y_pred,
    CASE queue WHEN 'y_true' THEN published_in_ms END AS label_in_ms,
    CASE queue WHEN 'y_pred' THEN published_in_ms END AS prediction_in_ms
FROM pending WHERE id = ?
"""


def _one(database: sqlite3.Connection, query: str, row_id: str) -> dict[str, Any]:
    """Returns the fields of a trace in the row with this id; empty if there is none."""
    cursor = database.execute(query, (row_id,))
    names = [column[0] for column in cursor.description]
    fields = Trace.__struct_fields__
    return {
        name: value
        for name, value in zip(names, cursor.fetchone() or (), strict=False)
        if name in fields
    }


def _means(sums: dict[str, Any]) -> dict[str, Any]:
    """Returns the means of the sums of one model: of numbers or of classes."""
    rows = sums["rows"]

    def mean(name: str) -> float | None:
        return sums[name] / rows if rows else None

    if "squared_errors" in sums:
        squared = mean("squared_errors")
        rmse = None if squared is None else math.sqrt(squared)
        means = {"mae": mean("absolute_errors"), "rmse": rmse}
    else:
        means = {"accuracy": mean("right_classes"), "half_brier": mean("half_briers")}
    return {"rows": rows, "failed": sums["failed"], **means, "last_in_ms": sums["last_in_ms"]}


def _with_error(found: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of a row of classes as they are, and of numbers with their error."""
    if found.get("absolute_error") is None:
        found["absolute_error"] = abs(found["y_true"] - found["y_pred"])
        found.pop("half_brier", None)
    return found


def _with_probabilities(found: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of a half with its probabilities by class, which are JSON in the state."""
    prediction = found["y_pred"]
    if isinstance(prediction, str) and prediction.startswith("{"):  # no class begins so
        found["y_pred"] = msgspec.json.decode(prediction)
    return found
