"""A server takes no more connections than its process may have files, and is allowed more first."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, tuple(map(int, sys.argv[1:3])))
from pipeline.web.connections import affordable
print(affordable(int(sys.argv[3])), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "most", "found"),
    [
        (1024, 4096, 2000, "2000 2250"),
        (1024, 1024, 2000, "774 1024"),
        (1024, 1024, 250, "250 1024"),
        (256, 1024, 250, "250 500"),
        (200, 200, 250, "1 200"),
    ],
)
def test_there_are_descriptors_for_the_connections(
    soft: int, hard: int, most: int, found: str
) -> None:
    command = [sys.executable, "-c", SCRIPT, *map(str, (soft, hard, most))]
    assert subprocess.check_output(command, text=True).split() == found.split()
