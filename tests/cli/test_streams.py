"""The command line as a program: any encoding, closed and full outputs, Ctrl+C, and accounts without a home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facecluster.samples.sample_photos import draw_portrait
from facecluster.workflows.cluster import cluster_gallery
from tests.galleries import make_gallery
from tests.people import draw_people

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ["Łukasz Żak", "bell\a \x1b[31mred\x9b0m", "two\nlines \u202egnihton", "김민준 \U0001f600"]
PROGRAM = (sys.executable, "-m", "facecluster")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clustered gallery of people whose names few encodings have, or that no terminal should get."""
    embeddings, persons = draw_people(4, 8)
    names = dict(zip(sorted(set(persons)), PEOPLE, strict=True))
    gallery = make_gallery(
        tmp_path_factory.mktemp("galleries") / "odd", embeddings, np.array([names[p] for p in persons], dtype=object)
    )
    cluster_gallery(gallery)
    gallery.close()
    return gallery.path


def run(*arguments: object, words: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Runs the program in a shell, with redirections such as `>&-` in `words`."""
    command = ["sh", "-c", f'"$@" {words}', "sh", *PROGRAM, *map(str, arguments)]
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONUNBUFFERED", "PYTHONUTF8")}
    return subprocess.run(command, capture_output=True, cwd=ROOT, env=inherited | environment, check=False)


# --- encodings ----------------------------------------------------------------------------------------------------

ENCODINGS = [
    {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"PYTHONIOENCODING": "utf-16"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


def encoding_of(environment: dict[str, str]) -> str:
    return environment.get("PYTHONIOENCODING", "ascii").partition(":")[0]


@pytest.mark.parametrize("environment", ENCODINGS, ids=lambda value: next(iter(value.values())))
def test_names_that_the_encoding_lacks_are_escaped(folder: Path, environment: dict[str, str]) -> None:
    ran = run("evaluate", "--gallery", folder, **environment)
    text = ran.stdout.decode(encoding_of(environment))
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ("Łukasz Żak" if "16" in encoding_of(environment) else r"\u0141ukasz \u017bak") in text


@pytest.mark.parametrize("environment", ENCODINGS, ids=lambda value: next(iter(value.values())))
def test_json_is_whole_in_every_encoding(folder: Path, environment: dict[str, str]) -> None:
    ran = run("evaluate", "--gallery", folder, "--json", **environment)
    assert (ran.returncode, ran.stderr) == (0, b"")
    document = json.loads(ran.stdout.decode(encoding_of(environment)))
    assert {row["person"] for row in document["people"]} == set(PEOPLE)


def test_json_is_readable_where_the_output_takes_utf8(folder: Path) -> None:
    ran = run("evaluate", "--gallery", folder, "--json", PYTHONIOENCODING="utf-8:strict")
    assert "Łukasz Żak".encode() in ran.stdout
    assert "김민준 \U0001f600".encode() in ran.stdout


def test_sentences_are_escaped_too(tmp_path: Path) -> None:
    ran = run("status", "--gallery", tmp_path / "żółw", PYTHONIOENCODING="cp1252:strict")
    assert ran.returncode == 1
    assert ran.stderr.decode("cp1252").startswith(
        f"facecluster: There is no gallery in {tmp_path}/\\u017c\xf3\\u0142w: "
    )


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_name_reaches_the_terminal_as_a_command_to_it(folder: Path, form: tuple[str, ...]) -> None:
    ran = run("evaluate", "--gallery", folder, *form, PYTHONIOENCODING="utf-8")
    text = ran.stdout.decode()
    assert not set(text) & set("\a\x1b\x9b\u202e")
    if form:
        assert {row["person"] for row in json.loads(text)["people"]} == set(PEOPLE)
    else:
        assert r"bell\x07 \x1b[31mred\x9b0m" in text
        assert r"two\nlines \u202egnihton" in text, "one line per person"


@pytest.mark.parametrize(
    "arguments",
    [("status", "--gallery", "\x1b[31m\nb"), ("cluster", "--clusters", "\x1b[31m\nb"), ("status", "\x1b[31m\nb")],
)
def test_what_was_typed_is_not_sent_back_raw(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert b"\x1b" not in ran.stderr
    assert rb"\x1b[31m" in ran.stderr
    assert (ran.returncode, ran.stdout) in ((1, b""), (2, b""))


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS refuses file names that are not UTF-8")
@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "utf-8:strict", "PYTHONUTF8": "1"}])
def test_a_photo_whose_name_is_no_text_is_answered(
    sample_gallery: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")
    draw_portrait(0, 30).save(name)
    answers = run("identify", name, f"{name}.gone", "--gallery", sample_gallery, "--json", **environment)
    known, gone = json.loads(answers.stdout.decode("utf-8"))
    assert (known["image"], len(known["faces"])) == (name, 1)
    assert gone["error"]
    text = run("identify", name, f"{name}.gone", "--gallery", sample_gallery, **environment)
    assert rb"/\xff.jpg: " in text.stdout
    assert rb"\xff.jpg.gone does not exist" in text.stderr


def test_names_on_lines_of_their_own_stay_on_one(sample_gallery: Path, tmp_path: Path) -> None:
    ran = run("identify", tmp_path / "a\nb.jpg", tmp_path / ("x" * 5000), "--gallery", sample_gallery, "--threshold", 1)
    assert ran.returncode == 1
    assert len(ran.stdout.splitlines()) == len(ran.stderr.splitlines()) == 2
    assert rb"a\nb.jpg does not exist" in ran.stderr


# --- outputs that are closed or full ------------------------------------------------------------------------------


NOT_BUFFERED = {"PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("status",), {}), (("status",), NOT_BUFFERED), (("evaluate", "--json"), {}), (("evaluate",), NOT_BUFFERED),
        (("--version",), {}), (("--version",), NOT_BUFFERED), (("index", "--help"), NOT_BUFFERED),
    ],
)  # fmt: skip
@pytest.mark.parametrize("words", [">&-", "> /dev/full"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_answer_that_nobody_gets_is_a_failure(
    folder: Path, words: str, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    ran = run(*arguments, words=words, FACECLUSTER_HOME=str(folder), **environment)
    (line,) = ran.stderr.decode().splitlines()
    assert ran.returncode == 1
    assert line.startswith("facecluster: ")
    assert ("tandard output is closed" if "&" in words else "No space left on device") in line


@pytest.mark.parametrize("words", ["2>&-", "2> /dev/full"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_without_a_standard_error_the_answer_is_the_same(
    sample_gallery: Path, sample_photos: Path, tmp_path: Path, words: str
) -> None:
    draw_portrait(0, 30).save(tmp_path / "a.png")
    identified = run("identify", tmp_path / "a.png", "--gallery", sample_gallery, "--json", words=words)
    assert (identified.returncode, len(json.loads(identified.stdout))) == (0, 1)
    indexed = run("index", sample_photos, "--gallery", sample_gallery, "--json", words=words)
    assert (indexed.returncode, json.loads(indexed.stdout)["skipped"]) == (0, 144)
    for arguments, status in ((("status", "--gallery", tmp_path / "none"), 1), (("dance",), 2)):
        failed = run(*arguments, words=words)
        assert (failed.returncode, failed.stdout) == (status, b""), "a sentence is no answer"


def test_a_file_never_takes_the_place_of_a_closed_output(folder: Path, tmp_path: Path) -> None:
    everything = run("evaluate", "--gallery", folder, "--folds", 2, words="<&- >&- 2>&-")
    assert everything.returncode == 1
    code = (
        "import sys; from facecluster.cli.output import streams_are_open as check; "
        f"check(); file = open({str(tmp_path / 'file')!r}, 'w'); sys.exit(file.fileno() <= 2)"
    )
    subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize(("form", "environment"), [((), {}), ((), NOT_BUFFERED), (("--json",), {})])
def test_whoever_stops_reading_hears_no_complaint(
    folder: Path, form: tuple[str, ...], environment: dict[str, str]
) -> None:
    read, write = os.pipe()
    os.close(read)
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [*PROGRAM, "evaluate", "--gallery", str(folder), *form]
    direct = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, cwd=ROOT, env=inherited | environment)
    os.close(write)
    assert (direct.returncode, direct.stderr) == (1, b"")


# --- Ctrl+C -------------------------------------------------------------------------------------------------------

PRESS = """
import os, signal, sys

class Press:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            {how}

sys.meta_path.insert(0, Press())
"""
# Else as whoever started the tests has it, and a shell's background jobs take no notice.
HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
KILL = "os.kill(os.getpid(), signal.SIGINT)"
# Something holds the first up, and would take the second too.
AGAIN = f"""
            try: {KILL}
            except KeyboardInterrupt:
                try: {KILL}
                except KeyboardInterrupt: pass"""
OTHER_ERROR = f"""
            try: {KILL}
            except KeyboardInterrupt: raise ImportError("no such module")"""
REPORTED = f"""
            class Dies:
                def __del__(self): {KILL}
            Dies()"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a process")
@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("facecluster.cli.main", KILL), ("argparse", KILL), ("numpy", KILL),
        ("argparse", AGAIN), ("facecluster.gallery.gallery", AGAIN), ("sklearn", OTHER_ERROR), ("pandas", REPORTED),
    ],
    ids=["program", "arguments", "work", "twice at once", "twice at work", "another error", "only reported"],
)  # fmt: skip
def test_ctrl_c_ends_in_a_sentence_at_any_moment(folder: Path, tmp_path: Path, name: str, how: str) -> None:
    """Pressed while a module loads, the only moment that a test can hit for sure."""
    (tmp_path / "sitecustomize.py").write_text(HEED + PRESS.format(name=name, how=how))
    ran = run("evaluate", "--gallery", folder, PYTHONPATH=str(tmp_path))
    assert (ran.returncode, ran.stdout) == (1, b"")
    (line,) = ran.stderr.decode().splitlines()
    assert line.startswith("facecluster: stopped")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a process")
def test_who_was_started_to_go_on_in_spite_of_ctrl_c_does(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(PRESS.format(name="facecluster.gallery.gallery", how=KILL))
    ignoring = ["sh", "-c", "trap '' INT; \"$@\"", "sh", *PROGRAM, "status", "--gallery", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(ignoring, capture_output=True, cwd=ROOT, env=environment, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")


# --- places -------------------------------------------------------------------------------------------------------

HOMELESS = """
import pwd

def nobody(*_):
    raise KeyError("no such user")

pwd.getpwuid = pwd.getpwnam = nobody
"""


@pytest.fixture
def homeless(tmp_path: Path) -> dict[str, str]:
    """The environment of an account that has neither $HOME nor an entry among the users."""
    (tmp_path / "sitecustomize.py").write_text(HOMELESS)
    # Without a home nothing is kept, and every process would convert the networks anew.
    quick = {"FACECLUSTER_RUNTIME": "eager"}
    return {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT))), "PATH": os.environ.get("PATH", "")} | quick


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such accounts")
def test_an_account_without_a_home_is_asked_for_a_place(
    folder: Path, sample_photos: Path, tmp_path: Path, homeless: dict[str, str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    draw_portrait(0, 0).save(here / "a.png")

    def ran(*arguments: object) -> tuple[int, str]:
        command = [*PROGRAM, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, cwd=here, env=homeless, text=True, check=False)
        return done.returncode, done.stderr

    for command in (("status",), ("index", sample_photos), ("cluster",)):
        assert ran(*command) == (
            1,
            "facecluster: This account has no home folder for a gallery: name a folder with --gallery or "
            "FACECLUSTER_HOME.\n",
        )
    for named in (
        ("status", "--gallery", "~/x"), ("index", "~/x", "--gallery", "g"),
        ("identify", "~/x.jpg", "--gallery", folder), ("evaluate", "--gallery", folder, "--report", "~/r.html"),
        ("index", here, "--gallery", "h", "--model", "~/m.pt"),
    ):  # fmt: skip
        status, errors = ran(*named)
        assert status == 1
        assert "There is no home folder that ~/" in errors
        assert "Traceback" not in errors
    status, errors = ran("index", here, "--gallery", "g", "--model", "vggface2")
    assert (status, "no home folder for the vggface2 weights: name a folder with $TORCH_HOME" in errors) == (1, True)
    assert ran("index", here, "--gallery", "g") == (0, "")
    assert not (here / "~").exists(), "no library makes a folder of that name"
