"""The follower of metric_log.csv, for numbers or for classes."""

from functools import partial
from pathlib import Path

from logs.follower import Follower
from logs.rows import ClassRows, Rows
from stats.class_summary import ClassSummary
from stats.summary import Summary

ErrorsFollower = Follower[Rows, Summary] | Follower[ClassRows, ClassSummary]


def errors_follower(path: Path, classes: list[str]) -> ErrorsFollower:
    """Returns the follower of a log whose labels are numbers, or these classes."""
    if not classes:
        return Follower(path, Rows, Summary)
    return Follower(path, ClassRows, partial(ClassSummary, len(classes)), classes)
