"""A million labels without a prediction: no row is lost that had not a bound of them behind it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.report import Report
from support.flood import flood
from support.service import Service
from support.vhost import Vhost

pytestmark = pytest.mark.timeout(3600)

Start = Callable[..., Service]

JUNK = 1_000_000


def test_a_flood_of_labels(start: Start, vhost: Vhost, tmp_path: Path, report: Report) -> None:
    flood(start, vhost, tmp_path, JUNK)
    report.note(f"among {JUNK:,} labels without a prediction: all rows that had to be there")
