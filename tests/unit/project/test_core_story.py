"""The first story reads alone: short, without the words of the second, and works without it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.core_story import FILES, PARTS, without_the_second_story
from support.service import ROOT

MAX_LINES, MAX_FILE_LINES = 1000, 200  # of all together; of one
MAX_ALTERED_LINES = 10

# Anywhere in a word: also Restore, exchange or files_changed count.
WORDS = re.compile(r"shadow|store|change|tried|candidate", re.IGNORECASE)
NAMED = {
    "model/src/model.py": [
        "from pipeline.model_store.predictor import Predictor",
    ],
    "metric/src/metric.py": [
        "from shadow_messages import OPTIONAL, USES, decode",
        'run.gauges["files_changed"] = ledger.alterations',
    ],
    "metric/src/ledger.py": [
        "from shadowed_join import ShadowedJoin",
        "self._join = ShadowedJoin(self._database, limits, folder, self._files)",
    ],
    "plot/src/plot.py": [
        "from shadow_comparison.section import shadow_section",
        "sections: list[Section] = [shadow_section(settings.logs_dir)]",
    ],
    "metric/src/durable_csv.py": [
        'log.warning("%s was changed by something else: %s; beginning a new one", self._path,'
        " found)",
    ],
}
TESTS = ["test_durable_csv.py", "test_join.py"]


def test_the_core_is_short() -> None:
    lines = {name: len((ROOT / name).read_text().splitlines()) for name in FILES}
    assert sum(lines.values()) < MAX_LINES, lines
    assert max(lines.values()) < MAX_FILE_LINES, lines


@pytest.mark.parametrize("name", FILES)
def test_words_of_the_second_story_are_only_in_lines_that_are_named(name: str) -> None:
    lines = map(str.strip, (ROOT / name).read_text().splitlines())
    named = NAMED.get(name, [])
    assert [line for line in lines if WORDS.search(line)] == named
    assert len(named) <= 2


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("core")
    altered = without_the_second_story(folder)
    assert len(altered) <= MAX_ALTERED_LINES
    assert all("\n" not in line for _, *texts in altered for line in texts)
    return folder


def run(core: Path, *arguments: str | Path) -> None:
    """Runs Python with the copy's modules, and not those of the checkout."""
    places = [core / "common", *(core / part / "src" for part in PARTS[1:]), ROOT / "tests"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=core, env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("service", PARTS[1:])
def test_without_the_second_story_each_service_is_whole(core: Path, service: str) -> None:
    run(core, "-c", f"import {service}; assert {service}.__file__.startswith({str(core)!r})")


def test_without_the_second_story_the_core_keeps_its_promises(core: Path) -> None:
    tests = [ROOT / "tests" / "unit" / "metric" / name for name in TESTS]
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--noconftest", "-c", os.devnull]
    run(core, "-m", "pytest", *options, *tests)
