"""The geometry of a head: where a point of the face lands in the picture when the head turns, nods and tilts."""

from dataclasses import dataclass

import numpy as np

from facecluster.samples.drawn.canvas import SUPERSAMPLE, both_sides, smooth
from facecluster.samples.drawn.moments import Moment
from facecluster.samples.drawn.traits import SamplePerson

EYE_X = 0.43
"""Half the distance between the eyes, in half widths of the usual face."""


@dataclass(frozen=True)
class Head:
    """A head in a picture.

    Its own coordinates have the origin between the eyes, x to the right and y down as seen, and half the width of
    the usual face as their unit: the chin is near y = 1.45, the crown near y = -1.25.
    """

    person: SamplePerson
    seen: Moment
    center: tuple[float, float]
    unit: float

    @property
    def px(self) -> float:
        """Pixels of the canvas in a unit."""
        return self.unit * SUPERSAMPLE

    def at(self, points: np.ndarray | list[tuple[float, float]], lift: float = 0.0, flat: bool = False) -> np.ndarray:
        """Canvas pixels (n, 2) of face points (n, 2). `lift` raises them off the face; `flat` puts them in the plane
        of the head's outline, as for hair behind the face.
        """
        xy = np.asarray(points, dtype=np.float64)
        x, y = xy[:, 0], xy[:, 1]
        depth = np.zeros(len(xy))
        if not flat:
            depth = 0.85 * np.sqrt(np.clip(1 - (x / 1.08) ** 2 - ((y - 0.1) / 1.55) ** 2, 0, 1)) + lift
        across = x * np.cos(self.seen.yaw) + depth * np.sin(self.seen.yaw)
        down = y * np.cos(self.seen.pitch) + depth * np.sin(self.seen.pitch)
        cos, sin = np.cos(self.seen.roll), np.sin(self.seen.roll)
        # The neck is what a head tilts about, not the point between the eyes.
        down = down - 1.5
        turned = np.stack([across * cos - down * sin, across * sin + down * cos + 1.5], axis=1)
        return (turned * self.unit + self.center) * SUPERSAMPLE

    def upright(self, points: np.ndarray | list[tuple[float, float]]) -> np.ndarray:
        """Canvas pixels (n, 2) of points of the body, which does not turn with the head."""
        return (np.asarray(points, dtype=np.float64) * self.unit + self.center) * SUPERSAMPLE

    def outline(self) -> np.ndarray:
        """The face from crown to chin, as canvas pixels."""
        p = self.person
        w, length = p.face_width, p.face_length
        jaw, chin = p.jaw_width, p.chin_width
        half = [
            (0.0, -1.27), (0.48 * w, -1.15), (0.84 * w, -0.75), (0.98 * w, -0.2), (0.96 * w, 0.3),
            (0.82 * w * (0.4 + 0.6 * jaw), 0.82 * length), (0.54 * w * jaw, 1.2 * length),
            (0.26 * chin, 1.4 * length), (0.0, 1.45 * length),
        ]  # fmt: skip
        return smooth(self.at(both_sides(half), flat=True))

    @property
    def eye_x(self) -> float:
        return EYE_X * self.person.eye_distance

    @property
    def nose_y(self) -> float:
        """The height of the nose's underside."""
        return 0.62 * self.person.nose_length

    @property
    def mouth_y(self) -> float:
        """The height of the line between the lips: between nose and chin, whatever their lengths."""
        return self.nose_y + 0.4 * (1.45 * self.person.face_length - self.nose_y)
