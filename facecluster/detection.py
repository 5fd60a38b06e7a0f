"""Where the faces are: FaceDetector, with the networks and the answers of facenet-pytorch's MTCNN.

Three networks look in turn: P-Net at every place and scale, R-Net at what P-Net proposed (24 px crops), O-Net at what
R-Net let through (48 px crops). What differs from facenet-pytorch is only how the pixels get to the networks.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from facecluster import averages, pyramid
from facecluster import boxes as box_math
from facecluster.images import ImageSource, check_image, load_image
from facecluster.mtcnn import ONET_BATCHES, ONET_SIZE, RNET_BATCHES, RNET_SIZE, load_networks
from facecluster.networks import CompiledModule
from facecluster.runtime import choose_runtime, full_precision

# InceptionResnetV1 sees 160 px: a face of 20 px, facenet-pytorch's default, would be enlarged eight times and tells it
# little, while looking for it doubles the time.
MIN_FACE_SIZE = 40
_SMALLEST_WINDOW = 12  # P-Net's window: smaller faces cannot be seen without enlarging the photo

# facenet-pytorch's defaults: the least scores of P-Net, R-Net and O-Net, and the most overlaps in between.
_THRESHOLDS = (0.6, 0.7, 0.7)
_LEAST_LOGIT = np.float32(math.log(_THRESHOLDS[0] / (1 - _THRESHOLDS[0])))  # where P-Net's score is the least
_OVERLAP_IN_LEVEL = 0.5
_OVERLAP = 0.7

# A photo's table takes 12 bytes a pixel, so few photos are in hand at once, and only one that is larger than this.
_HUGE_PIXELS = 6_000_000
# A larger photo is shrunk by a whole number first, so that its table stays below 300 MB.
_MOST_PIXELS = 24_000_000
_huge_photo_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Detection:
    """One face: `box` (4,) float32 (x1, y1, x2, y2) and `landmarks` (5, 2) float32 (x, y), in pixels of the photo.

    `landmarks` are both eyes, the nose and both corners of the mouth, from left to right in the photo. `score` in
    [0, 1] says how sure the detector is that this is a face (O-Net's softmax), not whose.
    """

    box: np.ndarray
    landmarks: np.ndarray
    score: float

    def inside(self, width: int, height: int) -> Detection:
        """The same with its box cut to a photo of that size; MTCNN lets boxes reach beyond the edges."""
        limits = np.array([width, height, width, height], np.float32)
        return replace(self, box=np.clip(self.box, 0, limits))


@dataclass(frozen=True, eq=False)
class _Photo:
    """A photo's pixels as a summed-area table, and the boxes (n, 4) float32 that P-Net proposes on it.

    `shrunk` says how many pixels of the original make one of these, across and down.
    """

    table: np.ndarray
    proposals: np.ndarray
    shrunk: np.ndarray


class FaceDetector:
    """Finds faces of at least `min_face_size` pixels; see `facecluster.runtime` for `runtime`.

    Networks load at the first photo, once; several threads may use one detector, and it can be sent to other processes.
    Raises ValueError when `min_face_size` is below 12 pixels, P-Net's window.
    """

    def __init__(self, min_face_size: int = MIN_FACE_SIZE, runtime: str = "auto") -> None:
        if not min_face_size >= _SMALLEST_WINDOW:
            raise ValueError(f"min_face_size must be at least {_SMALLEST_WINDOW} pixels, got {min_face_size!r}")
        self.min_face_size = min_face_size
        self._requested_runtime = runtime
        self._lock = threading.Lock()
        self._networks: tuple[CompiledModule, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which loads the networks itself."""
        return self.__dict__ | {"_lock": None, "_networks": ()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    @property
    def runtime(self) -> str:
        """The name of the runtime in use, such as `openvino-f32`. Raises RuntimeChoiceError."""
        return self._networks[0].name if self._networks else full_precision(choose_runtime(self._requested_runtime))

    def load(self) -> None:
        """Loads the networks now rather than at the first photo. Raises RuntimeChoiceError."""
        with self._lock:
            if not self._networks:
                self._networks = load_networks(self._requested_runtime)

    def detect(self, image: ImageSource) -> list[Detection]:
        """The faces of a photo, largest first; [] when there is none.

        `image` is (height, width, 3) uint8 RGB, or what else `load_image` takes: boxes are in pixels of the upright
        photo. Raises ValueError when an array has another shape or type, TypeError and PhotoError as `load_image`.
        """
        return self.detect_many([image])[0]

    def detect_many(self, images: Sequence[ImageSource]) -> list[list[Detection]]:
        """The faces of each photo, as `detect` gives them; the photos may differ in size."""
        if isinstance(images, str | bytes):
            raise TypeError("images must be several photos: put a single one into a list, or call detect")
        for image in images:
            check_image(image)
        self.load()
        found: list[list[Detection]] = []
        for group in _groups(map(load_image, images)):
            huge = sum(image.shape[0] * image.shape[1] for image in group) > _HUGE_PIXELS
            with _huge_photo_lock if huge else nullcontext():
                found += self._detect(group)
        return found

    def _detect(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        """All networks on photos that are held in memory together."""
        photos = [self._propose(image) for image in images]
        candidates = self._refine(photos, [photo.proposals for photo in photos])
        return self._settle(photos, candidates)

    def _propose(self, image: np.ndarray) -> _Photo:
        """P-Net on all scales of a photo."""
        image, shrunk = _shrunk(image)
        plan = pyramid.plan_canvases(*image.shape[:2], self.min_face_size / float(shrunk.max()))
        if not plan.tiles:
            return _Photo(np.zeros((1, 1, 3), np.int32), np.empty((0, 4), np.float32), shrunk)
        table = averages.sum_table(image)
        found = []
        for number, canvas in enumerate(pyramid.draw_canvases(table, plan)):
            (answer,) = self._networks[0](canvas)
            found.append(_proposals(plan, number, answer[0]))
        proposals, scores, offsets, levels = (np.concatenate(parts) for parts in zip(*found, strict=True))
        kept = []
        for level in np.unique(levels):
            of_level = np.flatnonzero(levels == level)
            kept.append(of_level[box_math.suppress(proposals[of_level], scores[of_level], _OVERLAP_IN_LEVEL)])
        first = np.concatenate(kept) if kept else np.empty(0, np.int64)
        first = first[box_math.suppress(proposals[first], scores[first], _OVERLAP)]
        return _Photo(table, box_math.squares(box_math.shift_by_size(proposals[first], offsets[first], 0)), shrunk)

    def _refine(self, photos: Sequence[_Photo], proposals: Sequence[np.ndarray]) -> list[np.ndarray]:
        """R-Net on the proposals of all photos: the boxes (n, 4) float32 that remain of each."""
        inside, crops = _crops(photos, proposals, RNET_SIZE)
        if not len(crops):
            return [np.empty((0, 4), np.float32) for _ in photos]
        offsets, scores = self._networks[1].in_batches(crops, RNET_BATCHES)
        refined = []
        for boxes, part in _split(inside):
            good = scores[part, 1] > _THRESHOLDS[1]
            boxes, moves, sure = boxes[good], offsets[part][good], scores[part, 1][good]
            kept = box_math.suppress(boxes, sure, _OVERLAP)
            refined.append(box_math.squares(box_math.shift_by_size(boxes[kept], moves[kept], 1)))
        return refined

    def _settle(self, photos: Sequence[_Photo], candidates: Sequence[np.ndarray]) -> list[list[Detection]]:
        """O-Net on the boxes that R-Net let through: the faces of each photo."""
        inside, crops = _crops(photos, candidates, ONET_SIZE)
        if not len(crops):
            return [[] for _ in photos]
        offsets, landmarks, scores = self._networks[2].in_batches(crops, ONET_BATCHES)
        faces = []
        for photo, (boxes, part) in zip(photos, _split(inside), strict=True):
            good = scores[part, 1] > _THRESHOLDS[2]
            points = box_math.landmark_pixels(boxes[good], landmarks[part][good])
            boxes, sure = box_math.shift_by_size(boxes[good], offsets[part][good], 1), scores[part, 1][good]
            kept = box_math.suppress_contained(boxes, sure, _OVERLAP)
            largest_first = kept[np.argsort(-_areas(boxes[kept]), kind="stable")]
            boxes, points = boxes * np.tile(photo.shrunk, 2), points * photo.shrunk
            faces.append([Detection(boxes[i], points[i], float(sure[i])) for i in largest_first])
        return faces


def main_face(detections: Sequence[Detection], image_size: tuple[int, int]) -> int | None:
    """The index of the face that a photo is of, by size and closeness to the centre; None without faces.

    `image_size` is (width, height) in pixels. The measure is facenet-pytorch's `center_weighted_size`
    (models/mtcnn.py): the box's area minus twice the squared distance of its centre from the photo's.
    """
    if not detections:
        return None
    boxes = np.stack([detection.box for detection in detections])
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    distances = ((centres - np.array(image_size) / 2) ** 2).sum(axis=1)
    return int(np.argmax(_areas(boxes) - 2.0 * distances))


def _areas(boxes: np.ndarray) -> np.ndarray:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def _shrunk(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The photo with at most about _MOST_PIXELS pixels, and the factors (2,) float32 it shrank by, across and down."""
    import cv2

    height, width = image.shape[:2]
    factor = math.ceil(math.sqrt(height * width / _MOST_PIXELS))
    if factor > 1:
        image = cv2.resize(image, (max(1, width // factor), max(1, height // factor)), interpolation=cv2.INTER_AREA)
    return image, np.array([width / image.shape[1], height / image.shape[0]], np.float32)


def _groups(images: Iterable[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """The photos in turn, in groups of at most _HUGE_PIXELS, or of one photo."""
    group: list[np.ndarray] = []
    pixels = 0
    for image in images:
        size = image.shape[0] * image.shape[1]
        if group and pixels + size > _HUGE_PIXELS:
            yield group
            group, pixels = [], 0
        group.append(image)
        pixels += size
    if group:
        yield group


def _proposals(plan: pyramid.Plan, canvas: int, answer: np.ndarray) -> tuple[np.ndarray, ...]:
    """Windows that P-Net takes for faces: boxes (n, 4), scores (n,), offsets (n, 4) float32, and levels (n,).

    `answer` (5, height, width) is that of `one_headed_pnet` on a canvas of the plan.
    """
    owners = plan.owners[canvas]
    y, x = np.nonzero((answer[4] >= _LEAST_LOGIT) & (owners >= 0))
    owner = owners[y, x]
    tiles = [plan.tiles[i] for i in owner.tolist()]
    down = y + np.array([tile.top - tile.y // pyramid.STRIDE for tile in tiles], np.int64)
    across = x + np.array([tile.left - tile.x // pyramid.STRIDE for tile in tiles], np.int64)
    scale = np.array([tile.scale for tile in tiles], np.float32)[:, None]
    corner = np.stack([across, down], axis=1).astype(np.float32) * pyramid.STRIDE
    boxes = np.concatenate([np.floor((corner + 1) / scale), np.floor((corner + pyramid.CELL) / scale)], axis=1)
    levels = np.array([tile.level for tile in tiles], np.int64)
    scores = 1 / (1 + np.exp(-answer[4, y, x]))
    return boxes, scores, answer[:4, y, x].T, levels


def _crops(photos: Sequence[_Photo], boxes: Sequence[np.ndarray], size: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The boxes of each photo that cover a pixel of it, and their crops, of all photos in turn."""
    inside, crops = [], []
    for photo, candidates in zip(photos, boxes, strict=True):
        windows = box_math.pixel_windows(candidates, photo.table.shape[0] - 1, photo.table.shape[1] - 1)
        covers = (windows[:, 2] > windows[:, 0]) & (windows[:, 3] > windows[:, 1])
        inside.append(candidates[covers])
        crops.append(averages.area_crops(photo.table, windows[covers], size))
    return inside, np.concatenate(crops)


def _split(parts: Sequence[np.ndarray]) -> list[tuple[np.ndarray, slice]]:
    """Each part with the slice of the joined array that it takes."""
    ends = np.cumsum([len(part) for part in parts]).tolist()
    return [(part, slice(end - len(part), end)) for part, end in zip(parts, ends, strict=True)]
