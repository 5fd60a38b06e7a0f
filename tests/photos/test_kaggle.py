"""A Kaggle data set is what kagglehub downloads, or a sentence that says why not."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from facecluster.photos.sources import open_photos
from tests.photo_sources import (
    assert_refused,
    listed,
    make_folder,
    photo,
)


def stand_in(monkeypatch: pytest.MonkeyPatch, download: Callable[[str], str] | None) -> None:
    """Puts a kagglehub in place whose download is `download`; None for one that is not installed."""
    module = None
    if download is not None:
        module = types.ModuleType("kagglehub")
        module.dataset_download = download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", module)


def test_a_kaggle_data_set_is_the_folder_that_kagglehub_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(tmp_path / "datasets" / "owner" / "faces" / "versions" / "3", ["ann/1.jpg", "bob/1.jpg"])
    asked: list[str] = []

    def download(handle: str) -> str:
        asked.append(handle)
        return str(folder)

    stand_in(monkeypatch, download)
    source = open_photos("kaggle:owner/faces")
    assert asked == ["owner/faces"]
    assert listed(source) == {"ann/1.jpg": "ann", "bob/1.jpg": "bob"}
    assert source[0].read() == photo(0)
    assert source.name == "owner/faces"
    assert source.kind == "folder"
    assert listed(open_photos(source.location)) == listed(source)


@pytest.mark.parametrize("handle", ["", "faces", "/faces", "owner/", "owner//faces", "/"])
def test_a_handle_that_names_no_data_set_asks_nobody(handle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, lambda handle: pytest.fail("nothing is downloaded"))
    assert_refused(f"kaggle:{handle}", f"kaggle:{handle}", "write kaggle:owner/dataset")


def test_kagglehub_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, None)
    assert_refused("kaggle:owner/faces", "pip install kagglehub", "its zip")


@pytest.mark.parametrize("trouble", [ConnectionError("no\nnetwork"), ValueError("bad handle"), PermissionError(403)])
def test_kagglehub_fails(trouble: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(handle: str) -> str:
        raise trouble

    stand_in(monkeypatch, download)
    assert_refused("kaggle:owner/faces", "kaggle:owner/faces", type(trouble).__name__, "check the name")


def test_a_kaggle_data_set_without_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "3", ["table.csv"])
    stand_in(monkeypatch, lambda handle: str(tmp_path / "3"))
    assert_refused("kaggle:owner/numbers", "holds no photos")
