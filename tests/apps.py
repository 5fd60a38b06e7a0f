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
    parts = [json.loads(element.proto.json) for element in app.get("bidi_component") if element.proto.json]
    grids = [part for part in parts if "tiles" in part]
    return [tile for grid in grids if grid["label"].startswith(label) for tile in grid["tiles"]]


def words(tile: dict[str, Any]) -> list[str]:
    """The lines below a tile's name."""
    return [line["text"] for line in tile["lines"]]


def state(app: AppTest) -> list[str]:
    """The parts of the gallery page's line of state, in the order of the page."""
    root = [*app.main.children.values()]
    found = []
    while root:
        node = root.pop(0)
        if node.type == "popover" and node.proto.popover.type == "tertiary":
            found.append(node.proto.popover.label)
        elif node.type == "page_link":
            found.append(node.proto.label)
        root[:0] = getattr(node, "children", {}).values()
    return [label for label in found if label != "Settings" and label != gallery_name(app)]


def gallery_name(app: AppTest) -> str:
    """What the menu of galleries is called."""
    (menu,) = [each for each in app.get("popover") if each.proto.popover.label.startswith(":material/folder_open:")]
    return str(menu.proto.popover.label)


def open_details(app: AppTest) -> AppTest:
    """The gallery page with the section opened that is folded at first."""
    app.session_state["gallery_details"] = True
    app.run()
    assert not app.exception
    return app
