"""Reading files of any kind: only regular ones of bounded size, so that nothing waits for a pipe or a device."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
}
_GIB = 2**30
_CHUNK = 2**20


def open_regular(path: str | Path, *, follow_links: bool = True) -> BufferedReader:
    """A regular file, or, with `follow_links`, what a link to one leads to, opened for reading.

    Raises OSError whose text goes on from the file's name; for pipes, sockets and devices at once, without opening
    them: opening a pipe waits for its other end, and opening a device can set it going.
    """
    _require_regular(os.stat(path, follow_symlinks=follow_links))
    # If a pipe has taken the file's place since, this neither waits for its other end nor reads from it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags | (0 if follow_links else getattr(os, "O_NOFOLLOW", 0)))
    try:
        _require_regular(os.fstat(descriptor))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | Path, most: int) -> bytes:
    """The bytes of a regular file of at most `most` bytes, also if it grows meanwhile. Raises OSError as above."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        require_size(size, most)
        # Memory is taken for what is asked for, however small the file is: so never for `most`.
        content = file.read(size + 1)
        while len(content) > size:  # it grew meanwhile, or is one of those whose size nobody knows
            require_size(len(content), most)
            size = len(content)
            content += file.read(_CHUNK)
    return content


def require_size(size: int, most: int) -> None:
    """Raises OSError when a photo of `size` bytes has more than `most`."""
    if size > most:
        raise OSError(errno.EFBIG, f"has {size / _GIB:.1f} GiB, more than the {most / _GIB:.0f} GiB a photo may have")


def _require_regular(info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        kind = _KINDS.get(stat.S_IFMT(info.st_mode), "no regular file")
        raise OSError(errno.EINVAL, f"is {kind}, not a file")
