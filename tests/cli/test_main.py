"""The command line: what each command prints, its JSON keys, its exit status, and its sentences."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facecluster.cli.main import main
from facecluster.gallery.gallery import Gallery
from facecluster.samples.sample_photos import draw_portrait, draw_stranger, sample_people

ROOT = Path(__file__).resolve().parents[2]


class Ran:
    """What a command left: its exit status, JSON (or None), text and standard error."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> None:
        try:
            self.status = main([str(argument) for argument in arguments])
        except SystemExit as exit:
            self.status = int(exit.code or 0)
        self.text, self.errors = capsys.readouterr()
        try:
            self.json: Any = json.loads(self.text)
        except json.JSONDecodeError:
            self.json = None


def test_from_sample_people_to_an_answer(
    capsys: pytest.CaptureFixture[str], gallery_home: Path, tmp_path: Path
) -> None:
    sample = Ran(capsys, "sample", tmp_path / "people", "--json")
    assert (sample.status, sample.json) == (0, {"photos": 144, "people": 12})

    indexed = Ran(capsys, "index", tmp_path / "people", "--json")
    assert list(indexed.json) == [
        "photos", "indexed", "faces", "no_face", "unreadable", "duplicates", "skipped", "seconds", "photos_per_second",
        "model", "runtime", "out_of_memory", "people_from", "missing", "left_out",
        "contradictions",
    ]  # fmt: skip
    assert (indexed.status, indexed.json["photos"], indexed.json["indexed"]) == (0, 144, 144)

    clustered = Ran(capsys, "cluster", "--seed", 3, "--json")
    assert list(clustered.json) == ["clusters", "faces", "inertia", "seed", "seconds", "chosen_by", "why"]
    assert "silhouette" in clustered.json["why"]
    assert (clustered.json["clusters"], clustered.json["seed"]) == (12, 3)

    evaluated = Ran(capsys, "evaluate", "--json")
    assert {"accuracy", "purity", "ari", "nmi", "bcubed", "people"} <= set(evaluated.json)
    assert set(evaluated.json["bcubed"]) == {"precision", "recall", "f1"}
    assert {"person", "cluster", "faces", "purity", "coverage", "f1"} <= set(evaluated.json["people"][0])
    assert evaluated.json["accuracy"] >= 0.95

    status = Ran(capsys, "status", "--json")
    assert (status.json["photos"], status.json["people"], status.json["clusters"]) == (144, 12, 12)
    assert status.json["clustering"]["seed"] == 3
    assert status.json["bytes_on_disk"] > 100_000
    assert status.json["runtimes"] == {indexed.json["runtime"]: 144}


def test_identify_answers_an_entry_an_image(
    capsys: pytest.CaptureFixture[str], sample_home: Path, tmp_path: Path
) -> None:
    draw_portrait(2, 40).save(tmp_path / "known.png")
    draw_stranger(1).save(tmp_path / "stranger.png")
    ran = Ran(capsys, "identify", tmp_path / "known.png", tmp_path / "stranger.png", "--json")
    known, stranger = ran.json
    assert ran.status == 0
    assert known["image"] == str(tmp_path / "known.png")
    assert known["error"] is None
    assert list(known["faces"][0]) == [
        "box", "detection_score", "known", "person", "cluster", "similarity", "threshold", "candidates", "neighbours",
    ]  # fmt: skip
    assert known["faces"][0]["person"] == sample_people(12)[2].name
    assert stranger["faces"][0]["person"] is None
    assert (known["faces"][0]["known"], stranger["faces"][0]["known"]) == (True, False)
    assert set(known["faces"][0]["neighbours"][0]) == {"face", "photo", "person", "similarity"}
    assert ran.errors.startswith("facecluster: With 12 people, one stranger in 100 cannot be seen")
    by_hand = Ran(capsys, "identify", tmp_path / "known.png", "--threshold", 0.5)
    assert (by_hand.status, by_hand.errors) == (0, ""), "whoever sets the threshold needs no word on the gallery's"


def test_known_without_a_name_nobody_known_and_a_person_called_unknown_are_three_answers(
    capsys: pytest.CaptureFixture[str], sample_photos: Path, tmp_path: Path
) -> None:
    folders = [sample_photos / person.name for person in sample_people(4)]
    for folder in folders:
        shutil.copytree(folder, tmp_path / "loose", copy_function=_into_one_folder(folder.name), dirs_exist_ok=True)
    shutil.copytree(folders[0], tmp_path / "people" / "unknown")
    shutil.copytree(folders[1], tmp_path / "people" / "Cluster 3")
    draw_portrait(0, 40).save(tmp_path / "first.png")
    draw_portrait(1, 40).save(tmp_path / "second.png")
    draw_stranger(1).save(tmp_path / "stranger.png")
    probes = [tmp_path / "first.png", tmp_path / "second.png", tmp_path / "stranger.png"]

    def told(source: str, *clusters: str) -> tuple[list[str], list[tuple[bool, str | None]]]:
        gallery = ("--gallery", tmp_path / f"gallery of {source}")
        Ran(capsys, "index", tmp_path / source, *gallery)
        Ran(capsys, "cluster", *gallery, *clusters)
        lines = Ran(capsys, "identify", *probes, *gallery).text.splitlines()
        faces = [entry["faces"][0] for entry in Ran(capsys, "identify", *probes, *gallery, "--json").json]
        answers = [line.split(": ", 1)[1].split(" (similarity")[0] for line in lines]
        return answers, [(face["known"], face["person"]) for face in faces]

    loose, of_loose = told("loose", "--clusters", "4")
    assert [re.fullmatch(r"cluster \d, not named", answer) is not None for answer in loose] == [True, True, False]
    assert loose[2] == "nobody known"
    assert of_loose == [(True, None), (True, None), (False, None)]
    people, of_people = told("people")
    assert people == ['"unknown"', '"Cluster 3"', "nobody known"]
    assert of_people == [(True, "unknown"), (True, "Cluster 3"), (False, None)]


def _into_one_folder(prefix: str) -> Callable[[str, str], str]:
    def copy(source: str, target: str) -> str:
        return str(shutil.copy(source, Path(target).with_name(f"{prefix} {Path(target).name}")))

    return copy


def test_a_bad_image_is_reported_and_the_others_answered(
    capsys: pytest.CaptureFixture[str], sample_home: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.jpg").write_text("no image")
    draw_portrait(0, 40).save(tmp_path / "good.png")
    ran = Ran(capsys, "identify", tmp_path / "text.jpg", tmp_path / "gone.jpg", tmp_path / "good.png", "--json")
    assert ran.status == 1
    assert [bool(entry["error"]) for entry in ran.json] == [True, True, False]
    assert "text.jpg is not a photo" in ran.errors
    assert "gone.jpg does not exist" in ran.errors
    assert len(ran.json[2]["faces"]) == 1


SENTENCES = [
    (("index", "{tmp}/nowhere"), "nowhere does not exist: check the path"),
    (("index", "{tmp}/empty"), "empty holds no photos"),
    (("index", "{tmp}/text.zip"), "text.zip is not a zip"),
    (("index", "{tmp}/text.jpg"), "is neither a folder nor a zip"),
    (("index", "kaggle:nothing"), "write kaggle:owner/dataset"),
    (("index", "{tmp}/photos", "--model", "resnet"), "There is no model resnet: name casia-webface, vggface2"),
    (("cluster",), "no faces yet: index photos first"),
    (("evaluate",), "There are no clusters to evaluate yet"),
    (("identify", "{tmp}/photos/a.png"), "no clusters yet"),
    (("status", "--gallery", "{tmp}/nowhere"), "There is no gallery in"),
    (("sample", "{tmp}/text.jpg"), "text.jpg"),
]


@pytest.mark.parametrize(("arguments", "sentence"), SENTENCES, ids=lambda value: " ".join(value)[:40])
def test_every_failure_is_one_sentence_and_status_1(
    capsys: pytest.CaptureFixture[str], gallery_home: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    from facecluster import Gallery

    Gallery.open()
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos").mkdir()
    draw_portrait(0, 0).save(tmp_path / "photos" / "a.png")
    for name in ("text.zip", "text.jpg"):
        (tmp_path / name).write_text("no zip and no image")
    ran = Ran(capsys, *[argument.format(tmp=tmp_path) for argument in arguments])
    lines = [line for line in ran.errors.splitlines() if line.strip()]
    assert ran.status == 1
    assert ran.text == ""
    assert len(lines) == 1
    assert lines[0].startswith("facecluster: ")
    assert sentence in lines[0]


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("dance",), ("index",), ("identify",), ("cluster", "--clusters", "0"), ("cluster", "--clusters", "many"),
        ("identify", "a.jpg", "--threshold", "7"), ("identify", "a.jpg", "--threshold", "0.5", "--fpir", "0.1"),
        ("index", "x", "--faces", "some"), ("index", "x", "--min-face", "3"),
    ],
)  # fmt: skip
def test_wrong_usage_is_status_2(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    ran = Ran(capsys, *arguments)
    assert ran.status == 2
    assert ran.errors.startswith("usage: facecluster")


def test_the_module_runs_as_a_program() -> None:
    ran = subprocess.run([sys.executable, "-m", "facecluster", "--version"], capture_output=True, text=True, cwd=ROOT)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("facecluster ")


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("index", "cluster", "evaluate", "identify", "sample", "delete", "status"):
        assert f"python -m facecluster {command}" in readme


@pytest.mark.parametrize("seed", ["-1", "99999999999", "x"])
@pytest.mark.parametrize("command", ["cluster", "compare"])
def test_a_seed_that_no_generator_takes_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], command: str, seed: str
) -> None:
    ran = Ran(capsys, command, "--seed", seed)
    assert ran.status == 2
    assert "the seed must be from 0 to" in ran.errors


def test_an_empty_source_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ran = Ran(capsys, "index", "", "--gallery", tmp_path / "gallery")
    assert ran.status == 1
    assert "name a folder" in ran.errors
    assert not (tmp_path / "gallery").exists()


def test_photos_that_cannot_be_read_are_named_and_nothing_else_is_a_failure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "broken.jpg").write_bytes(b"no photo")
    arguments = ("index", photos, "--gallery", tmp_path / "gallery", "--json")
    alone = Ran(capsys, *arguments)
    assert (alone.status, alone.json["unreadable"]) == (1, 1)
    assert "broken.jpg is not a photo" in alone.errors
    draw_portrait(0, 0).save(photos / "good.jpg")
    both = Ran(capsys, *arguments)
    assert (both.status, both.json["indexed"], both.json["unreadable"]) == (0, 1, 1)
    assert "broken.jpg is not a photo" in both.errors


def test_sample_people_come_with_probes_that_the_app_does_not_load(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert Ran(capsys, "sample", tmp_path, "--first", 13, "--portraits", 2, "--json").json["photos"] == 24
    assert {path.name for path in tmp_path.rglob("*.jpg")} == {"13.jpg", "14.jpg"}
    assert Ran(capsys, "sample", tmp_path / "none", "--portraits", 0).status == 2


def test_a_new_gallery_is_for_its_owner_alone(tmp_path: Path) -> None:
    Gallery.open(tmp_path / "gallery")
    assert (tmp_path / "gallery").stat().st_mode & 0o077 == 0


def test_the_least_detection_score_is_asked_for_where_faces_are_looked_for(
    capsys: pytest.CaptureFixture[str], sample_home: Path, tmp_path: Path
) -> None:
    draw_portrait(2, 40).save(tmp_path / "known.png")
    found = Ran(capsys, "identify", tmp_path / "known.png", "--json").json[0]
    assert (found["turn"], found["doubtful_scores"], len(found["faces"])) == (0, [], 1)
    score = found["faces"][0]["detection_score"]
    strict = Ran(capsys, "identify", tmp_path / "known.png", "--json", "--min-score", 0.999999).json[0]
    assert (strict["doubtful_scores"], strict["faces"]) == ([score], [])
    told = Ran(capsys, "identify", tmp_path / "known.png", "--min-score", 0.999999).text
    assert f"no face (unsure ones: score {int(100 * score) / 100:.2f})" in told
    (tmp_path / "photos").mkdir()
    draw_portrait(2, 40).save(tmp_path / "photos" / "known.png")
    strict = Ran(
        capsys, "index", tmp_path / "photos", "--gallery", tmp_path / "g", "--json", "--min-score", 0.999999
    ).json
    assert (strict["no_face"], strict["faces"]) == (1, 0)


@pytest.mark.parametrize("score", ["0.69", "1", "much"])
def test_a_least_detection_score_out_of_range_is_wrong_usage(capsys: pytest.CaptureFixture[str], score: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["index", "photos", "--min-score", score])
    assert ended.value.code == 2
    assert f"the least score must be from 0.7 to below 1, not {score}" in capsys.readouterr().err
