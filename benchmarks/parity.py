"""How far our faces are those of the plain loop: boxes found again, extra boxes, cosines of embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

SURE = 0.95  # detection score from which a face of the plain loop should be found again
OVERLAP = 0.7


@dataclass(frozen=True)
class Parity:
    """Shares in [0, 1]. `extra` counts our boxes without a counterpart, against the number of the plain loop's."""

    sure_faces: int
    found_again: float
    main_faces_found: float
    extra: float
    extra_sure: float

    def as_dict(self) -> dict[str, float]:
        return {key: round(value, 5) for key, value in asdict(self).items()}


def overlaps(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (n, 4) and (m, 4): (n, m) in [0, 1]."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    return common / np.maximum(areas[0][:, None] + areas[1][None] - common, 1e-9)


def compare_boxes(
    plain: Sequence[tuple[np.ndarray, np.ndarray]], ours: Sequence[tuple[np.ndarray, np.ndarray]]
) -> Parity:
    """Both hold boxes (n, 4), the main face first, and scores (n,) for each photo."""
    sure = found = photos = main = extra = extra_sure = total = 0
    for (boxes, scores), (our_boxes, our_scores) in zip(plain, ours, strict=True):
        shared = overlaps(boxes, our_boxes) if len(boxes) and len(our_boxes) else np.zeros((len(boxes), len(our_boxes)))
        again = shared.max(axis=1, initial=0) >= OVERLAP
        stray = ~(shared.max(axis=0, initial=0) >= OVERLAP)
        sure += int((scores >= SURE).sum())
        found += int((again & (scores >= SURE)).sum())
        if len(boxes):
            photos, main = photos + 1, main + int(again[0])
        total += len(boxes)
        extra += int(stray.sum())
        extra_sure += int((stray & (our_scores >= SURE)).sum())
    return Parity(sure, found / max(sure, 1), main / max(photos, 1), extra / max(total, 1), extra_sure / max(sure, 1))
