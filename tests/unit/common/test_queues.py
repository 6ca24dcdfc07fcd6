"""The names of queues stand in one module: what is spelt elsewhere cannot be renamed, or found."""

import ast
from pathlib import Path

import pytest

from pipeline import queues

ROOT = Path(__file__).parents[3]
NAMES = {queues.Y_TRUE, queues.Y_PRED, queues.Y_PRED_SHADOW, queues.DEAD_LETTERS}
# Here they are something else: the columns of metric_log.csv, and fields of the page's JSON.
COLUMNS = {
    "common/pipeline/files.py", "plot/src/logs/metric_state.py", "plot/src/logs/parse.py",
    "plot/src/logs/layout.py", "plot/src/logs/rows.py",
    "plot/src/logs/tail.py", "plot/src/page/payloads.py", "plot/src/page/routes.py",
}  # fmt: skip
PARTS = ("common", "features", "model", "metric", "plot", "gateway", "trainer", "cli")
FILES = [path for part in PARTS for path in sorted((ROOT / part).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_spells_the_name_of_a_queue(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    texts = {node.value for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)}  # fmt: skip
    if name == "common/pipeline/queues.py":
        assert texts >= NAMES
    elif name not in COLUMNS:
        assert not texts & NAMES


def test_names_are_what_people_have_bound_their_own_queues_to() -> None:
    assert queues.STREAMS == ("features", "y_true", "y_pred")
    assert queues.edge("y_true") == "edge.y_true"
    assert queues.delay_queue(3) == "y_true.delay.3of4"
