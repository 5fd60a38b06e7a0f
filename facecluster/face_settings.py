"""How faces are looked for on a photo, and which of them are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from facecluster.defaults import MIN_FACE_SIZE, MIN_SCORE

FacesToKeep = Literal["largest", "all"]

_STORED = re.compile(r"(largest|all)/(\d+)(?:/([\d.]+))?")


@dataclass(frozen=True)
class FaceSettings:
    """What a photo's faces depend on besides the model; a photo indexed with other settings is done anew.

    `faces` is whether only a photo's main face is kept or all are, `min_face_size` the smallest one in pixels,
    `min_score` the least detection score; None for photos indexed before there was one.
    """

    faces: FacesToKeep = "largest"
    min_face_size: int = MIN_FACE_SIZE
    min_score: float | None = MIN_SCORE

    @property
    def without_score(self) -> FaceSettings:
        """The same settings as they were before there was a least score."""
        return replace(self, min_score=None)

    def __str__(self) -> str:
        """`largest/40/0.9`, as a gallery stores it; `largest/40` without a least score."""
        score = "" if self.min_score is None else f"/{self.min_score}"
        return f"{self.faces}/{self.min_face_size}{score}"


def settings_from(stored: str) -> FaceSettings | None:
    """The settings that `str` gave this text for; None for any other text, as of a photo never looked at."""
    found = _STORED.fullmatch(stored)
    if found is None:
        return None
    return FaceSettings("all" if found[1] == "all" else "largest", int(found[2]), float(found[3]) if found[3] else None)
