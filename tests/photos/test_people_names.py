"""Which folder names the person, layout by layout; what can be chosen instead; and that a choice lasts."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest

from facecluster import Gallery, IndexReport, index_photos, open_photos
from facecluster.errors import SourceError
from facecluster.photos.people_names import naming_of, preview
from tests.fakes import FakeDetector, FakeEmbedder, write_photo
from tests.galleries import edit
from tests.photo_sources import Maker, both, listed, make_folder, make_zip

# Layout: the photos' paths, the people that are found, and whether that is sure.
SURE, ASKS = True, False
LAYOUTS: dict[str, tuple[list[str], list[str], bool]] = {
    "one folder per person": (["ann/1.jpg", "bob/1.jpg"], ["ann", "bob"], SURE),
    "no folder": (["1.jpg", "2.jpg"], [], SURE),
    "person, year": (["ann/2019/1.jpg", "ann/2020/1.jpg", "bob/2019/1.jpg"], ["ann", "bob"], SURE),
    "person, year, month": (["ann/2019/07/1.jpg", "bob/2020/12/1.jpg"], ["ann", "bob"], SURE),
    "year, month": (["2019/07/1.jpg", "2020/12/1.jpg"], [], SURE),
    "year, month with its name": (["2019/07 July/1.jpg", "2020/12-Dezember/1.jpg"], [], SURE),
    "year, person": (["2019/ann/1.jpg", "2020/ann/1.jpg", "2020/bob/1.jpg"], ["ann", "bob"], SURE),
    "days": (["2019-07-04/1.jpg", "20200101/1.jpg", "4.7.2021/1.jpg"], [], SURE),
    "days with events": (["2019-07-04 Paris/1.jpg", "2020 Rome/1.jpg"], [], SURE),
    "years and one event": (["2019/1.jpg", "2020/1.jpg", "Paris/1.jpg"], [], ASKS),
    "years beside people": (["2019/1.jpg", "ann/1.jpg", "bob/1.jpg"], ["ann", "bob"], SURE),
    "months": (["April/1.jpg", "May/1.jpg", "June/1.jpg"], [], ASKS),
    "a woman called April": (["April/1.jpg", "Bob/1.jpg"], ["April", "Bob"], SURE),
    "a camera's card": (["DCIM/100CANON/1.jpg", "DCIM/101CANON/2.jpg"], [], SURE),
    "a phone": (["DCIM/Camera/1.jpg", "DCIM/202307__/2.jpg", "Pictures/WhatsApp Images/3.jpg"], [], SURE),
    "a person's camera": (["ann/DCIM/100APPLE/1.jpg", "bob/IMG_0001/2.jpg"], ["ann", "bob"], SURE),
    "a data set in parts": (["train/ann/1.jpg", "train/bob/1.jpg", "test/ann/2.jpg"], ["ann", "bob"], SURE),
    "person, albums of some": (
        ["tom/paris/1.jpg", "tom/summer/1.jpg", "will/party/1.jpg", "will/beach/1.jpg"],
        ["tom", "will"],
        ASKS,
    ),
    "a zip of whole Windows paths": (
        ["C:/Users/tom/Pictures/ann/1.jpg", "C:/Users/tom/Pictures/bob/1.jpg"],
        ["ann", "bob"],
        SURE,
    ),
    "a wrapping": (["holiday/ann/1.jpg", "holiday/bob/1.jpg"], ["ann", "bob"], SURE),
    "several wrappings": (["a/b/c/ann/1.jpg", "a/b/c/bob/1.jpg"], ["ann", "bob"], SURE),
    "a wrapping alone": (["photos/1.jpg", "photos/2.jpg"], [], SURE),
    "a download of Google's": (["Takeout/Google Photos/Photos from 2019/1.jpg"], [], SURE),
    "beside the folders": (["ann/1.jpg", "both.jpg", "family/bob/1.jpg"], ["ann", "bob"], SURE),
    "with some albums": (["ann/1.jpg", "ann/old/2.jpg", "bob/1.jpg", "cyd/1.jpg"], ["ann", "bob", "cyd"], SURE),
    "full names, albums of words": (
        ["Tom Hanks/opera/1.jpg", "Tom Hanks/lake/1.jpg", "Kate Winslet/lake/1.jpg", "Will Smith/opera/1.jpg"],
        ["Kate Winslet", "Tom Hanks", "Will Smith"],
        SURE,
    ),
    "places, full names": (
        [f"{city}/{name}/1.jpg" for city in ("paris", "rome") for name in ("Tom Hanks", "Will Smith", "Kate Winslet")],
        ["Kate Winslet", "Tom Hanks", "Will Smith"],
        SURE,
    ),
    "person, free albums": (["ann/paris/1.jpg", "ann/rome/1.jpg", "bob/oslo/1.jpg"], ["oslo", "paris", "rome"], ASKS),
    "sessions": (["session1/ann/1.jpg", "session2/ann/1.jpg", "session2/bob/1.jpg"], ["ann", "bob"], SURE),
    "numbered people": (["s1/1.jpg", "s2/1.jpg", "s40/1.jpg"], ["s1", "s2", "s40"], ASKS),
    "numbers of people": (["CASIA/0000045/1.jpg", "CASIA/0000099/1.jpg"], ["0000045", "0000099"], ASKS),
    "numbers behind a word": (["person_01/1.jpg", "person_02/1.jpg"], ["person_01", "person_02"], ASKS),
    "numbered collections": (["photos 1/1.jpg", "photos 2/1.jpg"], [], SURE),
    "small numbers": (["1/a.jpg", "2/a.jpg"], [], ASKS),
    "blanks around names": ([" ann /1.jpg", "ann/2.jpg", "\u00a0bob\u3000/1.jpg"], ["ann", "bob"], SURE),
    "in other scripts": (
        ["山田太郎/2019年/1.jpg", "佐藤花子/2019年7月/1.jpg", "Владимир/июль 2019/1.jpg", "مريم/1.jpg"],
        ["Владимир", "مريم", "佐藤花子", "山田太郎"],
        SURE,
    ),
    "collections in other languages": (
        ["Bilder/Urlaub/Zoë/1.jpg", "фото/Анна/1.jpg", "写真/さくら/1.jpg"], ["Zoë", "Анна", "さくら"], SURE,
    ),
}  # fmt: skip


@both
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_people_of_a_layout(layout: str, make: Maker, tmp_path: Path) -> None:
    paths, people, sure = LAYOUTS[layout]
    source = open_photos(make(tmp_path, paths))
    assert list(source.people.people) == sorted(people)
    assert source.naming.sure is sure


@pytest.mark.parametrize("name", ["photos (1).zip", "photos.zip", "download.zip", "IMG-20240101T000000Z-001.zip"])
@pytest.mark.parametrize("folder", ["photos", "Photos 2019", "holiday", "Ann"])
def test_one_folder_that_holds_a_whole_zip_is_nobody(name: str, folder: str, tmp_path: Path) -> None:
    source = open_photos(make_zip(tmp_path / name, [f"{folder}/1.jpg", f"{folder}/2.jpg"]))
    assert set(listed(source).values()) == {None}
    assert source.naming.sure is (folder != "Ann")
    assert set(source.preview("last").people) == {folder}, "what is chosen is not doubted"


@pytest.mark.parametrize("inside", ["{}/1.jpg", "{}/2019/1.jpg", "photos/{}/2020/1.jpg"])
def test_one_name_that_holds_a_whole_folder_is_its_person_but_is_asked_for(inside: str, tmp_path: Path) -> None:
    source = open_photos(make_folder(tmp_path / "people", [inside.format("Ann")]))
    assert list(source.people.people) == ["Ann"]
    assert not source.naming.sure
    source = open_photos(make_folder(tmp_path / "Ann", [inside.format("Ann")]))
    assert not source.people.people, "a folder called like the source wraps it"


CHOICES = {
    "auto": ["ann", "bob"],
    "first": ["ann", "bob"],
    "1": ["ann", "bob"],
    "2": ["2019", "2020"],
    "3": ["07"],
    "last": ["07", "2020"],
    "none": [],
    "4": [],
}


@both
@pytest.mark.parametrize("choice", CHOICES)
def test_another_folder_can_be_chosen(choice: str, make: Maker, tmp_path: Path) -> None:
    paths = ["wrap/ann/2019/07/1.jpg", "wrap/bob/2020/1.jpg", "wrap/2.jpg"]
    source = open_photos(make(tmp_path, paths), choice)
    assert list(source.people.people) == CHOICES[choice]
    assert listed(source)["wrap/2.jpg"] is None


@pytest.mark.parametrize("choice", ["0", "-1", "second", "", "1.5"])
def test_what_cannot_be_chosen_is_told(choice: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="choose first, last, none, auto or a number from 1"):
        open_photos(make_folder(tmp_path / "people", ["ann/1.jpg"]), choice)


def test_the_preview_tells_people_and_names_that_come_several_times() -> None:
    paths = [f"{part}/p{number:02}x/1.jpg" for part in ("train", "val") for number in range(6)] + ["1.jpg"]
    told = str(preview(paths, naming_of(paths, "people", "folder")))
    assert told == ("6 people: p00x, p01x, p02x, p03x and 2 more; 6 folder names come several times; 1 photo of nobody")
    assert str(preview(["1.jpg"], naming_of(["1.jpg"], "people", "folder"))) == "no names"


def test_a_name_written_the_mac_way_in_another_folder_is_the_same_person() -> None:
    paths = [f"{unicodedata.normalize(form, 'José')}/{form}.jpg" for form in ("NFC", "NFD")] + ["Ann/1.jpg"]
    told = preview(paths, naming_of(paths, "people", "folder"))
    assert told.people == {"Ann": 1, "José": 2}
    assert told.repeated == ("José",)


# --- what is kept with a source -----------------------------------------------------------------------------------


class Counting(FakeEmbedder):
    """Counts the faces that it embeds."""

    embedded = 0

    def embed(self, crops: object) -> object:  # type: ignore[override]
        Counting.embedded += len(crops) - (crops.std() == 0)  # type: ignore[arg-type, attr-defined]
        return super().embed(crops)  # type: ignore[arg-type]


def index(gallery: Gallery, source: Path, people_from: str = "auto") -> IndexReport:
    return index_photos(gallery, open_photos(source, people_from), detector=FakeDetector(), embedder=Counting())  # type: ignore[arg-type]


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    Counting.embedded = 0
    return Gallery.open(tmp_path / "gallery")


def albums(folder: Path) -> Path:
    for seed, path in enumerate(["ann/paris/1.png", "ann/rome/2.png", "bob/oslo/3.png"], start=1):
        write_photo(folder / path, seed)
    return folder


def test_a_choice_is_used_again_until_another_is_made_and_embeds_nothing_anew(gallery: Gallery, tmp_path: Path) -> None:
    folder = albums(tmp_path / "photos")
    for choice, people in (
        ("first", {"ann", "bob"}),
        ("auto", {"ann", "bob"}),
        ("last", {"paris", "rome", "oslo"}),
        ("auto", {"paris", "rome", "oslo"}),
        ("none", set()),
        ("1", {"ann", "bob"}),
    ):
        report = index(gallery, folder, choice)
        assert {name for name in gallery.faces().persons if name} == people
        assert report.photos == 3
    assert Counting.embedded == 3


def test_a_choice_holds_for_new_photos_and_for_those_that_are_left(gallery: Gallery, tmp_path: Path) -> None:
    folder = albums(tmp_path / "photos")
    index(gallery, folder, "first")
    write_photo(folder / "cyd/lima/4.png", 4)
    index(gallery, folder)
    assert set(gallery.faces().persons) == {"ann", "bob", "cyd"}
    for gone in ("bob", "cyd"):
        shutil.rmtree(folder / gone)
    index(gallery, folder)
    assert set(gallery.faces().persons) == {"ann", "bob", "cyd"}, "ann is no wrapping now that she is alone"


@both
def test_nobody_loses_a_name_because_the_folders_of_others_went(make: Maker, gallery: Gallery, tmp_path: Path) -> None:
    index(gallery, make(tmp_path, ["Ann/1.jpg", "April/1.jpg"]))
    shutil.rmtree(tmp_path / "people", ignore_errors=True)
    report = index(gallery, make(tmp_path, ["April/1.jpg"]))
    assert report.people_from == "auto:last"
    missing = {photo.id for photo in gallery.photos.missing()}
    assert [photo.person for photo in gallery.photos.at("April/1.jpg") if photo.id not in missing] == ["April"]


def test_a_gallery_from_before_the_choice_gets_the_right_people_at_its_next_index(
    gallery: Gallery, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    for seed, path in enumerate(["ann/2019/1.png", "bob/2020/2.png"], start=1):
        write_photo(folder / path, seed)
    index(gallery, folder, "last")
    edit(gallery.path, "UPDATE sources SET people_from = ''")  # as a migration leaves it
    assert set(gallery.faces().persons) == {"2019", "2020"}
    index(gallery, folder)
    assert set(gallery.faces().persons) == {"ann", "bob"}
    assert Counting.embedded == 2
