"""Data sets to train on: the built-in one, or a CSV file in the model store."""

import csv
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper

import numpy as np
import pandas as pd

from pipeline import csv_table, dataset
from pipeline.dataset import Dataset
from pipeline.decode_errors import too_large
from pipeline.messages import FEATURE_NAMES
from pipeline.model_store.store import ModelStore
from pipeline.training import TrainingError, TrainingRequest

BUILT_IN_TARGET = "target"
MAX_BYTES = 50_000_000
MIN_ROWS = 20
SHOWN_CHARACTERS = 40  # of a value that is not a number
SHOWN_HEADER_CHARACTERS = 1000  # of column names: the sentence is kept in Redis
THOUSANDS = r"\s*[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?\s*"  # or a decimal comma, as in 1,234
DECIMAL = r"^([^,.]*),([^,.]*)$"


def load(store: ModelStore, request: TrainingRequest) -> pd.DataFrame:
    """Returns the requested columns, the target last, as finite numbers.

    Raises TrainingError in one sentence if the data set does not have them, and ModelStoreError.
    """
    wanted = [*request.features, request.target]
    if not request.features or len({*wanted}) != len(wanted):
        raise TrainingError(
            f"features {request.features} with target {request.target!r} are not accepted: at "
            "least one feature, and each column only once"
        )
    if request.dataset_id == dataset.NAME:
        frame = _built_in()
        columns = [*frame.columns]
        _check_columns(dataset.NAME, columns, wanted, csv_table.listed(columns))
        return frame[wanted]
    size = store.dataset_size(request.dataset_id)
    if size is not None and size > MAX_BYTES:  # before it is read: reading would kill the process
        what = f"data set {request.dataset_id!r}"
        raise TrainingError(too_large(what, size, "bytes", MAX_BYTES))
    content = store.dataset(request.dataset_id)
    if content is None:
        raise TrainingError(
            f"there is no data set {request.dataset_id!r}: there is {dataset.NAME!r}, and any "
            "datasets/NAME.csv in the model store"
        )
    return parse(request.dataset_id, content, wanted)


def split(data_set: str, frame: pd.DataFrame) -> tuple[Dataset, Dataset]:
    """Returns the rows to train on (80 %), and those held out.

    The built-in data set is always split the same way.
    """
    features, labels = frame.to_numpy(np.float64)[:, :-1], frame.iloc[:, -1].to_numpy(np.float64)
    if data_set == dataset.NAME:
        count = len(dataset.training().labels)
        return Dataset(features[:count], labels[:count]), Dataset(features[count:], labels[count:])
    return dataset.split(Dataset(features, labels))


def parse(data_set: str, content: bytes, wanted: list[str]) -> pd.DataFrame:
    """Returns the wanted columns of a CSV file. Raises TrainingError unless they hold numbers."""
    names = [csv_table.one_line(name) for name in wanted]
    with _refusals_told(data_set):
        file = TextIOWrapper(BytesIO(content), "utf-8-sig", newline=None)
        header = csv_table.header(file, names)
        _check_columns(data_set, header.names, names, str(header))
        table = pd.read_csv(
            BytesIO(content), encoding="utf-8-sig", sep=header.separator, skipinitialspace=True,
            skiprows=header.records, header=None, names=range(len(header.names)), index_col=False,
            keep_default_na=False, low_memory=False,
            dtype=str if header.has_decimal_commas else None,
        )  # fmt: skip
    if len(table) < MIN_ROWS:
        raise TrainingError(
            f"data set {data_set!r} has {len(table)} rows, and at least {MIN_ROWS} are needed"
        )
    frame = table[[header.names.index(name) for name in names]].set_axis(wanted, axis="columns")
    if header.has_decimal_commas:
        frame = _with_points(data_set, frame)
    return pd.DataFrame({name: _numbers(data_set, frame[name]) for name in wanted})


@contextmanager
def _refusals_told(data_set: str) -> Iterator[None]:
    """Turns the errors of csv and pandas about a file that is no CSV into a TrainingError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a row that is too long
            yield
    except UnicodeDecodeError as error:
        raise TrainingError(
            f"data set {data_set!r} cannot be read as CSV: it is not UTF-8 "
            f"({error.reason}): save it as UTF-8"
        ) from error
    except (ValueError, csv.Error, pd.errors.ParserWarning) as error:
        reason = str(error).strip().rpartition("error: ")[2]
        if reason == "out of memory":  # not the file's fault
            raise MemoryError from error
        raise TrainingError(f"data set {data_set!r} cannot be read as CSV: {reason}") from error


def _check_columns(data_set: str, there: list[str], wanted: list[str], columns: str) -> None:
    for name in wanted:
        if name not in there:
            raise TrainingError(
                f"data set {data_set!r} has no column {name!r}: it has "
                f"{columns[:SHOWN_HEADER_CHARACTERS]}"
            )
        if there.count(name) > 1:
            raise TrainingError(f"data set {data_set!r} has column {name!r} more than once")


def _with_points(data_set: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the columns with decimal points for commas. Raises TrainingError in doubt.

    That is where a mark may separate thousands: where there are points beside commas, or where
    each comma of a column has three digits behind it.
    """
    commas = frame.apply(lambda column: column.str.contains(",", regex=False))
    if not commas.to_numpy().any():
        return frame
    points = frame.apply(lambda column: column.str.contains(".", regex=False))
    if points.to_numpy().any():
        raise _in_doubt(data_set, frame, points, "point")
    for name in frame.columns[commas.any()]:
        if frame[name][commas[name]].str.fullmatch(THOUSANDS).all():
            raise _in_doubt(data_set, frame[[name]], commas[[name]], "comma")
    return frame.replace(DECIMAL, r"\1.\2", regex=True)


def _in_doubt(data_set: str, texts: pd.DataFrame, marked: pd.DataFrame, mark: str) -> TrainingError:
    row, column = next(zip(*np.nonzero(marked.to_numpy()), strict=True))
    return TrainingError(
        f"data set {data_set!r} has {texts.iat[row, column]!r} in column "
        f"{texts.columns[column]!r}, row {row + 1}: its {mark} may be a decimal one, or separate "
        "thousands: write the numbers with decimal points, and without such separators"
    )


def _numbers(data_set: str, column: "pd.Series[float]") -> "pd.Series[float]":
    """Returns the column if each of its values is a finite number; raises TrainingError if not."""
    texts = column.astype(str) if column.dtype == bool else column
    numbers = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if len(wrong):
        value = str(texts.iloc[wrong[0]])[:SHOWN_CHARACTERS]
        raise TrainingError(
            f"data set {data_set!r} has {value!r} in column {column.name!r}, row {wrong[0] + 1}: "
            "each value must be a finite number, with a decimal point"
        )
    return numbers


def _built_in() -> pd.DataFrame:
    """Returns the rows to train on, followed by those held out."""
    parts = dataset.training(), dataset.holdout()
    frame = pd.DataFrame(np.concatenate([part.features for part in parts]), columns=FEATURE_NAMES)
    return frame.assign(**{BUILT_IN_TARGET: np.concatenate([part.labels for part in parts])})
