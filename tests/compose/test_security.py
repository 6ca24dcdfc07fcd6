"""What a container may do, as the engine says it and as it is from inside."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest

from compose.stack import SERVICES, SERVING, Stack, as_root
from services import services_of
from support.service import ROOT

OURS = services_of(ROOT)
ALL = ("rabbitmq", *SERVICES, *SERVING)
MEMORY = dict.fromkeys(ALL, 512 * 2**20) | dict.fromkeys(("metric", "flower"), 256 * 2**20)
MEMORY |= {"rabbitmq": 2**30, "trainer": 1536 * 2**20, "model-by-id": 768 * 2**20}
PROCESSES = dict.fromkeys(ALL, 256) | {"rabbitmq": 1024, "redis": 64}
# CHOWN, DAC_OVERRIDE, SETGID and SETUID, for the way from root to the owner of logs/ or of /data
CAPABILITIES = dict.fromkeys(("metric", "plot", "redis"), 0b1100_0011)
WAYS_OUT = (
    "timeout 3 bash -c '</dev/tcp/1.1.1.1/53'",
    "timeout 20 getent hosts example.com >/dev/null",
)


@pytest.fixture(scope="module")
def containers(stack: Stack) -> dict[str, Any]:
    stack.configure(COMPOSE_PROFILES="serving")
    stack.up()
    return stack.containers()


def inside(stack: Stack, name: str, *command: str, root: bool = False) -> str:
    user = ("--user=0",) if root else ()
    return stack.compose("exec", "-T", *user, name, *command)


def status(stack: Stack, name: str) -> dict[str, str]:
    """/proc/1/status."""
    lines = inside(stack, name, "cat", "/proc/1/status").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


@pytest.mark.usefixtures("containers")
@pytest.mark.parametrize("name", ALL)
def test_nothing_runs_as_root_or_can_become_it(stack: Stack, name: str) -> None:
    found = status(stack, name)
    for kind in ("Uid", "Gid"):
        assert "0" not in found[kind].split()
    assert set(found["Groups"].split()) <= set(found["Gid"].split())
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(found[kind], base=16) == 0
    assert int(found["CapBnd"], base=16) == CAPABILITIES.get(name, 0)
    assert found["NoNewPrivs"] == "1"


@pytest.mark.usefixtures("containers")
@pytest.mark.parametrize(
    ("name", "program"),
    [*((name, "python") for name in OURS), ("redis", "redis-server"), ("flower", "celery")],
)
def test_process_1_is_the_service_itself(stack: Stack, name: str, program: str) -> None:
    assert status(stack, name)["Name"] == program  # a signal reaches it


@pytest.mark.usefixtures("containers")
@pytest.mark.parametrize("name", ALL)
def test_not_even_root_writes_to_its_file_system(stack: Stack, name: str) -> None:
    for folder in ("/", "/etc", "/usr/local/bin"):
        with pytest.raises(AssertionError, match="Read-only file system"):
            inside(stack, name, "touch", f"{folder}/probe", root=True)


@pytest.mark.parametrize("name", ALL)
def test_memory_and_processes_are_limited(
    stack: Stack, containers: dict[str, Any], name: str
) -> None:
    expected = [MEMORY[name], PROCESSES[name]]
    assert containers[name]["HostConfig"]["Memory"] == expected[0]
    assert containers[name]["HostConfig"]["PidsLimit"] == expected[1]
    version_2, version_1 = "memory.max pids.max", "memory/memory.limit_in_bytes pids/pids.max"
    script = f"cd /sys/fs/cgroup; cat {version_2} 2>/dev/null || cat {version_1}"
    assert [int(limit) for limit in inside(stack, name, "sh", "-c", script).split()] == expected
    assert int(status(stack, name)["VmRSS"].split()[0]) * 1024 < MEMORY[name] / 2


@pytest.mark.parametrize("name", ALL)
def test_a_container_was_given_nothing_more(containers: dict[str, Any], name: str) -> None:
    host = containers[name]["HostConfig"]
    assert not host["Privileged"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["PidMode"]
    assert not host["Devices"]
    writable = {each["Destination"] for each in containers[name]["Mounts"] if each["RW"]}
    assert writable == {
        "rabbitmq": {"/var/lib/rabbitmq", "/var/log/rabbitmq"},
        "metric": {"/logs"},
        "plot": {"/logs"},
        "redis": {"/data"},
        "model": {"/models"},
        "trainer": {"/models"},
        "gateway": {"/models"},
    }.get(name, set())


def test_the_services_share_a_network_that_leads_nowhere(
    stack: Stack, containers: dict[str, Any]
) -> None:
    networks = {name: set(each["NetworkSettings"]["Networks"]) for name, each in containers.items()}
    (backend,) = networks["features"]
    assert networks["model"] == networks["model-by-id"] == networks["metric"] == {backend}
    (frontend,) = networks["plot"] - {backend}
    assert networks["plot"] == networks["rabbitmq"] == {backend, frontend}
    (jobs,) = networks["redis"]
    assert networks["gateway"] == networks["flower"] == {backend, frontend, jobs}
    assert networks["trainer"] == {backend, jobs}
    assert {name for name, each in networks.items() if jobs in each} == {*SERVING} - {"model-by-id"}
    found = json.loads(stack.run("docker", "network", "inspect", backend, frontend, jobs))
    assert [each["Internal"] for each in found] == [True, False, True]
    assert found[1]["Options"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}


@pytest.mark.usefixtures("containers")
def test_there_is_no_way_out_not_even_a_question_for_a_name(stack: Stack) -> None:
    attempts = list(product(ALL, WAYS_OUT))

    def answer(attempt: tuple[str, str]) -> str:
        name, way = attempt
        return inside(stack, name, "sh", "-c", f"{way} || echo none")

    with ThreadPoolExecutor(len(attempts)) as pool:  # each waits until it has no answer
        answers = dict(zip(attempts, pool.map(answer, attempts), strict=True))
    assert answers == dict.fromkeys(attempts, "none\n")


@pytest.mark.parametrize("attempt", WAYS_OUT)
def test_an_ordinary_container_has_that_way_out(attempt: str) -> None:
    """Or the test above says nothing."""
    if as_root(f"{attempt} || echo none") == "none\n":
        pytest.skip("this machine has none itself")


def test_the_broker_shows_the_services_nothing_but_its_protocols(stack: Stack) -> None:
    script = """if True:
        import socket
        for port in (4369, 5672, 15672, 15692, 25672):
            with socket.socket() as probe:
                probe.settimeout(3)
                if not probe.connect_ex(("rabbitmq", port)):
                    print(port)
    """
    assert inside(stack, "features", "python", "-c", script).split() == ["5672", "15672", "15692"]


def test_ports_are_bound_on_this_machine_only(containers: dict[str, Any]) -> None:
    ports = {name: each["NetworkSettings"]["Ports"] for name, each in containers.items()}
    bound = {name: {k: v for k, v in each.items() if v} for name, each in ports.items()}
    assert bound["rabbitmq"].keys() == {"5672/tcp", "15672/tcp", "15692/tcp"}
    assert bound["plot"].keys() == {"8080/tcp"}
    assert bound["gateway"].keys() == {"8000/tcp"}
    assert bound["flower"].keys() == {"5555/tcp"}
    assert {name for name, each in bound.items() if each} == {
        "rabbitmq", "plot", "gateway", "flower"
    }  # fmt: skip
    bindings = [binding for each in bound.values() for some in each.values() for binding in some]
    assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}


def test_tools_are_as_confined_and_not_started_by_up(
    stack: Stack, containers: dict[str, Any]
) -> None:
    assert "pipeline" not in containers
    owner = str((stack.folder / "datasets").stat().st_uid)
    for command, uid in (("ask", "10001"), ("dataset", owner)):
        tool = run_tool(stack, command)
        user = ["Uid:", *[uid] * 4]
        assert tool.stdout.split() == [*user, "CapBnd:", f"{0xC0:016x}", "NoNewPrivs:", "1"]
        assert "Read-only file system" in tool.stderr


def run_tool(stack: Stack, command: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as the image's start runs a command of this name."""
    script = "grep -E '^(Uid|CapBnd|NoNewPrivs)' /proc/self/status; touch /app/probe"
    start = ["--rm", "-T", "--no-deps", "--entrypoint=as-owner", "pipeline"]
    return subprocess.run(
        ["docker", "compose", "run", *start, "sh", "-c", script, command],
        cwd=stack.folder,
        capture_output=True,
        text=True,
        check=False,
    )
