"""What can be said of the compose files without starting anything."""

import json
import re
import shutil

import pytest

from compose.stack import CLUSTER, COURSE, NODES, SERVICES, Stack
from features import FeaturesSettings
from metric import MetricSettings
from model import ModelSettings
from pipeline.settings import Settings
from plot import PlotSettings
from support import ROOT

SETTINGS: dict[str, type[Settings]] = {
    "features": FeaturesSettings,
    "model": ModelSettings,
    "metric": MetricSettings,
    "plot": PlotSettings,
}
FIXED_IN_A_CONTAINER = {
    "AMQP_URL",
    "LOGS_DIR",
    "MANAGEMENT_URL",
    "MODEL_PATH",
    "PLOT_HOST",
    "PLOT_PORT",  # that in .env is the one outside
    "QUEUE_DURABLE",
    "STATUS_FILE",
}


def environments(stack: Stack, *options: str) -> dict[str, dict[str, str]]:
    """What compose gives to each of our services."""
    stack.configure()
    services = json.loads(stack.compose(*options, "config", "--format=json"))["services"]
    return {name: services[name]["environment"] for name in SERVICES}


def test_env_example_names_every_setting_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text()
    names = ("docker-compose.yml", "docker-compose.cluster.yml")
    compose = "".join((ROOT / name).read_text() for name in names)
    assert dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)) == dict(
        re.findall(r"\$\{(\w+):-(.*?)\}", compose)
    )


@pytest.mark.parametrize("service", SERVICES)
def test_compose_passes_every_setting_with_its_default(
    stack: Stack, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = environments(stack)[service]
    known = {name.upper() for name in SETTINGS[service].model_fields}
    assert environment.keys() - FIXED_IN_A_CONTAINER == known - FIXED_IN_A_CONTAINER
    for name in known:
        monkeypatch.delenv(name, raising=False)
    by_default = SETTINGS[service]()
    for name in known - FIXED_IN_A_CONTAINER:
        monkeypatch.setenv(name, environment[name])
    assert SETTINGS[service]() == by_default


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="only the plugin is installed")
def test_the_older_command_reads_the_files_too(stack: Stack) -> None:
    by_plugin = stack.run("docker", "compose", "config")
    assert stack.run("docker-compose", "config") == by_plugin


def test_the_course_overlay_changes_nothing_of_a_service_but_user_and_queues(stack: Stack) -> None:
    usual, course = environments(stack), environments(stack, *COURSE)
    changes = {"QUEUE_DURABLE": "false", "AMQP_URL": "amqp://guest:guest@rabbitmq:5672/%2F"}
    for service in ("features", "model", "metric"):
        assert course[service] == usual[service] | changes
    changes = {"MANAGEMENT_URL": "http://guest:guest@rabbitmq:15672/%2F"}
    assert course["plot"] == usual["plot"] | changes


def test_the_cluster_overlay_changes_nothing_of_a_service_but_where_the_broker_is(
    stack: Stack,
) -> None:
    usual, cluster = environments(stack), environments(stack, *CLUSTER)
    for service in ("features", "model", "metric"):
        urls = on_each_node(usual[service]["AMQP_URL"])
        assert cluster[service] == usual[service] | {"QUEUE_TYPE": "quorum", "AMQP_URL": urls}
    urls = on_each_node(usual["plot"]["MANAGEMENT_URL"])
    assert cluster["plot"] == usual["plot"] | {"MANAGEMENT_URL": urls}


def on_each_node(url: str) -> str:
    return ", ".join(url.replace("@rabbitmq:", f"@{node}:") for node in NODES)


def test_the_port_of_the_page_is_changed_outside_only(stack: Stack) -> None:
    stack.configure(PLOT_PORT=8081)
    plot = json.loads(stack.compose("config", "--format=json"))["services"]["plot"]
    (port,) = plot["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "8081", 8080)
    assert "PLOT_PORT" not in plot["environment"]
