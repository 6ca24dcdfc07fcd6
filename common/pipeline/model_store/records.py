"""The JSON records that the model store keeps next to the model files."""

import hashlib
from typing import Any, Literal, Self

import msgspec

from pipeline.decode_errors import too_large
from pipeline.table.built_in import DIABETES

REPORT_SECONDS = 30.0  # a process of `model` reports at least so often
MAX_MODEL_BYTES = 32 * 2**20  # loading takes three times as much memory, beside the models in use
SKOPS, ONNX, RECORD = "model.skops", "model.onnx", "model.json"


class Record(msgspec.Struct, frozen=True):
    """A record, written as JSON that a person can read."""

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


class StoredFile(msgspec.Struct, frozen=True):
    """A file of a model, and how to tell that it is whole."""

    sha256: str
    size: int  # bytes

    @classmethod
    def of(cls, content: bytes) -> Self:
        return cls(hashlib.sha256(content).hexdigest(), len(content))


class Metrics(msgspec.Struct, frozen=True, omit_defaults=True):
    """Errors on rows that the model was not trained on.

    Of numbers `rmse`, `mae` and `baseline_mae`, in units of the target, the last one None in a
    record of an earlier version; of classes the others, and these are None. `log_loss` is None if
    the model tells only classes.
    """

    rmse: float | None
    mae: float | None
    training_rows: int
    held_out_rows: int
    accuracy: float | None = None  # share of right classes
    majority_accuracy: float | None = None  # of always telling the class most frequent in training
    log_loss: float | None = None
    half_brier: float | None = None  # half the mean squared distance from the true class, 0 to 1
    baseline_mae: float | None = None  # of always telling the median of the training rows


class Model(Record, frozen=True, kw_only=True):
    """A stored model: model.json. Times are ISO 8601, UTC."""

    model_id: str
    dataset_id: str
    features: list[str]  # the columns that it takes, in order
    target: str
    algorithm: str
    params: dict[str, Any]
    metrics: Metrics | None  # None if not measured
    holdout_rows_seen: int | None = None  # hold-out rows in training; None: unknown
    versions: dict[str, str]  # versions of Python and the libraries that trained it
    created_at: str
    seconds: float | None = None  # seconds of training, from load to store
    job_id: str | None = None  # of the training; None for a model that was there at the start
    notes: list[str] = []  # anything else to know, such as why there is no model.onnx
    files: dict[str, StoredFile] = {}
    data_set: str = DIABETES  # whose rows it takes; `dataset_id` is the CSV it was trained on
    rows_sha256: str = ""  # of the rows.csv whose hold-out it has not seen; "" if none can change
    split_digest: str = ""  # of how that was held out, see table/split_digest.py


def size_problem(model: Model) -> str | None:
    """Returns why no file of a model may be read: it would end who loads it; None if it may."""
    size = max((file.size for file in model.files.values()), default=0)
    if size <= MAX_MODEL_BYTES:
        return None
    return too_large(f"a file of {model.model_id}", size, "bytes", MAX_MODEL_BYTES)


class Change(Record, frozen=True, kw_only=True):
    """A numbered change, from 1 on: the model that answers from now on, and the shadow model.

    `nonce` identifies the change itself: whoever made it, and lost the answer, recognises it by
    that.
    """

    number: int
    action: Literal["start", "promote", "rollback", "shadow", "unshadow"]
    live: str
    shadow: str | None = None
    forced: bool = False
    takes_back: int | None = None  # the promotion that a rollback undoes
    default: str | None = None  # of a start: the model of MODEL_PATH, also while another answers
    nonce: str = ""  # empty in a store of an earlier version
    at: str  # ISO 8601, UTC

    @property
    def own(self) -> str:
        """The model that it brought in: it answers again when later promotions are rolled back."""
        return self.default or self.live


class Replica(Record, frozen=True, kw_only=True):
    """A report of one process of `model` about itself."""

    name: str
    change: int  # the last change that it knows
    live: str  # the model that answers
    shadow: str | None = None
    problem: str | None = None  # why the models are not those of the change
    at: str  # ISO 8601, UTC: time of the report


def promotions_in_force(changes: list[Change]) -> list[Change]:
    """Returns the last start and the promotions not rolled back since; the last one answers.

    A rollback takes back the last of them; a second one, the one before.

    >>> def change(number, action, live):
    ...     return Change(number=number, action=action, live=live, at="")
    >>> history = [change(1, "start", "a"), change(2, "promote", "b"), change(3, "promote", "c")]
    >>> [each.live for each in promotions_in_force(history)]
    ['a', 'b', 'c']
    >>> [each.live for each in promotions_in_force([*history, change(4, "rollback", "b")])]
    ['a', 'b']
    >>> start = Change(number=4, action="start", live="c", default="new", at="")
    >>> [each.own for each in promotions_in_force([*history, start])]
    ['new', 'b', 'c']
    """
    found: list[Change] = []
    for change in changes:
        if change.action == "start":
            found = [change, *(each for each in found if each.action == "promote")]
        elif change.action == "promote":
            found.append(change)
        elif change.action == "rollback":
            found.pop()
    return found
