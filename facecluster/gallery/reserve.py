"""A few megabytes that a gallery keeps on its disk, to give back when it is full: deleting writes before it frees."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

SIZE = 4 * 2**20  # bytes: SQLite's log of some hundred deleted photos, and the index of the log
_WORTH_IT = 4  # times the size must be free to take it
_CHUNK = bytes(2**16)


class Reserve:
    """The file that takes up the space: zeros, so that what is not ours is never taken for it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def keep(self) -> None:
        """Takes up the space where there is plenty and it was not taken yet; raises nothing: nothing depends on it."""
        with suppress(OSError):
            if self.file.exists() or shutil.disk_usage(self.file.parent).free < _WORTH_IT * SIZE:
                return
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                for _ in range(0, SIZE, len(_CHUNK)):
                    file.write(_CHUNK)

    def release(self) -> bool:
        """Gives the space back; whether there was any."""
        with suppress(OSError):
            if not self.file.is_symlink() and self.file.stat().st_size <= SIZE and not any(self.file.read_bytes()):
                self.file.unlink()
                return True
        return False
