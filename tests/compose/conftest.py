from collections.abc import Iterator
from typing import Any

import pytest

from compose.stack import Stack
from support.checkout import copy_checkout

# Each process of `pytest -n 2` has a stack of its own, and takes the next of these files. A file
# brings the stack into the state that it needs: the more the one before has left, the quicker.
ORDER = (
    "test_first_start",  # begins with nothing
    "test_upgrade",  # has its own
    "test_documents",
    "test_permissions",
    "test_plot_page",
    "test_dead_letters_command",
    "test_logs_owner",
    "test_health",
    "test_passwords",
    "test_interruptions",  # from here on these begin with nothing
    "test_scale",
    "test_definitions",
    "test_course",
    "test_data_sets",
    "test_gateway",
    "test_security",  # these two find the profile `serving` up
    "test_training",
    "test_files",  # starts nothing
    "test_cluster",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts the tests by the order of their files; those of files not listed come last."""
    places = {name: place for place, name in enumerate(ORDER)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One for all tests, its images built; each module brings it into the state that it needs."""
    folder = tmp_path_factory.mktemp("checkout")
    copy_checkout(folder)
    cache = folder / "common" / "pipeline" / "__pycache__"
    cache.mkdir()
    (cache / "stale.pyc").touch()  # for .dockerignore to keep out
    stack = Stack(folder)
    try:
        stack.compose("--profile=serving", "build")
        yield stack
    finally:
        stack.remove()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:  # noqa: ARG001
    """Shows with a failed test what its containers said."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("docker compose ps", stack.compose("ps", "--all")))
        report.sections.append(
            ("docker compose logs", stack.compose("--ansi=never", "logs", "--tail=40"))
        )
    return report
