"""What may be written behind an option: text into a checked value, or the sentence that names the limits."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from facecluster.photos.people_names import CHOICES


def _checked(
    name: str, convert: Callable[[str], Any], holds: Callable[[Any], bool], limits: str
) -> Callable[[str], Any]:
    def check(text: str) -> Any:
        try:
            # Python reads 1_0 as 10, and nobody means that.
            value = None if "_" in text else convert(text)
        except ValueError:
            value = None
        if value is None or not holds(value):
            raise argparse.ArgumentTypeError(f"{name} must be {limits}, not {text}")
        return value

    return check


def some_text(text: str) -> str:
    """A name or a path, which must not be blank."""
    if not text.strip():
        raise argparse.ArgumentTypeError("a name or file is missing")
    return text


face_size = _checked("the smallest face", int, lambda value: 20 <= value <= 1000, "from 20 to 1000 pixels")
score = _checked("the least score", float, lambda value: 0.7 <= value < 1, "from 0.7 to below 1")
similarity = _checked("the threshold", float, lambda value: -1 <= value <= 1, "a similarity from -1 to 1")
folds = _checked("the number of folds", int, lambda value: value >= 2, "2 or more")
people = _checked("the number of people", int, lambda value: value >= 1, "1 or more")
people_from = _checked(
    "the folder",
    lambda text: text if text in CHOICES else str(int(text)),
    lambda value: value in CHOICES or int(value) > 0,
    f"{', '.join(CHOICES)} or a number from 1",
)
portraits = _checked("the number of portraits", int, lambda value: 1 <= value <= 1000, "from 1 to 1000")
port = _checked("the port", int, lambda value: 1 <= value < 2**16, f"from 1 to {2**16 - 1}")
seed = _checked("the seed", int, lambda value: 0 <= value < 2**32, f"from 0 to {2**32 - 1}")
share = _checked("the FPIR", float, lambda value: 0 < value < 1, "a share between 0 and 1")
clusters = _checked(
    "the number of clusters",
    lambda text: text if text == "auto" else int(text),
    lambda value: value == "auto" or value > 0,
    "a number from 1 or auto",
)
