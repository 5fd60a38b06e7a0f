"""Stand-ins for the models, for tests about what happens around them: quick, and as deterministic as the real ones."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from facecluster.gallery.gallery import Gallery
from facecluster.vision.detection import Detection, Sight


class FakeDetector:
    """One face in the middle of every picture; none on a grey one."""

    min_face_size = 40
    min_score = 0.9
    runtime = "fake"

    def detect(self, image: np.ndarray) -> list[Detection]:
        if image.std() == 0:
            return []
        height, width = image.shape[:2]
        box = np.array([width / 4, height / 4, width * 3 / 4, height * 3 / 4], np.float32)
        return [Detection(box, np.zeros((5, 2), np.float32), 0.99)]

    def detect_many(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        return [self.detect(image) for image in images]

    def look_many(self, images: Sequence[np.ndarray]) -> list[Sight]:
        return [Sight(faces) for faces in self.detect_many(images)]


class FakeEmbedder:
    """A unit vector that depends on the crop's pixels alone."""

    model = "casia-webface"
    runtime = "fake"

    def embed(self, crops: np.ndarray) -> np.ndarray:
        flat = crops[:, ::20, ::20].reshape(len(crops), -1).astype(np.float32) - 127
        vectors = np.zeros((len(crops), 512), np.float32)
        vectors[:, : flat.shape[1]] = flat[:, :512]
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def write_copy(gallery: Gallery, path: Path, seed: int) -> Path:
    """A picture as `write_photo` makes, among the gallery's copies of uploads."""
    with tempfile.TemporaryDirectory() as folder:
        gallery.copies.write(path, [write_photo(Path(folder) / path.name, seed).read_bytes()])
    return path


def write_photo(path: Path, seed: int) -> Path:
    """A small picture of coloured noise, different for every seed; grey for seed 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8) if seed else np.full((8, 8, 3), 90)
    Image.fromarray(noise.astype(np.uint8)).resize((96, 80), Image.Resampling.NEAREST).save(path)
    return path
