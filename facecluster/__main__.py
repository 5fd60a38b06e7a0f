"""`python -m facecluster`: the command line as a program, which Ctrl+C ends in a sentence at any moment."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn

_FAILED = 1
_was_stopped = False


def run() -> int:
    """The exit status of the command line."""
    try:
        # Else the program was started to go on in spite of Ctrl+C, as nohup does.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _stop)
        sys.unraisablehook = _on_unraisable
        from facecluster.cli.main import main

        status = main()
        if signal.getsignal(signal.SIGINT) is _stop:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # while modules are taken down, ended without a word
    except KeyboardInterrupt:  # while modules load
        _leave()
    except Exception:
        if _was_stopped:  # a library has made another error of it
            _leave()
        raise
    if _was_stopped:  # what threads still do is not waited for
        os._exit(status)
    return status


def _stop(*_: Any) -> None:
    global _was_stopped
    if _was_stopped:  # asked again: what is in hand is not waited for
        _leave()
    _was_stopped = True
    raise KeyboardInterrupt


def _on_unraisable(error: Any) -> None:
    if error.exc_type is KeyboardInterrupt:  # met where Python only reports an error and goes on
        _leave()
    sys.__unraisablehook__(error)


def _leave() -> NoReturn:
    if sys.stderr is not None:
        with suppress(OSError):
            os.write(2, b"facecluster: stopped.\n")
    os._exit(_FAILED)


if __name__ == "__main__":
    sys.exit(run())
