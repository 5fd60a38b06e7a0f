"""The command line on real collections: whose photos they are, what was left out, what is gone, and deleting."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from facecluster import Gallery
from facecluster.samples.sample_photos import draw_portrait
from tests.cli.test_main import Ran

pytestmark = pytest.mark.usefixtures("gallery_home")


def people() -> list[str]:
    return sorted(Gallery.open().photos.everybody())


def test_an_unsure_guess_is_told_with_how_to_choose_and_a_choice_lasts(
    capsys: pytest.CaptureFixture[str], albums: Path
) -> None:
    guessed = Ran(capsys, "index", albums, "--json")
    (line,) = guessed.errors.strip().splitlines()
    assert line == (
        "facecluster: Which folder names a photo's person is not sure, so the folder that holds it was taken (4 "
        "people: oslo0, oslo1, rome0, rome1): choose another by --people-from first, last, none or its number from "
        "the top."
    )
    assert (guessed.status, guessed.json["people_from"], guessed.json["left_out"]) == (0, "auto:last", {"videos": 1})
    for arguments, expected, stored in (
        (("--people-from", "first"), ["ann", "bob"], "first"),
        ((), ["ann", "bob"], "first"),
        (("--people-from", "2"), ["oslo0", "oslo1", "rome0", "rome1"], "2"),
        (("--people-from", "none"), [], "none"),
        (("--people-from", "auto"), ["oslo0", "oslo1", "rome0", "rome1"], "auto:last"),
    ):
        ran = Ran(capsys, "index", albums, "--json", *arguments)
        assert (ran.json["indexed"], ran.json["skipped"], ran.json["people_from"]) == (0, 4, stored)
        assert people() == expected
        assert bool(ran.errors) == ("auto" in arguments), "who has chosen is not asked again"


def test_a_choice_that_names_nobody_is_told(capsys: pytest.CaptureFixture[str], albums: Path) -> None:
    ran = Ran(capsys, "index", albums, "--people-from", "9")
    assert ran.status == 0
    assert "--people-from 9 gives nobody a name here, where the deepest photo lies in 2 folders" in ran.errors
    assert "gives nobody a name" not in Ran(capsys, "index", albums, "--people-from", "none").errors


def test_a_photo_to_delete_may_be_named_from_here(
    capsys: pytest.CaptureFixture[str], albums: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Ran(capsys, "index", albums)
    monkeypatch.chdir(albums / "ann")
    assert Ran(capsys, "delete", "--yes", "--json", "--photo", "oslo0/1.jpg").json["photos"] == 1
    assert Ran(capsys, "delete", "--yes", "--json", "--photo", "../bob/oslo1/1.jpg").json["photos"] == 1


def test_status_tells_of_photos_in_folders_of_different_people(
    capsys: pytest.CaptureFixture[str], albums: Path
) -> None:
    shutil.copy(albums / "ann" / "oslo0" / "1.jpg", albums / "bob" / "oslo1" / "2.jpg")
    Ran(capsys, "index", albums, "--people-from", "first")
    assert [one["other_person"] for one in Ran(capsys, "status", "--json").json["contradictions"]] == ["bob"]
    assert "the face counts as ann, not bob" in Ran(capsys, "status").text


@pytest.mark.parametrize("choice", ["0", "-1", "second", "2.5"])
def test_a_folder_that_cannot_be_chosen_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], albums: Path, choice: str
) -> None:
    ran = Ran(capsys, "index", albums, "--people-from", choice)
    assert ran.status == 2
    assert "the folder must be auto, first, last, none or a number from 1" in ran.errors


def test_what_is_left_out_gone_and_unfinished_is_told_by_index_and_status(
    capsys: pytest.CaptureFixture[str], albums: Path
) -> None:
    first = Ran(capsys, "index", albums, "--people-from", "first")
    assert "Left out: videos (1)." in first.text
    assert Ran(capsys, "status", "--json").json["missing"] == 0
    shutil.rmtree(albums / "bob" / "oslo1")
    again = Ran(capsys, "index", albums)
    assert "1 photo is no longer there." in again.text
    assert f"1 of 4 photos are no longer in {albums}: they stay in the gallery until you" in again.errors
    gallery = Gallery.open()
    gallery.sources.begin("folder", "/elsewhere", "elsewhere", 680)
    status = Ran(capsys, "status", "--json").json
    assert (status["missing"], status["left_out"]) == (1, {"videos": 1})
    assert [(each["location"], each["done"], each["photos"]) for each in status["unfinished"]] == [
        ("/elsewhere", 0, 680)
    ]
    assert "/elsewhere: 0 of 680 photos" in Ran(capsys, "status").text
    assert status["indexing"] is False
    with gallery.indexing():
        assert Ran(capsys, "status", "--json").json["indexing"] is True, "what is under way is not cut off"


def test_a_source_that_is_gone_is_asked_for(capsys: pytest.CaptureFixture[str], albums: Path) -> None:
    Ran(capsys, "index", albums)
    albums.rename(albums.parent / "away")
    ran = Ran(capsys, "index", albums)
    assert ran.status == 1
    assert "None of the 4 photos that the gallery knows" in ran.errors
    assert "is the disk there?" in ran.errors
    assert Ran(capsys, "delete", "--missing").status == 1, "nobody could be asked"
    (albums.parent / "away").rename(albums)
    ran = Ran(capsys, "delete", "--missing", "--yes")
    assert (ran.status, Gallery.open().counts().photos) == (1, 4)
    assert "No photo of the gallery is missing" in ran.errors


DELETED = [
    (("--person", "ann"), {"photos": 2, "faces": 2, "people": 1}),
    (("--person", "ann", "bob"), {"photos": 4, "faces": 4, "people": 2}),
    (("--face", "1"), {"photos": 0, "faces": 1, "people": 0}),
    (("--photo", "ann/oslo0/1.jpg"), {"photos": 1, "faces": 1, "people": 0}),
    (("--photo", "{albums}/bob/oslo1/1.jpg", "bob/rome1/1.jpg"), {"photos": 2, "faces": 2, "people": 1}),
    (("--missing",), {"photos": 1, "faces": 1, "people": 0}),
    (("--all",), {"photos": 4, "faces": 4, "people": 2}),
]


@pytest.mark.parametrize(("arguments", "removed"), DELETED, ids=lambda value: " ".join(value))
def test_deleting_asks_first_and_tells_what_was_removed(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    albums: Path,
    arguments: tuple[str, ...],
    removed: dict[str, int],
) -> None:
    Ran(capsys, "index", albums, "--people-from", "first")
    (albums / "ann" / "rome0" / "1.jpg").unlink()
    Ran(capsys, "index", albums)
    command = ("delete", *(argument.format(albums=albums) for argument in arguments))
    refused = Ran(capsys, *command)
    assert (refused.status, refused.text) == (1, "")
    assert "Nothing was deleted, since nobody could be asked: add --yes" in refused.errors
    for answer in ("n\n", "", "no\n"):
        asked = asked_at_a_terminal(capsys, monkeypatch, answer, *command)
        assert (asked.status, Gallery.open().counts().photos) == (1, 4)
        assert "for good" in asked.errors
        assert asked.errors.endswith("Nothing was deleted.\n")
    done = asked_at_a_terminal(capsys, monkeypatch, "y\n", *command, "--json")
    assert (done.status, json.loads(done.text)) == (0, removed)
    assert Gallery.open().counts().photos == 4 - removed["photos"]
    assert (albums / "ann" / "oslo0" / "1.jpg").exists(), "original photos stay"


def asked_at_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str, *command: str
) -> Any:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", Terminal(answer))
        return Ran(capsys, *command)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--person", "Nobody"), "holds nobody named Nobody"),
        (("--person", "ann", "Nobody"), "holds nobody named Nobody"),
        (("--photo", "no.jpg"), "holds no photo no.jpg"),
        (("--face", "1", "999"), "holds no face 999: take its number from"),
        (("--photo", "1.jpg"), "Several photos of the gallery are called 1.jpg: name the whole path, "),
    ],
)
def test_what_is_not_there_or_not_clear_deletes_nothing(
    capsys: pytest.CaptureFixture[str], albums: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    Ran(capsys, "index", albums, "--people-from", "first")
    for number in range(2):
        draw_portrait(4, number).save(tmp_path / "photos" / f"{number}.jpg")
        shutil.move(tmp_path / "photos" / f"{number}.jpg", _made(tmp_path / f"flat{number}") / "1.jpg")
        Ran(capsys, "index", tmp_path / f"flat{number}")
    before = Gallery.open().counts()
    ran = Ran(capsys, "delete", *arguments, "--yes")
    assert ran.status == 1
    assert said in ran.errors
    assert Gallery.open().counts() == before


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("arguments", [(), ("--all", "--missing"), ("--person",)])
def test_deleting_needs_one_word_on_what(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert Ran(capsys, "delete", *arguments).status == 2


def test_photos_that_were_not_read_in_full_are_told_and_listed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, gallery_home: Path
) -> None:
    (tmp_path / "photos" / "Ann").mkdir(parents=True)
    portrait = draw_portrait(0, 0)
    portrait.save(tmp_path / "photos" / "Ann" / "1.tif", save_all=True, append_images=[portrait, portrait])
    draw_portrait(0, 1).save(tmp_path / "photos" / "Ann" / "2.jpg")
    ran = Ran(capsys, "index", tmp_path / "photos")
    assert ran.status == 0
    assert "facecluster: Ann/1.tif: 2 of 3 pages were passed over." in ran.errors
    gallery = Gallery.open(gallery_home)
    assert gallery.counts().in_part == 1
    assert gallery.photos.left_out()[["photo", "reason"]].to_numpy().tolist() == [
        ["Ann/1.tif", "2 of 3 pages were passed over."]
    ]
