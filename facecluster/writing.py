"""Writing files where others lie: aside first, whole or not at all, and never over what somebody else put there."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facecluster.files import open_regular

ASIDE = re.compile(r"\.facecluster-[0-9a-f]{16}\.part")
"""What `written_aside` calls its files; one is left where a run was killed."""

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would change line ends


@contextmanager
def written_aside(folder: Path, content: bytes) -> Iterator[Path]:
    """A new file with `content` in `folder`, under a name that nobody can foresee; gone at the end if not put in place.

    Raises OSError.
    """
    # Short, so that every name that fits on the disk can be put in place of it.
    aside = folder / f".facecluster-{secrets.token_hex(8)}.part"
    # Not by tempfile, which keeps everybody else from reading what it makes.
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def put_new(aside: Path, target: Path) -> None:
    """Gives the file `aside` the name `target` on the same disk, where nothing may lie.

    Raises FileExistsError when anything does, a link to nothing too, and OSError.
    """
    try:
        os.link(aside, target)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links
        _put_over_own(aside, target)
    else:
        aside.unlink()


def _put_over_own(aside: Path, target: Path) -> None:
    """`put_new` by an empty file, which takes the name only where it is free, and is then replaced."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        if target.lstat().st_size:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        os.replace(aside, target)
    except OSError:
        if not target.lstat().st_size:
            target.unlink()
        raise


def beginning(path: Path, size: int) -> bytes:
    """The first bytes of a regular file, at most `size`. Never waits, and never opens a pipe or a device.

    Raises OSError, also where something else than a regular file lies there, such as a link.
    """
    with open_regular(path, follow_links=False) as file:
        return file.read(size)
