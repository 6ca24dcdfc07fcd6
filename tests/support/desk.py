"""A copy of the checkout, for a reader who types a document's commands there."""

import subprocess
from pathlib import Path

from servers import free_ports
from support.checkout import copy_checkout
from support.service import environment
from support.terminal import Terminal


class Desk:
    """A copy of the checkout, and terminals in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.origin = folder / "ADDRESS-OF-THIS-REPOSITORY"  # as the README has it
        copy_checkout(self.origin)
        self.gateway, self.page = free_ports(2)
        self._terminals: list[Terminal] = []

    def terminal(self, where: Path) -> Terminal:
        """Opens one, with ports of its own."""
        settings = environment(
            gateway_port=self.gateway,
            plot_port=self.page,
            gateway_url=f"http://localhost:{self.gateway}",
            mlflow_tracking_uri=(self._folder / "mlflow").as_uri(),
            mlflow_allow_file_store="true",
        )
        desk = self._folder / f"desk-{len(self._terminals)}"
        terminal = Terminal(where, desk, settings, {8000: self.gateway, 8080: self.page})
        self._terminals.append(terminal)
        return terminal

    def close(self) -> None:
        for terminal in self._terminals:
            terminal.close()

    def is_gateway_up(self) -> bool:
        """Returns True once the gateway of a run in the copy has all that it needs."""
        command = ["curl", "-sf", f"http://localhost:{self.gateway}/health"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
