"""Documents that agree with the code: settings, links, commands, and folders."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from support.documents import DOCUMENTS, prose
from support.service import ROOT
from support.service_settings import SETTINGS

COMPOSE_ONLY = {
    "MODEL_EXTRA",  # of an image's build, and no setting of a service
    "COMPOSE_PROFILES", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME",
}  # fmt: skip
OTHER_IN_A_CONTAINER = {"MODEL_STORE": "/models", "STREAM_COUNT": ""}  # empty is endless, too
USE = sorted(ROOT.glob("docs/use/*.md"))
MAX_README_LINES = 150
MADE_BY_THE_READER = ("logs/", "my_model.py")
OF_OTHERS = {
    "port is already allocated", "address already in use", "unhealthy", "failed",
    "PRECONDITION_FAILED - inequivalent arg 'durable'", "ACCESS_REFUSED - Login was refused",
    "the input device is not a TTY",
}  # fmt: skip
NO_SERVICE = {
    "tests",
    "bench",
    "docs",
    "datasets",
    "examples",
    "logs",
    "common",
    "local",
    "redis",
    "rabbitmq",
}
DEFAULTS: dict[str, Any] = {
    name.upper(): field.default
    for settings in SETTINGS.values()
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


def test_the_guide_has_each_setting_with_its_default() -> None:
    table = (ROOT / "docs/use/settings.md").read_text()
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


def anchors(document: Path) -> set[str]:
    """The names of the headings, as GitHub makes them: one that comes again is numbered."""
    found: list[str] = []
    for heading in re.findall(r"^#+ +(.*?) *$", prose(document), re.MULTILINE):
        shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.append(re.sub(r"[^\w\- ]", "", shown).replace(" ", "-"))
    return {
        f"{name}-{found[:index].count(name)}" if name in found[:index] else name
        for index, name in enumerate(found)
    }


def links(document: Path) -> Iterator[tuple[Path, str]]:
    """The files of this repository that a document leads to, each with the anchor in it."""
    for target in re.findall(r"(?:\]\(|src=\")([^)\"\s]+)[)\"]", prose(document)):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield (document.parent / path).resolve() if path else document, anchor


def commands(document: Path) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_link_leads_somewhere(document: Path) -> None:
    for path, anchor in links(document):
        assert path.exists(), path
        assert not anchor or anchor in anchors(path), f"{path}#{anchor}"


def test_the_readme_is_short_and_leads_to_each_page_of_use() -> None:
    readme = ROOT / "README.md"
    assert len(readme.read_text().splitlines()) <= MAX_README_LINES
    assert {path for path, _ in links(readme)} >= set(USE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_can_be_copied_into_a_shell(document: Path) -> None:
    for block in commands(document):
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_name_what_is_there(document: Path) -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    blocks = "\n".join(commands(document))
    made = re.findall(r"`make ([a-z0-9-]+)", document.read_text()) + re.findall(
        r"\bmake (\S+)", blocks
    )
    assert set(made) <= set(targets)
    for name in re.findall(r"[\w./-]+\.(?:yml|py|txt)\b", blocks):
        assert (ROOT / name).exists() or name.startswith(MADE_BY_THE_READER), name


def test_troubleshooting_quotes_messages_that_there_are() -> None:
    places = ["*/src/**/*.py", "common/pipeline/**/*.py", "cli/**/*.py", "local/*.py"]
    code = "".join(path.read_text() for place in places for path in ROOT.glob(place))
    code = re.sub(r'"\s+f?"', "", code)  # a message of several lines
    page = (ROOT / "docs/use/troubleshooting.md").read_text()
    for seen in re.findall(r"^\| (?!what)(.*?) \|", page, re.MULTILINE):
        for message in set(re.findall(r"`(.*?)`", seen)) - OF_OTHERS:
            for part in message.replace("metric_log.csv", "…").split("…"):
                assert part.strip(" :") in code, message


def test_the_tree_of_the_readme_has_each_folder_that_is_there() -> None:
    tree = re.findall(r"^([a-z]+)/ +\S", (ROOT / "README.md").read_text(), re.MULTILINE)
    services = {path.parent.name for path in ROOT.glob("*/Dockerfile")}
    assert set(tree) == services | NO_SERVICE
    assert all((ROOT / name).is_dir() for name in tree)
