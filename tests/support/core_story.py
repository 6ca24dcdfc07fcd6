"""The first story of the code without the second: what to delete, and which lines then differ."""

import shutil
from pathlib import Path

from support.service import ROOT

FILES = (
    "features/src/features.py", "model/src/model.py", "metric/src/metric.py",
    "metric/src/join.py", "metric/src/ledger.py", "metric/src/durable_csv.py", "plot/src/plot.py",
)  # fmt: skip
PARTS = ("common", "features", "model", "metric", "plot")

SECOND_STORY = {
    "model": [
        "model/src/live_model.py", "model/src/default_model.py", "model/src/shadow_answers.py",
        "model/src/first_model.py", "model/src/memory_limit.py", "model/src/stored_model.py",
        "model/src/quality.py",
        "common/pipeline/model_store/objects.py", "common/pipeline/model_store/store.py",
    ],
    "metric": [
        "metric/src/shadow.py", "metric/src/shadowed_join.py", "metric/src/shadow_messages.py",
        "metric/src/model_scores.py", "metric/src/error_sums.py", "metric/src/remembered_rows.py",
    ],
    "plot": [
        f"plot/src/shadow_comparison/{name}.py"
        for name in ("__init__", "comparison", "confidence_sequence", "rows", "section")
    ],
}  # fmt: skip

Line = tuple[str, str, str]  # a file, a part of one of its lines, and what stands for it without
WITHOUT: dict[str, list[Line]] = {
    "model": [
        ("model/src/model.py", "from live_model import LiveModel, LiveModelSettings",
         "from pipeline.settings import Settings as LiveModelSettings"),
        ("model/src/model.py",
         "LiveModel(own, settings, run) as live, Broker(settings, run, uses=live.uses)",
         "Broker(settings, run)"),
        ("model/src/model.py", "live.listen(broker)", "pass"),
        ("model/src/model.py", "with live.answering(requests, broker) as predictor:",
         "for predictor in [own]:"),
    ],
    "metric": [
        ("metric/src/metric.py", "from shadow_messages import OPTIONAL, USES, decode",
         "USES, OPTIONAL, decode = (), (), lambda batch, of: batch.decode(of.predictions)"),
        ("metric/src/ledger.py", "from shadowed_join import ShadowedJoin",
         "from join import Join"),
        ("metric/src/ledger.py",
         "ShadowedJoin(self._database, limits, scores, folder, self._files)",
         "Join(self._database, limits, scores)"),
    ],
    "plot": [
        ("plot/src/plot.py", "from shadow_comparison.section import shadow_section", ""),
        ("plot/src/plot.py", "= [shadow_section(settings.logs, schema)]", "= []"),
    ],
}  # fmt: skip


def without_the_second_story(folder: Path) -> list[Line]:
    """Copies the services, deletes the second story's modules; returns the altered lines."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in [name for names in SECOND_STORY.values() for name in names]:
        (folder / name).unlink()
    lines = [line for service in WITHOUT.values() for line in service]
    for name, there, instead in lines:
        text = (folder / name).read_text()
        assert text.count(there) == 1, f"{name} has not one line with: {there}"
        (folder / name).write_text(text.replace(there, instead))
    return lines
