"""A zip unpacks into its folder, or not at all."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecluster.errors import SourceError
from facecluster.photos import archive
from facecluster.photos.sources import open_photos, unpack_zip
from tests.photo_sources import (
    assert_one_sentence,
    listed,
    make_zip,
    photo,
)


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
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        for number in range(3):
            bomb.writestr(f"{number}.jpg", bytes(2**20))
    monkeypatch.setattr(archive, "MAX_UNPACKED", 2 * 2**20)
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
