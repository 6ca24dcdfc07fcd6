"""Whoever owns `logs/`, what comes into it is theirs; where that is root, it is uid 10001's."""

import pytest

from compose.stack import SERVICES, Stack, as_root
from support.waiting import eventually


@pytest.mark.parametrize(
    ("owner", "mode", "expected"),
    [
        ("1000:1000", 755, "1000:1000"),
        ("12345:54321", 711, "12345:54321"),
        ("0:0", 711, "10001:10001"),
    ],
)
def test_files_belong_to_the_owner_of_their_folder(
    stack: Stack, owner: str, mode: int, expected: str
) -> None:
    mount = f"--volume={stack.logs}:/logs"
    stack.compose("rm", "--stop", "--force", *SERVICES)
    as_root(
        "find /logs -mindepth 1 -delete; mkdir /logs/old; echo > /logs/old/file;"
        f"ln -s /etc/passwd /logs/link; chown -Rh {owner} /logs; chmod {mode} /logs /logs/old;"
        "echo > /logs/left_by_root; echo > /logs/old/left_by_root",
        mount,
    )
    stack.configure(PLOT_INTERVAL=1)
    stack.compose("up", "-d")
    stack.wait_for_rows(5)
    eventually((stack.logs / "error_distribution.png").exists, "the picture")

    owners = as_root("find /logs -exec stat -c %u:%g {} +", mount)
    assert set(owners.split()) == {expected}
    for service in ("metric", "plot"):
        owners = stack.compose(
            "exec", "-T", service, "stat", "-c", "%u:%g", "/proc/1", "/etc/passwd"
        )
        assert owners.split() == [expected, "0:0"]  # whatever a link points to stays as it was
