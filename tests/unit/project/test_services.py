"""Services are found by their folders; a test starts one with its own settings alone."""

import tomllib
from pathlib import Path

import pytest

from services import entry_of, folders_of, services_of
from support.service import ROOT, environment
from support.service_settings import SETTINGS

OF_LIBRARIES = ("CELERY_BROKER_URL", "AWS_ENDPOINT_URL", "SSL_CERT_FILE", "OMP_NUM_THREADS")


def test_a_service_is_found_by_its_entry_and_stops_last_if_nobody_knows_it(tmp_path: Path) -> None:
    entries = ("plot/src/plot.py", "mine/src/mine.py", "features/src/features.py")
    for name in (*entries, "gateway/src/gateway.py", "flower/src/celeryconfig.py", "docs/a.md"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert services_of(tmp_path) == ["gateway", "features", "plot", "mine"]
    assert services_of(tmp_path, serving=False) == ["features", "plot", "mine"]


def test_a_second_process_of_a_folder_is_a_service_that_runs_beside_the_first() -> None:
    names = services_of(ROOT)
    assert names.index("gateway") < names.index("model-by-id") == names.index("model") + 1
    assert "model-by-id" not in services_of(ROOT, serving=False)
    assert [entry_of(name) for name in ("model", "model-by-id")] == [
        Path("model/src/model.py"), Path("model/src/model_by_id.py")
    ]  # fmt: skip
    assert folders_of(ROOT).count("model") == 1
    assert SETTINGS["model-by-id"].__name__ == "ModelByIdSettings"


def test_mypy_is_told_of_each_service() -> None:
    path = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["mypy_path"]
    assert {f"{name}/src" for name in folders_of(ROOT)} <= {*path}


def test_a_service_gets_its_own_settings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {name.upper() for settings in SETTINGS.values() for name in settings.model_fields}
    for name in (*ours, *OF_LIBRARIES):
        monkeypatch.setenv(name, "of somebody else")
    found = environment(stream_rate=7)
    assert "of somebody else" not in found.values()
    assert found["STREAM_RATE"] == "7"
    assert "PATH" in found
