"""Reports go where nothing of somebody else's lies, or are refused and leave all as it was."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facecluster import writing
from facecluster.evaluation.results import EvaluationResults
from facecluster.presentation.report import files
from facecluster.workflows import evaluate
from tests.cli.test_main import ROOT, Ran
from tests.galleries import clustered_gallery

Prepare = Callable[[Path], object]
NO_REPORT = "which is no report of facecluster's"
OTHER_NAME = "name a file that ends in .html"
NO_FILE = "which is a pipe or a device, not a file"

# The beginnings of a report of version 0.1.0, before reports told who made them.
OLD_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Evaluation of drawn &amp; few</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #1e293b; background: #fff; margin: 2rem auto; max-width: 64rem;
       padding: 0 1rem; }
</style></head><body>
</body></html>
"""
OLD_JSON = r"""{
  "gallery": "drawn \"few\"",
  "created": "2026-11-26T07:31:43+00:00",
  "settings": {
    "folds": 5,
    "left_out": null,
    "draws": 10,
    "fpir": 0.01,
    "seeds": 5
  }
}"""


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clustered_gallery(tmp_path_factory.mktemp("galleries") / "few")


@pytest.fixture
def place(tmp_path: Path, gallery: Path) -> Path:
    """A folder with a gallery in it, and a file of the user's."""
    shutil.copytree(gallery, tmp_path / "gallery")
    (tmp_path / "notes.txt").write_text("the user's words\n")
    return tmp_path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures one part where a report measures all."""
    monkeypatch.setattr(evaluate, "PARTS", ("sweep",))


def sums(folder: Path) -> dict[str, tuple[int, str]]:
    """Type and mode, and sum or target, of everything in a folder but what SQLite makes and removes at will."""
    found = {}
    for path in folder.rglob("*"):
        mode, content = path.lstat().st_mode, ""
        if stat.S_ISREG(mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        elif stat.S_ISLNK(mode):
            content = os.readlink(path)
        if not path.name.endswith(("-wal", "-shm")):
            found[path.relative_to(folder).as_posix()] = (mode, content)
    return found


def nothing(place: Path) -> None:
    pass


def file(name: str, text: str = "the user's words\n") -> Prepare:
    def prepare(place: Path) -> None:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)

    return prepare


def link(name: str, target: str) -> Prepare:
    return lambda place: (place / name).symlink_to(place / target)


def pipe(name: str) -> Prepare:
    def prepare(place: Path) -> None:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(place / name)

    return prepare


def unix_socket(name: str) -> Prepare:
    def prepare(place: Path) -> None:
        before = Path.cwd()
        os.chdir(place)  # the path of a socket may have some hundred letters
        try:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(name)
        finally:
            os.chdir(before)

    return prepare


REFUSED = [
    ("gallery/gallery.db", nothing, OTHER_NAME),
    ("gallery/gallery.db-wal", nothing, OTHER_NAME),
    ("gallery/gallery.db-shm", nothing, OTHER_NAME),
    ("gallery/indexing.lock", nothing, OTHER_NAME),
    ("elsewhere.db", nothing, OTHER_NAME),
    ("notes.txt", nothing, OTHER_NAME),
    ("new", nothing, OTHER_NAME),
    ("notes.html", file("notes.json", '{"generator": "somebody else"}'), NO_REPORT),
    ("notes.json", file("notes.html", "<!DOCTYPE html><title>Evaluation of the summer</title>"), NO_REPORT),
    ("notes.HTM", file("notes.HTM"), NO_REPORT),
    ("notes.html", file("notes.json", OLD_PAGE), NO_REPORT),
    ("r.html", file("r.json", ""), "an empty file that is no report of facecluster's"),
    ("r.html", file("r.html", ""), "an empty file that is no report of facecluster's"),
    ("r.html", link("r.html", "notes.txt"), "notes.txt, which is no report of facecluster's"),
    ("r.html", link("r.json", "gallery/gallery.db"), "gallery.db, which is no report of facecluster's"),
    ("r.html", link("r.html", "nowhere"), "nowhere, where nothing is"),
    ("r.html", link("r.html", "gallery"), "which is a folder"),
    ("r.html", lambda place: (place / "r.json").mkdir(), "which is a folder"),
    ("r.html", pipe("r.html"), NO_FILE),
    ("r.html", pipe("r.json"), NO_FILE),
    ("r.html", unix_socket("r.json"), NO_FILE),
    ("r.html", link("r.html", "/dev/null"), NO_FILE),
    ("/dev/null", nothing, OTHER_NAME),
    ("/dev/stdout", nothing, OTHER_NAME),
]


@pytest.mark.parametrize(("name", "prepare", "sentence"), REFUSED)
def test_a_report_over_anything_but_a_report_is_refused_before_the_work_and_changes_nothing(
    capsys: pytest.CaptureFixture[str],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    prepare: Prepare,
    sentence: str,
) -> None:
    monkeypatch.setattr("facecluster.workflows.evaluate.evaluate_gallery", None)
    prepare(place)
    before = sums(place)
    ran = Ran(capsys, "evaluate", "--gallery", place / "gallery", "--report", place / name)
    assert sums(place) == before
    assert (ran.status, ran.text) == (1, "")
    assert sentence in ran.errors
    assert len(ran.errors.splitlines()) == 1


def test_a_report_needs_a_name(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    ran = Ran(capsys, "evaluate", "--gallery", place / "gallery", "--report", "")
    assert (ran.status, ran.text) == (2, "")
    assert "argument --report: a name or file is missing" in ran.errors


@pytest.mark.parametrize(("output", "kept"), [("r.json", ""), ("r.json", OLD_JSON), ("r.html", OLD_PAGE)])
def test_the_file_that_the_output_goes_to_is_not_replaced_even_if_it_is_an_old_report(
    place: Path, output: str, kept: str
) -> None:
    (place / output).write_text(kept)
    before = sums(place)
    command = [sys.executable, "-m", "facecluster", "evaluate", "--gallery", "gallery", "--report", "r.html", "--json"]
    with (place / output).open("a") as stdout:
        done = subprocess.run(
            command,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            cwd=place,
            env=dict(os.environ, PYTHONPATH=str(ROOT)),
            timeout=300,
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"facecluster: The report cannot be written to {output}, which this command's output goes to: choose another "
        "file.\n"
    )
    assert sums(place) == before


@pytest.mark.usefixtures("quick")
def test_a_report_replaces_older_ones_of_any_version_alone_and_keeps_who_may_read_them(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    (place / "r.html").write_text(OLD_PAGE)
    (place / "r.html").chmod(0o600)
    others = {name: kept for name, kept in sums(place).items() if not name.startswith("r.")}
    for given in ("r.html", "r.json"):
        # Else two reports of one minute whose parts took as long would be the same.
        (place / "r.html").write_text(OLD_PAGE)
        (place / "r.json").write_text(OLD_JSON)
        before = sums(place)
        ran = Ran(capsys, "evaluate", "--gallery", place / "gallery", "--report", place / given, "--json")
        assert ran.json["report"] == {"html": str(place / "r.html"), "json": str(place / "r.json")}
        after = sums(place)
        assert {name for name in after.keys() | before.keys() if after.get(name) != before.get(name)} == {
            "r.html", "r.json",
        }  # fmt: skip
        assert {name: kept for name, kept in after.items() if name in others} == others
    assert stat.S_IMODE((place / "r.html").stat().st_mode) == 0o600


@pytest.mark.usefixtures("quick")
def test_a_link_to_a_report_stays_and_leads_to_the_new_one(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    (place / "kept").mkdir()
    (place / "kept" / "november.html").write_text(OLD_PAGE)
    (place / "latest.html").symlink_to("kept/november.html")
    ran = Ran(capsys, "evaluate", "--gallery", place / "gallery", "--report", place / "latest.html")
    assert ran.status == 0
    assert os.readlink(place / "latest.html") == "kept/november.html"
    assert "evaluation report" in (place / "kept" / "november.html").read_text(encoding="utf-8")[:200]
    assert sorted(path.name for path in (place / "kept").iterdir()) == ["november.html"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["r.html", "r.json"])
def test_what_appears_while_the_figures_are_measured_stays_and_the_figures_are_told(
    capsys: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def measure(*arguments: Any, **options: Any) -> EvaluationResults:
        (place / name).write_text("put there meanwhile\n")
        return measured(*arguments, **options)

    measured = evaluate.evaluate_gallery
    monkeypatch.setattr(evaluate, "evaluate_gallery", measure)
    before = sums(place)
    ran = Ran(capsys, "evaluate", "--gallery", place / "gallery", "--report", place / "r.html", "--json")
    assert ran.status == 1
    assert f"facecluster: The report cannot be written to {place / name}, {NO_REPORT}" in ran.errors
    assert ran.json["faces"] == 56
    assert "report" not in ran.json
    assert (place / name).read_text() == "put there meanwhile\n"
    assert sums(place).keys() - before.keys() == {name}, "no half of a report is left"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("r.html", "The report cannot be written to {place}/r.html (File exists): choose another file."),
        (
            "r.json",
            "The page {place}/r.html is written, but its figures are not (File exists), so that {place}/r.json is "
            "missing or holds older ones: write the report to another file.",
        ),
    ],
    ids=["the page", "the figures"],
)
def test_what_appears_at_the_last_moment_stays_and_is_told(
    capsys: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    def put(aside: Path, target: Path) -> None:
        if target.name == name:
            target.write_text("put there meanwhile\n")
        put_new(aside, target)

    put_new = writing.put_new
    monkeypatch.setattr(files, "put_new", put)
    before = sums(place)
    ran = Ran(capsys, "evaluate", "--gallery", place / "gallery", "--report", place / "r.html")
    assert ran.status == 1
    assert f"facecluster: {sentence.format(place=place)}" in ran.errors.splitlines()
    assert (place / name).read_text() == "put there meanwhile\n"
    assert sums(place).keys() - before.keys() <= {"r.html", name}
