"""The first story reads alone: short, without the words of the second, and works without it."""

import re

import pytest

from support.core_story import FILES
from support.service import ROOT

MAX_LINES, MAX_FILE_LINES = 1000, 200  # of all together; of one

# Anywhere in a word: also Restore, exchange or files_changed count.
WORDS = re.compile(r"shadow|store|change|tried|candidate", re.IGNORECASE)
NAMED = {
    "model/src/model.py": [
        "from pipeline.model_store.outcomes import Failed",
        "from pipeline.model_store.predictor import Predictor",
    ],
    "metric/src/metric.py": [
        "from shadow_messages import OPTIONAL, USES, decode",
        'run.gauges["files_changed"] = ledger.alterations',
    ],
    "metric/src/ledger.py": [
        "from shadowed_join import ShadowedJoin",
        "self._join = ShadowedJoin(self._database, limits, scores, folder, self._files)",
    ],
    "plot/src/plot.py": [
        "from shadow_comparison.section import shadow_section",
        "sections: list[Section] = [shadow_section(settings.logs, schema)]",
    ],
    "metric/src/durable_csv.py": [
        'log.warning("%s was changed by something else: %s; beginning a new one", self._path,'
        " found)",
    ],
}


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
