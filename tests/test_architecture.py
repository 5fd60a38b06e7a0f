"""Which package may import which, where each library is used, and what the package exports."""

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

LEAVES = ""  # the modules that lie in no package: they know each other alone
# What each package may import besides the leaf modules, lowest first. Imports for type checkers count.
_ARRAYS = {"photos", "vision", "clustering", "recognition", "evaluation", "review"}
_ALL_BELOW = {*_ARRAYS, "samples", "gallery", "corrections", "indexing", "presentation"}
MAY_IMPORT: dict[str, set[str]] = {
    LEAVES: set(),
    "photos": set(),
    "samples": set(),
    "gallery": set(),
    "clustering": set(),
    "corrections": set(),
    "vision": {"photos", "samples"},
    "recognition": {"photos", "vision", "clustering"},
    "evaluation": {"clustering", "recognition"},
    "review": {"clustering", "recognition"},
    "indexing": {"photos", "vision", "gallery"},
    "presentation": {"photos", "clustering", "recognition", "evaluation", "review"},
    "workflows": _ALL_BELOW,
    "cli": {*_ALL_BELOW, "workflows"},
    "ui": {*_ALL_BELOW, "workflows"},
}
# The package itself, and the former places of three modules: they hand names on, and nobody imports them.
HANDED_ON = {"__init__.py", "__main__.py", "detection.py", "embedding.py", "identification.py"}

# A library on the left is imported below these places alone, so that it can be changed in one place.
ONLY_IN = {
    "streamlit": ("app.py", "pages/", "facecluster/ui/"),
    "starlette": ("facecluster/ui/server.py", "facecluster/ui/compression.py"),
    "uvicorn": ("facecluster/ui/server.py",),
    "sqlite3": ("facecluster/gallery/database.py",),
    "torch": ("facecluster/vision/",),
    "cv2": ("facecluster/vision/",),
    "facenet_pytorch": ("facecluster/vision/mtcnn/networks.py", "facecluster/vision/weights/"),
    "openvino": ("facecluster/vision/runtime/",),
    "numba": ("facecluster/vision/mtcnn/area_resize.py",),
    "jinja2": ("facecluster/presentation/report/",),
    "markupsafe": ("facecluster/presentation/report/",),
    "plotly": ("facecluster/presentation/", "facecluster/ui/"),
    "PIL": ("facecluster/photos/", "facecluster/samples/", "facecluster/vision/", "facecluster/presentation/"),
    "requests": ("facecluster/vision/weights/",),
    "kagglehub": ("facecluster/photos/kaggle.py",),
}


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from facecluster import x` may name a module, and `from facecluster.vision import x` one too.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def sources() -> list[Path]:
    return [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *PACKAGE.rglob("*.py")]


def package_of(module: str) -> str:
    """The sub-package of a module of ours such as `facecluster.photos.images`; LEAVES for one that lies in none."""
    part = module.split(".")[1]
    return part if part in MAY_IMPORT else LEAVES


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_from_those_below_it_alone(package: str) -> None:
    files = (PACKAGE / package).rglob("*.py") if package else PACKAGE.glob("*.py")
    against = {
        f"{file.relative_to(PACKAGE)} imports {name}"
        for file in files
        if package or file.name not in HANDED_ON
        for name in imports(file)
        if name.startswith("facecluster.") and package_of(name) not in {package, LEAVES, *MAY_IMPORT[package]}
    }
    assert not against


def test_every_package_has_its_rule_and_says_what_it_is_for() -> None:
    packages = {file.parent.name: file for file in PACKAGE.glob("*/__init__.py")}
    assert set(packages) == set(MAY_IMPORT) - {LEAVES, "corrections"}
    assert all(ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) for file in packages.values())


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_in_its_place(library: str) -> None:
    users = {
        file.relative_to(ROOT).as_posix()
        for file in sources()
        for name in imports(file)
        if name.split(".")[0] == library
    }
    assert not {user for user in users if not user.startswith(ONLY_IN[library])}
    assert users, f"nobody imports {library}: the rule is stale"


def test_nothing_imports_the_pages() -> None:
    for file in PACKAGE.rglob("*.py"):
        assert not {name for name in imports(file) if name.split(".")[0] in ("app", "pages")}, file


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
