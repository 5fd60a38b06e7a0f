"""MTCNN's three networks with facenet-pytorch's weights, as recipes that are compiled for this machine."""

from __future__ import annotations

import hashlib
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from facecluster.vision.runtime.compile import compile_recipes
from facecluster.vision.runtime.network import CompiledModule, Recipe

if TYPE_CHECKING:
    import torch

RNET_SIZE, RNET_BATCHES = 24, (128, 64, 32, 16, 8, 4)
ONET_SIZE, ONET_BATCHES = 48, (32, 16, 8, 4, 2, 1)
_PNET_EXAMPLE = 64  # pixels: any photo will do


def load_networks(runtime: str) -> tuple[CompiledModule, CompiledModule, CompiledModule]:
    """P-Net as `one_headed_pnet` has it, R-Net and O-Net as facenet-pytorch has them. Raises RuntimeChoiceError."""
    pnet, rnet, onet = compile_recipes(
        (
            _recipe("PNet", _PNET_EXAMPLE, (2, 3), __name__, "one_headed_pnet"),
            _recipe("RNet", RNET_SIZE, (0,), "facenet_pytorch.models.mtcnn", "RNet"),
            _recipe("ONet", ONET_SIZE, (0,), "facenet_pytorch.models.mtcnn", "ONet"),
        ),
        runtime=runtime,
    )
    return pnet, rnet, onet


def one_headed_pnet() -> torch.nn.Module:
    """P-Net that answers (n, 5, height, width): four offsets, and by how much the face's logit exceeds the other's.

    facenet-pytorch's has a convolution for the offsets and one for two logits, then a softmax over these, which is the
    logistic function of their difference. One convolution reads the widest layer once, and few places need a score.
    """
    import torch
    from facenet_pytorch.models.mtcnn import PNet

    pnet = PNet()
    offsets, logits = pnet.conv4_2, pnet.conv4_1
    head = torch.nn.Conv2d(offsets.in_channels, offsets.out_channels + 1, kernel_size=1)
    with torch.no_grad():
        for name in ("weight", "bias"):
            of_other, of_face = getattr(logits, name)
            getattr(head, name).copy_(torch.cat([getattr(offsets, name), (of_face - of_other)[None]]))
    body = (pnet.conv1, pnet.prelu1, pnet.pool1, pnet.conv2, pnet.prelu2, pnet.conv3, pnet.prelu3)
    return torch.nn.Sequential(*body, head)


def _recipe(name: str, side: int, varying: tuple[int, ...], module: str, function: str) -> Recipe:
    """A network's recipe; its weights are found and told apart without importing facenet-pytorch, and with it torch."""
    spec = find_spec("facenet_pytorch")
    folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else Path()
    digest = hashlib.sha256((folder / "data" / f"{name.lower()}.pt").read_bytes()).hexdigest()[:12]
    version = f"{function}-{metadata.version('facenet-pytorch')}-{digest}"
    # In bfloat16 boxes shift by pixels and one face in a hundred is another, for a tenth of the time.
    return Recipe(name, version, module, function, (), (1, 3, side, side), varying, exact=True)
