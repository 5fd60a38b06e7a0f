"""Paths as users write them: ~ and ~name are homes, unless something here is really called so; blanks are no folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from facecluster import Gallery, load_image, open_photos, write_sample_people
from facecluster.errors import FaceClusterError, GalleryError, PhotoError, SourceError
from facecluster.evaluation.subgroups import read_groups
from facecluster.gallery.gallery import default_gallery
from facecluster.presentation.report.files import report_files
from facecluster.samples.sample_photos import draw_portrait
from facecluster.user_paths import user_path
from facecluster.vision.weights import model_name
from tests.cli.test_main import Ran
from tests.galleries import clustered_gallery


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def test_homes_and_names(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "somebody"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    (here / "~old").mkdir()
    (here / "~").mkdir()
    for text, meant in {
        "~": home, "~/photos": home / "photos", "photos/~": Path("photos/~"), "a~": Path("a~"), "/~old": Path("/~old"),
        "~old": Path("~old"), "~old/new": Path("~old/new"), "": Path(),
    }.items():  # fmt: skip
        assert user_path(text, SourceError) == user_path(Path(text), SourceError) == meant
    (here / "~link").symlink_to("nowhere")
    assert user_path("~link", SourceError) == Path("~link"), "what it leads to is somebody else's complaint"


@pytest.mark.parametrize("text", ["~nosuchuser", "~nosuchuser/x.jpg", "~no such user/x", "~" + "x" * 5000, "~\0"])
def test_nobodys_home_is_a_sentence_that_says_how_to_name_what_is_here(here: Path, text: str) -> None:
    with pytest.raises(PhotoError) as error:
        user_path(text, PhotoError)
    sentence = str(error.value)
    assert sentence.startswith(f"There is neither {text.split('/')[0]} here nor a user ")
    assert sentence.endswith(f"write ./{text} for a new one here.")


def test_every_door_takes_a_folder_or_file_called_like_a_home(
    here: Path, capsys: pytest.CaptureFixture[str], sample_gallery: Path
) -> None:
    draw_portrait(0, 0).save(here / "~old.jpg")
    (here / "~old" / "person 00").mkdir(parents=True)
    shutil.copy(here / "~old.jpg", here / "~old" / "person 00")
    shutil.make_archive(str(here / "~old"), "zip", here / "~old")
    (here / "~old.csv").write_text("person,team\nperson 00,red\n")
    clustered_gallery(here / "~gallery")

    for source in ("~old", "~old.zip"):
        assert Ran(capsys, "index", source, "--gallery", "new", "--json").json["photos"] == 1
    assert Ran(capsys, "identify", "~old.jpg", "--gallery", sample_gallery, "--json").json[0]["error"] is None
    assert Ran(capsys, "status", "--gallery", "~gallery", "--json").json["gallery"] == str(here / "~gallery")
    groups = Ran(capsys, "evaluate", "--gallery", "~gallery", "--folds", 2, "--groups", "~old.csv", "--json")
    assert (groups.status, set(groups.json["groups"])) == (0, {"team"})
    assert report_files("~old/r.html") == (Path("~old/r.html"), Path("~old/r.json"))
    assert Ran(capsys, "index", "~old", "--gallery", "~old/gallery", "--json").status == 0
    assert Ran(capsys, "sample", "~old/drawn", "--portraits", 1, "--json").status == 0
    assert (here / "~old" / "drawn").is_dir()
    assert load_image("~old.jpg").shape == (480, 400, 3)
    (here / "~old.pt").write_bytes(b"weights")
    assert model_name("~old.pt").startswith("~old.pt:")


@pytest.mark.parametrize(
    "arguments",
    [
        ("index", "~nosuchuser/x"), ("index", "~nosuchuser/x.zip"), ("index", "{photos}", "--gallery", "~nosuchuser"),
        ("index", "{photos}", "--model", "~nosuchuser/x.pt"), ("identify", "~nosuchuser/x.jpg", "--threshold", "0.5"),
        ("status", "--gallery", "~nosuchuser/x"), ("evaluate", "--report", "~nosuchuser/x.html"),
        ("evaluate", "--groups", "~nosuchuser/x.csv"), ("compare", "--groups", "~nosuchuser/x.csv"),
        ("sample", "~nosuchuser/x"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_door_refuses_nobodys_home_and_makes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], sample_photos: Path, sample_home: Path, arguments: tuple[str, ...]
) -> None:
    ran = Ran(capsys, *[argument.format(photos=sample_photos) for argument in arguments])
    (line,) = ran.errors.splitlines()
    assert ran.status == 1
    assert line.startswith("facecluster: There is neither ~nosuchuser here nor a user nosuchuser ")
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("blank", ["", "  ", "\t\n"])
def test_blanks_are_no_gallery(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sample_photos: Path, blank: str
) -> None:
    for command in (("index", sample_photos), ("status",)):
        ran = Ran(capsys, *command, "--gallery", blank)
        assert (ran.status, ran.text) == (1, "")
        assert ran.errors.startswith("facecluster: --gallery names no folder: ")
    with pytest.raises(GalleryError, match="names no folder"):
        Gallery.open(blank)
    monkeypatch.setenv("FACECLUSTER_HOME", blank)
    if blank:
        ran = Ran(capsys, "index", sample_photos)
        assert ran.errors.startswith("facecluster: FACECLUSTER_HOME names no folder: ")
    else:
        assert default_gallery().is_absolute(), "an empty variable is one that is not set"
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("blank", ["", "  "])
def test_blanks_are_no_file_or_folder_anywhere(
    here: Path, capsys: pytest.CaptureFixture[str], sample_home: Path, blank: str
) -> None:
    for arguments in (
        ("evaluate", "--report", blank), ("evaluate", "--groups", blank), ("compare", "--groups", blank),
        ("compare", "--apply", blank), ("index", here, "--model", blank), ("identify", "a.jpg", "--model", blank),
    ):  # fmt: skip
        ran = Ran(capsys, *arguments)
        assert (ran.status, ran.text) == (2, "")
        assert f"argument {arguments[-2]}: a name or file is missing" in ran.errors
    for words, sentence in (
        (("sample", blank), "No folder for the sample people is named"),
        (("index", blank), "No source of photos is named"),
        (("identify", blank, "--threshold", "0"), "No photo is named"),
    ):
        ran = Ran(capsys, *words)
        assert ran.status == 1
        assert ran.errors.startswith(f"facecluster: {sentence}")
    assert list(here.iterdir()) == []


def test_from_python_too(here: Path) -> None:
    for door in (Gallery.open, open_photos, load_image, write_sample_people, model_name):
        with pytest.raises(FaceClusterError, match=r"write \./~nosuchuser/x"):
            door("~nosuchuser/x")
    with pytest.raises(FaceClusterError, match=r"write \./~nosuchuser/x"):
        read_groups("~nosuchuser/x", [])


def test_a_gallery_folder_that_no_system_can_have_is_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    draw_portrait(0, 0).save(tmp_path / "a.jpg")
    for command, word in ((("status",), "opened"), (("index", tmp_path), "made")):
        ran = Ran(capsys, *command, "--gallery", tmp_path / ("x" * 5000))
        assert ran.status == 1
        assert f"x cannot be {word} (File name too long): choose another with --gallery." in ran.errors
        assert len(ran.errors.splitlines()) == 1
