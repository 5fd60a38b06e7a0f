"""What a face looks like as 512 numbers: crop_face, and FaceEmbedder with InceptionResnetV1.

Cropping and scaling are facenet-pytorch's, so embeddings compare with those that others made with it.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from PIL import Image

from facecluster.crop_place import CROP_SIZE, MARGIN, crop_place
from facecluster.errors import WeightsError
from facecluster.photos.images import ImageSource, load_image
from facecluster.vision import weights
from facecluster.vision.runtime.choose import choose_runtime
from facecluster.vision.runtime.compile import compile_recipes
from facecluster.vision.runtime.network import CompiledModule, Recipe

EMBEDDING_SIZE = 512

# The stem up to 73 x 73 places: there integers cost most precision.
_EXACT_FIRST = 4

# A batch costs nearly the same per face from 1 to 32, so a few sizes that add up to any number waste nothing.
_BATCHES = (16, 8, 4, 2, 1)


def crop_face(image: ImageSource, box: np.ndarray, size: int = CROP_SIZE, margin: int = MARGIN) -> np.ndarray:
    """The face in `box` as (size, size, 3) uint8, with `margin` pixels of the crop, in all, around the box.

    `image` is (height, width, 3) uint8, or what else `load_image` takes, with the same errors; `box` is (x1, y1, x2,
    y2) in pixels of the upright photo. The pixels are those of
    facenet-pytorch's `extract_face` on a Pillow image (models/utils/detect_face.py): cut to the photo, then stretched
    to a square, bilinear. A box without area or beyond the photo gives its nearest pixels rather than an error.
    """
    image = load_image(image)
    height, width = image.shape[:2]
    left, top, right, bottom = crop_place(np.asarray(box), width, height, size, margin)
    face = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
    return np.asarray(face.resize((size, size), Image.Resampling.BILINEAR))


class FaceEmbedder:
    """Turns face crops into embeddings with InceptionResnetV1.

    `model` is `casia-webface`, `vggface2` or a `.pt` file (see `vision.weights`), `runtime` as in
    `vision.runtime.choose`. The network loads at the first face, once; several threads may use one embedder, and it can
    be sent to other processes.
    """

    def __init__(self, model: str = weights.CASIA, runtime: str = "auto") -> None:
        self.model = model
        self._requested_runtime = runtime
        self._lock = threading.Lock()
        self._network: CompiledModule | None = None

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which loads the network itself."""
        return self.__dict__ | {"_lock": None, "_network": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    @property
    def runtime(self) -> str:
        """The name of the runtime in use, such as `openvino-f32`. Raises RuntimeChoiceError."""
        return self._network.name if self._network else choose_runtime(self._requested_runtime)

    def load(self) -> None:
        """Loads the network now rather than at the first face. Raises WeightsError, RuntimeChoiceError."""
        with self._lock:
            if self._network is None:
                if self.model == weights.VGGFACE2:
                    # Here rather than where the network is converted, so that a failure is met once and told as it is.
                    weights.downloaded_vggface2()
                (self._network,) = compile_recipes([_recipe(self.model)], runtime=self._requested_runtime)

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Embeddings (n, 512) float32, unit norm, of crops (n, 160, 160, 3) uint8 RGB; n may be 0.

        Raises ValueError for another shape or type, WeightsError and RuntimeChoiceError at the first face.
        """
        crops = np.asarray(crops)
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != (CROP_SIZE, CROP_SIZE, 3):
            raise ValueError(f"crops must be (n, {CROP_SIZE}, {CROP_SIZE}, 3) uint8, got {crops.shape} {crops.dtype}")
        if not len(crops):
            return np.empty((0, EMBEDDING_SIZE), np.float32)
        self.load()
        assert self._network
        limit = max(_BATCHES)  # of the float32 copies in hand
        parts = [
            self._network.in_batches(_standardised(crops[start : start + limit]), _BATCHES)[0]
            for start in range(0, len(crops), limit)
        ]
        embeddings = np.concatenate(parts)
        # The network ends in unit length, up to half precision on some devices.
        return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), np.float32)


def recorded_embedder(model: str | None, place: str | None) -> FaceEmbedder:
    """The embedder that a gallery records as `model`, its weights at `place`; without any, the usual one.

    Raises WeightsError when the weights are not there or have changed.
    """
    chosen = place or weights.CASIA
    if model is not None and not weights.loads(chosen, model):
        raise WeightsError(
            f"The gallery's faces were embedded with {model}, which is not at {chosen} any more: name the file "
            "with --model."
        )
    return FaceEmbedder(chosen)


def _recipe(model: str) -> Recipe:
    name = weights.model_name(model)
    versions = {weights.CASIA: weights.CASIA_GRAPH_SHA256, weights.VGGFACE2: weights.VGGFACE2_SHA256}
    return Recipe(
        name=f"InceptionResnetV1-{name.partition(':')[0]}",
        version=versions.get(model, name.partition(":")[2])[:12],
        module="facecluster.vision.weights",
        function="load_weights",
        arguments=(model,),
        input_shape=(2, 3, CROP_SIZE, CROP_SIZE),
        examples=(__name__, "drawn_faces"),
        exact_first=_EXACT_FIRST,
    )


def drawn_faces(people: int = 24, portraits: int = 2) -> np.ndarray:
    """Faces of drawn people as the network takes them: (people * portraits, 3, 160, 160) float32."""
    from facecluster.samples.sample_photos import draw_portrait

    box = np.array([110, 110, 290, 350], np.float32)  # about where all of them have their face
    faces = [
        crop_face(np.asarray(draw_portrait(person, portrait)), box)
        for person in range(people)
        for portrait in range(portraits)
    ]
    return _standardised(np.stack(faces))


def _standardised(crops: np.ndarray) -> np.ndarray:
    """(n, 3, 160, 160) float32 of about -1..1, by facenet-pytorch's `fixed_image_standardization`."""
    pixels = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32)
    pixels -= np.float32(127.5)
    pixels /= np.float32(128)
    return pixels
