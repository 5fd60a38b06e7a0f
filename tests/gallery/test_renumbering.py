"""Photo files that changed places: the gallery ends like one made anew, without finding known faces again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecluster import Gallery, IndexReport, index_photos, open_photos
from facecluster.errors import Cancelled, PhotoError
from facecluster.photos.originals import read_original
from facecluster.vision.detection import Detection
from tests.fakes import FakeDetector, FakeEmbedder, write_photo

PATHS = ("Ann/1.png", "Ann/2.png", "Bob/1.png", "Bob/2.png", "Cyd/1.png", "alone.png")
UNREADABLE = 9
Content = dict[str, int]


class WatchedDetector(FakeDetector):
    """Tells on which photos faces were looked for."""

    def __init__(self) -> None:
        self.photos: set[bytes] = set()

    def detect_many(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        self.photos |= {image.tobytes() for image in images}
        return super().detect_many(images)


def index(gallery: Gallery, source: Path, detector: FakeDetector | None = None, **options: Any) -> IndexReport:
    return index_photos(
        gallery,
        open_photos(source),
        detector=detector or FakeDetector(),  # type: ignore[arg-type]
        embedder=FakeEmbedder(),  # type: ignore[arg-type]
        **options,
    )


def lay(folder: Path, content: Content) -> Path:
    """Exactly these photos in a folder: by path a number, 0 for one without a face, UNREADABLE for text."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, number in content.items():
        if number == UNREADABLE:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text("no photo")
        else:
            write_photo(folder / path, number)
    return folder


def lay_zip(folder: Path, content: Content) -> Path:
    lay(folder, content)
    return Path(shutil.make_archive(str(folder), "zip", folder))


def held(gallery: Gallery) -> list[object]:
    """What a gallery holds, in an order that does not tell how it came there."""
    faces = gallery.faces()
    rows = zip(faces.table["path"], faces.persons, faces.embeddings.tolist(), strict=True)
    left_out = gallery.photos.left_out()
    return [gallery.counts(), sorted(rows), sorted(left_out.astype(str).itertuples(index=False))]


def held_anew(source: Path) -> list[object]:
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery.open(folder)
        index(gallery, source)
        return held(gallery)


contents = st.fixed_dictionaries({path: st.sampled_from([0, 1, 2, 3, 4, 5, UNREADABLE]) for path in PATHS})
layers = pytest.mark.parametrize("put", [lay, lay_zip], ids=["folder", "zip"])


@layers
@given(before=contents, after=contents, stop_after=st.integers(0, 6), batch_size=st.sampled_from([1, 3, 16]))
@settings(max_examples=25)
def test_photos_that_changed_places_end_as_in_a_new_gallery(
    put: Callable[[Path, Content], Path], before: Content, after: Content, stop_after: int, batch_size: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        gallery, first, detector = Gallery.open(Path(folder) / "gallery"), WatchedDetector(), WatchedDetector()
        index(gallery, put(Path(folder) / "photos", before), first)
        source = put(Path(folder) / "photos", after)
        stops = iter([False] * stop_after)
        try:  # a run that is cut short on its way, or comes to its end
            index(gallery, source, detector, workers=1, batch_size=1, cancelled=lambda: next(stops, True))
        except Cancelled:
            index(gallery, source, detector, batch_size=batch_size)
        assert held(gallery) == held_anew(source)
        assert not detector.photos & first.photos


def test_a_new_first_photo_shifts_the_others_and_no_face_is_lost(tmp_path: Path) -> None:
    gallery, detector = Gallery.open(tmp_path / "gallery"), WatchedDetector()
    index(gallery, lay(tmp_path / "photos", {f"Tom/{n}.png": n for n in range(1, 7)}))
    lay(tmp_path / "photos", {"Tom/1.png": 99, **{f"Tom/{n + 1}.png": n for n in range(1, 7)}})
    report = index(gallery, tmp_path / "photos", detector)
    assert (report.indexed, report.skipped, report.duplicates, len(detector.photos)) == (1, 6, 0, 1)
    assert gallery.counts().faces == 7


def test_swapped_photos_swap_their_persons(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    index(gallery, lay(tmp_path / "photos", {"Ann/1.png": 1, "Bob/1.png": 2}))
    first = dict(zip(gallery.faces().ids, gallery.faces().persons, strict=True))
    report = index(gallery, lay(tmp_path / "photos", {"Ann/1.png": 2, "Bob/1.png": 1}))
    assert (report.indexed, report.skipped, report.duplicates) == (0, 2, 0)
    swapped = dict(zip(gallery.faces().ids, gallery.faces().persons, strict=True))
    assert swapped == {face: {"Ann": "Bob", "Bob": "Ann"}[person] for face, person in first.items()}


def test_duplicates_are_forgotten_with_their_files(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    index(gallery, lay(tmp_path / "photos", {"Ann/1.png": 1, "Ann/copy.png": 1, "Ann/text.png": UNREADABLE}))
    index(gallery, lay(tmp_path / "photos", {"Ann/1.png": 1, "Ann/other copy.png": 1}))
    assert gallery.photos.left_out()["photo"].tolist() == ["Ann/other copy.png"]
    assert gallery.counts().photos == 2


def test_a_renamed_photo_that_is_done_with_other_settings_is_held_once(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    index(gallery, lay(tmp_path / "photos", {"Ann/1.png": 1, "Ann/2.png": 2}))
    index(gallery, lay(tmp_path / "photos", {"Ann/1.png": 1, "Ann/3.png": 2}), faces="all")
    assert gallery.faces().table["path"].tolist() == ["Ann/1.png", "Ann/3.png"]


def test_a_photo_whose_person_is_told_apart_later_gets_its_person(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    index(gallery, lay(tmp_path / "Tom", {"Tom/1.png": 1}))
    assert gallery.faces().persons.tolist() == [None]
    index(gallery, lay(tmp_path / "Tom", {"Tom/1.png": 1, "Zoe/1.png": 2}))
    assert sorted(gallery.faces().persons) == ["Tom", "Zoe"]


@layers
def test_a_photo_of_another_source_is_followed_once_its_place_holds_another(
    tmp_path: Path, put: Callable[[Path, Content], Path]
) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    one, other = {"Ann/1.png": 1, "Eve/2.png": 2}, {"Bob/1.png": 1, "Cyd/1.png": 7}
    index(gallery, put(tmp_path / "one", one))
    second = lay(tmp_path / "other", other)
    assert index(gallery, second).duplicates == 1
    put(tmp_path / "one", {"Ann/1.png": 3, "Eve/2.png": 2})
    report = index(gallery, second)
    assert (report.indexed, report.skipped, report.duplicates) == (0, 2, 0)
    assert sorted(gallery.faces().persons) == ["Bob", "Cyd", "Eve"]


def test_a_photo_that_another_one_replaced_is_not_shown_for_it(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    folder = lay(tmp_path / "photos", {"Ann/1.png": 1, "Ann/2.png": 2})
    index(gallery, folder)
    photo = gallery.faces.get(1).photo
    assert read_original(photo) == (folder / "Ann/1.png").read_bytes()
    lay(folder, {"Ann/1.png": 2, "Ann/2.png": 1})
    with pytest.raises(PhotoError, match=r"Ann/1.png is no longer in .*photos"):
        read_original(photo)
    (folder / "Ann/1.png").write_bytes(bytes(photo.size))
    with pytest.raises(PhotoError, match=r"Ann/1.png is no longer in .*photos"):
        read_original(photo)
