"""Every file of a folder or zip is a photo or is counted with its reason, and none of them ends a run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from facecluster.photos.sources import open_photos
from tests.photo_sources import Maker, both, listed, make_folder, photo
from tests.pictures import FORMATS, encoded, picture

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such files")


def put(place: Path, files: dict[str, bytes], kind: str) -> Path:
    """The files as a folder or a zip."""
    if kind == "zip":
        with zipfile.ZipFile(place / "people.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return place / "people.zip"
    for name, content in files.items():
        (place / "people" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "people" / name).write_bytes(content)
    return place / "people"


kinds = pytest.mark.parametrize("kind", ["folder", "zip"])


@kinds
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["photo", "photo.jpg_original", "photo.tmp", "photo.txt", "photo.jpg~", "photo.mp4"])
def test_an_image_is_a_photo_whatever_it_is_called(name: str, format: str, kind: str, tmp_path: Path) -> None:
    source = open_photos(put(tmp_path, {name: FORMATS[format]()}, kind))
    assert list(listed(source)) == [name]
    assert not source.left_out


NO_PHOTOS = {
    "videos": {"a.mp4": b"\0\0\0\x18ftypmp42", "b.MOV": b"x", "c": b"\0\0\0\x14ftypqt  ", "d": b"RIFF\0\0\0\0AVI LIST"},
    "raw photos": {"a.CR2": b"II*\0", "b.nef": b"MM\0*", "c.dng": b"II*\0", "d": b"\0\0\0\x18ftypcrx "},
    "sidecars": {"a.xmp": b"<x/>", "b.AAE": b"<x/>", "c.jpg.json": b"{}", "d.thm": b"\xff\xd8\xff\xe0"},
    "documents": {"a.txt": b"BM is no bitmap, nor is GIF", "b.pdf": b"%PDF", "c": b"%PDF-1.4"},
    "archives": {"a.zip": b"PK\3\4", "b.rar": b"Rar!", "c": b"PK\3\4"},
    "audio files": {"a.mp3": b"ID3", "b": b"RIFF\0\0\0\0WAVE"},
    "images in other formats": {"a.psd": b"8BPS", "b.svg": b"<svg/>", "c": b"\xff\x0a"},
    "hidden files": {".a.jpg": b"x", "._b.jpg": b"x", ".DS_Store": b"x"},
    "system files": {"Thumbs.db": b"x", "desktop.ini": b"x"},
    "empty files": {"a": b"", "b.bin": b""},
    "other files": {"a.xyz": b"something", "b": b"RIFF"},
}  # fmt: skip


@kinds
@pytest.mark.parametrize("what", NO_PHOTOS)
def test_what_is_no_photo_is_counted_by_kind(what: str, kind: str, tmp_path: Path) -> None:
    files = {f"Ann/{name}": data for name, data in NO_PHOTOS[what].items()}
    source = open_photos(put(tmp_path, files | {"1.png": photo()}, kind))
    assert list(listed(source)) == ["1.png"]
    assert source.left_out.files == {what: len(NO_PHOTOS[what])}
    assert source.left_out.examples[what].removeprefix("Ann/") in NO_PHOTOS[what]


SYSTEM = [
    "@eaDir", "#recycle", "$RECYCLE.BIN", ".thumbnails", "__MACOSX", "lost+found", "System Volume Information",
    ".Trash-1000", "@Recently-Snapshot", ".picasaoriginals", ".@__thumb", "#snapshot", "@Recycle", ".Trashes",
    ".AppleDouble", "found.000", "Previews.lrdata", ".dtrash", ".Spotlight-V100", "Network Trash Folder", ".snapshots",
]  # fmt: skip


@both
def test_folders_that_systems_make_hold_no_photos_and_are_counted_as_one_each(make: Maker, tmp_path: Path) -> None:
    paths = [f"Ann/{name}/{number}.jpg" for name in SYSTEM for number in range(2)]
    source = open_photos(make(tmp_path, [*paths, ".git/1.jpg", "Ann/1.jpg", "Bob/1.jpg"]))
    assert list(listed(source)) == ["Ann/1.jpg", "Bob/1.jpg"]
    assert source.left_out.files == {"system folders": len(SYSTEM), "hidden folders": 1}


@kinds
def test_a_source_without_photos_tells_what_it_holds_instead(kind: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"holds no photos .*; it holds videos \(2\), raw photos \(1\): choose another"):
        open_photos(put(tmp_path, {"a.mp4": b"x", "b.mp4": b"x", "c.nef": b"MM\0*"}, kind))


# --- links ----------------------------------------------------------------------------------------------------------


def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    elsewhere = make_folder(tmp_path / "elsewhere" / "cyd", ["1.jpg", "trip/2.jpg"])
    folder = make_folder(tmp_path / "people", ["ann/1.jpg"])
    (folder / "Cyd").symlink_to(elsewhere)
    source = open_photos(folder)
    assert list(listed(source)) == ["Cyd/1.jpg", "Cyd/trip/2.jpg", "ann/1.jpg"]
    assert source[1].read() == photo(1)


def test_no_folder_is_walked_twice_however_links_lead_to_it(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "people", ["ann/1.jpg", "bob/1.jpg"])
    other = make_folder(tmp_path / "other", ["x/1.jpg"])
    (folder / "a link before it").symlink_to(folder / "bob")
    (folder / "ann" / "up").symlink_to(folder)
    (folder / "ann" / "far up").symlink_to(tmp_path.parent)
    (folder / "root").symlink_to("/")
    (folder / "other").symlink_to(other)
    (folder / "again").symlink_to(other / "x")
    (other / "back").symlink_to(folder / "ann")
    (other / "x" / "circle").symlink_to(other)
    source = open_photos(folder)
    assert len(source) == 3
    assert {"ann/1.jpg", "bob/1.jpg"} < set(listed(source)), "told by their own places, not by a link's"
    assert source.left_out.files == {"links to folders that are in already": 6}


# --- names and files that nobody can read -----------------------------------------------------------------------------


@linux
def test_names_that_are_no_utf8_are_photos_and_lead_back_to_them(tmp_path: Path) -> None:
    folder = os.fsencode(make_folder(tmp_path / "people", ["Ann/1.jpg"]))
    for number, path in enumerate(
        [b"Jos\xe9/\xe9t\xe9.jpg", b"a\\xe9/1.jpg", b"\xff\\\xfe/2.jpg", b"\nEve\n/a\nb.jpg"], start=1
    ):
        os.makedirs(os.path.join(folder, os.path.dirname(path)))
        Path(os.fsdecode(os.path.join(folder, path))).write_bytes(photo(number))
    source = open_photos(os.fsdecode(folder))
    people = listed(source)
    assert people["Jos\\xe9/\\xe9t\\xe9.jpg"] == "José"
    assert people["a\\\\xe9/1.jpg"] == "a\\xe9", "a backslash in a name is no escaped byte"
    assert sorted(source[number].read() for number in range(5)) == sorted(photo(number) for number in range(5))
    assert people["\\x0aEve\\x0a/a\\x0ab.jpg"] == "Eve", "a line's end would break every sentence"
    assert "".join(people).isprintable()


@linux
def test_a_source_whose_own_name_is_no_utf8_is_taken(tmp_path: Path) -> None:
    folder = make_folder(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")), ["Ann/1.jpg", "Bob/1.jpg"])
    source = open_photos(folder)
    assert source.location.endswith("caf\\xe9")
    assert source[0].read() == photo(0)


@linux
def test_pipes_sockets_and_devices_are_never_opened(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "p", ["Ann/1.jpg"])
    os.mkfifo(folder / "pipe.jpg")
    os.mkfifo(folder / "pipe")
    (folder / "device.jpg").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "s.jpg"))
        source = open_photos(folder)
    assert list(listed(source)) == ["Ann/1.jpg"]
    assert source.left_out.files == {"pipes, sockets and devices": 4}


@linux
def test_a_path_that_is_too_long_for_the_system_is_told(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "people", ["Ann/1.jpg"])
    place = os.open(folder, os.O_RDONLY)
    for _ in range(4096 // 201 + 2):
        os.mkdir("x" * 200, dir_fd=place)
        deeper = os.open("x" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = deeper
    os.close(os.open("deep.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=place))
    os.close(place)
    source = open_photos(folder)
    assert list(listed(source)) == ["Ann/1.jpg"]
    assert source.left_out.files == {"too long paths": 1}


AS_NOBODY = """
import os, sys
from facecluster.photos.sources import open_photos
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
source = open_photos(sys.argv[1])
print(*[photo.path for photo in source], dict(source.left_out.files), source.unseen)
try:
    source[1].read()
except OSError as error:
    print(type(error).__name__)
"""


@linux
def test_what_may_not_be_read_is_told_and_the_rest_is_taken(tmp_path: Path) -> None:
    folder = make_folder(
        tmp_path / "people", ["Ann/1.jpg", "Ann/2.jpg", "Bob/1.jpg", "kept/1.jpg", "Cyd/x", "Dee/1.jpg"]
    )
    for parent in [tmp_path, *tmp_path.parents][:4]:
        if parent.stat().st_uid == os.geteuid():
            parent.chmod(0o755)
    locked = [folder / "kept", folder / "Ann" / "2.jpg", folder / "Cyd" / "x"]
    for place in locked:
        place.chmod(0)
    try:
        ran = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(folder)], capture_output=True, text=True, cwd=ROOT, check=False
        )
    finally:
        for place in locked:
            place.chmod(0o755)
    assert ran.stdout.splitlines() == [
        "Ann/1.jpg Ann/2.jpg Bob/1.jpg Dee/1.jpg {'unreadable files': 1, 'unreadable folders': 1} ['kept']",
        "PermissionError",
    ], ran.stderr


def test_a_photo_by_its_name_that_is_none_is_told_when_it_is_read(tmp_path: Path) -> None:
    from facecluster.errors import PhotoError
    from facecluster.photos.images import load_image

    source = open_photos(put(tmp_path, {"1.jpg": b"", "2.jpg": b"text", "3.jpg": encoded(picture(), "JPEG")}, "folder"))
    assert len(source) == 3
    for number in (0, 1):
        with pytest.raises(PhotoError):
            load_image(source[number].read())
