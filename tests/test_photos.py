"""Where photos come from: what of a folder, a zip or a Kaggle data set is taken, and whose photo it is."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import sys
import types
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from facecluster import photos
from facecluster.errors import SourceError
from facecluster.photos import PhotoSource, open_photos, unpack_zip


def photo(number: int = 0) -> bytes:
    """A small PNG; another one for every number."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (number % 256, number // 256, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def make_folder(folder: Path, paths: Iterable[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(photo(number))
    return folder


def make_zip(file: Path, paths: Iterable[str]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, path in enumerate(paths):
            archive.writestr(path, photo(number))
    return file


Maker = Callable[[Path, Iterable[str]], Path]


def folder_source(place: Path, paths: Iterable[str]) -> Path:
    return make_folder(place / "people", paths)


def zip_source(place: Path, paths: Iterable[str]) -> Path:
    return make_zip(place / "people.zip", paths)


both = pytest.mark.parametrize("make", [folder_source, zip_source], ids=["folder", "zip"])


def listed(source: PhotoSource) -> dict[str, str | None]:
    return {source[index].path: source[index].person for index in range(len(source))}


def assert_refused(source: str | Path, *said: str) -> None:
    with pytest.raises(SourceError) as error:
        open_photos(source)
    assert_one_sentence(error, *said)


def assert_one_sentence(error: pytest.ExceptionInfo[SourceError], *said: str) -> None:
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert ". " not in text, "one sentence"
    for part in said:
        assert part in text


# --- whose photo it is --------------------------------------------------------------------------------------------

LAYOUTS: dict[str, dict[str, str | None]] = {
    "one folder a person": {"ann/1.jpg": "ann", "ann/2.jpg": "ann", "bob/1.jpg": "bob"},
    "flat": {"1.jpg": None, "2.jpg": None},
    "nested": {"train/ann/1.jpg": "ann", "train/bob/1.jpg": "bob", "val/ann/2.jpg": "ann"},
    "mixed": {"ann/1.jpg": "ann", "both.jpg": None, "family/bob/1.jpg": "bob"},
    "wrapped": {"people/ann/1.jpg": "ann", "people/bob/1.jpg": "bob"},
    "wrapped flat": {"people/1.jpg": None, "people/2.jpg": None},
    "wrapped mixed": {"people/ann/1.jpg": "ann", "people/both.jpg": None},
    "a single person": {"ann/1.jpg": "ann", "ann/2.jpg": "ann"},
    "a person called like the source": {"people/1.jpg": "people", "ann/1.jpg": "ann"},
}


@both
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_folder_that_holds_a_photo_names_its_person(layout: str, make: Maker, tmp_path: Path) -> None:
    source = open_photos(make(tmp_path, LAYOUTS[layout]))
    assert listed(source) == LAYOUTS[layout]
    assert len(source) == len(LAYOUTS[layout])


@both
def test_what_a_source_says_of_itself(make: Maker, tmp_path: Path) -> None:
    place = make(tmp_path, ["ann/1.jpg"])
    source = open_photos(place)
    assert source.name == "people"
    assert source.location == str(place.resolve())
    assert source.kind == ("zip" if make is zip_source else "folder")
    assert listed(open_photos(source.location)) == listed(source), "the location leads back to it"


@both
def test_the_bytes_of_a_photo(make: Maker, tmp_path: Path) -> None:
    paths = ["a/1.png", "a/2.png", "b/1.png"]
    source = open_photos(make(tmp_path, paths))
    assert [source[index].read() for index in range(3)] == [photo(0), photo(1), photo(2)]


@both
def test_the_order_is_by_path_whatever_order_the_disk_has(make: Maker, tmp_path: Path) -> None:
    paths = ["b/2.jpg", "z.jpg", "a/9.jpg", "b/1.jpg", "a/10.jpg", "B/1.jpg"]
    source = open_photos(make(tmp_path, paths))
    assert list(listed(source)) == sorted(paths)
    with pytest.raises(IndexError):
        source[len(paths)]


@both
def test_names_in_every_script(make: Maker, tmp_path: Path) -> None:
    expected = {
        "Zoë Ünsal/ä 1.jpg": "Zoë Ünsal",
        "Владимир/фото.jpg": "Владимир",
        "山田太郎/写真.jpg": "山田太郎",
        "👩‍🚀/1.jpg": "👩‍🚀",
    }
    source = open_photos(make(tmp_path, expected))
    assert listed(source) == expected
    assert all(source[index].read().startswith(b"\x89PNG") for index in range(len(source)))


@both
def test_a_name_written_the_mac_way_is_the_same_person(make: Maker, tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "José") for form in ("NFC", "NFD"))
    source = open_photos(make(tmp_path, [f"{composed}/1.jpg", f"{decomposed}/2.jpg"]))
    assert set(listed(source).values()) == {composed}
    assert [source[index].read() for index in range(2)] != [], "both are still found"


@both
def test_suffixes_in_any_case(make: Maker, tmp_path: Path) -> None:
    names = ["1.jpg", "2.JPEG", "3.Png", "4.webp", "5.GIF", "6.tif", "7.tiff", "8.bmp", "9.HEIC", "10.heif", "11.jfif"]
    assert set(listed(open_photos(make(tmp_path, names)))) == set(names)


@both
def test_hidden_files_and_what_is_no_photo_are_left_out(make: Maker, tmp_path: Path) -> None:
    noise = [
        ".hidden.jpg",
        "ann/._1.jpg",
        ".thumbnails/1.jpg",
        "ann/.git/1.jpg",
        "__MACOSX/ann/1.jpg",
        "__MACOSX/ann/._1.jpg",
        "ann/.DS_Store",
        "ann/notes.txt",
        "ann/1.jpg.part",
        "ann/Thumbs.db",
        "ann/jpg",
        "video.mp4",
    ]
    assert listed(open_photos(make(tmp_path, [*noise, "ann/1.jpg"]))) == {"ann/1.jpg": "ann"}


def test_a_source_in_a_hidden_folder_is_taken(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / ".cache" / "people", ["ann/1.jpg"])
    assert listed(open_photos(folder)) == {"ann/1.jpg": "ann"}


def test_a_folder_called_like_a_zip_or_a_photo(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "people.zip", ["ann.jpg/1.jpg"])
    source = open_photos(folder)
    assert source.kind == "folder"
    assert listed(source) == {"ann.jpg/1.jpg": "ann.jpg"}


# --- folders ------------------------------------------------------------------------------------------------------


def test_a_home_folder_may_be_written_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "people", ["1.jpg"])
    make_zip(tmp_path / "people.zip", ["1.jpg"])
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert len(open_photos("~/people")) == 1
    assert len(open_photos("~/people.zip")) == 1


def test_folders_that_cannot_be_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    make_folder(tmp_path / "texts", ["a/notes.txt", ".hidden.jpg"])
    (tmp_path / "file.rar").write_bytes(b"Rar!")
    assert_refused(tmp_path / "empty", str(tmp_path / "empty"), "holds no photos")
    assert_refused(tmp_path / "texts", str(tmp_path / "texts"), "holds no photos")
    assert_refused(tmp_path / "gone", str(tmp_path / "gone"), "does not exist", "check the path")
    assert_refused(tmp_path / "file.rar", str(tmp_path / "file.rar"), "neither a folder nor a zip")
    assert_refused(tmp_path / ("x" * 5000), "check the path")
    assert_refused(tmp_path / "file.rar" / "people", "does not exist")


@pytest.mark.parametrize("locked", ["people", "people/ann"])
def test_a_folder_that_may_not_be_read_is_named(locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "people", ["ann/1.jpg", "bob/1.jpg"])
    list_folder = os.scandir

    def scandir(path: Any) -> Any:  # root may read everything, so the refusal is played
        if str(path) == str(tmp_path / locked):
            raise PermissionError(13, "Permission denied", str(path))
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert_refused(tmp_path / "people", str(tmp_path / locked), "may not be read", "permission")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "people", ["ann/1.jpg"])
    (folder / "ann").chmod(0)
    try:
        assert_refused(folder, str(folder / "ann"), "may not be read")
        folder.chmod(0)
        assert_refused(folder / "ann", "may not be read")
    finally:
        folder.chmod(0o755)
        (folder / "ann").chmod(0o755)


def test_a_folder_that_may_not_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refuse)
    assert_refused("locked/people", "may not be read", "locked")
    assert_refused("locked/people.zip", "may not be read", "locked")


def test_a_disk_that_goes_away_while_it_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: Any) -> Any:
        raise OSError(5, "Input/output error", str(path))

    folder = make_folder(tmp_path / "people", ["ann/1.jpg"])
    monkeypatch.setattr(os, "scandir", scandir)
    assert_refused(folder, str(folder), "Input/output error")


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "people", ["ann/1.jpg"])
    (folder / "ann" / "again").symlink_to(folder, target_is_directory=True)
    (folder / "self").symlink_to(folder / "self")
    (folder / "self.jpg").symlink_to(folder / "self.jpg")
    source = open_photos(folder)
    assert list(listed(source)) == ["ann/1.jpg", "self.jpg"]
    with pytest.raises(OSError, match=r"self\.jpg"):
        source[1].read()
    assert_refused(folder / "self", "self")


def test_a_linked_photo_is_read_and_a_broken_link_is_not(tmp_path: Path) -> None:
    elsewhere = make_folder(tmp_path / "elsewhere", ["1.jpg"])
    folder = make_folder(tmp_path / "people", [])
    (folder / "a.jpg").symlink_to(elsewhere / "1.jpg")
    (folder / "b.jpg").symlink_to(elsewhere / "gone.jpg")
    source = open_photos(folder)
    assert source[0].read() == photo(0)
    with pytest.raises(FileNotFoundError):
        source[1].read()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names of any bytes")
def test_a_name_in_another_encoding_is_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "people", ["1.jpg"])
    with open(os.fsencode(folder) + b"/jos\xe9.jpg", "wb") as file:
        file.write(photo())
    assert_refused(folder, "jos\N{REPLACEMENT CHARACTER}.jpg", "rename it")


@both
def test_a_file_too_large_for_a_photo_is_not_read(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_photos(make(tmp_path, ["1.jpg"]))
    assert source[0].read() == photo(0)
    monkeypatch.setattr(photos, "_MAX_PHOTO", len(photo(0)) - 1)
    with pytest.raises(OSError, match="more than the"):
        source[0].read()


def digest(folder: Path) -> dict[str, tuple[str, int, int]]:
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in folder.rglob("*")
    }


def test_reading_changes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "place"
    make_folder(place / "people", ["ann/1.jpg", "ann/notes.txt", "bob/1.jpg", ".hidden/1.jpg"])
    make_zip(place / "people.zip", ["ann/1.jpg", "bob/1.jpg"])
    before = digest(place)
    for source in (open_photos(place / "people"), open_photos(place / "people.zip")):
        assert [source[index].read() for index in range(len(source))]
    unpack_zip(place / "people.zip", tmp_path / "elsewhere")
    assert digest(place) == before


# --- zips ---------------------------------------------------------------------------------------------------------


def test_zips_that_cannot_be_taken(tmp_path: Path) -> None:
    text, half = tmp_path / "text.zip", tmp_path / "half.zip"
    text.write_text("not a zip, whatever it is called")
    whole = make_zip(tmp_path / "whole.ZIP", ["ann/1.jpg"])
    half.write_bytes(whole.read_bytes()[:-30])
    (tmp_path / "nothing.zip").write_bytes(b"")
    assert len(open_photos(whole)) == 1
    assert_refused(text, "text.zip", "is not a zip")
    assert_refused(half, "half.zip", "is not a zip, or is damaged")
    assert_refused(tmp_path / "nothing.zip", "nothing.zip", "is not a zip")
    assert_refused(tmp_path / "gone.zip", "gone.zip", "does not exist", "check the path")
    assert_refused(make_zip(tmp_path / "empty.zip", []), "empty.zip", "holds no photos")
    assert_refused(make_zip(tmp_path / "texts.zip", ["a.txt", "__MACOSX/1.jpg"]), "texts.zip", "holds no photos")
    assert_refused(tmp_path / ("x" * 5000 + ".zip"), "check the path")


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_zip_cut_off_anywhere(cut: int, tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "whole.zip", ["ann/1.jpg", "bob/1.jpg"]).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) * cut // 8])
    assert_refused(tmp_path / "cut.zip", "cut.zip", "is not a zip, or is damaged")


def damaged_zip(place: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip of two photos, the first of which has wrong bytes."""
    file = place / "people.zip"
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("ann/1.jpg", photo(1) * 20)
        archive.writestr("bob/1.jpg", photo(2))
    content = bytearray(file.read_bytes())
    start = 30 + len("ann/1.jpg") + (9 if method == zipfile.ZIP_LZMA else 0)  # behind LZMA's own header
    content[start : start + 12] = b"\xff" * 12
    file.write_bytes(content)
    return file


METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.mark.parametrize("method", METHODS, ids=["stored", "deflate", "bzip2", "lzma"])
def test_a_damaged_photo_does_not_cost_the_zip(method: int, tmp_path: Path) -> None:
    source = open_photos(damaged_zip(tmp_path, method))
    with pytest.raises(OSError, match="damaged inside the zip"):
        source[0].read()
    assert source[1].read() == photo(2)


@pytest.mark.parametrize("method", METHODS, ids=["stored", "deflate", "bzip2", "lzma"])
def test_unpacking_a_damaged_zip_names_the_photo(method: int, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        unpack_zip(damaged_zip(tmp_path, method), tmp_path / "out")
    assert_one_sentence(error, "ann/1.jpg", "damaged", "make the zip anew")


def changed_headers(file: Path, offset: int, value: int) -> Path:
    """`file` with a 2-byte field at `offset` of its members' local headers set; it lies 2 further in the central."""
    content = bytearray(file.read_bytes())
    for mark, place in ((b"PK\x03\x04", offset), (b"PK\x01\x02", offset + 2)):
        found = content.find(mark)
        while found >= 0:
            content[found + place : found + place + 2] = struct.pack("<H", value)
            found = content.find(mark, found + 4)
    file.write_bytes(content)
    return file


FLAGS, METHOD = 6, 8  # PKWARE APPNOTE 4.3.7


def test_a_zip_with_a_password(tmp_path: Path) -> None:
    file = changed_headers(make_zip(tmp_path / "people.zip", ["ann/1.jpg"]), FLAGS, 0x1)
    source = open_photos(file)
    with pytest.raises(OSError, match="protected by a password: unpack the zip first"):
        source[0].read()
    with pytest.raises(SourceError) as error:
        unpack_zip(file, tmp_path / "out")
    assert_one_sentence(error, "ann/1.jpg", "password")


def test_a_zip_packed_in_a_way_that_is_not_known_is_not_said_to_have_a_password(tmp_path: Path) -> None:
    source = open_photos(changed_headers(make_zip(tmp_path / "people.zip", ["ann/1.jpg"]), METHOD, 99))
    with pytest.raises(OSError, match="make the zip anew") as error:
        source[0].read()
    assert "password" not in str(error.value)


def test_names_that_finder_packs_without_saying_that_they_are_utf8(tmp_path: Path) -> None:
    file = changed_headers(make_zip(tmp_path / "people.zip", ["José/été.jpg", "Ann/1.jpg"]), FLAGS, 0)
    source = open_photos(file)
    assert listed(source) == {"José/été.jpg": "José", "Ann/1.jpg": "Ann"}
    assert {source[0].read(), source[1].read()} == {photo(0), photo(1)}


def test_names_in_the_code_page_of_old_zips(tmp_path: Path) -> None:
    file = changed_headers(make_zip(tmp_path / "people.zip", ["Josxx/1.jpg"]), FLAGS, 0)
    file.write_bytes(file.read_bytes().replace(b"Josxx", "Jos\u00e9\u00fc".encode("cp437")))
    source = open_photos(file)
    assert listed(source) == {"Joséü/1.jpg": "Joséü"}
    assert source[0].read() == photo(0)


def test_names_with_backslashes(tmp_path: Path) -> None:
    file = make_zip(tmp_path / "people.zip", ["ann/1.jpg", "bob/1.jpg"])
    file.write_bytes(file.read_bytes().replace(b"ann/1.jpg", b"ann\\1.jpg"))
    source = open_photos(file)
    assert listed(source) == {"ann/1.jpg": "ann", "bob/1.jpg": "bob"}
    assert source[0].read() == photo(0)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_one_photo(tmp_path: Path) -> None:
    source = open_photos(make_zip(tmp_path / "people.zip", ["ann/1.jpg", "ann/1.jpg"]))
    assert listed(source) == {"ann/1.jpg": "ann"}
    assert source[0].read() == photo(1), "the last one, as when unpacking"


def test_photos_of_one_zip_may_be_read_by_several_threads(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with zipfile.ZipFile(tmp_path / "people.zip", "w") as archive:
        for number in range(50):
            archive.writestr(f"{number:02}.png", photo(number) * 500)
    source = open_photos(tmp_path / "people.zip")
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(lambda index: source[index].read(), list(range(50)) * 4))
    assert contents == [photo(number) * 500 for number in range(50)] * 4


def test_a_zip_that_goes_away_while_it_is_read(tmp_path: Path) -> None:
    file = make_zip(tmp_path / "people.zip", ["ann/1.jpg"])
    source = open_photos(file)
    file.write_bytes(b"")
    with pytest.raises(OSError, match="damaged inside the zip"):
        source[0].read()


# --- unpacking ----------------------------------------------------------------------------------------------------


def test_unpacking_copies_the_photos_and_nothing_else(tmp_path: Path) -> None:
    file = make_zip(tmp_path / "people.zip", ["ann/1.png", "ann/notes.txt", "__MACOSX/ann/._1.png", "bob/Ü 2.png"])
    steps: list[tuple[int, int]] = []
    unpack_zip(file, tmp_path / "new" / "people", on_progress=lambda *step: steps.append(step))
    unpacked = open_photos(tmp_path / "new" / "people")
    assert listed(unpacked) == listed(open_photos(file))
    assert [unpacked[0].read(), unpacked[1].read()] == [photo(0), photo(3)]
    assert len([path for path in (tmp_path / "new").rglob("*") if path.is_file()]) == 2
    assert steps == [(1, 2), (2, 2)]


SLIPPERY = [
    "../evil.jpg",
    "../../evil.jpg",
    "ann/../../../evil.jpg",
    "/evil.jpg",
    "//server/evil.jpg",
    "..\\..\\evil.jpg",
    "C:\\evil.jpg",
    "C:evil.jpg",
    "./evil.jpg",
    "ann/./../evil.jpg",
]


@pytest.mark.parametrize("name", SLIPPERY)
def test_what_is_unpacked_stays_inside_its_folder(name: str, tmp_path: Path) -> None:
    file = make_zip(tmp_path / "people.zip", [name])
    target = tmp_path / "a" / "b" / "c" / "out"
    unpack_zip(file, target)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != file]
    assert len(written) == 1
    assert written[0].is_relative_to(target)
    assert ":" not in str(written[0].relative_to(target))
    assert written[0].read_bytes() == photo(0)
    assert open_photos(file)[0].read() == photo(0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["..", ".", "", "a", "C:", "\\", "..\\"]), max_size=8))
def test_no_name_leads_out_of_a_zip(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    place = tmp_path_factory.mktemp("slip")
    source = open_photos(make_zip(place / "people.zip", ["/".join([*parts, "1.jpg"])]))
    path = source[0].path
    assert not path.startswith("/")
    assert not {"..", ".", ""} & set(path.split("/"))
    assert source[0].read() == photo(0)


def test_a_zip_that_unpacks_to_too_much_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.jpg", bytes(2**20))
    monkeypatch.setattr(photos, "_MAX_UNPACKED", 2 * 2**20)
    with pytest.raises(SourceError) as error:
        unpack_zip(tmp_path / "bomb.zip", tmp_path / "out")
    assert_one_sentence(error, "unpacks to more than", "split it")
    assert not (tmp_path / "out").exists()


def test_a_zip_that_lies_about_its_size_gives_no_more_than_it_says(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.jpg", bytes(2**20))
    content = (tmp_path / "bomb.zip").read_bytes().replace(struct.pack("<I", 2**20), struct.pack("<I", 1000))
    (tmp_path / "bomb.zip").write_bytes(content)
    source = open_photos(tmp_path / "bomb.zip")
    with pytest.raises(OSError, match="damaged inside the zip"):
        source[0].read()


def test_unpacking_what_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    for file, said in ((tmp_path / "text.zip", "is not a zip"), (tmp_path / "gone.zip", "does not exist")):
        with pytest.raises(SourceError) as error:
            unpack_zip(file, tmp_path / "out")
        assert_one_sentence(error, file.name, said)
    with pytest.raises(SourceError) as error:
        unpack_zip(make_zip(tmp_path / "texts.zip", ["a.txt"]), tmp_path / "out")
    assert_one_sentence(error, "holds no photos")
    assert not (tmp_path / "out").exists()


def test_unpacking_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")
    with pytest.raises(SourceError) as error:
        unpack_zip(make_zip(tmp_path / "people.zip", ["ann/1.jpg"]), tmp_path / "out")
    assert_one_sentence(error, str(tmp_path / "out"), "cannot be written")


# --- Kaggle -------------------------------------------------------------------------------------------------------


def stand_in(monkeypatch: pytest.MonkeyPatch, download: Callable[[str], str] | None) -> None:
    """Puts a kagglehub in place whose download is `download`; None for one that is not installed."""
    module = None
    if download is not None:
        module = types.ModuleType("kagglehub")
        module.dataset_download = download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", module)


def test_a_kaggle_data_set_is_the_folder_that_kagglehub_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(tmp_path / "datasets" / "owner" / "faces" / "versions" / "3", ["ann/1.jpg", "bob/1.jpg"])
    asked: list[str] = []

    def download(handle: str) -> str:
        asked.append(handle)
        return str(folder)

    stand_in(monkeypatch, download)
    source = open_photos("kaggle:owner/faces")
    assert asked == ["owner/faces"]
    assert listed(source) == {"ann/1.jpg": "ann", "bob/1.jpg": "bob"}
    assert source[0].read() == photo(0)
    assert source.name == "owner/faces"
    assert source.kind == "folder"
    assert listed(open_photos(source.location)) == listed(source)


@pytest.mark.parametrize("handle", ["", "faces", "/faces", "owner/", "owner//faces", "/"])
def test_a_handle_that_names_no_data_set_asks_nobody(handle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, lambda handle: pytest.fail("nothing is downloaded"))
    assert_refused(f"kaggle:{handle}", f"kaggle:{handle}", "write kaggle:owner/dataset")


def test_kagglehub_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, None)
    assert_refused("kaggle:owner/faces", "pip install kagglehub", "its zip")


@pytest.mark.parametrize("trouble", [ConnectionError("no\nnetwork"), ValueError("bad handle"), PermissionError(403)])
def test_kagglehub_fails(trouble: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(handle: str) -> str:
        raise trouble

    stand_in(monkeypatch, download)
    assert_refused("kaggle:owner/faces", "kaggle:owner/faces", type(trouble).__name__, "check the name")


def test_a_kaggle_data_set_without_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "3", ["table.csv"])
    stand_in(monkeypatch, lambda handle: str(tmp_path / "3"))
    assert_refused("kaggle:owner/numbers", "holds no photos")
