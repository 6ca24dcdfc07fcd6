"""A path to RabbitMQ's folder that RabbitMQ can use, whatever the checkout is called."""

import os
import re
import secrets
from pathlib import Path

LINKS = Path("/tmp")  # not TMPDIR, which may be another one tomorrow
LINK_NAME = re.compile(r"pipeline-[0-9a-f]{16}")


class LastingPath:
    """The path by which a broker knows its folder: a link, plain ASCII, the same after a move.

    RabbitMQ does not start if a path has letters beyond Latin-1; and a quorum queue keeps its path,
    so that it would be lost once the folder is renamed. The folder notes its link.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._note = folder / "known-as"
        self.path = self._choose()

    def make(self) -> None:
        """Makes the path lead to the folder."""
        self.remove()
        if self.path != self._folder:
            self.path.symlink_to(self._folder)

    def remove(self) -> None:
        """Removes the link; the folder stays."""
        if self.path != self._folder:
            self.path.unlink(missing_ok=True)

    def _choose(self) -> Path:
        if self._note.exists():
            name = self._note.read_text(errors="replace")
            if LINK_NAME.fullmatch(name) and self._is_ours(LINKS / name):
                return LINKS / name
        elif _is_of_earlier_version(self._folder):
            return self._folder  # the path that its queues know
        self._note.write_text(f"pipeline-{secrets.token_hex(8)}")
        return LINKS / self._note.read_text()

    def _is_ours(self, link: Path) -> bool:
        """Returns False if this folder is a copy of one in use, or the name is somebody else's."""
        try:
            is_mine = link.lstat().st_uid == os.geteuid() and link.is_symlink()
            return is_mine and (link / self._note.name).samefile(self._note)
        except FileNotFoundError:  # there is none, or it leads to the folder's old place
            return True
        except OSError:  # it leads in a circle, or through what is no folder
            return False


def _is_of_earlier_version(folder: Path) -> bool:
    return (folder / "data").exists() and all(ord(letter) < 256 for letter in str(folder))
