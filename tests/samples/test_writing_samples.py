"""Sample people are written as folders, and nothing else that lies there is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from facecluster.errors import SourceError
from facecluster.samples import sample_photos
from facecluster.samples.sample_photos import sample_people, write_sample_people
from tests.cli.test_main import Ran
from tests.gallery.test_nothing_is_overwritten import Prepare, file, link, pipe, sums


def test_people_are_written_as_a_folder_each(tmp_path: Path) -> None:
    steps: list[tuple[int, ...]] = []

    paths = write_sample_people(tmp_path / "new" / "people", 2, 3, on_progress=lambda *step: steps.append(step))

    written = sorted(path for path in (tmp_path / "new" / "people").rglob("*") if path.is_file())
    assert written == sorted(paths)
    assert [path.relative_to(tmp_path / "new" / "people").as_posix() for path in paths] == [
        f"{person.name}/{number:02}.jpg" for person in sample_people(2) for number in (1, 2, 3)
    ]
    assert steps == [(done, 6) for done in range(1, 7)]
    with Image.open(paths[4]) as picture:
        assert (picture.format, picture.size) == ("JPEG", (400, 480))


def test_file_names_keep_their_order_beyond_99_portraits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facecluster.samples.sample_photos.draw_portrait", lambda *_: Image.new("RGB", (8, 8)))

    paths = write_sample_people(tmp_path, 1, 101)

    assert paths == sorted(paths)


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    write_sample_people(tmp_path, 2, 2)
    before = contents(tmp_path)

    write_sample_people(tmp_path, 2, 2)

    assert contents(tmp_path) == before


def test_an_interrupted_run_is_completed(tmp_path: Path) -> None:
    whole = contents_of_new(tmp_path / "whole")
    paths = write_sample_people(tmp_path / "cut", 2, 2)
    paths[3].unlink()
    half = paths[0].read_bytes()[:5000]
    left_over = [f".facecluster-{'0123' * 4}.part", f".facecluster-{'cdef' * 4}.part", ".02.jpg.part"]
    for name, content in zip(left_over, (half, b"", half), strict=True):
        (paths[3].parent / name).write_bytes(content)

    write_sample_people(tmp_path / "cut", 2, 2)

    assert {name: data for name, (data, _) in contents(tmp_path / "cut").items()} == whole


def test_drawings_of_an_older_edition_are_drawn_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as past:
        past.setattr("facecluster.samples.sample_photos._EDITION", b", edition 0")
        write_sample_people(tmp_path / "old", 2, 2)

    write_sample_people(tmp_path / "old", 2, 2)

    assert {name: data for name, (data, _) in contents(tmp_path / "old").items()} == contents_of_new(tmp_path / "new")


def contents_of_new(folder: Path) -> dict[str, bytes]:
    write_sample_people(folder, 2, 2)
    return {name: data for name, (data, _) in contents(folder).items()}


@pytest.mark.parametrize(
    "foreign",
    ["holiday.jpg", "Somebody/01.jpg", "Marigold Fennimore/notes.txt", "Marigold Fennimore/01.jpg"],
)
def test_a_folder_with_anything_else_is_refused_and_left_alone(tmp_path: Path, foreign: str) -> None:
    (tmp_path / foreign).parent.mkdir(exist_ok=True)
    (tmp_path / foreign).write_bytes(b"mine")
    before = contents(tmp_path)

    with pytest.raises(SourceError) as refusal:
        write_sample_people(tmp_path, 1, 1)

    assert contents(tmp_path) == before
    first_named = Path(foreign).parts[0] if foreign.startswith("Somebody") else str(Path(foreign))
    assert str(refusal.value) == (
        f"{tmp_path} already holds {first_named}, which is not one of the sample people to be written; "
        "choose an empty or a new folder."
    )


def test_a_link_in_place_of_a_portrait_is_not_written_through(tmp_path: Path) -> None:
    theirs = write_sample_people(tmp_path / "elsewhere", 1, 1)[0]
    folder = tmp_path / "people" / theirs.parent.name
    folder.mkdir(parents=True)
    (folder / "01.jpg").symlink_to(theirs)

    with pytest.raises(SourceError, match="which is not one of the sample people"):
        write_sample_people(tmp_path / "people", 1, 1)


def test_more_people_than_asked_for_are_not_removed(tmp_path: Path) -> None:
    write_sample_people(tmp_path, 2, 1)
    before = contents(tmp_path)

    with pytest.raises(SourceError, match=f"already holds {sample_people(2)[1].name}"):
        write_sample_people(tmp_path, 1, 1)

    assert contents(tmp_path) == before


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people").write_text("mine")

    with pytest.raises(SourceError, match="people is a file, and the sample people need a folder"):
        write_sample_people(tmp_path / "people", 1, 1)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    with pytest.raises(SourceError, match=r"cannot be written to .*: Not a directory; choose a folder"):
        write_sample_people(tmp_path / "file" / "people", 1, 1)


@pytest.mark.parametrize(("people", "portraits"), [(0, 12), (12, 0), (-1, 1)])
def test_nobody_and_nothing_are_refused(tmp_path: Path, people: int, portraits: int) -> None:
    with pytest.raises(SourceError, match="at least one person and one portrait"):
        write_sample_people(tmp_path / "people", people, portraits)

    assert not (tmp_path / "people").exists()


PERSON = sample_people(1)[0].name


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with files of somebody else's, among them one that is called like a gallery's."""
    (tmp_path / "gallery").mkdir()
    for name in ("notes.txt", "gallery/gallery.db"):
        (tmp_path / name).write_text("the user's words\n")
    return tmp_path


@pytest.mark.parametrize(
    ("prepare", "named"),
    [
        (file(f"people/{PERSON}/.01.jpg.part"), f"{PERSON}/.01.jpg.part"),
        (file(f"people/{PERSON}/.01.jpg.part", ""), f"{PERSON}/.01.jpg.part"),
        (file(f"people/{PERSON}/01.jpg", "mine, not drawn by facecluster, edition 0"), f"{PERSON}/01.jpg"),
        (file(f"people/{PERSON}/01.jpg", ""), f"{PERSON}/01.jpg"),
        (pipe(f"people/{PERSON}/01.jpg"), f"{PERSON}/01.jpg"),
        (pipe(f"people/{PERSON}/.01.jpg.part"), f"{PERSON}/.01.jpg.part"),
        (lambda place: (place / "people" / PERSON / "01.jpg").mkdir(parents=True), f"{PERSON}/01.jpg"),
        (lambda place: ((place / "people").mkdir(), link(f"people/{PERSON}", "gallery")(place)), PERSON),
        (file(f"people/{PERSON}"), PERSON),
    ],
)
def test_sample_people_over_anything_else_are_refused_and_change_nothing(
    capsys: pytest.CaptureFixture[str], place: Path, prepare: Prepare, named: str
) -> None:
    prepare(place)
    before = sums(place)
    ran = Ran(capsys, "sample", place / "people", "--portraits", 1)
    assert sums(place) == before
    assert (ran.status, ran.text) == (1, "")
    assert f"people already holds {named}, which is not one of the sample people to be written" in ran.errors
    assert len(ran.errors.splitlines()) == 1


@pytest.mark.parametrize("name", ["notes.txt", "gallery/gallery.db"])
def test_sample_people_in_place_of_a_file_are_refused_and_change_nothing(
    capsys: pytest.CaptureFixture[str], place: Path, name: str
) -> None:
    before = sums(place)
    assert Ran(capsys, "sample", place / name).status == 1
    assert sums(place) == before


def test_a_photo_put_among_sample_people_while_they_are_drawn_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "people" / PERSON / "02.jpg"

    def draw(person: int, portrait: int) -> Image.Image:
        if portrait == 1:
            theirs.write_bytes(b"mine")
        return drawn(person, portrait)

    drawn = sample_photos.draw_portrait
    monkeypatch.setattr(sample_photos, "draw_portrait", draw)
    monkeypatch.setattr(sample_photos, "shipped", dict)  # else there would be nothing to draw
    with pytest.raises(SourceError, match=f"already holds {PERSON}/02.jpg, which is not one of the sample people"):
        write_sample_people(tmp_path / "people", 1, 2)
    assert theirs.read_bytes() == b"mine"
    assert sorted(path.name for path in theirs.parent.iterdir()) == ["01.jpg", "02.jpg"]
