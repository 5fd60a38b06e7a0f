"""VGGFace2 weights from a server: complete, or nothing and a sentence."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from facecluster.cli import main
from facecluster.errors import WeightsError
from facecluster.samples.sample_photos import draw_portrait
from facecluster.vision.weights import download, load_weights

if TYPE_CHECKING:
    import torch

from tests.weights_files import inputs, one_sentence

NAME = "20180402-114759-vggface2.pt"


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
    monkeypatch.setattr(download, "VGGFACE2_URL", served.url)
    monkeypatch.setattr(download, "VGGFACE2_SHA256", hashlib.sha256(served.content).hexdigest())
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
    monkeypatch.setattr(download, "VGGFACE2_SHA256", hashlib.sha256(weights_bytes).hexdigest())
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
    download._download(server.url, target, download.VGGFACE2_SHA256, lambda *step: progress.append(step))
    assert target.read_bytes() == server.content
    assert progress[-1] == (len(server.content), None)


def test_a_server_that_would_pack_the_file_is_asked_not_to(server: Server, tmp_path: Path) -> None:
    server.behaviour = "packs"
    download._download(server.url, tmp_path / "weights.pt", download.VGGFACE2_SHA256)
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
    monkeypatch.setattr(download, "_DOWNLOAD_TIMEOUT", 0.2)
    server.behaviour = behaviour
    text = refused_download(tmp_path)
    assert server.url in text
    assert "no answer for 0.2 s" in text


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_connection(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "VGGFACE2_URL", url := f"http://127.0.0.1:{closed_port()}/{NAME}")
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
    assert download.downloaded_vggface2(None) == target
    assert target.read_bytes() == server.content


def test_a_damaged_file_in_the_cache_is_named_and_kept(server: Server, tmp_path: Path) -> None:
    cached = tmp_path / "torch" / "checkpoints" / NAME
    cached.parent.mkdir(parents=True)
    cached.write_bytes(server.content[:1000])
    with pytest.raises(WeightsError) as error:
        load_weights("vggface2")
    text = one_sentence(error)
    assert str(cached) in text
    assert "move it away" in text
    assert cached.read_bytes() == server.content[:1000]
    assert server.requests == []


@pytest.mark.parametrize("kind", ["a link to nothing", "a pipe", "a folder"])
def test_something_else_in_place_of_the_weights_is_named_and_kept(server: Server, tmp_path: Path, kind: str) -> None:
    cached = tmp_path / "torch" / "checkpoints" / NAME
    cached.parent.mkdir(parents=True)
    make = {"a link to nothing": lambda: cached.symlink_to("on a disk that is not there"), "a folder": cached.mkdir}
    make.get(kind, lambda: os.mkfifo(cached))()
    before = cached.lstat()
    with pytest.raises(WeightsError) as error:
        load_weights("vggface2")
    assert str(cached) in one_sentence(error)
    assert "move it away" in one_sentence(error)
    assert (cached.lstat().st_ino, cached.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert server.requests == []


@pytest.mark.parametrize("same", [True, False])
def test_a_file_that_appears_during_the_download_is_kept(server: Server, tmp_path: Path, same: bool) -> None:
    cached = tmp_path / "torch" / "checkpoints" / NAME
    theirs = server.content if same else b"mine"

    def copy(done: int, total: int | None) -> None:
        cached.write_bytes(theirs)

    if same:
        assert download.downloaded_vggface2(copy) == cached
    else:
        with pytest.raises(WeightsError, match="damaged"):
            download.downloaded_vggface2(copy)
    assert cached.read_bytes() == theirs
    assert [path.name for path in cached.parent.iterdir()] == [NAME]


def test_indexing_without_a_connection_ends_with_a_sentence_and_an_untouched_gallery(
    server: Server,
    tmp_path: Path,
    gallery_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from facecluster import Gallery

    monkeypatch.setenv("FACECLUSTER_RUNTIME", "eager")  # others prepare networks in a process that knows no stand-in
    monkeypatch.setattr(download, "VGGFACE2_URL", url := f"http://127.0.0.1:{closed_port()}/{NAME}")
    photos = tmp_path / "photos"
    photos.mkdir()
    draw_portrait(0, 0).convert("RGB").save(photos / "one.jpg")
    assert main.main(["index", str(photos), "--model", "vggface2"]) == 1
    captured = capsys.readouterr()
    said = [line for line in captured.err.splitlines() if line.startswith("facecluster: ")]
    assert captured.out == ""
    assert len(said) == 1
    assert url in said[0]
    assert "Traceback" not in captured.err
    gallery = Gallery.open(gallery_home)
    assert (gallery.counts().photos, gallery.counts().faces, gallery.model) == (0, 0, None)
    gallery.close()
