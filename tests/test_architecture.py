"""The building's plan: which room may know which, and what the package exports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import facecluster
from facecluster import errors

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "facecluster"
UI = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(PACKAGE / "ui").glob("*.py")]

# A library on the left is imported in these files alone, so that it can be changed in one place.
ONLY_IN = {
    "streamlit": {"app.py", "pages/*", "facecluster/ui/*"},
    "starlette": {"facecluster/ui/server.py", "facecluster/ui/compression.py"},
    "uvicorn": {"facecluster/ui/server.py"},
    "sqlite3": {"facecluster/gallery/database.py"},
    "facenet_pytorch": {"facecluster/vision/mtcnn/networks.py", "facecluster/vision/weights.py"},
    "openvino": {"facecluster/vision/runtime/choose.py"},
    "numba": {"facecluster/vision/mtcnn/area_resize.py"},
    "kagglehub": {"facecluster/photos/kaggle.py"},
}


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def sources() -> list[Path]:
    return [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *PACKAGE.rglob("*.py")]


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_in_its_rooms(library: str) -> None:
    users = {
        file.relative_to(ROOT).as_posix()
        for file in sources()
        for name in imports(file)
        if name.split(".")[0] == library
    }
    allowed = {user for user in users for room in ONLY_IN[library] if Path(user).match(room)}
    assert users == allowed
    assert users, f"nobody imports {library}: the rule is stale"


def test_pages_know_the_ui_and_the_ui_knows_the_package_but_never_back() -> None:
    for file in PACKAGE.rglob("*.py"):
        known = set(imports(file))
        assert not {name for name in known if name.split(".")[0] in ("app", "pages")}, file
        if file not in UI:
            assert not {name for name in known if name.startswith("facecluster.ui")}, file


def test_nothing_is_pickled() -> None:
    for file in sources():
        assert not {"pickle", "joblib", "dill", "shelve"} & {name.split(".")[0] for name in imports(file)}, file


def test_exported_names_are_the_truth() -> None:
    assert facecluster.__all__ == sorted(facecluster.__all__)
    for name in facecluster.__all__:
        assert getattr(facecluster, name).__module__.startswith("facecluster.")


def test_every_error_is_in_the_tree_and_the_tree_in_the_docstring() -> None:
    classes = {name: value for name, value in vars(errors).items() if isinstance(value, type)}
    assert all(issubclass(value, errors.FaceClusterError) for value in classes.values())
    assert all(name in (errors.__doc__ or "") and value.__doc__ for name, value in classes.items())


@pytest.mark.parametrize("call", ["import facecluster", "from facecluster.cli.main import main; main(['--version'])"])
def test_heavy_libraries_wait_until_they_are_needed(call: str) -> None:
    code = f"import sys\ntry:\n    {call}\nexcept SystemExit:\n    pass\nprint('LOADED', *sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    heavy = {"torch", "sklearn", "pandas", "plotly", "streamlit", "openvino", "cv2", "scipy", "numba"}
    assert "LOADED" in loaded
    assert not heavy & set(loaded.split())
