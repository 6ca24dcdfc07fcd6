"""Schemas of data sets for tests: the built-in ones, and others of any size and task."""

import string
from pathlib import Path

from pipeline.table.data_sets import load_schema
from pipeline.table.schema import Number, Schema, Target

DIABETES = load_schema("diabetes", Path())
IRIS = load_schema("iris", Path())
LETTERS = Schema(
    "letters",
    "classification",
    Target("letter", "Letter", classes=[*string.ascii_uppercase]),
    [Number("width"), Number("height")],
    "Letters by their shape",
)
# Classes as awkward as the schema allows: a separator, quotes, a number, the longest name.
AWKWARD = Schema(
    "awkward",
    "classification",
    Target("kind", classes=["a,b", 'say "no"', "0", "0.0", "x" * 100, "Ünïcode; ñ", "<b>"]),
    [Number("width")],
)
