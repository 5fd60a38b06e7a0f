"""The vggface2 weights: downloaded once, into torch's cache."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from facecluster.errors import WeightsError
from facecluster.vision.weights.names import CASIA, VGGFACE2, sha256_of
from facecluster.writing import put_new

# facenet-pytorch names this address inside models/inception_resnet_v1.py:load_weights.
VGGFACE2_URL = "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/20180402-114759-vggface2.pt"
# Published beside copies of that file in several independent projects; the file has 111,898,327 bytes.
VGGFACE2_SHA256 = "281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b"
_DOWNLOAD_TIMEOUT = 30  # seconds without a byte
_CHUNK = 1 << 18

ProgressCallback = Callable[[int, int | None], None]


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
    if not cached.is_file() or sha256_of(cached) != VGGFACE2_SHA256:
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
            if sha256_of(part) != sha256:
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
