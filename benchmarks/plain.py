"""The plain loop that facecluster is measured against: Pillow, facenet-pytorch, one photo at a time, f32 eager."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from facenet_pytorch import MTCNN
from facenet_pytorch.models.mtcnn import fixed_image_standardization
from facenet_pytorch.models.utils.detect_face import extract_face
from PIL import Image

from facecluster.vision.weights import load_weights


@dataclass
class PlainRun:
    """Seconds by stage, and for every photo its boxes (n, 4), scores (n,) and main face's embedding (512,) or None."""

    seconds: dict[str, float]
    boxes: list[np.ndarray] = field(default_factory=list)
    scores: list[np.ndarray] = field(default_factory=list)
    crops: list[np.ndarray | None] = field(default_factory=list)
    embeddings: list[np.ndarray | None] = field(default_factory=list)

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


class PlainLoop:
    """facenet-pytorch as its README uses it; the networks load when the object is made."""

    def __init__(self, min_face_size: int) -> None:
        self.mtcnn: Any = MTCNN(image_size=160, margin=32, min_face_size=min_face_size)
        self.network = load_weights()

    def run(self, photos: Sequence[bytes]) -> PlainRun:
        run = PlainRun(dict.fromkeys(("decode", "detect", "crop", "embed"), 0.0))
        for content in photos:
            marks = [time.perf_counter()]
            image = Image.open(io.BytesIO(content)).convert("RGB")
            marks.append(time.perf_counter())
            boxes, scores, _ = self.mtcnn.detect(image, landmarks=True)
            marks.append(time.perf_counter())
            face = None if boxes is None else fixed_image_standardization(extract_face(image, boxes[0], 160, 32))
            marks.append(time.perf_counter())
            with torch.inference_mode():
                embedding = None if face is None else self.network(face[None]).numpy()[0]
            marks.append(time.perf_counter())
            for stage, start, end in zip(run.seconds, marks[:-1], marks[1:], strict=True):
                run.seconds[stage] += end - start
            run.boxes.append(np.zeros((0, 4)) if boxes is None else np.asarray(boxes, np.float32))
            run.scores.append(np.zeros(0) if boxes is None else np.asarray(scores, np.float32))
            run.crops.append(None if face is None else (face.permute(1, 2, 0).numpy() * 128 + 127.5).round())
            run.embeddings.append(embedding)
        return run
