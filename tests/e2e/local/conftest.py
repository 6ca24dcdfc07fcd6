import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import family
from support.runner import Runner


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path)
    yield runner
    print(runner.output)
    if runner.process.poll() is None:
        for pid in family(runner.process.pid):
            os.kill(pid, signal.SIGKILL)
