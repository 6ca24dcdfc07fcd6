"""The target: whether it is a number or a class, and which rows have one."""

from collections import Counter
from collections.abc import Collection
from shlex import quote
from typing import NamedTuple

from pipeline.table.schema import MAX_CLASSES, SchemaError, Task
from pipeline.table.schema_file import value_problem
from pipeline_cli.dataset.column_types import MISSING, Reading, id_of_numbers, is_number, two_ways
from pipeline_cli.dataset.number_text import MAX_JUNK_SHARE, Numbers, numbers_of
from pipeline_cli.dataset.words import counted

MAX_INTEGER_CLASSES, MIN_ROWS_OF_INTEGER = 10, 10
MIN_ROWS_OF_CLASS = 5
MAX_NAMED = 5


class Labels(NamedTuple):
    """The target's values, "" in rows that have none; `classes` in order, [] for a regression."""

    values: list[str]
    classes: list[str]
    doubts: list[str]

    @property
    def task(self) -> Task:
        """The task that follows from them."""
        return "classification" if self.classes else "regression"


def labels_of(
    name: str, texts: list[str], task: Task | None, reading: Reading, drop_rare: bool
) -> Labels:
    """Reads the target. Raises SchemaError if nothing can be learnt from it, with the cure."""
    counts = Counter(texts)
    numbers = numbers_of(counts, reading.separator, reading.has_decimal_commas)
    are_numbers = is_number(counts, numbers)
    if are_numbers and numbers.two_ways:
        raise SchemaError(f"{name}: {two_ways(numbers)}")
    if task == "regression" or (task is None and are_numbers and not _few(counts, numbers)):
        return _regression(name, texts, numbers)
    doubts = []
    if are_numbers and task is None and _few(counts, numbers) > 2:
        doubts = [
            f"{name}: its {_few(counts, numbers)} integers are taken as classes, and may be grades "
            "or counts: --task regression predicts a number"
        ]
    try:
        labels = _classification(name, texts, numbers if are_numbers else None, drop_rare)
    except SchemaError as error:
        if not are_numbers or task:
            raise
        raise SchemaError(f"{error}; --task regression predicts a number") from error
    return labels._replace(doubts=labels.doubts + doubts)


def _few(counts: Counter[str], numbers: Numbers) -> int:
    """Returns how many numbers there are, if they are so few that they may be classes; else 0."""
    of_number: Counter[float] = Counter()
    for text, number in numbers.read.items():
        of_number[float(number)] += counts[text]
    are_integers = (
        len(of_number) <= MAX_INTEGER_CLASSES
        and all(number.is_integer() for number in of_number)
        and min(of_number.values()) >= MIN_ROWS_OF_INTEGER
    )
    return len(of_number) if len(of_number) == 2 or (len(of_number) > 2 and are_integers) else 0


def _regression(name: str, texts: list[str], numbers: Numbers) -> Labels:
    if numbers.junk.total() > MAX_JUNK_SHARE * len(texts):
        raise SchemaError(
            f"{name} is to be a number, and {counted(numbers.junk.total(), 'row')} hold none, like "
            f"{next(iter(numbers.junk))[:40]!r}: mend them, or take --task classification"
        )
    values = [numbers.read.get(text, "") for text in texts]
    if len({float(value) for value in values if value}) < 2:
        raise SchemaError(_constant(name, values))
    doubts = [f"{name}: {numbers.note}"] if numbers.note else []
    if key := id_of_numbers(name, values):
        doubts.append(f"{name}: {key}: is it the column to predict?")
    return Labels(values, [], doubts + _read_as_missing(name, texts, numbers.read))


def _classification(
    name: str, texts: list[str], numbers: Numbers | None, drop_rare: bool
) -> Labels:
    clean = _class_of(texts, numbers)
    values = [clean.get(text, "") for text in texts]
    counts = Counter(value for value in values if value)
    if len(counts) < 2:
        raise SchemaError(_constant(name, values))
    doubts = _read_as_missing(name, texts, clean)
    rare = sorted(value for value, count in counts.items() if count < MIN_ROWS_OF_CLASS)
    if rare:
        _refuse_rare(name, rare, counts, drop_rare)
        rows = sum(counts.pop(value) for value in rare)
        doubts.append(
            f"{name}: left out, {counted(rows, 'row')} of {counted(len(rare), 'rare class')}: "
            f"{_listed(rare)}"
        )
        values = [value if value in counts else "" for value in values]
    _refuse_classes(name, [*counts])
    return Labels(values, in_order([*counts]), doubts)


def _class_of(texts: list[str], numbers: Numbers | None) -> dict[str, str]:
    """Returns the class of each text that has one: 1 and 1.0 are one class."""
    if numbers is None:
        return {text: text for text in {*texts} - MISSING}
    short: dict[float, str] = {}
    for number in sorted(numbers.read.values(), key=lambda number: (len(number), number)):
        short.setdefault(float(number), number)
    return {text: short[float(number)] for text, number in numbers.read.items()}


def _read_as_missing(name: str, texts: list[str], read: Collection[str]) -> list[str]:
    counts = Counter(text for text in texts if text and text not in read)
    if not counts:
        return []
    more = " …" if len(counts) > MAX_NAMED else ""
    shown = ", ".join(repr(text[:40]) for text in [*counts][:MAX_NAMED])
    return [f"{name}: read as missing in {counted(counts.total(), 'row')}: {shown}{more}"]


def in_order(texts: list[str]) -> list[str]:
    """Returns texts in the order of their numbers, if all are some, or of the alphabet."""
    try:
        return sorted(texts, key=lambda text: (float(text), text))
    except ValueError:
        return sorted(texts, key=lambda text: (text.casefold(), text))


def _refuse_rare(name: str, rare: list[str], counts: Counter[str], drop_rare: bool) -> None:
    if len(counts) - len(rare) < 2:
        raise SchemaError(
            f"{name} has {len(counts):,} classes, and {len(rare):,} of them have under "
            f"{MIN_ROWS_OF_CLASS} rows ({_listed(rare)}): is it the column to predict?"
        )
    if not drop_rare:
        raise SchemaError(
            f"{name}: {len(rare):,} of {len(counts):,} classes have under {MIN_ROWS_OF_CLASS} rows "
            f"({_listed(rare)}): put them together in the file, or leave their rows out by "
            "--drop-rare-classes"
        )


def _refuse_classes(name: str, classes: list[str]) -> None:
    if len(classes) > MAX_CLASSES:
        raise SchemaError(
            f"{name} has {len(classes):,} classes, and the most is {MAX_CLASSES:,}: put some "
            f"together in the file, or predict another column than {quote(name)}"
        )
    for text in classes:
        wrong = value_problem(text)
        if not wrong and text.startswith("{"):
            wrong = f"{text!r} begins with a brace"
        if wrong:
            raise SchemaError(f"{name}: no class can be called so: {wrong}. Rename it in the file")


def _constant(name: str, values: list[str]) -> str:
    found = next(filter(None, values), None)
    if found is None:
        return f"{name} has no value in any row: predict another column"
    return f"{name} is {found[:40]!r} in every row: there is nothing to predict"


def _listed(texts: list[str]) -> str:
    more = " …" if len(texts) > MAX_NAMED else ""
    return ", ".join(text[:40] for text in texts[:MAX_NAMED]) + more
