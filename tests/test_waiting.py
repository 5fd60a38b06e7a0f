"""Reads that never end: cancelling, Ctrl+C and SIGTERM work all the same, and the gallery is free for others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from facecluster import Gallery, index_photos, open_photos
from facecluster.errors import Cancelled
from facecluster.files import read_regular
from facecluster.photos.sources import PhotoFile
from facecluster.waiting import run_abandonable
from facecluster.workflows.add_photos import Place, add_photos
from facecluster.workflows.jobs import Job

from .fakes import FakeDetector, FakeEmbedder, write_photo

ROOT = Path(__file__).resolve().parents[1]
SOON = 20  # seconds: much more than it takes, much less than for ever


class Detector(FakeDetector):
    def load(self) -> None: ...


class Embedder(FakeEmbedder):
    def load(self) -> None: ...


class HangingPhotos:
    """Three photos, of which reading the second never ends."""

    kind = "folder"
    name = "hanging"

    def __init__(self, folder: Path) -> None:
        self.location = str(folder)
        self.hangs = threading.Event()
        self._files = [write_photo(folder / f"{number}.png", number) for number in range(1, 4)]

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> PhotoFile:
        return PhotoFile(self._files[index].name, "Ada", lambda: self._read(index), 1000)

    def _read(self, index: int) -> bytes:
        if index == 1:
            self.hangs.set()
            threading.Event().wait()
        return self._files[index].read_bytes()


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery.open(tmp_path / "gallery")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe that is called as a photo is, into which nobody writes."""
    file = tmp_path / "photos" / "Ada" / "x.jpg"
    write_photo(file.with_name("1.png"), 1)
    os.mkfifo(file)
    return file


def test_cancelling_ends_a_run_whose_read_hangs_and_frees_the_gallery(gallery: Gallery, tmp_path: Path) -> None:
    photos = HangingPhotos(tmp_path / "photos")
    with pytest.raises(Cancelled):
        index_photos(
            gallery,
            photos,
            detector=FakeDetector(),  # type: ignore[arg-type]
            embedder=FakeEmbedder(),  # type: ignore[arg-type]
            cancelled=photos.hangs.is_set,
        )
    with Gallery.open(gallery.path).indexing():
        pass


def test_cancelling_a_job_ends_it_while_a_folder_is_being_listed(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*_: object) -> None:
        job.cancel()
        threading.Event().wait()

    monkeypatch.setattr("facecluster.workflows.add_photos.open_known", hang)
    job = Job("Adding")
    with pytest.raises(Cancelled):
        add_photos(gallery, Place("/photos"), job, detector=Detector(), embedder=Embedder())  # type: ignore[arg-type]
    with gallery.indexing():
        pass


def test_what_is_run_abandonably_gives_its_result_or_its_error() -> None:
    assert run_abandonable(lambda: 7) == 7
    with pytest.raises(TimeoutError, match="of the work"):
        run_abandonable(lambda: (_ for _ in ()).throw(TimeoutError("of the work")))


HANG = """
import sys, threading
from pathlib import Path
from facecluster.photos import sources
def hang(self, path):
    print("reading", flush=True)
    threading.Event().wait()
sources.FolderPhotos.read_file = hang
from facecluster.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 1), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_command_whose_read_hangs_ends_at_ctrl_c_and_sigterm(tmp_path: Path, sent: int, status: int) -> None:
    write_photo(tmp_path / "photos" / "1.png", 1)
    command = [sys.executable, "-c", HANG, "index", str(tmp_path / "photos"), "--gallery", str(tmp_path / "gallery")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "reading\n"
    time.sleep(0.2)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=SOON)
    assert process.returncode == status
    assert "Traceback" not in errors


def commands(pipe: Path) -> dict[str, tuple[list[str], int]]:
    photos = pipe.parent.parent
    return {
        "index": (["index", str(photos)], 0),
        "index a pipe": (["index", str(pipe)], 1),
        "index a pipe as zip": (["index", str(pipe.with_suffix(".zip"))], 1),
        "identify": (["identify", str(pipe)], 1),
        "model": (["index", str(photos), "--model", str(pipe.with_suffix(".pt"))], 1),
        "groups": (["evaluate", "--groups", str(pipe)], 1),
    }


@pytest.mark.parametrize("name", ["index", "index a pipe", "index a pipe as zip", "identify", "model", "groups"])
def test_no_command_waits_for_a_pipe(pipe: Path, sample_gallery: Path, tmp_path: Path, name: str) -> None:
    for ending in (".zip", ".pt"):
        os.mkfifo(pipe.with_suffix(ending))
    arguments, status = commands(pipe)[name]
    gallery = tmp_path / "new" if name.startswith("index") else sample_gallery
    done = subprocess.run(
        [sys.executable, "-m", "facecluster", *arguments, "--gallery", str(gallery)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda file: os.mkfifo(file), "is a named pipe, not a file"),
        (lambda file: file.symlink_to("/dev/zero"), "is a device, not a file"),
        (lambda file: file.mkdir(), "is a folder, not a file"),
    ],
    ids=["pipe", "link to a device", "folder"],
)
def test_only_regular_files_are_read(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    make(tmp_path / "x.jpg")
    with pytest.raises(OSError, match=said):
        read_regular(tmp_path / "x.jpg", 1000)


def test_a_file_that_is_larger_than_allowed_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(bytes(1001))
    (tmp_path / "link.jpg").symlink_to(tmp_path / "x.jpg")
    assert len(read_regular(tmp_path / "link.jpg", 1001)) == 1001
    with pytest.raises(OSError, match=r"has 0\.0 GiB, more than the"):
        read_regular(tmp_path / "x.jpg", 1000)


def test_devices_pipes_and_links_to_them_are_no_photos_of_a_folder(pipe: Path) -> None:
    pipe.with_name("zero.jpg").symlink_to("/dev/zero")
    source = open_photos(pipe.parent.parent)
    assert [source[number].path for number in range(len(source))] == ["Ada/1.png"]


def test_reading_a_small_file_takes_no_memory_for_the_largest(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(bytes(1000))
    tracemalloc.start()
    try:
        assert len(read_regular(tmp_path / "x.jpg", 2**30)) == 1000
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 2**20


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a file of Linux")
def test_a_file_whose_size_nobody_knows_is_read_to_its_end() -> None:
    assert read_regular("/proc/self/status", 2**20).startswith(b"Name:")
