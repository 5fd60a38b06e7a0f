"""Names that arrive with a copy: what a duplicate in a person's folder says about the photo that was there first."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from facecluster import Gallery, IndexReport, index_photos, open_photos
from facecluster.cli.main import main
from tests.apps import open_app
from tests.fakes import FakeDetector, FakeEmbedder, write_photo

DUMP = ("1.png", "2.png", "3.png", "4.png")
PEOPLE = {"Ann": (1, 2), "Bob": (3, 4)}


def index(gallery: Gallery, folder: Path, **options: Any) -> IndexReport:
    models: dict[str, Any] = {"detector": FakeDetector(), "embedder": FakeEmbedder()}
    return index_photos(gallery, open_photos(folder), **models, **options)


def persons(gallery: Gallery) -> list[str | None]:
    return sorted(gallery.faces().persons.tolist(), key=str)


def by_photo(gallery: Gallery) -> dict[str, str | None]:
    faces = gallery.faces()
    return dict(zip(faces.table["path"].tolist(), faces.persons.tolist(), strict=True))


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery.open(tmp_path / "gallery")


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Four photos in one folder, of nobody known."""
    for number, name in enumerate(DUMP, start=1):
        write_photo(tmp_path / "dump" / name, number)
    return tmp_path / "dump"


@pytest.fixture
def people(tmp_path: Path, dump: Path) -> Path:
    """Copies of the same four, in the folders of two people."""
    for person, numbers in PEOPLE.items():
        for number in numbers:
            (tmp_path / "people" / person).mkdir(parents=True, exist_ok=True)
            shutil.copy(dump / f"{number}.png", tmp_path / "people" / person)
    return tmp_path / "people"


def test_the_sorted_copy_of_an_unsorted_folder_names_its_faces(gallery: Gallery, dump: Path, people: Path) -> None:
    index(gallery, dump)
    assert persons(gallery) == [None] * 4
    report = index(gallery, people)
    assert (report.duplicates, report.indexed) == (4, 0)
    assert by_photo(gallery) == {"1.png": "Ann", "2.png": "Ann", "3.png": "Bob", "4.png": "Bob"}
    assert gallery.counts().people == 2
    assert gallery.photos.by_person().to_numpy().tolist() == [["Ann", 2], ["Bob", 2]]


@pytest.mark.parametrize("again", [("dump",), ("people",), ("dump", "people"), ("people", "dump", "dump")])
def test_another_run_over_either_folder_keeps_the_names(
    gallery: Gallery, dump: Path, people: Path, again: Sequence[str]
) -> None:
    index(gallery, dump)
    index(gallery, people)
    for name in again:
        index(gallery, {"dump": dump, "people": people}[name])
        assert persons(gallery) == ["Ann", "Ann", "Bob", "Bob"]


def test_one_persons_folder_first_and_all_of_them_later_leaves_nobody_without_a_name(
    gallery: Gallery, people: Path
) -> None:
    index(gallery, people / "Ann")
    assert persons(gallery) == [None, None]
    index(gallery, people)
    assert persons(gallery) == ["Ann", "Ann", "Bob", "Bob"]


def test_a_copy_in_the_same_folder_names_the_loose_photo(gallery: Gallery, tmp_path: Path) -> None:
    write_photo(tmp_path / "mixed" / "1.png", 1)
    (tmp_path / "mixed" / "Zoe").mkdir()
    shutil.copy(tmp_path / "mixed" / "1.png", tmp_path / "mixed" / "Zoe" / "copy.png")
    for _ in range(2):
        assert index(gallery, tmp_path / "mixed").duplicates == 1
        assert by_photo(gallery) == {"1.png": "Zoe"}


def test_names_arrive_in_a_run_that_finds_the_faces_anew(gallery: Gallery, dump: Path, people: Path) -> None:
    index(gallery, dump)
    index(gallery, people)
    assert index(gallery, dump, faces="all").indexed == 4
    assert persons(gallery) == ["Ann", "Ann", "Bob", "Bob"]


def test_a_name_goes_with_the_copy_that_gave_it(gallery: Gallery, dump: Path, people: Path) -> None:
    index(gallery, dump)
    index(gallery, people)
    (people / "Ann" / "1.png").unlink()
    index(gallery, people)
    assert by_photo(gallery) == {"1.png": None, "2.png": "Ann", "3.png": "Bob", "4.png": "Bob"}


def test_a_name_goes_when_another_photo_takes_the_copys_place(gallery: Gallery, dump: Path, people: Path) -> None:
    index(gallery, dump)
    index(gallery, people)
    write_photo(people / "Ann" / "1.png", 7)
    index(gallery, people)
    assert by_photo(gallery)["1.png"] is None


def test_deleting_the_person_who_gave_the_name_takes_it_away(gallery: Gallery, dump: Path, people: Path) -> None:
    index(gallery, dump)
    index(gallery, people)
    gallery.delete_person("Ann")
    assert by_photo(gallery) == {"1.png": None, "2.png": None, "3.png": "Bob", "4.png": "Bob"}
    index(gallery, dump)
    assert persons(gallery) == ["Bob", "Bob", None, None]


def test_one_photo_in_two_peoples_folders_is_told_and_listed(
    gallery: Gallery, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(people / "Ann" / "1.png", people / "Bob" / "1.png")
    told = [index(gallery, people) for _ in range(2)]
    expected = {"photo": "Ann/1.png", "person": "Ann", "other_photo": "Bob/1.png", "other_person": "Bob"}
    assert [report.contradictions for report in told] == [(expected,)] * 2
    assert gallery.photos.contradictions() == [expected]
    assert told[0].contradiction.startswith("Ann/1.png and Bob/1.png are one photo in folders of different people:")
    assert by_photo(gallery)["Ann/1.png"] == "Ann"
    monkeypatch.setenv("FACECLUSTER_HOME", str(gallery.path))
    app = open_app("gallery")
    assert any("1 photo lies in folders of different people" in each.value for each in app.markdown)
    (people / "Bob" / "1.png").unlink()
    assert index(gallery, people).contradictions == ()
    assert not any("different people" in each.value for each in open_app("gallery").markdown)


def test_a_loose_photo_that_two_people_claim_is_a_contradiction_too(
    gallery: Gallery, dump: Path, people: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "Cyd"
    other.mkdir(parents=True)
    shutil.copy(dump / "1.png", other / "x.png")
    write_photo(tmp_path / "other" / "Dan" / "1.png", 9)
    index(gallery, dump)
    index(gallery, people)
    report = index(gallery, tmp_path / "other")
    expected = {"photo": "Ann/1.png", "person": "Ann", "other_photo": "Cyd/x.png", "other_person": "Cyd"}
    assert report.contradictions == (expected,)
    assert by_photo(gallery)["1.png"] == "Ann"
    assert index(gallery, tmp_path / "other" / "Dan").contradictions == (), "a source that has no part in it"


def test_the_command_tells_contradictions(
    capsys: pytest.CaptureFixture[str], sample_photos: Path, tmp_path: Path
) -> None:
    first, second = sorted(sample_photos.iterdir())[:2]
    for folder in (first, second):
        (tmp_path / "p" / folder.name).mkdir(parents=True)
        for photo in sorted(folder.iterdir())[:2]:
            shutil.copy(photo, tmp_path / "p" / folder.name)
    copied = sorted((tmp_path / "p" / first.name).iterdir())[0]
    shutil.copy(copied, tmp_path / "p" / second.name / "copy.jpg")
    assert main(["index", str(tmp_path / "p"), "--gallery", str(tmp_path / "g"), "--json"]) == 0
    out = capsys.readouterr()
    assert json.loads(out.out)["contradictions"] == [
        {
            "photo": f"{first.name}/{copied.name}",
            "person": first.name,
            "other_photo": f"{second.name}/copy.jpg",
            "other_person": second.name,
        }
    ]
    assert "are one photo in folders of different people" in out.err
