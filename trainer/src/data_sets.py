"""Data sets to train on: those with a schema, and the CSV files of the model store."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from sklearn.model_selection import train_test_split

import stored_csv
from holdout_overlap import holdout_rows_seen
from pipeline import csv_table
from pipeline.decode_errors import too_large
from pipeline.model_store.store import ModelStore
from pipeline.table.built_in import NAMES
from pipeline.table.data_sets import DataSet, load_schema
from pipeline.table.data_sets import load as load_data_set
from pipeline.table.matrix import Matrix, matrix
from pipeline.table.schema import Number, Schema, Target
from pipeline.table.split import HOLDOUT_SHARE
from pipeline.table.split_digest import split_digest
from pipeline.training import TrainingError, TrainingRequest, known_schema

SPLIT_SEED = 20  # fixed: a repeated training of the same file makes the same model
MAX_BYTES = 50_000_000


class Part(NamedTuple):
    """n rows: `features` as matrix() gives them, `labels` of shape (n,), floats or classes."""

    features: Matrix
    labels: Matrix


class Table(NamedTuple):
    """The rows of one training.

    `schema` has the columns that the model takes, in its order; its name is that of the data set
    whose rows the model answers, with the SHA-256 and the split of that one's hold-out.
    """

    schema: Schema
    training: Part
    held_out: Part
    holdout_rows_seen: int | None
    split_digest: str


def load(store: ModelStore, request: TrainingRequest, folder: Path) -> Table:
    """Returns the rows of a request: of the data set with a schema, or else of the store's file.

    `folder` holds the data sets that are not built in. Raises TrainingError in one sentence if they
    cannot be had, SchemaError, and ModelStoreError.
    """
    wanted = [*request.features, request.target]
    if not request.features or len({*wanted}) != len(wanted):
        raise TrainingError(
            f"features {request.features} with target {request.target!r} are not accepted: at "
            "least one feature, and each column only once"
        )
    if known_schema(request.dataset_id, folder) is not None:
        return _own(load_data_set(request.dataset_id, folder), request)
    return _stored(store, request, folder)


def _own(data: DataSet, request: TrainingRequest) -> Table:
    """Returns the rows of a data set with a schema, split as its stream is.

    The model has seen none of the hold-out, as that is all that the split keeps for training.
    """
    schema, rows = data
    for name in request.features:
        stored_csv.check_column(schema.name, name, schema.names, csv_table.listed(schema.names))
    if request.target != schema.target.name:
        raise TrainingError(
            f"the target of data set {schema.name!r} is {schema.target.name!r}, and not "
            f"{request.target!r}"
        )
    places = [schema.names.index(name) for name in request.features]
    columns = [schema.columns[place] for place in places]
    training, held_out = (
        Part(
            matrix([[row[place] for place in places] for row in values], columns), np.array(labels)
        )
        for values, labels in (rows.training(), rows.holdout())
    )
    digest = split_digest(schema, len(rows.labels))
    return Table(replace(schema, columns=columns), training, held_out, 0, digest)


def _stored(store: ModelStore, request: TrainingRequest, folder: Path) -> Table:
    """Returns the rows of a CSV file in the store.

    Its columns are of the types that the schema of the DATASET gives to their names; all others
    are numbers.
    """
    content = _content(store, request.dataset_id)
    of_dataset = load_schema(request.data_set, folder)
    known = {column.name: column for column in of_dataset.columns}
    columns = [known.get(name, Number(name)) for name in request.features]
    schema = replace(of_dataset, columns=columns)
    if request.target != of_dataset.target.name:
        schema = replace(schema, task="regression", target=Target(request.target))
    values, labels = stored_csv.parse(request.dataset_id, content, schema)
    seen, held_out = train_test_split(
        np.arange(len(labels)), test_size=HOLDOUT_SHARE, random_state=SPLIT_SEED
    )
    training = Part(values[seen], labels[seen])
    of_others = load_data_set(request.data_set, folder)
    return Table(
        schema,
        training,
        Part(values[held_out], labels[held_out]),
        holdout_rows_seen(of_others, columns, training.features),
        split_digest(of_dataset, len(of_others.rows.labels)),
    )


def _content(store: ModelStore, dataset_id: str) -> bytes:
    size = store.dataset_size(dataset_id)
    if size is not None and size > MAX_BYTES:  # before it is read: reading would kill the process
        raise TrainingError(too_large(f"data set {dataset_id!r}", size, "bytes", MAX_BYTES))
    content = store.dataset(dataset_id)
    if content is None:
        built_in = " and ".join(map(repr, NAMES))
        raise TrainingError(
            f"there is no data set {dataset_id!r}: there is {built_in}, any folder in datasets/, "
            "and any datasets/NAME.csv in the model store"
        )
    return content
