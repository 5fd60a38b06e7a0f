"""What of a zip is taken: damaged, locked, and with names of every kind."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from facecluster.photos.sources import open_photos, unpack_zip
from tests.photo_sources import (
    assert_refused,
    listed,
    make_zip,
    photo,
)


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
def test_unpacking_goes_on_beyond_a_damaged_photo_and_tells_it(method: int, tmp_path: Path) -> None:
    damaged = unpack_zip(damaged_zip(tmp_path, method), tmp_path / "out")
    assert damaged == {"ann/1.jpg": "it is damaged inside the zip: make the zip anew"}
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in written] == [photo(2)]


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
    assert "password" in unpack_zip(file, tmp_path / "out")["ann/1.jpg"]


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
    assert listed(source) == {"Joséü/1.jpg": None}
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
    assert list(listed(source)) == ["ann/1.jpg"]
    assert source[0].read() == photo(1), "the last one, as when unpacking"
    assert source.left_out.files == {"files of the same name": 1}


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
