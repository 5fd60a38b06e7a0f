"""A grid of pictures that are buttons: faces, and cards of clusters and people.

A Streamlit component (version 2) of plain HTML, CSS and JavaScript, which lie beside this module.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

_HERE = Path(__file__)
_GRID = st.components.v2.component(
    "face_grid",
    html="""
<div class="toolbar" role="toolbar" hidden>
  <span class="told" role="status"></span><button type="button" class="all"></button
  ><button type="button" class="none">None</button>
</div>
<div class="tiles" role="list"></div>
""",
    css=_HERE.with_suffix(".css").read_text("utf-8"),
    js=_HERE.with_suffix(".js").read_text("utf-8"),
)

Tone = Literal["plain", "muted", "right", "next", "caution", "wrong"]
Frame = Literal["face", "photo"]


@dataclass(frozen=True)
class Line:
    """A line below a tile's name, cut by "…" where it is too long. `icon` is a Material symbol such as `help`."""

    text: str
    tone: Tone = "muted"
    icon: str | None = None


@dataclass(frozen=True)
class Tile:
    """One picture of a grid, all text plain, not Markdown.

    A screen reader says the name and the lines, or `said` where that is given. `picture` is a JPEG that is stretched to
    a square, `ratio` the width by the height of what it shows. `href` is the address that a click leads to, where it is
    one. `bar` is a share from 0 to 1, drawn in green on amber. `asks_name` puts a field for a name below it.
    """

    id: int
    name: str
    lines: tuple[Line, ...] = ()
    picture: bytes | None = None
    ratio: float = 1.0
    href: str | None = None
    bar: float | None = None
    asks_name: bool = False
    said: str = ""

    def as_data(self) -> dict[str, Any]:
        """What the browser gets."""
        lines = [line.text for line in self.lines]
        parts = [self.name, *lines] + (["without a name"] if self.asks_name else [])
        said = self.said or ", ".join(parts)
        picture = self.picture and "data:image/jpeg;base64," + base64.b64encode(self.picture).decode()
        return {
            "id": self.id,
            "name": self.name,
            "said": said,
            "title": "\n".join([self.name, *lines]),
            "lines": [{"text": line.text, "tone": line.tone, "icon": line.icon} for line in self.lines],
            "picture": picture,
            "ratio": min(max(self.ratio, 0.25), 4.0),
            "href": self.href,
            "bar": self.bar,
            "asks_name": self.asks_name,
        }


def tile_grid(
    tiles: Sequence[Tile],
    key: str,
    label: str,
    *,
    on_open: Callable[[int], None] | None = None,
    on_name: Callable[[int, str], None] | None = None,
    cell: int = 112,
    cards: bool = False,
    selectable: bool = False,
    frame: Frame = "face",
    current: int | None = None,
) -> list[int]:
    """Shows the tiles and returns the ids of the selected ones, in the order of the tiles.

    A click, Enter or Space opens a tile: `on_open` is called with its id before the page runs again, and
    `on_name` with the name that was given to it, perhaps twice. Where
    `selectable`, Space, Ctrl and Shift and the boxes in the corners select instead. Arrow keys move. `label` says what
    the grid holds, `cell` is the least width of a tile in pixels, and `cards` are framed and reached by Tab one by one.
    Pictures fill the `frame` of a face, or are shown whole in the one of a photo. `current` is the tile whose details
    stand beside the grid.
    """

    def opened() -> None:
        tile = st.session_state[key].opened
        if tile is not None and on_open is not None:
            on_open(int(tile))

    def named() -> None:
        for given in st.session_state[key].named or ():
            if on_name is not None:
                on_name(int(given["id"]), str(given["name"]))

    def selected() -> None:
        """Streamlit hands on a state only where there is somebody to tell."""

    grid = _GRID(
        key=key,
        data={
            "tiles": [tile.as_data() for tile in tiles],
            "label": label,
            "cell": cell,
            "cards": cards,
            "selectable": selectable,
            "frame": frame,
            "current": current,
            "selected": list((st.session_state.get(key) or {}).get("selected") or ()),
        },
        default={"selected": []},
        on_opened_change=opened,
        on_named_change=named,
        on_selected_change=selected,
    )
    chosen = set(grid.selected)
    return [tile.id for tile in tiles if tile.id in chosen]
