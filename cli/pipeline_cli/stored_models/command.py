"""`python -m pipeline models`: its actions and their options."""

import sys
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from pipeline.errors import PipelineError
from pipeline_cli import arguments
from pipeline_cli.arguments import Command
from pipeline_cli.gateway_client import AskSettings, Gateway, model_path
from pipeline_cli.stored_models.answers import Change, Changed, Changes, Model, Models
from pipeline_cli.stored_models.change_text import show_changed, show_history
from pipeline_cli.stored_models.list_text import show_list
from pipeline_cli.stored_models.model_text import show_model
from pipeline_cli.stored_models.next_steps import NextSteps
from pipeline_cli.stored_models.words import size_text
from pipeline_cli.terminal import printable, say

EXAMPLES = """\
Examples:
  {command} list
  {command} shadow ridge-7f3a9c2b41de
  {command} promote ridge-7f3a9c2b41de
  {command} rollback

MLflow calls them champion (live) and challenger (shadow). Exit status: 0 done, 1 refused or failed,
2 wrong usage.
GATEWAY_URL (http://localhost:8000) says where the gateway is, GATEWAY_API_KEY is its key."""

app = arguments.group(
    "Compare the stored models, and decide which one answers.",
    EXAMPLES,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the gateway's answer, one object.")]
ModelId = Annotated[str, typer.Argument(metavar="ID", show_default=False)]


class _Caller(NamedTuple):
    gateway: Gateway
    next: NextSteps


def _caller() -> _Caller:
    settings = AskSettings.from_environment()
    gateway = Gateway(settings, say)
    return _Caller(gateway, NextSteps(settings, gateway))


@app.command("list", cls=Command)
def list_models(as_json: AsJson = False) -> int:
    """List the models: the live one, the shadow, then by error."""
    gateway, next_steps = _caller()
    content = gateway.content("models")
    if as_json:
        return _print(gateway, content)
    if models := gateway.decoded(content, Models).models:
        show_list(models)
    else:
        next_steps.of_none()
    return 0


@app.command("show", cls=Command)
def show(model_id: ModelId, as_json: AsJson = False) -> int:
    """Show all that is known of a model, and what can be done with it."""
    gateway, next_steps = _caller()
    content = gateway.content(model_path(model_id))
    if as_json:
        return _print(gateway, content)
    model = gateway.decoded(content, Model)
    show_model(model)
    if model.state == "shadow":
        next_steps.of_shadow(model_id)
    elif model.state == "stored":
        next_steps.of_stored(model_id)
    return 0


@app.command("promote", cls=Command)
def promote(
    model_id: ModelId,
    force: Annotated[
        bool,
        typer.Option("--force", help="Even if its error on the hold-out is too high, or unknown."),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Make a model live: it answers from now on."""
    return _changed(model_path(model_id, "/promote"), as_json, {"force": force})


@app.command("shadow", cls=Command)
def shadow(model_id: ModelId, as_json: AsJson = False) -> int:
    """Try a model: score it on the rows of the live one."""
    return _changed(model_path(model_id, "/shadow"), as_json)


@app.command("unshadow", cls=Command)
def unshadow(as_json: AsJson = False) -> int:
    """Stop the shadow model."""
    return _changed("shadow", as_json, method="DELETE")


@app.command("rollback", cls=Command)
def rollback(as_json: AsJson = False) -> int:
    """Go back to the model before the last promotion."""
    return _changed("rollback", as_json)


@app.command("history", cls=Command)
def history(as_json: AsJson = False) -> int:
    """Show the changes, and what each process answers with."""
    gateway = _caller().gateway
    content = gateway.content("changes")
    if as_json:
        return _print(gateway, content)
    show_history(gateway.decoded(content, Changes))
    return 0


@app.command("delete", cls=Command)
def delete(
    model_id: ModelId,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> int:
    """Delete a model that is not in use, for good."""
    gateway, next_steps = _caller()
    if not yes and not _agrees(gateway, model_id):
        return 1
    gateway.change(model_path(model_id), method="DELETE")
    if as_json:
        print(msgspec.json.encode({"model_id": model_id, "deleted": True}).decode())
        return 0
    print(f"{printable(model_id)} is deleted")
    next_steps.of_rest()
    return 0


def _agrees(gateway: Gateway, model_id: str) -> bool:
    """Asks the person at the terminal. Without one it is wrong usage: nobody can be asked."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "nobody can be asked, as stdin is no terminal: give -y to delete it", param_hint="-y"
        )
    model = gateway.decoded(gateway.content(model_path(model_id)), Model)
    what = f"{model.model_id} ({model.algorithm}, {size_text(model.size)})"
    print(f"delete {printable(what)} for good? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    say("nothing is deleted")
    return False


def _changed(path: str, as_json: bool, body: Any = None, method: str = "POST") -> int:
    """Makes a change, and prints what it has changed and what comes next."""
    gateway, next_steps = _caller()
    content = gateway.change(path, body, method)
    if as_json:
        return _print(gateway, content)
    changed = gateway.decoded(content, Changed)
    show_changed(changed, _before(gateway, changed.change))
    if changed.change.action == "shadow" and changed.change.shadow:
        next_steps.of_shadow(changed.change.shadow)
    elif changed.change.action == "promote":
        next_steps.of_live()
    else:
        next_steps.of_rest()
    return 0


def _before(gateway: Gateway, change: Change) -> Change | None:
    """Returns the change before; None if it is not known, as the first has none."""
    try:
        made = gateway.decoded(gateway.content("changes"), Changes).changes
    except PipelineError:  # the change is made all the same
        return None
    return next((each for each in made if each.number == change.number - 1), None)


def _print(gateway: Gateway, content: bytes) -> int:
    """Prints an answer as it is, if it is one of a gateway."""
    gateway.decoded(content, dict[str, Any])
    print(content.decode())
    return 0
