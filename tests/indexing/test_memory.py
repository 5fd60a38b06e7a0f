"""Memory is bounded by the bytes that are held, and a lack of it is never taken for a photo's fault."""

from __future__ import annotations

import hashlib
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecluster import Gallery, index_photos, open_photos
from facecluster.cli.main import main
from facecluster.indexing import conveyor
from facecluster.indexing.conveyor import Conveyor
from facecluster.indexing.extraction import Task, outcome_of
from facecluster.photos.memory import Budget, is_lack_of_memory
from facecluster.photos.sources import PhotoFile
from facecluster.vision.detection import Detection
from facecluster.waiting import AbandonableThreads
from tests.fakes import FakeDetector, FakeEmbedder, write_photo

MEGABYTE = 2**20
SENTENCE = "2.png needs more memory than there was: close other programs and index it again."


class CountedPhotos:
    """Files of these sizes, and the most bytes that were read and not settled at once."""

    kind, name, location = "folder", "counted", "/counted"

    def __init__(self, sizes: Sequence[int], told: Sequence[int] | None = None) -> None:
        self._sizes = sizes
        self._told = told or sizes
        self._lock = threading.Lock()
        self._held = 0
        self.most = 0

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, index: int) -> PhotoFile:
        return PhotoFile(f"{index}.jpg", None, lambda: self._read(index), self._told[index])

    def _read(self, index: int) -> bytes:
        with self._lock:
            self._held += self._sizes[index]
            self.most = max(self.most, self._held)
        return index.to_bytes(4, "big").ljust(self._sizes[index], b"x")

    def settle(self, batch: Sequence[Task]) -> list[Task]:
        settled = []
        for task in batch:
            with self._lock:
                self._held -= len(task.content)
            settled.append(Task(task.photo, b"", task.sha256, outcome_of(task, "no_face", None)))
        return settled


def carry(photos: Any, workers: int = 3, batch_size: int = 16) -> list[str]:
    """The paths of the photos in the order in which they come out."""
    readers = AbandonableThreads(2, "read")
    with ThreadPoolExecutor(workers) as processors:
        way = Conveyor(photos, readers, processors, workers, batch_size, lambda: False)
        return [task.photo.path for batch in way.settled(lambda task, _: task, photos.settle) for task in batch]


@settings(max_examples=60)
@given(st.lists(st.integers(4, 70_000), max_size=60), st.integers(1, 4), st.integers(1, 20))
def test_every_photo_comes_out_in_order_and_no_more_bytes_are_held_than_allowed(
    sizes: list[int], workers: int, batch_size: int
) -> None:
    limit = 50_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conveyor, "_HELD_BYTES", limit)
        patch.setattr(conveyor, "_BATCH_BYTES", 8_000)
        photos = CountedPhotos(sizes)
        assert carry(photos, workers, batch_size) == [f"{number}.jpg" for number in range(len(sizes))]
    assert photos.most <= max([limit, *sizes])


def test_files_that_are_larger_than_their_folder_said_are_counted_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conveyor, "_HELD_BYTES", 50_000)
    photos = CountedPhotos([40_000] * 200, told=[0] * 200)
    assert len(carry(photos)) == 200
    assert photos.most <= 40_000 * (2 * conveyor._READ_AHEAD), "what is read ahead, and little beside it"


def test_small_photos_make_whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    photos = CountedPhotos([1000] * 200)
    settle, sizes = photos.settle, []

    def note(batch: Sequence[Task]) -> list[Task]:
        sizes.append(len(batch))
        return settle(batch)

    monkeypatch.setattr(photos, "settle", note)
    carry(photos)
    assert sizes[:6] == [16] * 6


def test_what_is_larger_than_the_budget_goes_alone() -> None:
    budget, together, most = Budget(100), [0], [0]

    def hold(size: int) -> None:
        budget.take(size)
        together[0] += size
        most[0] = max(most[0], together[0])
        time.sleep(0.002)
        together[0] -= size
        budget.give_back(size)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hold, [30, 30, 30, 500, 30, 101, 30, 30] * 8))
    assert most[0] == 500
    assert budget.try_to_take(100)
    assert not budget.try_to_take(1)


def test_nobody_holds_anything_beside_one_who_is_alone() -> None:
    budget, inside, done = Budget(100), threading.Event(), threading.Event()

    def be_alone() -> None:
        with budget.alone():
            inside.set()
            done.wait(10)

    budget.take(10)
    waiting = threading.Thread(target=be_alone)
    waiting.start()
    assert not inside.wait(0.1)
    assert not budget.try_to_take(1), "whoever comes later waits behind"
    budget.give_back(10)
    assert inside.wait(10)
    assert not budget.try_to_take(1)
    done.set()
    waiting.join()
    assert budget.try_to_take(1)


def numpys_own() -> Exception:
    try:
        np.empty(2**50, np.uint8)
    except MemoryError as error:
        return error
    raise AssertionError("nobody has a pebibyte")


@pytest.mark.parametrize(
    ("error", "is_lack"),
    [
        (MemoryError(), True),
        (numpys_own(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("shapes do not fit"), False),
    ],
)
def test_a_lack_of_memory_is_known_in_the_errors_of_all_libraries(error: Exception, is_lack: bool) -> None:
    assert is_lack_of_memory(error) == is_lack


class Hungry(FakeDetector):
    """Has no memory for photos in a batch, or not even alone for some."""

    def __init__(self, hopeless: tuple[str, ...] = (), error: Exception | None = None) -> None:
        self.hopeless = hopeless
        self.error = error or MemoryError()

    def detect_many(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        if len(images) > 1 or any(self._sum(image) in self.hopeless for image in images):
            raise self.error
        return super().detect_many(images)

    @staticmethod
    def _sum(image: np.ndarray) -> str:
        return hashlib.sha256(image.tobytes()).hexdigest()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(1, 7):
        write_photo(tmp_path / "photos" / f"{number}.png", number)
    return tmp_path / "photos"


def index(gallery: Gallery, photos: Path, detector: FakeDetector) -> Any:
    return index_photos(gallery, open_photos(photos), detector=detector, embedder=FakeEmbedder())  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("std::bad_alloc")])
def test_photos_for_which_memory_ran_out_together_are_done_one_by_one(
    tmp_path: Path, photos: Path, error: Exception
) -> None:
    report = index(Gallery.open(tmp_path / "gallery"), photos, Hungry(error=error))
    assert (report.indexed, report.faces, report.unreadable, report.out_of_memory) == (6, 6, 0, 0)


def test_a_photo_that_memory_is_too_little_for_is_told_and_done_by_the_next_run(tmp_path: Path, photos: Path) -> None:
    from facecluster.photos.images import load_image

    gallery = Gallery.open(tmp_path / "gallery")
    report = index(gallery, photos, Hungry((Hungry._sum(load_image(photos / "2.png")),)))
    assert (report.indexed, report.unreadable, report.out_of_memory, report.problems) == (5, 1, 1, (SENTENCE,))
    assert report.photos == report.indexed + report.skipped + report.duplicates + report.unreadable
    assert gallery.photos.left_out()["reason"].tolist() == [SENTENCE]
    report = index(gallery, photos, FakeDetector())
    assert (report.indexed, report.skipped, report.unreadable) == (1, 5, 0)
    assert gallery.photos.left_out().empty


def test_other_errors_of_a_batch_are_not_taken_for_a_lack_of_memory(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        index(Gallery.open(tmp_path / "gallery"), photos, Hungry(error=RuntimeError("shapes do not fit")))


def test_a_photo_that_cannot_even_be_read_into_memory_is_read_again_alone(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facecluster.photos.sources import FolderPhotos

    read, tried = FolderPhotos.read_file, []

    def starve(self: FolderPhotos, path: str) -> bytes:
        tried.append(path)
        if path == "2.png" or (path == "4.png" and tried.count(path) == 1):
            raise MemoryError
        return read(self, path)

    monkeypatch.setattr(FolderPhotos, "read_file", starve)
    report = index(Gallery.open(tmp_path / "gallery"), photos, FakeDetector())
    assert (report.indexed, report.out_of_memory, report.problems) == (5, 1, (SENTENCE,))


def test_the_command_fails_where_a_photo_was_passed_over_for_lack_of_memory(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from facecluster.photos.sources import FolderPhotos

    read = FolderPhotos.read_file

    def starve(self: FolderPhotos, path: str) -> bytes:
        if path == "2.png":
            raise MemoryError
        return read(self, path)

    monkeypatch.setattr(FolderPhotos, "read_file", starve)
    assert main(["index", str(photos), "--gallery", str(tmp_path / "gallery")]) == 1
    assert SENTENCE in capsys.readouterr().err


def test_a_decoder_that_calls_a_photo_damaged_for_lack_of_memory_is_not_believed(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facecluster.errors import PhotoError
    from facecluster.photos.images import load_photo

    tried: list[bytes] = []

    def decode(content: bytes) -> Any:
        tried.append(content)
        if len(tried) == 2:
            raise PhotoError("is damaged or cut off: replace it with a complete copy.", "The photo")
        return load_photo(content)

    monkeypatch.setattr("facecluster.indexing.extraction.load_photo", decode)
    monkeypatch.setattr("facecluster.indexing.extraction.is_free", lambda size: False)
    report = index(Gallery.open(tmp_path / "gallery"), photos, FakeDetector())
    assert (report.indexed, report.unreadable) == (6, 0)
    assert len(tried) > 6


def test_a_gigabyte_of_nothing_in_a_small_zip_is_not_unpacked_into_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("Ada/1.jpg", "w", force_zip64=True) as member:
            for _ in range(6):
                member.write(bytes(16 * MEGABYTE))
        archive.writestr("Ada/2.png", write_photo(tmp_path / "2.png", 2).read_bytes())
    tracemalloc.start()
    try:
        report = index(Gallery.open(tmp_path / "gallery"), bomb, FakeDetector())
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (report.indexed, report.unreadable) == (1, 1)
    assert report.problems[0].startswith("1.jpg cannot be read: is not a photo in a format that can be read (JPEG, ")
    assert most < 48 * MEGABYTE


def test_too_little_memory_for_the_models_is_told_in_a_sentence(tmp_path: Path, photos: Path) -> None:
    from facecluster.errors import OutOfMemoryError

    gallery = Gallery.open(tmp_path / "gallery")
    with pytest.raises(OutOfMemoryError, match="too little memory to load the models: close other programs"):
        index(gallery, photos, Starving())
    assert gallery.counts().photos == 0


class Starving(FakeDetector):
    def detect(self, image: np.ndarray) -> list[Detection]:
        raise RuntimeError("[CPU] Reorder node with name 'x' can't alloc")
