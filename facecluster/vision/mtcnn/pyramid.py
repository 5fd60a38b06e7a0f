"""A photo at all scales that P-Net looks at, laid side by side on a few canvases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from facecluster.vision.mtcnn import area_resize

SCALE_FACTOR = 0.709  # between neighbouring levels: facenet-pytorch's default, about half the area
CELL = 12  # pixels: the side of P-Net's window
STRIDE = 2  # pixels between neighbouring windows

# Levels are cut into tiles that fit canvases in steps of 16 pixels, so that photos of any size need few shapes: the
# runtime prepares anew for every new one. These leave a tenth of the pixels empty, and steps of 32 a fifth.
CANVAS_WIDTHS = range(128, 513, 16)
_CANVAS_PIXELS = 1 << 18  # what P-Net's first layer writes of more is no longer in the cache when it is read
_HEIGHT_STEP = 16
_TILE_SIDE = 384


def scales(height: int, width: int, min_face_size: float) -> list[float]:
    """The scales at which P-Net's 12 px window sees faces of `min_face_size` px and more; empty for tiny photos."""
    scale = CELL / min_face_size
    shorter = min(height, width) * scale
    found = []
    while shorter >= CELL:
        found.append(scale)
        scale *= SCALE_FACTOR
        shorter *= SCALE_FACTOR
    return found


@dataclass(frozen=True)
class Tile:
    """Part of a level: `down` x `across` windows of P-Net from window (`top`, `left`), at (`x`, `y`) of a canvas."""

    scale: float
    level: int
    level_size: tuple[int, int]  # height, width
    top: int
    left: int
    down: int
    across: int
    canvas: int = 0
    x: int = 0
    y: int = 0


@dataclass(frozen=True, eq=False)
class Plan:
    """Where the levels of a photo lie; `owners[i]` (int16) names the tile of each P-Net output of canvas i, or -1."""

    tiles: tuple[Tile, ...]
    shapes: tuple[tuple[int, int], ...]  # height, width of each canvas
    owners: tuple[np.ndarray, ...]


@lru_cache(maxsize=64)
def plan_canvases(height: int, width: int, min_face_size: float) -> Plan:
    """Lays the levels of a photo on as few pixels of canvas as a simple packing finds."""
    tiles = []
    for level, scale in enumerate(scales(height, width, min_face_size)):
        tiles += _cut(level, scale, (int(height * scale + 1), int(width * scale + 1)))
    tiles.sort(key=lambda tile: (-tile.down, -tile.across))
    plans = (_pack(tiles, canvas_width) for canvas_width in CANVAS_WIDTHS)
    shapes, packed = min((plan for plan in plans if plan), key=lambda plan: sum(h * w for h, w in plan[0]))
    owners = [np.full(((h - CELL) // STRIDE + 1, (w - CELL) // STRIDE + 1), -1, np.int16) for h, w in shapes]
    for number, tile in enumerate(packed):
        y, x = tile.y // STRIDE, tile.x // STRIDE
        owners[tile.canvas][y : y + tile.down, x : x + tile.across] = number
    return Plan(tuple(packed), tuple(shapes), tuple(owners))


def _cells(pixels: int) -> int:
    """How many windows P-Net has along so many pixels: its pooling rounds up, so the last may lack one pixel."""
    return (pixels - CELL + STRIDE + 1) // STRIDE


def _pixels(cells: int) -> int:
    return CELL + STRIDE * (cells - 1)


def _cut(level: int, scale: float, size: tuple[int, int]) -> list[Tile]:
    most = _cells(_TILE_SIDE)
    down, across = _cells(size[0]), _cells(size[1])
    return [
        Tile(scale, level, size, top, left, min(most, down - top), min(most, across - left))
        for top in range(0, down, most)
        for left in range(0, across, most)
    ]


def _pack(tiles: list[Tile], canvas_width: int) -> tuple[list[tuple[int, int]], list[Tile]] | None:
    """Canvas shapes and placed tiles, each tile in the topmost free rectangle it fits in; None if one is too wide.

    Sizes and places are even, so P-Net's pooling cuts a tile as it would cut the level on its own.
    """
    free: list[tuple[int, int, int, int, int]] = []  # canvas, y, x, height, width
    used: list[int] = []
    placed = []
    for tile in tiles:
        height, width = _pixels(tile.down), _pixels(tile.across)
        if width > canvas_width:
            return None
        fitting = [place for place in free if height <= place[3] and width <= place[4]]
        if fitting:
            place = min(fitting)
            free.remove(place)
        else:
            place = (len(used), 0, 0, _CANVAS_PIXELS // canvas_width, canvas_width)
            used.append(0)
        canvas, y, x, room_down, room_across = place
        free += [
            (canvas, y, x + width, height, room_across - width),
            (canvas, y + height, x, room_down - height, room_across),
        ]
        used[canvas] = max(used[canvas], y + height)
        placed.append(replace(tile, canvas=canvas, x=x, y=y))
    return [(-(-height // _HEIGHT_STEP) * _HEIGHT_STEP, canvas_width) for height in used], placed


def draw_canvases(table: np.ndarray, plan: Plan) -> Iterator[np.ndarray]:
    """The canvases of a photo's plan from its `sum_table`, in turn: (1, 3, height, width) float32, about -1..1."""
    for number, shape in enumerate(plan.shapes):
        canvas = np.zeros((1, 3, *shape), np.float32)
        for tile in plan.tiles:
            if tile.canvas == number:
                down, across = _pixels(tile.down), _pixels(tile.across)
                place = canvas[0, :, tile.y : tile.y + down, tile.x : tile.x + across]
                area_resize.draw_level(table, *tile.level_size, STRIDE * tile.top, STRIDE * tile.left, place)
        yield canvas
