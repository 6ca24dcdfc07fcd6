"""A service is added to a copy of this checkout as CONTRIBUTING says, word for word, and runs."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from support.checkout import copy_checkout
from support.service import ROOT, Service, environment
from support.vhost import Vhost
from support.waiting import eventually

NAME = "average"
STEPS = (
    (ROOT / "CONTRIBUTING.md").read_text().partition("## Add a service\n")[2].partition("\n## ")[0]
)
FENCE = r"\n\n(?P<indent> *)```(?!sh)\w+\n(?P<text>.*?)^(?P=indent)```$"
FILE = re.compile(rf"`(?P<file>[\w./-]+)`:{FENCE}", re.MULTILINE | re.DOTALL)
LINES = re.compile(
    rf"`(?P<file>[\w./-]+)`, below\s+(?P<tick>`+) ?(?P<above>[^\n]+?) ?(?P=tick):{FENCE}",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def text_of(step: re.Match[str]) -> str:
    return re.sub(f"^{step['indent']}", "", step["text"], flags=re.MULTILINE)


def insert(path: Path, above: str, text: str) -> None:
    """Puts the text below the only line that begins so."""
    lines = path.read_text().splitlines(keepends=True)
    (place,) = [i for i, line in enumerate(lines, 1) if line.strip().startswith(above)]
    path.write_text("".join([*lines[:place], text, *lines[place:]]))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout, with the service that CONTRIBUTING adds."""
    folder = tmp_path_factory.mktemp("checkout")
    copy_checkout(folder)
    for step in FILE.finditer(STEPS):
        (folder / step["file"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / step["file"]).write_text(text_of(step))
    for step in LINES.finditer(STEPS):
        insert(folder / step["file"], step["above"], text_of(step))
    for _, command in COMMAND.findall(STEPS):
        subprocess.run(["bash", "-ec", dedent(command)], cwd=folder, check=True)
    return folder


def run(checkout: Path, *command: str, **settings: object) -> str:
    """Runs a command of Python in the copy; what it says. Fails with that if the command fails."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=checkout,
        env=environment(**settings, pythonpath=checkout / "common"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_each_block_of_the_steps_is_followed() -> None:
    followed = (FILE, LINES, COMMAND)
    assert sum(len(each.findall(STEPS)) for each in followed) == STEPS.count("```") // 2


def test_it_passes_the_checks(checkout: Path) -> None:
    if (ROOT / ".mypy_cache").exists():  # the cache of `make check`: seconds instead of a minute
        shutil.copytree(ROOT / ".mypy_cache", checkout / ".mypy_cache")
    ours = (f"{NAME}/src", f"tests/e2e/{NAME}")
    run(checkout, "-m", "mypy", *ours)
    run(checkout, "-m", "ruff", "check", *ours)
    run(checkout, "-m", "ruff", "format", "--check", *ours)


def test_it_is_documented(checkout: Path) -> None:
    documents = ("tests/unit/project/test_readme.py", "-k", "setting or default or tree")
    run(checkout, "-m", "pytest", "-q", "-n0", *documents)


def test_its_own_test_passes(checkout: Path, vhost: Vhost, tmp_path: Path) -> None:
    """The broker is that of this run: a pytest in the copy would start another one."""
    services: list[Service] = []

    def start(name: str, **settings: Any) -> Service:
        service = Service(name, tmp_path, root=checkout, amqp_url=vhost.amqp_url, **settings)
        services.append(service)
        return service

    tests = runpy.run_path(str(checkout / "tests" / "e2e" / NAME / f"test_{NAME}.py"))
    try:
        tests["test_the_average_of_the_latest"](start, vhost)
    finally:
        for service in services:
            service.kill()
            print(service.log())


def test_make_run_starts_it_with_the_others(checkout: Path, vhost: Vhost, model_path: Path) -> None:
    run(
        checkout, "local/run.py", "--rows", "200",
        amqp_url=vhost.amqp_url, model_path=model_path,
    )  # fmt: skip
    log = (checkout / ".local" / "log" / f"{NAME}.log").read_text()
    assert re.search(r"stopped: rows 200, average \d+", log), log


def test_it_may_do_what_it_needs_by_the_definitions_of_the_broker(
    checkout: Path, vhost: Vhost, tmp_path: Path
) -> None:
    definitions = load_definitions(checkout, vhost)
    (may,) = [each for each in definitions["permissions"] if each["user"] == NAME]
    name = f"{NAME}-of-{vhost.name}"
    vhost.manage("PUT", f"users/{name}", {"password": "secret", "tags": []})
    vhost.permit(name, may["configure"], may["write"], may["read"])
    service = Service(NAME, tmp_path, root=checkout, amqp_url=vhost.url_for(name, "secret"))
    try:
        eventually(service.is_up, "the service")
        with vhost.channel() as channel:
            channel.basic_publish("edge.y_pred", "y_pred", b'{"id": "a", "body": 7}')
        eventually(lambda: service.counts() == {"rows": 1, "average": 7.0}, "the average")
        assert service.stop() == 0
        assert "WARNING" not in service.log()
    finally:
        service.kill()
        print(service.log())
        vhost.manage("DELETE", f"users/{name}")


def load_definitions(checkout: Path, vhost: Vhost) -> dict[str, Any]:
    """Gives the virtual host the queues that the copy's broker would have in Docker."""
    text = (checkout / "rabbitmq" / "definitions.template.json").read_text()
    definitions: dict[str, Any] = json.loads(re.sub(r'"\$\{\w+_ARGUMENTS\}"', "{}", text))
    ours = {
        kind: [
            {key: value for key, value in each.items() if key != "vhost"}
            for each in definitions[kind]
            if each["vhost"] == "${VHOST}"
        ]
        for kind in ("exchanges", "queues", "bindings")
    }
    vhost.manage("POST", f"definitions/{vhost.name}", ours)
    return definitions


def test_docker_compose_has_it_with_a_password_that_the_broker_knows(checkout: Path) -> None:
    services = yaml.safe_load((checkout / "docker-compose.yml").read_text())["services"]
    password = "${AVERAGE_PASSWORD:-average}"
    assert services["rabbitmq"]["environment"]["AVERAGE_PASSWORD"] == password
    assert password in services[NAME]["environment"]["AMQP_URL"]
    assert (
        f"average/src/{NAME}.py" in (checkout / services[NAME]["build"]["dockerfile"]).read_text()
    )
    for overlay in ("course", "cluster"):
        text = (checkout / f"docker-compose.{overlay}.yml").read_text()
        assert (
            NAME in yaml.safe_load(text.replace("!reset", "").replace("!override", ""))["services"]
        )
