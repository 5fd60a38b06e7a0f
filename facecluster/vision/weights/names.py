"""The names of the models, the user's files among them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from facecluster.errors import WeightsError
from facecluster.files import open_regular
from facecluster.user_paths import user_path

CASIA = "casia-webface"
VGGFACE2 = "vggface2"
MODELS = (CASIA, VGGFACE2)


def model_name(model: str) -> str:
    """What is recorded beside embeddings: the name of a known model, or a file's name and the start of its sha256.

    Raises WeightsError when `model` is neither a known name nor a readable file.
    """
    if model in MODELS:
        return model
    path = weights_file(model)
    return f"{path.name}:{sha256_of(path)[:12]}"


def loads(weights: str, model: str) -> bool:
    """Whether `weights`, a known name or a file, is there and is the model that `model_name` once called so."""
    try:
        return model_name(weights) == model
    except WeightsError:
        return False


def weights_file(model: str) -> Path:
    """The file of the user's that `model` is the path of. Raises WeightsError when there is none."""
    path = user_path(model, WeightsError)
    try:
        is_file = path.is_file()
    except OSError:  # too long for a file name, or in a folder that may not be entered
        is_file = False
    if not is_file:
        raise WeightsError(
            f"There is no model {model}: name {CASIA}, {VGGFACE2}, or an existing .pt file with facenet-pytorch's "
            "state dict."
        )
    return path


def sha256_of(path: Path) -> str:
    """A weights file's sha256. Raises WeightsError when it cannot be read."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"The weights file {path} cannot be read ({error.strerror}): check the path.") from error
