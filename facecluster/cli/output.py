"""What the command line prints: text and JSON that every terminal, file and pipe takes, or a sentence why not.

Names come from folders, photos and arguments, so they may hold anything: characters that the output's encoding lacks,
bytes that are no text, and sequences that a terminal would obey.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import sys
from typing import Any, TextIO

from facecluster.errors import OutputError

# Control characters, line separators, marks that turn the direction of writing, and bytes that are no text.
_C0, _OTHERS = r"\x00-\x1f", r"\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_UNSAFE, _UNSAFE_IN_JSON = re.compile(f"[{_C0}{_OTHERS}]"), re.compile(f"[{_OTHERS}]")
_BYTES = 0xDC00  # Python reads byte n of a name that is no text as this plus n (PEP 383)


def shown(name: object) -> str:
    """A name on one line: what a terminal would obey and what is no text as Python escapes it, like `\\x1b`, `\\n`."""
    return _UNSAFE.sub(_escaped, str(name))


def print_text(text: str) -> None:
    """Lines on standard output; what its encoding cannot show is escaped. Raises OutputError, BrokenPipeError."""
    _print("\n".join(map(shown, text.split("\n"))))


def print_json(document: Any) -> None:
    """One JSON document on standard output, in ASCII where that does not take UTF-8. Raises as `print_text`."""
    text = json.dumps(document, indent=2, ensure_ascii=not _takes_utf8(sys.stdout))
    _print(_UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def complain(sentence: object) -> None:
    """One line on standard error. Where that is full the work goes on without it: nobody could be told."""
    try:
        _write(sys.stderr, shown(sentence))
    except (OSError, ValueError):
        sys.stderr = _nowhere()  # else Python tries once more at the end, and ends with a status of its own


def streams_are_open() -> bool:
    """Whether there is a standard output; closed input and error are replaced by ones that hold and keep nothing."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        # The next file to be opened would take the number of a closed one, and get what libraries print.
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(number)
    if sys.stderr is None:
        sys.stderr = _nowhere()
    if sys.stdout is None:
        complain("facecluster: Standard output is closed: leave it open, or send it to a file.")
    return sys.stdout is not None


def _print(text: str) -> None:
    try:
        _write(sys.stdout, text)
    except OSError as error:
        sys.stdout = None  # else Python tries once more at the end
        if isinstance(error, BrokenPipeError):
            raise
        raise OutputError(
            f"The answer cannot be written to standard output ({error.strerror}): send it somewhere else."
        ) from error


def _write(stream: TextIO, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def _takes_utf8(stream: TextIO) -> bool:
    return codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name == "utf-8"


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - _BYTES:02x}" if _BYTES <= code <= _BYTES + 0xFF else repr(found[0])[1:-1]
