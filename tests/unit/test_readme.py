"""What the documents say of the settings is what the services take."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from features import FeaturesSettings
from gateway_settings import GatewaySettings
from metric import MetricSettings
from model import ModelSettings
from pipeline.settings import Settings
from plot import PlotSettings
from support import ROOT
from tasks import TrainerSettings

SERVICES: list[type[Settings]] = [
    FeaturesSettings, MetricSettings, ModelSettings, PlotSettings, TrainerSettings, GatewaySettings
]  # fmt: skip
COMPOSE_ONLY = {
    "MODEL_EXTRA",  # of an image's build, and no setting of a service
    "COMPOSE_PROFILES", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME",
}  # fmt: skip
OTHER_IN_A_CONTAINER = {"MODEL_STORE": "/models", "STREAM_COUNT": ""}  # empty is endless, too
DEFAULTS: dict[str, Any] = {
    name.upper(): field.default
    for settings in SERVICES
    for name, field in settings.model_fields.items()
}


def as_written(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, Path):
        return str(default.relative_to(ROOT) if default.is_absolute() else default)
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_the_readme_has_each_setting_with_its_default() -> None:
    table = (ROOT / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    documented = re.findall(r"^\|[^|]*\| `([A-Z_]+)` \|\s*`?([^`|]*?)`?\s*\|", table, re.MULTILINE)
    assert dict(documented) == {name: as_written(default) for name, default in DEFAULTS.items()}


@pytest.mark.parametrize("name", ["docker-compose.yml", ".env.example"])
def test_compose_passes_the_same_defaults(name: str) -> None:
    text = (ROOT / name).read_text()
    pattern = (
        r"(?<!\})\$\{([A-Z_]+):-([^}]*)\}"  # that of `restart` is none of a setting
        if name.endswith("yml")
        else r"^#? ?([A-Z_]+)=(.*?)(?: +#.*)?$"
    )
    for setting, default in re.findall(pattern, text, re.MULTILINE):
        if not setting.endswith(("_PORT", "_PASSWORD")) and setting not in COMPOSE_ONLY:
            expected = OTHER_IN_A_CONTAINER.get(setting, as_written(DEFAULTS[setting]))
            assert default == expected, setting
