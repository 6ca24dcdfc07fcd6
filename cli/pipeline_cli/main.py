"""Entry of `python -m pipeline`: each command is a module of its own.

Exit status: 0 done, 1 nothing found or failed, 2 wrong usage or settings.
"""

import contextlib
import io
import os
import signal
import sys

from pipeline.errors import PipelineError, SettingsError
from pipeline_cli import arguments, ask, asyncapi, dead_letters, train
from pipeline_cli.dataset import command as dataset
from pipeline_cli.stored_models import command as models
from pipeline_cli.terminal import printable

INTERRUPTED = 130  # the exit status that shells expect after Ctrl-C

app = arguments.group(
    "Ask the pipeline's model, train and promote others, take in tables, look after dead letters, "
    "describe the queues."
)
app.add_typer(ask.app, name="ask")
app.command("train", cls=arguments.Command, epilog=train.EXAMPLES)(train.train)
app.add_typer(models.app, name="models")
app.add_typer(dataset.app, name="dataset")
app.add_typer(dead_letters.app, name="dead-letters")
app.command("asyncapi", cls=arguments.Command, epilog=asyncapi.EXAMPLES)(asyncapi.asyncapi)


def main() -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # for containers, see common/process1
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # escapes what a terminal cannot show
    try:
        status = arguments.run(app, os.environ.get("SHOWN_COMMAND") or "python -m pipeline")
        sys.stdout.flush()
    except PipelineError as error:
        print(printable(str(error)), file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:  # from stdout: a full disk, or `… | head` that has seen enough
        if not isinstance(error, BrokenPipeError):
            print(f"cannot write: {error.strerror}", file=sys.stderr)
        with contextlib.suppress(OSError):  # else Python writes the rest at its end, and fails
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status
