"""The app in process: what tests of pages share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).resolve().parents[1] / "app.py")


def open_app(page: str) -> AppTest:
    """The app on one of its pages, such as `identify`, without an exception."""
    app = AppTest.from_file(APP, default_timeout=120).run()
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def tiles(app: AppTest, label: str = "") -> list[dict[str, Any]]:
    """What the browser gets of the tiles of every grid whose label begins with `label`, in order."""
    grids = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return [tile for grid in grids if grid["label"].startswith(label) for tile in grid["tiles"]]


def words(tile: dict[str, Any]) -> list[str]:
    """The lines below a tile's name."""
    return [line["text"] for line in tile["lines"]]
