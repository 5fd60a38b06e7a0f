"""A photo on a disk that hangs: cancel works in the app, the gallery is free again, and SIGTERM ends the server."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page, expect

from facecluster import Gallery
from tests.fakes import write_photo

from .conftest import ROOT, serve

# Imported by Python itself before anything else: as if the disk of every folder hung.
HANGING_DISK = """
import os, threading
from facecluster.photos import folder
def hang(self, path):
    open(os.environ["HANGS"], "a").close()
    threading.Event().wait()
folder.FolderPhotos.read_file = hang
"""


def add_folder(page: Page, folder: Path) -> None:
    page.get_by_role("textbox", name="Path on this machine").fill(str(folder))
    page.get_by_role("textbox", name="Path on this machine").press("Tab")
    page.get_by_role("button", name="Add folder").click()


def test_a_read_that_hangs_blocks_neither_cancel_nor_the_gallery_nor_sigterm(page: Page, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HANGING_DISK)
    photos, home, hangs = tmp_path / "photos", tmp_path / "home", tmp_path / "hangs"
    for number, person in enumerate(["Ada Archer", "Bob Baker"], start=1):
        write_photo(photos / person / f"{number}.png", number)
    environment = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "HANGS": str(hangs)}
    with serve(home, environment=environment) as address:
        page.goto(address)
        add_folder(page, photos)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Cancelled: what was done until then is kept.")).to_be_visible()
        with Gallery.open(home).indexing():
            pass
        page.reload()
        hangs.unlink(missing_ok=True)
        add_folder(page, photos)
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()
        for _ in range(100):
            if hangs.exists():
                break
            page.wait_for_timeout(200)
        assert hangs.exists(), "the second read hangs while the server is told to end"
