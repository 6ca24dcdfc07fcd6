"""What can be said of the compose files without starting anything."""

import json
import re
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from compose.stack import CLUSTER, COURSE, NODES, Stack
from support.service import ROOT
from support.service_settings import SETTINGS

OF_S3 = {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
FIXED_IN_A_CONTAINER = {
    "AMQP_URL",
    "DATASETS_DIR",
    "GATEWAY_HOST",
    "GATEWAY_PORT",  # as PLOT_PORT
    "LIVE_PAGE_URL",
    "LOGS_DIR",
    "MANAGEMENT_URL",
    "SHOWN_URL",  # of the port on the machine around it
    "MODEL_PATH",
    "MODEL_STORE",  # a folder at another place
    "PLOT_HOST",
    "PLOT_PORT",  # that in .env is the one outside
    "PLOT_URL",
    "QUEUE_DURABLE",
    "REDIS_URL",
    "STATUS_FILE",
    "TRAINING_URL",
}


def environments(stack: Stack, *options: str) -> dict[str, dict[str, str]]:
    """What compose gives to each of our services."""
    stack.configure(COMPOSE_PROFILES="serving")
    services = json.loads(stack.compose(*options, "config", "--format=json"))["services"]
    return {name: services[name]["environment"] for name in (*SETTINGS, "flower")}


def test_env_example_names_every_setting_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text()
    names = ("docker-compose.yml", "docker-compose.cluster.yml")
    compose = "".join((ROOT / name).read_text() for name in names)
    assert dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)) == dict(
        re.findall(r"\$\{(\w+):-(.*?)\}", compose)
    )


@pytest.mark.parametrize("service", SETTINGS)
def test_compose_passes_every_setting_with_its_default(
    stack: Stack, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = environments(stack)[service]
    if "MODEL_STORE" in environment:
        assert environment["MODEL_STORE"] == "/models"
        # Not even empty, unless somebody sets them: an empty address cannot be called.
        assert {environment.pop(name) for name in OF_S3} == {None}
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
    for service in ("features", "model", "model-by-id", "metric"):
        assert course[service] == usual[service] | changes
    trainings = {"TRAINING_URL": changes["AMQP_URL"]}
    assert course["gateway"] == usual["gateway"] | changes | trainings
    assert course["trainer"] == usual["trainer"] | trainings
    changes = {"MANAGEMENT_URL": "http://guest:guest@rabbitmq:15672/%2F"}
    assert course["plot"] == usual["plot"] | changes


def test_the_cluster_overlay_changes_nothing_of_a_service_but_where_the_broker_is(
    stack: Stack,
) -> None:
    usual, cluster = environments(stack), environments(stack, *CLUSTER)
    changed = {
        **dict.fromkeys(("features", "model", "model-by-id", "metric"), ("AMQP_URL",)),
        "gateway": ("AMQP_URL", "TRAINING_URL"),
        "trainer": ("TRAINING_URL",),
        "plot": ("MANAGEMENT_URL",),
    }
    for service, names in changed.items():
        urls = {name: on_each_node(usual[service][name]) for name in names}
        quorum = {"QUEUE_TYPE": "quorum"} if "AMQP_URL" in names else {}
        assert cluster[service] == usual[service] | quorum | urls
    brokers = on_each_node(usual["flower"]["CELERY_BROKER_URL"]).replace(", ", ";")
    assert cluster["flower"] == usual["flower"] | {"CELERY_BROKER_URL": brokers}


def on_each_node(url: str) -> str:
    return ", ".join(url.replace("@rabbitmq:", f"@{node}:") for node in NODES)


def test_the_port_of_the_page_is_changed_outside_only(stack: Stack) -> None:
    stack.configure(PLOT_PORT=8081)
    plot = json.loads(stack.compose("config", "--format=json"))["services"]["plot"]
    (port,) = plot["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "8081", 8080)
    assert "PLOT_PORT" not in plot["environment"]


def test_up_makes_the_image_of_the_command_line_and_starts_none(stack: Stack) -> None:
    """An upgrade is `up --build`: it makes the images of the services that have no profile."""
    services = json.loads(stack.compose("config", "--format=json"))["services"]
    assert services["pipeline"]["deploy"]["replicas"] == 0


def test_the_image_of_model_is_made_once_for_both_processes(stack: Stack) -> None:
    stack.configure(COMPOSE_PROFILES="serving")
    config = json.loads(stack.compose("config", "--format=json"))
    by_id, model = (config["services"][name] for name in ("model-by-id", "model"))
    assert "build" not in by_id
    assert "image" not in model
    assert by_id["image"] == f"{config['name']}-model"  # as compose names what it builds


def test_what_a_container_tells_people_is_an_address_on_their_machine(stack: Stack) -> None:
    stack.configure(COMPOSE_PROFILES="serving", PLOT_PORT=8081, GATEWAY_PORT="8000-8009")
    services = json.loads(stack.compose("config", "--format=json"))["services"]
    told = {name: each["environment"].get("SHOWN_URL") for name, each in services.items()}
    assert {name: url for name, url in told.items() if url} == {
        "plot": "http://localhost:8081/",
        "gateway": "http://localhost:8000-8009/",  # of which the first is told
    }


def test_all_come_back_with_the_engine_but_features_that_are_out(stack: Stack) -> None:
    for count, policy in (("", "unless-stopped"), ("20", "on-failure:20")):
        stack.configure(COMPOSE_PROFILES="serving", STREAM_COUNT=count)
        services = json.loads(stack.compose("config", "--format=json"))["services"]
        del services["pipeline"]  # is never up
        policies = {name: service["restart"] for name, service in services.items()}
        assert policies == dict.fromkeys(policies, "unless-stopped") | {"features": policy}


def test_each_base_image_is_one_that_the_documents_name() -> None:
    texts = [path.read_text() for path in [*ROOT.glob("*/Dockerfile"), *ROOT.glob("*.yml")]]
    images = re.findall(r"^(?:FROM|    image:) +([^\s$]\S*)", "\n".join(texts), re.MULTILINE)
    containers = (ROOT / "docs" / "architecture.md").read_text().partition("## What a container")[2]
    named = re.findall(r"^\| `(\S+:\S+)` \|", containers, re.MULTILINE)
    assert set(images) == set(named)


def test_a_container_is_made_anew_when_a_file_mounted_into_it_has_changed(stack: Stack) -> None:
    """Compose compares what it starts a container with, and not what is in the files."""
    stack.configure(COMPOSE_PROFILES="serving")
    services = json.loads(stack.compose("config", "--format=json"))["services"]
    wrong = []
    for name, service in services.items():
        sources = [Path(each["source"]) for each in service.get("volumes", [])]
        content = b"".join(path.read_bytes() for path in sources if path.is_file())
        hashed = sha256(content).hexdigest()[:12]
        if content and service["environment"].get("MOUNTED_FILES") != hashed:
            wrong.append(f'write MOUNTED_FILES: "{hashed}" for {name} in docker-compose.yml')
    assert not wrong
