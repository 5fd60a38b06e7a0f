"""Paths as users write them: `~` for a home folder, unless something here is really called so."""

from __future__ import annotations

import os
from pathlib import Path

from facecluster.errors import FaceClusterError


def user_path(text: str | os.PathLike[str], error: type[FaceClusterError]) -> Path:
    """The path that a user means by `text`: `~` is the home folder, and `~name` the one of the user `name`.

    Where something called `~name` lies in the working directory, that is meant; also for what is to be made in it.
    Raises `error` when there is no such home folder.
    """
    path = Path(text)
    first = path.parts[0] if path.parts else ""
    if not first.startswith("~") or (first != "~" and os.path.lexists(first)):
        return path
    try:
        return path.expanduser()
    except (RuntimeError, ValueError) as cause:  # no such user, no home folder, or no name that a user can have
        if first == "~":
            raise error(f"There is no home folder that {text} could lie in: write the path without ~.") from cause
        raise error(
            f"There is neither {first} here nor a user {first[1:]} with a home folder: check the path, or write "
            f"./{text} for a new one here."
        ) from cause
