"""Names of files of any bytes, written so that a gallery can store them and still find the file.

Linux allows every byte in a name; Python gives those that are no UTF-8 as lone surrogates, which no database takes, and
a line's end in a name breaks every sentence that names the file. Such bytes are stored as `\\xe9`, and a backslash,
which a name may hold as well, as two.
"""

from __future__ import annotations

import os
import re

from facecluster.encodings import decoded

_ESCAPED = re.compile("[\x00-\x1f\x7f\udc80-\udcff]")
_ESCAPE = re.compile(r"\\(?:\\|x([0-9a-f]{2}))")


def storable(name: str) -> str:
    """`name`, as the operating system gives it, in a form that is valid Unicode and leads back to it."""
    escaped = name.replace("\\", "\\\\") if os.sep != "\\" else name
    return _ESCAPED.sub(lambda byte: f"\\x{ord(byte[0]) & 0xFF:02x}", escaped)


def on_disk(stored: str) -> str:
    """The name that `storable` gave `stored` for. A backslash that escapes nothing stands for itself."""
    if "\\" not in stored or os.sep == "\\":
        return stored
    return _ESCAPE.sub(lambda found: os.fsdecode(bytes.fromhex(found[1])) if found[1] else "\\", stored)


def readable(stored: str) -> str:
    """A stored name as its owner would write it: bytes in an older encoding are taken for the likeliest one."""
    if "\\" not in stored:
        return stored
    return decoded([os.fsencode(on_disk(stored))])[0]
