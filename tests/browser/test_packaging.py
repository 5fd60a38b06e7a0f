"""The package as somebody installs it: a wheel that needs no checkout, and what it says that it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from playwright.sync_api import Page, expect

import facecluster

from .conftest import serve

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def pinned(file: str) -> dict[str, str]:
    """The versions that a list of requirements pins, by name."""
    lines = [line.split("#")[0].strip() for line in (ROOT / file).read_text("utf-8").splitlines()]
    return dict(line.split("==") for line in lines if line and not line.startswith("-r"))


def wanted(requirements: list[str]) -> dict[str, Requirement]:
    return {each.name: each for each in map(Requirement, requirements) if each.name != "facecluster"}


def test_what_is_installed_by_hand_and_by_pip_agree() -> None:
    extras = PROJECT["optional-dependencies"]
    for file, asked in (
        ("requirements.txt", wanted(PROJECT["dependencies"])),
        ("requirements-dev.txt", wanted([*extras["dev"], *extras["kaggle"]])),
    ):
        versions = pinned(file)
        assert versions.keys() == asked.keys()
        assert not {name for name, version in versions.items() if version not in asked[name].specifier}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the package as its wheel does, and nothing else."""
    # Of a copy, since builds leave files in the folder that they are run in.
    folder = tmp_path_factory.mktemp("packaging")
    copy = shutil.copytree(
        ROOT, folder / "source", ignore=shutil.ignore_patterns(".venv", ".git", "tests", "__pycache__", ".*_cache")
    )
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = ["wheel", str(copy), "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*pip, *build], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", str(wheel), "--no-deps", "--target", str(folder / "site")], check=True)
    return folder / "site"


def run(installed: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "facecluster", *words],
        cwd=installed.parent,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_command_works_where_there_is_no_checkout(installed: Path, tmp_path: Path) -> None:
    assert run(installed, "--version").strip() == f"facecluster {facecluster.__version__}"
    run(installed, "sample", str(tmp_path / "sample"), "--portraits", "1")
    assert len(list((tmp_path / "sample").rglob("*.jpg"))) == 12
    assert (installed / "bin" / "facecluster").is_file() or os.name == "nt"


def test_the_wheel_holds_every_file_of_the_package(installed: Path) -> None:
    files = {file.relative_to(ROOT) for file in (ROOT / "facecluster").rglob("*") if file.is_file()}
    packed = {file for file in files if "__pycache__" not in file.parts}
    assert {Path("facecluster/py.typed"), Path("facecluster/presentation/report/templates/page.html")} <= packed
    assert not {file for file in packed if not (installed / file).is_file()}


@pytest.mark.browser
def test_the_dashboard_is_served_where_there_is_no_checkout(page: Page, installed: Path, sample_home: Path) -> None:
    command = ("-m", "facecluster", "app", "--no-browser", "--port", "{port}")
    environment = {"PYTHONPATH": str(installed)}
    with serve(sample_home, environment=environment, command=command, cwd=installed.parent) as address:
        page.goto(f"{address}/accuracy")
        expect(page.get_by_text("144 of 144 faces are in their person's cluster.")).to_be_visible()
        page.goto(f"{address}/clusters?cluster=2")
        expect(page.locator(".st-key-clusters_face .open")).to_have_count(12)
