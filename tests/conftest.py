"""What tests share: the drawn sample people, a gallery of them, and the photos of real people where they exist."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch

    from facecluster.vision.runtime.network import CompiledModule, Recipe

# Two processes of tests must not fight over cores, and torch would start a thread per core in every worker.
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

CELEBRITIES = Path(__file__).resolve().parents[2] / "shared" / "data" / "celebrities"


@pytest.fixture(scope="session", autouse=True)
def networks_are_compiled_once() -> Iterator[None]:
    """Hundreds of tests look for faces, and to prepare the same networks takes a second each time.

    Tests of the preparing itself call it where it is defined, which stays as it is.
    """
    from facecluster.vision import embedding
    from facecluster.vision.mtcnn import networks
    from facecluster.vision.runtime.choose import choose_runtime
    from facecluster.vision.runtime.compile import compile_recipes

    prepared: dict[tuple[Recipe | str, ...], tuple[CompiledModule, ...]] = {}

    def compile_once(recipes: Sequence[Recipe], *, runtime: str = "auto") -> tuple[CompiledModule, ...]:
        key: tuple[Recipe | str, ...] = (*recipes, choose_runtime(runtime))
        if key not in prepared:
            prepared[key] = compile_recipes(recipes, runtime=runtime)
        return prepared[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedding, "compile_recipes", compile_once)
        patch.setattr(networks, "compile_recipes", compile_once)
        yield


@pytest.fixture(scope="session")
def celebrities() -> Path:
    """680 photos of 17 people, one folder per person; they lie beside the project and are never part of it."""
    if not CELEBRITIES.is_dir():
        pytest.skip("the photos of real people are not on this machine (shared/data beside the project)")
    return CELEBRITIES


@pytest.fixture(scope="session")
def sample_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn sample people, 12 folders of 12 portraits; never modify."""
    from facecluster.samples.sample_photos import write_sample_people

    return _made_once("people", write_sample_people, tmp_path_factory)


@pytest.fixture(scope="session")
def sample_gallery(sample_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an indexed and clustered gallery of the sample people; never modify."""
    return _clustered_gallery(sample_photos, "sample", tmp_path_factory)


@pytest.fixture(scope="session")
def celebrity_gallery(celebrities: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an indexed and clustered gallery of the 680 photos; never modify."""
    return _clustered_gallery(celebrities, "celebrities", tmp_path_factory)


@pytest.fixture
def albums(tmp_path: Path) -> Path:
    """Two people of two albums each, whose names might be people's as well, and other files."""
    from facecluster.samples.sample_photos import draw_portrait

    for person, name in enumerate(("ann", "bob")):
        for number, album in enumerate(("oslo", "rome")):
            place = tmp_path / "photos" / name / f"{album}{person}" / "1.jpg"
            place.parent.mkdir(parents=True)
            draw_portrait(person, number).save(place)
    (tmp_path / "photos" / "ann" / "v.mp4").write_bytes(b"x")
    return tmp_path / "photos"


@pytest.fixture
def gallery_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty gallery folder that the app and the command line use by default."""
    return _home(tmp_path / "home", monkeypatch)


@pytest.fixture
def sample_home(sample_gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample gallery that the app and the command line use by default."""
    shutil.copytree(sample_gallery, tmp_path / "home")
    return _home(tmp_path / "home", monkeypatch)


def _home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACECLUSTER_HOME", str(folder))
    return folder


def _clustered_gallery(photos: Path, name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from facecluster import Gallery, index_photos, open_photos
    from facecluster.workflows.cluster import cluster_gallery

    def make(folder: Path) -> None:
        gallery = Gallery.open(folder)
        index_photos(gallery, open_photos(photos))
        cluster_gallery(gallery)
        gallery.close()

    return _made_once(f"gallery-{name}", make, tmp_path_factory)


def _made_once(name: str, make: Callable[[Path], object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the processes that run tests share: the first to need it makes it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # of all of them
    folder, unfinished = root / name, root / f"{name}-unfinished"
    with FileLock(root / f"{name}.lock"):
        if not folder.is_dir():
            make(unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture
def pillow_as_in_a_new_process() -> None:
    """pytest takes back after each test what was done to Python's warnings, which is else done once per process."""
    from facecluster.photos.opening import prepare_pillow

    prepare_pillow.cache_clear()


@pytest.fixture
def fresh_caches() -> Iterator[None]:
    """What a page keeps between its runs is empty at the beginning, and again at the end."""
    import streamlit as st

    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def no_runtime_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice of a runtime does not depend on who runs the tests."""
    from facecluster.vision.runtime.choose import ENVIRONMENT_VARIABLE

    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)


@pytest.fixture(scope="session")
def casia() -> torch.nn.Module:
    from facecluster.vision.weights import load_weights

    return load_weights("casia-webface")


@pytest.fixture(scope="session")
def state(casia: torch.nn.Module) -> dict[str, torch.Tensor]:
    return dict(casia.state_dict())


@pytest.fixture(scope="session")
def weights_bytes(state: dict[str, torch.Tensor]) -> bytes:
    """A weights file of facenet-pytorch's layout; in half precision, so that it is quick to send."""
    import io

    import torch

    buffer = io.BytesIO()
    torch.save({name: value.half() for name, value in state.items()}, buffer)
    return buffer.getvalue()
