"""Files of several pictures: where the first one has no face, the picture with the surest one is the photo."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facecluster import FaceDetector, FaceEmbedder, Gallery, Identifier, index_photos, open_photos
from facecluster.cli.main import main
from facecluster.photos.images import load_photo
from facecluster.recognition.probes import read_probe
from facecluster.samples.sample_photos import draw_portrait
from facecluster.ui.photo_dialog import picture_of
from facecluster.vision.faces import MOST_PAGES, FaceReader, pages_to_try

pytestmark = pytest.mark.usefixtures("pillow_as_in_a_new_process")

PORTRAIT = draw_portrait(2, 40)
# The pages of a report, of another size than the portrait and each other than the one before.
TEXT = [Image.new("RGB", (260, 300), (250, 250, 240 - 5 * number)) for number in range(4)]
# Losing formats would change the portrait, and animations are not always kept frame by frame.
FILES = {
    "scan.tif": lambda: _saved("TIFF", [TEXT[0], PORTRAIT, TEXT[1]]),
    "wave.gif": lambda: _saved("GIF", [_like(TEXT[0]), _like(TEXT[1]), PORTRAIT]),
    "wave.png": lambda: _saved("PNG", [_like(TEXT[0]), PORTRAIT]),
    "wave.webp": lambda: _saved("WEBP", [_like(TEXT[0]), PORTRAIT], lossless=True),
    "burst.heic": lambda: _saved("HEIF", [TEXT[0], PORTRAIT], quality=95),
}
PAGES = {"scan.tif": 1, "wave.gif": 2, "wave.png": 1, "wave.webp": 1, "burst.heic": 1}


def _like(image: Image.Image) -> Image.Image:
    return image.resize(PORTRAIT.size)


def _saved(kind: str, pictures: list[Image.Image], **options: object) -> bytes:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    buffer = io.BytesIO()
    pictures[0].save(buffer, kind, save_all=True, append_images=pictures[1:], **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def gallery_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of files of several pictures, in one folder of a person."""
    root = tmp_path_factory.mktemp("several")
    folder = root / "photos" / "Ada"
    folder.mkdir(parents=True)
    for name, make in FILES.items():
        (folder / name).write_bytes(make())
    (folder / "first.tif").write_bytes(_saved("TIFF", [PORTRAIT, draw_portrait(2, 41)]))
    (folder / "report.tif").write_bytes(_saved("TIFF", TEXT))
    with closing(Gallery.open(root / "gallery")) as gallery:
        index_photos(gallery, open_photos(root / "photos"))
    return root / "gallery"


def photos(folder: Path) -> dict[str, sqlite3.Row]:
    with closing(sqlite3.connect(folder / "gallery.db")) as db:
        db.row_factory = sqlite3.Row
        return {Path(row["path"]).name: row for row in db.execute("SELECT * FROM photos")}


@pytest.mark.parametrize("name", FILES)
def test_the_picture_with_a_face_is_indexed_and_kept(gallery_folder: Path, name: str) -> None:
    row = photos(gallery_folder)[name]
    assert (row["status"], row["page"], row["width"]) == ("indexed", PAGES[name], PORTRAIT.width)
    assert f"icture {PAGES[name] + 1}" in row["note"] or f"Page {PAGES[name] + 1} was read" in row["note"]


def test_a_first_picture_with_a_face_is_the_photo_whatever_the_others_have(gallery_folder: Path) -> None:
    row = photos(gallery_folder)["first.tif"]
    assert (row["status"], row["page"], row["note"]) == ("indexed", None, "1 of 2 pages was passed over.")


def test_a_file_without_any_face_stays_at_its_first_picture(gallery_folder: Path) -> None:
    row = photos(gallery_folder)["report.tif"]
    assert (row["status"], row["page"], row["note"]) == ("no_face", None, "3 of 4 pages were passed over.")


def test_the_picture_that_was_indexed_is_the_one_that_is_shown(gallery_folder: Path) -> None:
    with closing(Gallery.open(gallery_folder)) as gallery:
        table = gallery.faces().table
        for name in FILES:
            face = gallery.faces.get(int(table.loc[table["path"].str.endswith(name), "face"].iloc[0]))
            shown = picture_of(gallery, face)
            assert (shown.image.shape[:2]) == PORTRAIT.size[::-1], name
            assert np.abs(shown.image.astype(int) - np.asarray(PORTRAIT.convert("RGB"))).mean() < 12, name


@pytest.mark.parametrize("name", FILES)
def test_a_probe_is_looked_at_in_the_same_way(
    capsys: pytest.CaptureFixture[str], detector: FaceDetector, sample_gallery: Path, tmp_path: Path, name: str
) -> None:
    content = FILES[name]()
    probe = read_probe(name, content, FaceReader(detector, FaceEmbedder()))
    assert (probe.page, len(probe.detections)) == (PAGES[name], 1)
    with closing(Gallery.open(sample_gallery)) as gallery:
        (match,) = Identifier.from_gallery(gallery, detector=detector).identify(content)
        assert match.is_known
    (tmp_path / name).write_bytes(content)
    assert main(["identify", str(tmp_path / name), "--gallery", str(sample_gallery), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["page"], told["faces"][0]["person"]) == (PAGES[name], match.person)


def test_a_damaged_page_costs_the_others_nothing(detector: FaceDetector) -> None:
    content = bytearray(_saved("TIFF", [TEXT[0], TEXT[1], PORTRAIT], compression="tiff_lzw"))
    with Image.open(io.BytesIO(content)) as tiff:
        tiff.seek(1)
        place = tiff.tag_v2[273][0]  # type: ignore[attr-defined]  # StripOffsets
    content[place : place + 40] = b"\xff" * 40
    probe = read_probe("scan.tif", bytes(content), FaceReader(detector, FaceEmbedder()))
    assert (probe.page, len(probe.detections)) == (2, 1)


def test_small_copies_are_not_looked_at() -> None:
    photo = load_photo(_saved("TIFF", [TEXT[0], TEXT[0].resize((130, 150)), TEXT[1]]))
    assert photo.other_pages == (2,)


def test_of_many_pictures_some_are_tried_from_the_first_to_the_last() -> None:
    tried = pages_to_try(range(1, 501), 0.0)
    assert (len(tried), tried[0], tried[-1]) == (MOST_PAGES, 1, 500)
    assert pages_to_try(range(1, 501), 0.99) == []
    assert pages_to_try((), 0.0) == []


def test_a_gallery_of_version_2_looks_again_at_files_whose_first_picture_had_no_face(
    gallery_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(gallery_folder, tmp_path / "old")
    with closing(sqlite3.connect(tmp_path / "old" / "gallery.db")) as db:
        db.execute(
            "UPDATE photos SET status = 'no_face', note = '2 of 3 pages were passed over.', "
            "reason = 'No face of 40 pixels or more was found.' WHERE path LIKE '%scan.tif'"
        )
        db.execute("DELETE FROM faces WHERE photo_id = (SELECT id FROM photos WHERE path LIKE '%scan.tif')")
        db.execute("ALTER TABLE photos DROP COLUMN page")
        db.execute("ALTER TABLE sources DROP COLUMN settings")
        db.execute("PRAGMA user_version = 2")
        db.commit()
    with closing(Gallery.open(tmp_path / "old")) as gallery:
        found = index_photos(gallery, open_photos(gallery_folder.parent / "photos"))
    assert found.skipped == len(FILES)  # all but the two that had no face
    row = photos(tmp_path / "old")["scan.tif"]
    assert (row["status"], row["page"]) == ("indexed", 1)
