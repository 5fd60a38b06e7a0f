"""From a picture to faces: where they are (MTCNN) and what each looks like as 512 numbers (InceptionResnetV1).

All networks live here, with the weights they load and the runtimes they are compiled for; torch, OpenCV and OpenVINO
are imported nowhere else.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Detection": "detection",
    "FaceDetector": "detection",
    "FaceEmbedder": "embedding",
    "crop_face": "embedding",
}


def __getattr__(name: str) -> Any:
    # Loaded when they are asked for: a script that needs one of them should not wait for torch and scikit-learn.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
