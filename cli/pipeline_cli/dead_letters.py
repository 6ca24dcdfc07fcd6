"""`python -m pipeline dead-letters`: shows, replays or drops messages that no service could use."""

import argparse
import sys
from collections import Counter, deque
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, HttpUrl

from pipeline.broker import DeadLetters, Letter, dropped_letters
from pipeline.errors import BrokerError
from pipeline.ids import MAX_ID_CHARACTERS
from pipeline.settings import BrokerSettings, one_or_more, urls_of
from pipeline_cli.terminal import LONGEST_REASON, cell, print_table, printable, wrapped

KINDS = 20  # kinds of reasons in the summary
MOST_MS = 253_402_300_800_000  # the year 10000, which datetime cannot express

Wanted = Callable[[Letter], bool]


class DeadLettersSettings(BrokerSettings):
    """The broker with the dead letters, and the page where it counts those that it has dropped."""

    broker_metrics_url: Annotated[str, one_or_more(HttpUrl)] = Field(
        "http://localhost:15692/metrics",
        description="a URL like http://host:15692/metrics (RabbitMQ's plugin rabbitmq_prometheus), "
        "or one for each node of a cluster, separated by commas",
    )


def add_to(commands: Any) -> None:
    """Adds the subcommand to those of `python -m pipeline`."""
    parser = commands.add_parser("dead-letters", help="look at what no service could use")
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="how many there are and why, and the newest")
    _add_filters(listing)
    listing.add_argument("--limit", type=_count, default=20, metavar="N", help="the newest N (20)")
    listing.set_defaults(run=_list)

    show = actions.add_parser("show", help="all of one letter")
    show.add_argument("id", metavar="ID")
    show.add_argument("--raw", action="store_true", help="its body alone, byte for byte")
    show.set_defaults(run=_show)

    for name, run, help_text in (
        ("replay", _replay, "put them back into the queue they came from"),
        ("drop", _drop, "remove them for good"),
    ):
        action = actions.add_parser(name, help=help_text)
        action.add_argument("ids", nargs="*", metavar="ID")
        action.add_argument("--all", action="store_true", help="all, or all that the filters leave")
        _add_filters(action)
        action.set_defaults(run=run, error=action.error)  # the usage is checked when it runs


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--queue", metavar="Q", help="only those that came from this queue")
    parser.add_argument("--reason", metavar="TEXT", help="only those with this text in the reason")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a number of letters, not {text!r}")
    return int(text)


def _list(args: argparse.Namespace) -> int:
    settings, wanted = DeadLettersSettings.from_environment(), _filter(args)
    kinds: Counter[tuple[str, str]] = Counter()
    newest: deque[tuple[str, ...]] = deque(maxlen=min(args.limit, sys.maxsize))
    with DeadLetters(settings) as letters:
        for letter in filter(wanted, letters.look()):
            newest.append(_row(letter))
            kinds[cell(letter.queue, 20), cell(letter.reason, LONGEST_REASON)] += 1
    print(f"dead letters: {kinds.total():,}")
    for (queue, reason), number in kinds.most_common(KINDS):
        print(f"{number:7,}  {queue:8}  {wrapped(reason, 19)}")
    if len(kinds) > KINDS:
        print(f"         and {len(kinds) - KINDS:,} other reasons")
    print(f"dropped since the broker's start, because a queue was full: {_dropped(settings)}")
    if newest:
        print(f"\nthe newest {len(newest)}, in the order of the queue:")
        _print_letters(newest)
    return int(not kinds)


def _print_letters(rows: Collection[tuple[str, ...]]) -> None:
    """Prints a line for each; in a terminal too narrow for the reasons, a paragraph."""
    if not sys.stdout.isatty():
        print_table([("ID", "TIME", "QUEUE", "REASON", "BODY"), *rows])
        return
    for letter_id, time, queue, reason, body in rows:
        print(f"{letter_id}  {time}  {queue}")
        print(f"    {wrapped(reason, 4)}\n    {wrapped(body, 4)}")


def _row(letter: Letter) -> tuple[str, ...]:
    return (
        cell(letter.id, MAX_ID_CHARACTERS),
        _time(letter),
        cell(letter.queue, 20),
        cell(letter.reason, LONGEST_REASON),
        cell(letter.body[:160].decode("utf-8", "backslashreplace"), 40),
    )


def _time(letter: Letter) -> str:
    """Returns the time of the dead-lettering, UTC."""
    in_ms = letter.headers.get("timestamp_in_ms")
    if not isinstance(in_ms, int) or not 0 <= in_ms < MOST_MS:
        return "-"
    return datetime.fromtimestamp(in_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _show(args: argparse.Namespace) -> int:
    with DeadLetters(DeadLettersSettings.from_environment()) as letters:
        letter = next((letter for letter in letters.look() if letter.id == args.id), None)
    if letter is None:
        return _say_missing([args.id])
    if args.raw:
        sys.stdout.buffer.write(letter.body)
        return 0
    print(f"time: {_time(letter)}")
    for name, value in letter.properties.items():
        print(f"{name}: {printable(str(value))}")
    print("headers:")
    for name, value in letter.headers.items():
        print(f"  {printable(str(name))}: {printable(str(value))}")
    print(f"body, {len(letter.body):,} bytes:")
    for line in letter.body.decode("utf-8", "backslashreplace").split("\n"):
        print(f"  {printable(line)}")
    return 0


def _replay(args: argparse.Namespace) -> int:
    def replay(letters: DeadLetters, letter: Letter) -> str:
        if not letter.can_be_replayed:
            return "left: they came from none of features, y_true and y_pred"
        letters.replay(letter)
        return "replayed"

    return _each(args, replay, "replayed")


def _drop(args: argparse.Namespace) -> int:
    def drop(letters: DeadLetters, letter: Letter) -> str:
        letters.drop(letter)
        return "dropped"

    if args.ids or not args.all or args.queue is not None or args.reason is not None:
        return _each(args, drop, "dropped")
    with DeadLetters(DeadLettersSettings.from_environment()) as letters:
        dropped = letters.drop_all()
    print(f"{dropped:,} dropped")
    return int(dropped == 0)


def _each(args: argparse.Namespace, act: Callable[[DeadLetters, Letter], str], done: str) -> int:
    """Acts on each selected letter, and prints how often it had which outcome."""
    wanted, missing = _choice(args), set(args.ids)
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


def _choice(args: argparse.Namespace) -> Wanted:
    """Returns the test that selects letters: by ids, or all that pass the filters."""
    filters = args.queue is not None or args.reason is not None
    if bool(args.ids) == args.all or (filters and not args.all):
        args.error("name the ids, or give --all, which may be narrowed by --queue and --reason")
    return _filter(args) if args.all else lambda letter: letter.id in args.ids


def _filter(args: argparse.Namespace) -> Wanted:
    return lambda letter: (
        args.queue in {None, letter.queue} and (args.reason is None or args.reason in letter.reason)
    )


def _say_missing(ids: Collection[str]) -> int:
    """Prints the missing ids. Returns the exit status: 1 if there are any."""
    for letter_id in sorted(ids):
        print(
            f"no dead letter {printable(letter_id)}; another command may hold it just now",
            file=sys.stderr,
        )
    return int(bool(ids))


def _dropped(settings: DeadLettersSettings) -> str:
    """Sums over the nodes: each counts the letters dropped while it led the queue."""
    try:
        return f"{sum(map(dropped_letters, urls_of(settings.broker_metrics_url))):,}"
    except BrokerError as error:
        return f"unknown (BROKER_METRICS_URL={printable(str(error))})"
