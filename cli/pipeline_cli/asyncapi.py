"""`python -m pipeline asyncapi`: prints the description of the queues."""

import sys

from pipeline.asyncapi.document import document_json
from pipeline.settings import Settings
from pipeline.table.data_sets import load_schema

EXAMPLES = """\
Examples:
  {command} > asyncapi.json
  DATASET=iris {command} > asyncapi.json

Exit status: 0 done, 1 there is no such data set, 2 wrong usage or settings."""


def asyncapi() -> int:
    """Print a description of the queues and their messages, AsyncAPI in JSON."""
    settings = Settings.from_environment()
    document = document_json(load_schema(settings.dataset, settings.datasets_dir))
    sys.stdout.flush()
    sys.stdout.buffer.write(document)  # UTF-8, whatever the terminal has
    return 0
