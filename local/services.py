"""The services of this checkout: every NAME that has a NAME/src/NAME.py, and second processes."""

from pathlib import Path

SECOND = {"model-by-id": "model"}  # a further process of a folder: its src/ has the entry, too
SERVING = ("gateway", "trainer", *SECOND)  # with SERVING=1, or the compose profile `serving`
# The gateway stops first, so that it accepts nothing that will not be answered; then from the
# source of the rows to the picture. A service that is not named here stops last.
STOP_ORDER = ("gateway", "trainer", "features", "model", *SECOND, "metric", "plot")


def folder_of(name: str) -> str:
    """Returns the folder that has a service's code, its requirements and its image."""
    return SECOND.get(name, name)


def entry_of(name: str) -> Path:
    """Returns the script that is a service's process, below the root of the checkout."""
    return Path(folder_of(name), "src", f"{name.replace('-', '_')}.py")


def services_of(root: Path, *, serving: bool = True) -> list[str]:
    """Returns the names of the services below `root`, in the order in which they stop."""
    names = {path.stem for path in root.glob("*/src/*.py") if path.stem == path.parents[1].name}
    names |= {name for name in SECOND if (root / entry_of(name)).exists()}
    if not serving:
        names -= {*SERVING}
    known = [name for name in STOP_ORDER if name in names]
    return known + sorted(names.difference(known))


def folders_of(root: Path) -> list[str]:
    """Returns the folders of the services below `root`, each once."""
    return [*dict.fromkeys(map(folder_of, services_of(root)))]
