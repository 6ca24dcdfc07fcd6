"""`python -m pipeline dead-letters`: shows, replays or drops messages that no service could use."""

import sys
from collections import Counter, deque
from collections.abc import Callable, Collection
from typing import Annotated

import typer
from pydantic import Field, HttpUrl

from pipeline.broker import DeadLetters, Letter, dropped_letters
from pipeline.errors import BrokerError
from pipeline.settings import BrokerSettings, one_or_more, urls_of
from pipeline_cli import arguments
from pipeline_cli.arguments import Command
from pipeline_cli.letter_text import Row, print_all, print_kinds, print_newest, row_of
from pipeline_cli.terminal import printable

Wanted = Callable[[Letter], bool]


class DeadLettersSettings(BrokerSettings):
    """The broker with the dead letters, and the page where it counts those that it has dropped."""

    broker_metrics_url: Annotated[str, one_or_more(HttpUrl)] = Field(
        "http://localhost:15692/metrics",
        description="a URL like http://host:15692/metrics (RabbitMQ's plugin rabbitmq_prometheus), "
        "or one for each node of a cluster, separated by commas",
    )


app = arguments.group("Look after the messages that no service could use.")

LetterId = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
LetterIds = Annotated[list[str] | None, typer.Argument(metavar="ID")]
All = Annotated[bool, typer.Option("--all", help="Take all, or all that match the filters.")]
Queue = Annotated[
    str | None, typer.Option(metavar="Q", help="Only letters that came from this queue.")
]
Reason = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Only letters with this text in their reason.")
]


@app.command("list", cls=Command)
def list_letters(
    queue: Queue = None,
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="Show the newest N.")] = 20,
) -> int:
    """Show how many there are and why, and the newest."""
    settings, wanted = DeadLettersSettings.from_environment(), _filter(queue, reason)
    kinds: Counter[tuple[str, str]] = Counter()
    newest: deque[Row] = deque(maxlen=min(limit, sys.maxsize))
    with DeadLetters(settings) as letters:
        for letter in filter(wanted, letters.look()):
            row = row_of(letter)
            newest.append(row)
            kinds[row.queue, row.reason] += 1
    print(f"dead letters: {kinds.total():,}")
    print_kinds(kinds)
    print(f"dropped since the broker's start, because a queue was full: {_dropped(settings)}")
    if newest:
        print(f"\nthe newest {len(newest)}, in the order of the queue:")
        print_newest(newest)
    return int(not kinds)


@app.command("show", cls=Command)
def show_letter(
    letter_id: LetterId,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print its body alone, byte for byte.")
    ] = False,
) -> int:
    """Show all of one letter."""
    with DeadLetters(DeadLettersSettings.from_environment()) as letters:
        letter = next((letter for letter in letters.look() if letter.id == letter_id), None)
    if letter is None:
        return _say_missing([letter_id])
    if raw:
        sys.stdout.buffer.write(letter.body)
        return 0
    print_all(letter)
    return 0


@app.command("replay", cls=Command)
def replay(
    ids: LetterIds = None, all_: All = False, queue: Queue = None, reason: Reason = None
) -> int:
    """Put letters back into the queue they came from."""

    def act(letters: DeadLetters, letter: Letter) -> str:
        if not letter.can_be_replayed:
            return "left: they came from none of features, y_true and y_pred"
        letters.replay(letter)
        return "replayed"

    return _each(_choice(ids or [], all_, queue, reason), ids or [], act, "replayed")


@app.command("drop", cls=Command)
def drop(
    ids: LetterIds = None, all_: All = False, queue: Queue = None, reason: Reason = None
) -> int:
    """Remove letters for good."""

    def act(letters: DeadLetters, letter: Letter) -> str:
        letters.drop(letter)
        return "dropped"

    wanted = _choice(ids or [], all_, queue, reason)
    if ids or queue is not None or reason is not None:
        return _each(wanted, ids or [], act, "dropped")
    with DeadLetters(DeadLettersSettings.from_environment()) as letters:
        dropped = letters.drop_all()
    print(f"{dropped:,} dropped")
    return int(dropped == 0)


def _each(
    wanted: Wanted, ids: Collection[str], act: Callable[[DeadLetters, Letter], str], done: str
) -> int:
    """Acts on each wanted letter, and prints how often it had which outcome."""
    missing = set(ids)
    outcomes = Counter({done: 0})
    with DeadLetters(DeadLettersSettings.from_environment()) as letters:
        try:
            for letter in filter(wanted, letters.look()):
                outcomes[act(letters, letter)] += 1
                missing.discard(letter.id)
        finally:  # also if the broker goes away, or on Ctrl-C
            for outcome, number in outcomes.items():
                print(f"{number:,} {outcome}")
    return _say_missing(missing) or int(outcomes[done] == 0)


def _choice(ids: Collection[str], all_: bool, queue: str | None, reason: str | None) -> Wanted:
    """Returns the test that selects letters: by ids, or all that pass the filters."""
    has_filters = queue is not None or reason is not None
    if bool(ids) == all_ or (has_filters and not all_):
        raise typer.BadParameter(
            "give ids, or --all, with or without --queue and --reason", param_hint="ID"
        )
    return _filter(queue, reason) if all_ else lambda letter: letter.id in ids


def _filter(queue: str | None, reason: str | None) -> Wanted:
    return lambda letter: (
        queue in {None, letter.queue} and (reason is None or reason in letter.reason)
    )


def _say_missing(ids: Collection[str]) -> int:
    """Prints the missing ids. Returns the exit status: 1 if there are any."""
    for letter_id in sorted(ids):
        print(
            f"no dead letter {printable(letter_id)}; another command may be holding it",
            file=sys.stderr,
        )
    return int(bool(ids))


def _dropped(settings: DeadLettersSettings) -> str:
    """Sums over the nodes: each counts the letters dropped while it led the queue."""
    try:
        return f"{sum(map(dropped_letters, urls_of(settings.broker_metrics_url))):,}"
    except BrokerError as error:
        return f"unknown (BROKER_METRICS_URL={printable(str(error))})"
