"""Where the faces are: FaceDetector, with the networks and the answers of facenet-pytorch's MTCNN.

Three networks look in turn: P-Net at every place and scale, R-Net at what P-Net proposed (24 px crops), O-Net at what
R-Net let through (48 px crops). What differs from facenet-pytorch is only how the pixels get to the networks.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from facecluster.defaults import MIN_FACE_SIZE, MIN_SCORE
from facecluster.photos.images import ImageSource, check_image, load_image
from facecluster.vision.mtcnn import area_resize, pyramid
from facecluster.vision.mtcnn import boxes as box_math
from facecluster.vision.mtcnn.network_crops import (
    HUGE_PIXELS,
    Crops,
    PhotoPixels,
    crops_beyond,
    crops_of,
    in_batches,
    shrink,
    split,
)
from facecluster.vision.mtcnn.networks import ONET_BATCHES, ONET_SIZE, RNET_BATCHES, RNET_SIZE, load_networks
from facecluster.vision.runtime.choose import choose_runtime, full_precision
from facecluster.vision.runtime.network import CompiledModule

_SMALLEST_WINDOW = 12  # P-Net's window: smaller faces cannot be seen without enlarging the photo

# facenet-pytorch's defaults: the least scores of P-Net, R-Net and O-Net, and the most overlaps in between.
_THRESHOLDS = (0.6, 0.7, 0.7)
_LEAST_LOGIT = np.float32(math.log(_THRESHOLDS[0] / (1 - _THRESHOLDS[0])))  # where P-Net's score is the least
_OVERLAP_IN_LEVEL = 0.5
_OVERLAP = 0.7
LOWEST_SCORE = _THRESHOLDS[2]

# The surest face of nearly every upright photo reaches the one; that of few photos on their side or head does. Below,
# O-Net is asked whether the face looks more like one in another turn: by so much of the logit that three upright
# photos of 680 are looked at again (docs/detection.md).
_SURELY_UPRIGHT = 0.999
_MORE_LIKE_A_FACE = 1.0

# Faces that the frame cuts are looked for where P-Net proposes a box that reaches beyond it by this share of its side.
_BEYOND = 0.05
_SAME_FACE = 0.3  # share of the smaller box
_SURE = 0.95

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

    def times(self, scale: float) -> Detection:
        """The same in pixels of a photo that is `scale` times as wide and high."""
        if scale == 1:
            return self
        return replace(self, box=self.box * np.float32(scale), landmarks=self.landmarks * np.float32(scale))


@dataclass(frozen=True, eq=False)
class Sight:
    """All that is taken for a face on a photo, from LOWEST_SCORE on, largest first.

    `may_lie` says that the surest face looks more like one when it is turned: the photo may lie on its side or head.
    """

    detections: list[Detection]
    may_lie: bool = False


class FaceDetector:
    """Finds faces of at least `min_face_size` pixels and score `min_score`; see `vision.runtime.choose` for `runtime`.

    Networks load at the first photo, once; several threads may use one detector. Raises ValueError when
    `min_face_size` is below 12 pixels, P-Net's window, or `min_score` not from 0.7, facenet-pytorch's own, to below 1.
    """

    def __init__(
        self, min_face_size: int = MIN_FACE_SIZE, runtime: str = "auto", *, min_score: float = MIN_SCORE
    ) -> None:
        if not min_face_size >= _SMALLEST_WINDOW:
            raise ValueError(f"min_face_size must be at least {_SMALLEST_WINDOW} pixels, got {min_face_size!r}")
        if not LOWEST_SCORE <= min_score < 1:
            raise ValueError(f"min_score must be from {LOWEST_SCORE} to below 1, got {min_score!r}")
        self.min_face_size = min_face_size
        self.min_score = min_score
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
        return [[face for face in sight.detections if face.score >= self.min_score] for sight in self.look_many(images)]

    def look_many(self, images: Sequence[ImageSource]) -> list[Sight]:
        """The faces of each photo with the unsure ones, whatever `min_score` is; see `faces` to part them."""
        if isinstance(images, str | bytes):
            raise TypeError("images must be several photos: put a single one into a list, or call detect")
        for image in images:
            check_image(image)
        self.load()
        found: list[Sight] = []
        for batch in in_batches(map(load_image, images)):
            huge = sum(image.shape[0] * image.shape[1] for image in batch) > HUGE_PIXELS
            with _huge_photo_lock if huge else nullcontext():
                found += self._detect(batch)
        return found

    def _detect(self, images: Sequence[np.ndarray]) -> list[Sight]:
        """All networks on photos that are held in memory together."""
        photos = [self._propose(image) for image in images]
        candidates = self._refine(photos, [photo.proposals for photo in photos])
        faces = self._settle(photos, candidates)
        faces = [*map(_joined, photos, faces, self._cut_by_the_edge(photos, faces))]
        return [Sight(*each) for each in zip(faces, self._may_lie(photos, faces), strict=True)]

    def _propose(self, image: np.ndarray) -> PhotoPixels:
        """P-Net on all scales of a photo."""
        image, shrunk = shrink(image)
        plan = pyramid.plan_canvases(*image.shape[:2], self.min_face_size / float(shrunk.max()))
        if not plan.tiles:
            return PhotoPixels(np.zeros((1, 1, 3), np.int32), np.empty((0, 4), np.float32), shrunk)
        table = area_resize.sum_table(image)
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
        return PhotoPixels(table, box_math.squares(box_math.shift_by_size(proposals[first], offsets[first], 0)), shrunk)

    def _cut_by_the_edge(
        self, photos: Sequence[PhotoPixels], faces: Sequence[Sequence[Detection]]
    ) -> list[list[Detection]]:
        """What R-Net and O-Net take for faces where proposals reach beyond the edges and photos would go on in grey."""
        proposals = [_hidden_by_the_edge(photo, found) for photo, found in zip(photos, faces, strict=True)]
        candidates = self._refine(photos, proposals, crops_beyond)
        return self._settle(photos, candidates, crops_beyond)

    def _refine(
        self, photos: Sequence[PhotoPixels], proposals: Sequence[np.ndarray], crops_of: Crops = crops_of
    ) -> list[np.ndarray]:
        """R-Net on the proposals of all photos: the boxes (n, 4) float32 that remain of each."""
        inside, crops = crops_of(photos, proposals, RNET_SIZE)
        if not len(crops):
            return [np.empty((0, 4), np.float32) for _ in photos]
        offsets, scores = self._networks[1].in_batches(crops, RNET_BATCHES)
        refined = []
        for boxes, part in split(inside):
            good = scores[part, 1] > _THRESHOLDS[1]
            boxes, moves, sure = boxes[good], offsets[part][good], scores[part, 1][good]
            kept = box_math.suppress(boxes, sure, _OVERLAP)
            refined.append(box_math.squares(box_math.shift_by_size(boxes[kept], moves[kept], 1)))
        return refined

    def _settle(
        self, photos: Sequence[PhotoPixels], candidates: Sequence[np.ndarray], crops_of: Crops = crops_of
    ) -> list[list[Detection]]:
        """O-Net on the boxes that R-Net let through: the faces of each photo."""
        inside, crops = crops_of(photos, candidates, ONET_SIZE)
        if not len(crops):
            return [[] for _ in photos]
        offsets, landmarks, scores = self._networks[2].in_batches(crops, ONET_BATCHES)
        faces = []
        for photo, (boxes, part) in zip(photos, split(inside), strict=True):
            good = scores[part, 1] > _THRESHOLDS[2]
            points = box_math.landmark_pixels(boxes[good], landmarks[part][good])
            boxes, sure = box_math.shift_by_size(boxes[good], offsets[part][good], 1), scores[part, 1][good]
            kept = box_math.suppress_contained(boxes, sure, _OVERLAP)
            largest_first = kept[np.argsort(-_areas(boxes[kept]), kind="stable")]
            boxes, points = boxes * np.tile(photo.shrunk, 2), points * photo.shrunk
            faces.append([Detection(boxes[i], points[i], float(sure[i])) for i in largest_first])
        return faces

    def _may_lie(self, photos: Sequence[PhotoPixels], faces: Sequence[Sequence[Detection]]) -> list[bool]:
        """Whether O-Net finds the surest face of each photo more like a face in another turn."""
        surest = [sorted(found, key=lambda face: -face.score)[:1] for found in faces]
        asked = [[face for face in found if face.score < _SURELY_UPRIGHT] for found in surest]
        squares = [
            box_math.squares(np.array([face.box for face in found]).reshape(-1, 4) / np.tile(photo.shrunk, 2))
            for photo, found in zip(photos, asked, strict=True)
        ]
        inside, crops = crops_of(photos, squares, ONET_SIZE)
        if not len(crops):
            return [False] * len(photos)
        turned = np.concatenate([np.rot90(crops, -turn, axes=(2, 3)) for turn in (1, 2, 3)])
        scores = self._networks[2].in_batches(np.ascontiguousarray(turned), ONET_BATCHES)[2][:, 1]
        best = scores.reshape(3, -1).max(axis=0)
        # `inside` is empty for a box wholly beyond the photo.
        return [
            len(boxes) == 1 and _logit(best[part][0]) > _logit(found[0].score) + _MORE_LIKE_A_FACE
            for found, (boxes, part) in zip(asked, split(inside), strict=True)
        ]


def _hidden_by_the_edge(photo: PhotoPixels, faces: Sequence[Detection]) -> np.ndarray:
    """P-Net's proposals (n, 4) that reach beyond the edge, without those of faces that are surely found as it is."""
    beyond = photo.proposals[box_math.shares_beyond(photo.proposals, *_size(photo)) > _BEYOND]
    sure = np.array([face.box for face in faces if face.score >= _SURE], np.float32).reshape(-1, 4)
    covered = box_math.shares_covered(beyond, sure / np.tile(photo.shrunk, 2)).max(axis=1, initial=0)
    return beyond[covered <= _SAME_FACE]


def _joined(photo: PhotoPixels, faces: list[Detection], at_the_edge: list[Detection]) -> list[Detection]:
    """A photo's faces with those that only its edge had hidden, largest first; sure ones stay as they are."""
    height, width = _size(photo) * photo.shrunk[::-1]
    for found in at_the_edge:
        x, y = (found.box[:2] + found.box[2:]) / 2
        if not (0 <= x < width and 0 <= y < height):
            continue
        boxes = np.array([face.box for face in faces]).reshape(-1, 4)
        same = np.flatnonzero(box_math.shares_covered(found.box[None], boxes)[0] > _SAME_FACE)
        if all(faces[i].score < min(_SURE, found.score) for i in same):
            faces = [face for i, face in enumerate(faces) if i not in same] + [found]
            faces.sort(key=lambda face: -_areas(face.box[None])[0])
    return faces


def _size(photo: PhotoPixels) -> np.ndarray:
    """(height, width) of the table's photo."""
    return np.array(photo.table.shape[:2]) - 1


def _logit(score: float) -> float:
    score = min(max(float(score), 1e-7), 1 - 1e-7)  # in float32, sure faces may have a score of 1
    return math.log(score / (1 - score))


def _areas(boxes: np.ndarray) -> np.ndarray:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


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
