"""A gallery made with a weights file of the user's: commands find the file again, and tell when it is gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from facecluster.cli.main import main
from facecluster.gallery.gallery import Gallery
from facecluster.samples.sample_photos import draw_portrait
from facecluster.ui import resources
from facecluster.vision.weights import CASIA, load_weights

Home = tuple[Path, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A gallery of four drawn people and the weights file that it was indexed with."""
    folder = tmp_path_factory.mktemp("own")
    for person in range(4):
        (folder / "people" / f"Person {person}").mkdir(parents=True)
        for number in range(3):
            place = folder / "people" / f"Person {person}" / f"{number}.jpg"
            draw_portrait(person, number).save(place, quality=92)
    weights = folder / "mine.pt"
    torch.save(load_weights(CASIA).state_dict(), weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACECLUSTER_RUNTIME", "eager")
        arguments = ["--model", str(weights), "--gallery", str(folder / "gallery")]
        assert main(["index", str(folder / "people"), *arguments]) == 0
        assert main(["cluster", "--gallery", str(folder / "gallery")]) == 0
    return folder / "gallery", weights


@pytest.fixture
def home(made: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("FACECLUSTER_RUNTIME", "eager")
    draw_portrait(2, 9).save(tmp_path / "probe.jpg", quality=92)
    return made


def test_commands_find_the_file_again(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gallery, weights = home
    assert Gallery.open(gallery).weights == str(weights)
    assert main(["identify", str(tmp_path / "probe.jpg"), "--gallery", str(gallery), "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["faces"][0]["candidates"][0]["person"] == "Person 2"
    assert main(["index", str(weights.parent / "people"), "--gallery", str(gallery), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["skipped"] == 12


def test_a_file_that_moved_is_asked_for_and_can_be_named(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery, weights = home
    probe = [str(tmp_path / "probe.jpg"), "--gallery", str(gallery)]
    moved = tmp_path / weights.name
    shutil.move(weights, moved)
    try:
        assert main(["identify", *probe]) == 1
        told = capsys.readouterr().err
        assert str(weights) in told
        assert "--model" in told
        assert main(["identify", *probe, "--model", str(moved)]) == 0
    finally:
        shutil.move(moved, weights)


def test_other_weights_are_refused(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gallery, _ = home
    assert main(["identify", str(tmp_path / "probe.jpg"), "--gallery", str(gallery), "--model", CASIA]) == 1
    assert "cannot be compared with those of casia-webface" in capsys.readouterr().err


def test_the_app_finds_the_file_after_a_restart(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery, weights = home
    monkeypatch.setenv("FACECLUSTER_HOME", str(gallery))
    resources._weights_files.clear()
    model = Gallery.open(gallery).model
    assert model
    assert resources.weights_of(model) == str(weights)
    assert resources.weights_of("other.pt:0123456789ab") is None
