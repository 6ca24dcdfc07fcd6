"""The CSV files of the model store: read as spreadsheets write them, by the types of a schema."""

import csv
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd

from pipeline import csv_table
from pipeline.table.matrix import Matrix
from pipeline.table.schema import Column, Number, Schema, Text
from pipeline.table.value_errors import listed
from pipeline.training import TrainingError

MIN_ROWS = 20
SHOWN_CHARACTERS = 40  # of a value that is not as its column is
SHOWN_HEADER_CHARACTERS = 1000  # of column names: the sentence is kept in Redis
THOUSANDS = r"\s*[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?\s*"  # or a decimal comma, as in 1,234
DECIMAL = r"^([^,.]*),([^,.]*)$"


def parse(data_set: str, content: bytes, schema: Schema) -> tuple[Matrix, Matrix]:
    """Returns the rows of a CSV file as matrix() gives them, shape (n, columns), and their labels.

    `schema` has the wanted columns and the target. Raises TrainingError in one sentence unless the
    file has them, with values of their types.
    """
    target = schema.target
    is_number = schema.task == "regression"
    columns = [*schema.columns, Number(target.name) if is_number else Text(target.name)]
    frame = _frame(data_set, content, columns)
    features = np.empty((len(frame), len(columns) - 1), np.float64 if schema.is_numeric else object)
    for index, column in enumerate(schema.columns):
        features[:, index] = _values(data_set, frame[column.name], column)
    labels = _values(data_set, frame[target.name], columns[-1])
    if not is_number:
        wrong = np.flatnonzero(~np.isin(labels, target.classes))
        _refuse(data_set, frame[target.name], wrong, f"the classes are {listed(target.classes)}")
    return features, labels if is_number else labels.astype(str)


def _frame(data_set: str, content: bytes, columns: Sequence[Column]) -> pd.DataFrame:
    """Returns these columns of a CSV file, the numbers with decimal points."""
    wanted = [column.name for column in columns]
    names = [csv_table.one_line(name) for name in wanted]
    is_text = [not isinstance(column, Number) for column in columns]
    with _refusals_told(data_set):
        file = TextIOWrapper(BytesIO(content), "utf-8-sig", newline=None)
        header = csv_table.header(file, names)
        for name in names:
            check_column(data_set, name, header.names, str(header))
        places = [header.names.index(name) for name in names]
        texts = dict.fromkeys(compress(places, is_text), str)
        table = pd.read_csv(
            BytesIO(content), encoding="utf-8-sig", sep=header.separator, skipinitialspace=True,
            skiprows=header.records, header=None, names=range(len(header.names)), index_col=False,
            keep_default_na=False, low_memory=False,
            dtype=str if header.has_decimal_commas else texts,
        )  # fmt: skip
    if len(table) < MIN_ROWS:
        raise TrainingError(
            f"data set {data_set!r} has {len(table)} rows, and at least {MIN_ROWS} are needed"
        )
    frame = table[places].set_axis(wanted, axis="columns")
    if header.has_decimal_commas:
        numbers = [name for name, text in zip(wanted, is_text, strict=True) if not text]
        frame[numbers] = _with_points(data_set, frame[numbers])
    return frame


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


def check_column(data_set: str, name: str, there: list[str], columns: str) -> None:
    """Raises TrainingError, with the columns as a text, unless this one is among them once."""
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


def _values(data_set: str, values: "pd.Series[Any]", column: Column) -> Matrix:
    """Returns a column's values: floats, or texts. Raises TrainingError for one that is neither.

    Where a value may be missing, it is NaN or "".
    """
    texts = values.astype(str).str.strip()
    is_wrong = (texts == "").to_numpy() & (not column.missing)
    if not isinstance(column, Number):
        _refuse(data_set, values, np.flatnonzero(is_wrong), "the schema allows no missing value")
        return texts.to_numpy(object)
    numbers = pd.to_numeric(texts if values.dtype == bool else values, errors="coerce")
    found = numbers.to_numpy(np.float64)
    is_wrong |= ~np.isfinite(found) & (texts != "").to_numpy()
    _refuse(
        data_set, values, np.flatnonzero(is_wrong),
        "each value must be a finite number, with a decimal point",
    )  # fmt: skip
    return found


def _refuse(data_set: str, values: "pd.Series[Any]", wrong: Matrix, rule: str) -> None:
    """Raises TrainingError if there are rows with wrong values."""
    if len(wrong):
        value = str(values.iloc[wrong[0]])[:SHOWN_CHARACTERS]
        raise TrainingError(
            f"data set {data_set!r} has {value!r} in column {values.name!r}, row {wrong[0] + 1}: "
            f"{rule}"
        )
