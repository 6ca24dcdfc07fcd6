"""The services of this checkout: every NAME that has a NAME/src/NAME.py."""

from pathlib import Path

SERVING = ("gateway", "trainer")  # they run with SERVING=1, or in the compose profile `serving`
# The gateway stops first, so that it accepts nothing that will not be answered; then from the
# source of the rows to the picture. A service that is not named here stops last.
STOP_ORDER = (*SERVING, "features", "model", "metric", "plot")


def services_of(root: Path, *, serving: bool = True) -> list[str]:
    """Returns the names of the services below `root`, in the order in which they stop."""
    names = {path.stem for path in root.glob("*/src/*.py") if path.stem == path.parents[1].name}
    if not serving:
        names -= {*SERVING}
    known = [name for name in STOP_ORDER if name in names]
    return known + sorted(names.difference(known))
