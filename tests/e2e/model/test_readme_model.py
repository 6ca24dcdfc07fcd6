"""The model that the documents give as an example, run as it stands there."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from support.rows import read_rows, row_count
from support.service import ROOT, Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

Start = Callable[..., Service]


def test_it_takes_the_place_of_ours(start: Start, vhost: Vhost, tmp_path: Path) -> None:
    page = (ROOT / "docs/use/your-own-service.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "own_model.py").write_text(example)
    environment = os.environ | {"AMQP_URL": vhost.amqp_url}
    own = subprocess.Popen([sys.executable, tmp_path / "own_model.py"], env=environment)
    try:
        start("metric")
        start("features", stream_rate=0, stream_count=100)
        eventually(lambda: row_count(tmp_path) == 100, "100 rows")
    finally:
        own.kill()
        own.wait(PATIENCE_SECONDS)
    assert 30 < read_rows(tmp_path)["absolute_error"].mean() < 80
