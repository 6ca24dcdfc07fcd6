"""Passwords: new ones take effect on a broker that has data, and wrong ones are refused."""

import urllib.error

import pytest
from pika.exceptions import ProbableAuthenticationError

from compose.stack import COURSE, Stack

VHOSTS = dict.fromkeys(("admin", "features", "model", "metric", "plot", "gateway"), "%2F")
VHOSTS["trainer"] = "training"
NOTED = {"COMPOSE_FILE", "COMPOSE_PROFILES"}


def passwords(stack: Stack) -> dict[str, str]:
    lines = (stack.folder / ".env").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    return {user: settings[f"{user.upper()}_PASSWORD"] for user in VHOSTS}


def test_only_the_broker_reads_the_file_with_the_passwords(stack: Stack) -> None:
    stack.configure()
    stack.up()
    stat = ("stat", "-c", "%a %U", "/tmp/definitions/diabetes.json")
    assert stack.compose("exec", "-T", "rabbitmq", *stat) == "600 rabbitmq\n"
    mounts = stack.compose("exec", "-T", "rabbitmq", "cat", "/proc/mounts")
    assert "tmpfs /tmp " in mounts


@pytest.mark.parametrize("password", ['a"b', "a/b", "a@b", "a&b", "a b", "ä", "a\nb", "a\\b"])
def test_a_password_that_would_break_something_is_refused(stack: Stack, password: str) -> None:
    stack.configure()
    line = r"\nMODEL_PASSWORD is not accepted: it must be letters, digits and \. _ ~ - only\n"
    with pytest.raises(AssertionError, match=line):
        stack.compose(
            "run", "--rm", "-T", "--no-deps", f"--env=MODEL_PASSWORD={password}", "rabbitmq"
        )


@pytest.mark.parametrize(
    ("options", "noted"),
    [
        ((), {}),
        (("--profile=serving",), {"COMPOSE_PROFILES": "serving"}),
        (COURSE, {"COMPOSE_FILE": "docker-compose.yml:docker-compose.course.yml"}),
    ],
)
def test_new_passwords_are_for_all_that_runs(
    stack: Stack, options: tuple[str, ...], noted: dict[str, str]
) -> None:
    """What the command line said at the start, a plain `up` means after that, too."""
    stack.clear()
    stack.configure()
    stack.compose(*options, "create", "--no-build")
    ran = set(stack.compose("ps", "--all", "--services").split())
    stack.run("make", "passwords")
    lines = (stack.folder / ".env").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    assert {name: settings[name] for name in settings if name in NOTED} == noted
    assert ran | {"pipeline"} == set(stack.compose("config", "--services").split())


def test_new_passwords_replace_the_old_ones(stack: Stack) -> None:
    stack.configure(ADMIN_PASSWORD="first")
    before = (stack.folder / ".env").read_text()
    stack.up()
    stack.connect("admin", "first").close()
    said = stack.run("make", "passwords")

    new = passwords(stack)
    assert all(len(password) >= 32 for password in new.values())
    assert len(set(new.values())) == len(VHOSTS)
    assert not any(password in said for password in new.values())
    env = stack.folder / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    kept = [line for line in before.splitlines() if "_PASSWORD=" not in line]
    assert env.read_text().splitlines()[: len(kept)] == kept

    stack.up()
    stack.wait_for_rows(5)
    stack.wait_until_the_page_sees_the_broker()
    for user, password in new.items():
        stack.connect(user, password, VHOSTS[user]).close()
        for old in ("first", user):
            with pytest.raises(ProbableAuthenticationError):
                stack.connect(user, old, VHOSTS[user])
    assert stack.manage("overview", password=new["admin"])
    with pytest.raises(urllib.error.HTTPError, match="401"):
        stack.manage("overview")
