"""Changes of the live model and the shadow, for a person in a terminal."""

from pipeline_cli import terminal
from pipeline_cli.job_text import field
from pipeline_cli.stored_models.answers import Change, Changed, Changes, Replica
from pipeline_cli.stored_models.words import NONE, time_text
from pipeline_cli.terminal import printable


def show_changed(changed: Changed, before: Change | None) -> None:
    """Prints what a change has changed, and which processes of `model` follow it."""
    change = changed.change
    for name, old, new in (
        ("live", before and before.live, change.live),
        ("shadow", before and before.shadow, change.shadow),
    ):
        if before is None or old != new:
            moved = "" if before is None else f"{old or NONE} → "
            field(name, f"{moved}{new or NONE}")
    field("change", f"{change.number}{_note(change, ', ')}")
    follow = [each.name for each in changed.replicas if _follows(each, change)]
    if follow:
        field("followed by", ", ".join(follow))
    for each in changed.replicas:
        if not _follows(each, change):
            field("not followed by", _answers(each))
    if not changed.replicas:
        field("followed by", f"{NONE} (no process of model has reported; one that starts will)")


def show_history(history: Changes) -> None:
    """Prints what each process answers with, and the changes, the newest first."""
    last = history.changes[0].number if history.changes else 0
    for each in history.replicas:
        behind = f", since change {each.change}" if each.change < last else ""
        print(f"{printable(_answers(each))}{behind}")
    if not history.replicas:
        print("no process of model has reported what it answers with")
    print()
    if not history.changes:
        print("there is no change yet: the first model that starts makes one")
        return
    rows = terminal.table()
    for justify in ("right", "left", "left", "left", "left"):
        rows.add_column(justify=justify, overflow="fold")
    rows.add_row("CHANGE", "AT", "ACTION", "MODEL", "")
    for change, before in zip(history.changes, [*history.changes[1:], None], strict=True):
        model = _named(change, before)
        rows.add_row(
            *map(printable, (str(change.number), time_text(change.at), change.action, model)),
            _note(change, ""),
        )
    terminal.show(rows)


def _named(change: Change, before: Change | None) -> str:
    """Returns the model that an action is about."""
    if change.action == "unshadow":
        return (before and before.shadow) or NONE
    return (change.shadow or NONE) if change.action == "shadow" else change.live


def _note(change: Change, separator: str) -> str:
    if change.takes_back:
        return f"{separator}takes back change {change.takes_back}"
    return f"{separator}by force" if change.forced else ""


def _follows(replica: Replica, change: Change) -> bool:
    return not replica.problem and replica.change >= change.number


def _answers(replica: Replica) -> str:
    """Returns what a process answers with, and why it is not something else."""
    shadow = f", shadow {replica.shadow}" if replica.shadow else ""
    problem = f": {replica.problem}" if replica.problem else ""
    return f"{replica.name} answers with {replica.live}{shadow}{problem}"
