"""What was made of a network is kept, so that the next process needs neither it nor torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facecluster.errors import WeightsError
from facecluster.vision.runtime import model_cache, openvino_models
from facecluster.vision.runtime.compile import compile_recipes
from facecluster.vision.runtime.network import Recipe
from tests.runtimes import needs_openvino, run_apart

pytestmark = pytest.mark.usefixtures("no_runtime_from_outside")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that models are kept in."""
    monkeypatch.setattr(model_cache, "cache_folder", lambda: tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares tests that are not about it the seconds in which another process imports torch."""
    monkeypatch.setattr(openvino_models, "_convert_apart", lambda recipes: None)


def linear(name: str = "Linear", module: str = "torch.nn", function: str = "Linear") -> Recipe:
    return Recipe(name, "1", module, function, (4, 2), (3, 4))  # type: ignore[arg-type]


def answer(recipe: Recipe) -> list[list[float]]:
    (compiled,) = compile_recipes([recipe], runtime="openvino-f32")
    return compiled(np.ones((2, 4), np.float32))[0].tolist()


@needs_openvino
def test_the_next_process_needs_neither_network_nor_torch(cache: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from facecluster.vision.runtime import model_cache
from facecluster.vision.runtime import compile, openvino_models
from facecluster.vision.runtime.network import Recipe
model_cache.cache_folder = lambda: Path({str(cache)!r})
import numpy as np
recipe = Recipe("Linear", "1", "a_module_that_is_not_there", "Linear", (4, 2), (3, 4))
print(compile.compile_recipes([recipe], runtime="openvino-f32")[0](np.ones((2, 4), np.float32))[0].tolist())
print("torch" in sys.modules)
"""
    openvino_models._kept(linear())
    home = tmp_path / "home"
    home.mkdir()
    assert run_apart(code, home).splitlines() == [str(answer(linear())), "False"]


@needs_openvino
def test_networks_are_made_in_another_process_so_this_one_never_holds_torch(tmp_path: Path) -> None:
    code = """
import sys
import numpy as np
from facecluster.vision.runtime import compile, openvino_models
from facecluster.vision.runtime.network import Recipe
recipe = Recipe("Flatten", "1", "torch.nn", "Flatten", (), (3, 2, 2))
(compiled,) = compile.compile_recipes([recipe], runtime="openvino-f32")
print(compiled(np.ones((1, 2, 2), np.float32))[0].tolist(), "torch" in sys.modules)
"""
    assert run_apart(code, tmp_path).strip() == "[[1.0, 1.0, 1.0, 1.0]] False"
    assert not (tmp_path / "intel").exists()  # where OpenVINO's telemetry keeps who it takes you for


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


@needs_openvino
@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: truncate(folder / "model.bin"),
        lambda folder: (folder / "model.xml").write_text("<net/>"),
        lambda folder: (folder / "sha256").unlink(),
        lambda folder: (folder / "model.bin").unlink(),
    ],
)
def test_a_damaged_model_is_made_again(cache: Path, damage: Callable[[Path], None]) -> None:
    before = answer(linear())
    (folder,) = cache.iterdir()
    damage(folder)
    made_again = answer(linear())
    assert before != made_again  # torch initialises every Linear differently
    assert answer(linear()) == made_again


@needs_openvino
@pytest.mark.parametrize("place", ["a file in its way", "no home folder"])
def test_without_a_place_to_keep_models_they_are_made_every_time_and_once(
    cache: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def refuse(*_: object, **__: object) -> Path:
        raise RuntimeError("could not determine the home directory")

    cache.write_text("a file where the folder should be")
    if place == "no home folder":
        monkeypatch.setattr(model_cache, "cache_folder", refuse)
    # What another process made would be lost with it.
    monkeypatch.setattr(openvino_models, "_convert_apart", None)
    assert np.shape(answer(linear())) == (2, 2)


@needs_openvino
@pytest.mark.usefixtures("in_this_process")
def test_a_new_version_replaces_the_old_one_and_leaves_others_alone(cache: Path) -> None:
    for recipe in (linear(), linear("Other"), Recipe(**{**vars(linear()), "version": "2"})):
        answer(recipe)
    assert sorted(folder.name.partition("-")[0] for folder in cache.iterdir()) == ["Linear@2", "Other@1"]


@pytest.mark.parametrize("key", ["Linear@1", "Linear@0", "Linear@mine"])
@pytest.mark.parametrize("theirs", ["notes.txt", "photos/one.jpg", "model.bin"])
def test_folders_that_hold_anything_else_stay_as_they_are(cache: Path, key: str, theirs: str) -> None:
    (cache / key / theirs).parent.mkdir(parents=True)
    (cache / key / theirs).write_text("the user's words")
    (cache / key / "link").symlink_to("elsewhere")

    assert made_and_loaded("Linear@1") == "made"

    assert (cache / key / theirs).read_text() == "the user's words"
    assert sorted(path.name for path in cache.iterdir()) == sorted({key, "Linear@1"}), "nothing unfinished is left"
    assert made_and_loaded("Linear@1") == ("made" if key == "Linear@1" else "loaded")


def test_an_older_version_stays_when_somebody_changed_it_or_it_lies_elsewhere(cache: Path, tmp_path: Path) -> None:
    for key in ("Linear@whole", "Linear@changed"):
        made_and_loaded(key)
    (cache / "Linear@changed").rename(tmp_path / "elsewhere")
    (cache / "Linear@link").symlink_to(tmp_path / "elsewhere")
    made_and_loaded("Linear@changed")
    (cache / "Linear@changed" / "model.xml").write_text("the user's words")

    made_and_loaded("Linear@1")

    assert sorted(path.name for path in cache.iterdir()) == ["Linear@1", "Linear@changed", "Linear@link"]
    assert (cache / "Linear@changed" / "model.xml").read_text() == "the user's words"
    assert (tmp_path / "elsewhere" / "model.xml").read_text() == "a model"


def made_and_loaded(key: str) -> str:
    """Whether the model of that key was made or loaded."""

    def make(folder: Path | None) -> str:
        assert folder is not None
        (folder / "model.xml").write_text("a model")
        (folder / "model.bin").write_text("its numbers")
        return "made"

    return model_cache.load_or_make(key, lambda folder: "loaded", make)


@needs_openvino
def test_what_a_recipe_cannot_make_is_told_as_it_is(cache: Path) -> None:
    recipe = Recipe("Net", "1", "facecluster.vision.weights", "load_weights", ("no-such-file.pt",), (1, 3, 160, 160))
    with pytest.raises(WeightsError, match=r"no-such-file\.pt"):
        compile_recipes([recipe], runtime="openvino-f32")
    assert not cache.exists() or list(cache.iterdir()) == []


def test_that_models_cannot_be_kept_is_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from facecluster.vision.runtime import model_cache

    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))  # nothing can be made below it
    model_cache._told_once.cache_clear()
    for _ in range(2):
        assert model_cache.load_or_make("name@1", lambda folder: "kept", lambda folder: "made") == "made"
    told = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1
    assert "cannot be kept on this machine" in told[0]
    assert "XDG_CACHE_HOME" in told[0]
