"""Nothing of the user's is erased or changed: commands, buttons and error paths, with the sums before and after."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from facecluster import Gallery
from facecluster.cli.main import main
from facecluster.errors import FaceClusterError, GalleryError, SourceError
from facecluster.workflows import add_photos as adding
from facecluster.workflows.add_photos import Place, SamplePeople, add_photos
from facecluster.workflows.jobs import Job
from facecluster.workflows.uploads import UploadedZip
from tests.apps import APP
from tests.fakes import FakeDetector, FakeEmbedder, write_copy, write_photo
from tests.ui.test_pages_gallery import wait_for_job


class Detector(FakeDetector):
    def load(self) -> None: ...


class Embedder(FakeEmbedder):
    def load(self) -> None: ...


OURS = ("gallery.db", "gallery.db-wal", "gallery.db-shm", "gallery.db-reserve", "indexing.lock")


def sums(*folders: Path) -> dict[str, str]:
    """Type, mode and content of everything below the folders but the gallery's own files."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.name in OURS:  # SQLite makes and removes some as it likes
                continue
            info = path.lstat()
            if path.is_symlink():
                content = os.readlink(path)
            else:
                content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path)] = f"{stat.filemode(info.st_mode)} {content}"
    return found


@pytest.fixture
def home(sample_gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's, with photos in `uploads` and notes, in which a gallery of the sample people lies."""
    folder = tmp_path / "mine"
    shutil.copytree(sample_gallery, folder)
    write_photo(folder / "uploads" / "holidays" / "Ada" / "1.png", 1)
    write_photo(folder / "uploads" / "0123456789ab" / "party" / "Bob" / "2.png", 2)
    write_photo(folder / "uploads" / "sample-people" / "Ada" / "3.png", 3)
    (folder / "uploads" / "zip-mine.part").write_bytes(b"half of something")
    (folder / "notes.json").write_text("{}")
    (folder / "uploads" / "empty").mkdir()
    monkeypatch.setenv("FACECLUSTER_HOME", str(folder))
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """The user's photos elsewhere, of which some cannot be read."""
    folder = tmp_path / "photos"
    for number in range(1, 4):
        write_photo(folder / "Ada" / f"{number}.png", number)
        write_photo(folder / "Bob" / f"{number}.png", number + 3)
    (folder / "Bob" / "broken.jpg").write_text("no photo")
    (folder / "report.html").write_text("<p>mine</p>")
    (tmp_path / "no.zip").write_text("no zip")
    return folder


@pytest.fixture
def untouched(home: Path, photos: Path, tmp_path: Path) -> Iterator[None]:
    """The test ends with everything as it was, but for the gallery's own files and listed copies."""
    before = sums(home, photos, tmp_path)
    yield
    after = sums(home, photos, tmp_path)
    listed = {str(copy.file) for copy in Gallery.open(home).copies.all()}
    made = {place: what for place, what in after.items() if place not in before and what[0] == "-"}
    assert {place: after.get(place) for place in before} == before
    assert set(made) <= listed


COMMANDS = {
    "index": ["index", "{photos}"],
    "index again": ["index", "{photos}", "--faces", "all"],
    "index nothing": ["index", "{photos}/nowhere"],
    "index a text": ["index", "{tmp}/no.zip"],
    "index its own uploads": ["index", "{home}/uploads/holidays"],
    "index with a model that is none": ["index", "{photos}", "--model", "{home}/notes.json"],
    "cluster": ["cluster"],
    "cluster too many": ["cluster", "--clusters", "100000"],
    "evaluate": ["evaluate"],
    "evaluate with a report over a text": ["evaluate", "--report", "{photos}/report.html"],
    "evaluate with a report over notes": ["evaluate", "--report", "{home}/notes.html"],
    "evaluate with a report over the gallery": ["evaluate", "--report", "{home}/gallery.db"],
    "evaluate with groups that are none": ["evaluate", "--groups", "{home}/notes.json"],
    "identify": ["identify", "{photos}/Ada/1.png", "{photos}/Bob/broken.jpg"],
    "sample over photos": ["sample", "{photos}"],
    "sample over uploads": ["sample", "{home}/uploads"],
    "status": ["status"],
}


@pytest.mark.usefixtures("untouched")
def test_no_command_touches_what_is_the_users(home: Path, photos: Path, tmp_path: Path) -> None:
    for name, words in COMMANDS.items():
        arguments = [word.format(home=home, photos=photos, tmp=tmp_path) for word in words]
        assert main(arguments) in (0, 1), name


@pytest.mark.usefixtures("untouched", "fresh_caches")
def test_no_button_touches_what_is_the_users(home: Path, photos: Path) -> None:
    app = AppTest.from_file(APP, default_timeout=120).run()
    app.session_state["gallery_add"] = True
    app.run()
    for place in ("/no/such/folder", str(photos / "Bob" / "broken.jpg"), str(photos)):
        app.text_input(key="gallery_folder").set_value(place)
        next(button for button in app.button if button.label == "Add folder").click().run()
        wait_for_job(home)
        app.run()
    app.session_state["gallery_add"] = app.session_state["gallery_details"] = True
    app.run()
    app.file_uploader[0].upload("no.zip", b"no zip").run()
    assert wait_for_job(home).state == "failed"
    app.run()
    person = Gallery.open(home).faces().persons[0]
    app.selectbox(key="gallery_delete_person").set_value(person).run()
    app.button(key="gallery_delete_one").click().run()
    app.button(key="gallery_delete_one").click()  # a dialog stays open by itself in a browser only
    app.button(key="gallery_delete_sure").click().run()
    wait_for_job(home)
    app.run()
    app.button(key="gallery_delete_all").click().run()
    assert any("4 files in" in info.value for info in app.info)
    app.button(key="gallery_delete_all").click()
    app.button(key="gallery_delete_sure").click().run()
    assert not app.exception
    assert Gallery.open(home).counts().photos == 0


def zip_of(**members: bytes) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def add(gallery: Gallery, origin: adding.Origin) -> str:
    return add_photos(gallery, origin, Job("Adding"), detector=Detector(), embedder=Embedder())  # type: ignore[arg-type]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "origin",
    [Place("/no/such/folder"), Place(""), UploadedZip("a.zip", io.BytesIO(b"none")), UploadedZip("b.zip", zip_of())],
    ids=["no folder", "no place", "no zip", "empty zip"],
)
def test_no_error_touches_what_lies_in_uploads_of_an_empty_gallery(home: Path, origin: adding.Origin) -> None:
    gallery = Gallery.open(home)
    gallery.delete_all()
    with pytest.raises(SourceError):
        add(gallery, origin)


@pytest.mark.usefixtures("untouched")
def test_samples_and_zips_go_into_folders_of_their_own_beside_what_is_the_users(
    home: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "SAMPLE_PEOPLE", 2)
    monkeypatch.setattr(adding, "SAMPLE_PORTRAITS", 2)
    gallery = Gallery.open(home)
    gallery.delete_all()
    add(gallery, SamplePeople())
    upload = zip_of(**{f"Ada/{number}.png": (photos / "Ada" / f"{number}.png").read_bytes() for number in (1, 2)})
    digest = hashlib.sha256(upload.getvalue()).hexdigest()[:12]
    write_photo(home / "uploads" / digest / "party" / "Ada" / "1.png", 9)
    add(gallery, UploadedZip("party.zip", upload))
    assert gallery.counts().photos == 6
    assert {path.name for path in (home / "uploads").iterdir() if path.name.endswith("-2")} == {
        "sample-people-2",
        f"{digest}-2",
    }
    gallery.delete_all()
    shutil.rmtree(home / "uploads" / digest)


def test_uploads_that_are_a_link_are_neither_written_nor_removed(tmp_path: Path, photos: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(photos, elsewhere / "sample-people")
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.uploads.symlink_to(elsewhere)
    before = sums(elsewhere)
    with pytest.raises(SourceError, match=r"lies behind a link: copies are kept in the gallery's own folder; remove"):
        add(gallery, UploadedZip("a.zip", zip_of(**{"Ada/1.png": (photos / "Ada" / "1.png").read_bytes()})))
    add(gallery, Place(str(elsewhere / "sample-people")))
    gallery.delete_person("Ada")
    gallery.delete_all()
    assert sums(elsewhere) == before


def test_copies_that_moved_behind_a_link_since_stay(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    write_copy(gallery, gallery.uploads / "0123456789ab" / "party" / "Ada" / "1.png", 1)
    gallery.uploads.rename(tmp_path / "disk")
    gallery.uploads.symlink_to(tmp_path / "disk")
    before = sums(tmp_path / "disk")
    with pytest.raises(GalleryError, match=r"was changed since it was copied there, and stays: look whether you still"):
        gallery.delete_all()
    assert sums(tmp_path / "disk") == before


def test_a_copy_that_somebody_changed_stays_and_is_told(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    folder = gallery.uploads / "0123456789ab" / "party" / "Ada"
    changed, other = write_copy(gallery, folder / "1.png", 1), write_copy(gallery, folder / "2.png", 2)
    changed.write_bytes(b"retouched")
    with pytest.raises(GalleryError, match=r"^Everything else is deleted, but .*1.png was changed since it was copied"):
        gallery.delete_all()
    assert changed.read_bytes() == b"retouched"
    assert not other.exists()
    gallery.delete_all()
    assert changed.exists()


def test_a_lock_that_is_the_users_file_or_link_is_not_emptied(tmp_path: Path, photos: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    (gallery.path / "indexing.lock").write_text("mine")
    add(gallery, Place(str(photos)))
    assert (gallery.path / "indexing.lock").read_text() == "mine"
    (gallery.path / "indexing.lock").unlink()
    (gallery.path / "indexing.lock").symlink_to(photos / "Ada" / "1.png")
    before = sums(photos)
    with pytest.raises(FaceClusterError, match=r"cannot be locked \(.*\): see what indexing.lock in it is"):
        add(Gallery.open(gallery.path), Place(str(photos)))
    assert sums(photos) == before
