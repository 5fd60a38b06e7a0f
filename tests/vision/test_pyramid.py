"""Levels on canvases and crops hold the pixels that facenet-pytorch's resizing gives, at every size of photo."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from facecluster.vision.mtcnn import area_resize, pyramid


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 7919 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def as_facenet_pytorch_resizes(image: np.ndarray, height: int, width: int) -> np.ndarray:
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    return ((interpolate(pixels, size=(height, width), mode="area") - 127.5) * 0.0078125)[0].numpy()


@pytest.mark.parametrize("size", [24, 48])
def test_crops_are_the_averages_of_torchs_area_resizing(size: int) -> None:
    image = noise(300, 400)
    rng = np.random.default_rng(0)
    corners = rng.integers(0, (399, 299), (60, 2))
    ends = corners + 1 + (rng.uniform(0, 1, (60, 2)) * (np.array([400, 300]) - corners - 1)).astype(int)
    windows = np.vstack([np.hstack([corners, ends]), [[0, 0, 400, 300], [399, 299, 400, 300], [5, 0, 6, 300]]])
    crops = area_resize.area_crops(area_resize.sum_table(image), windows, size)
    assert crops.dtype == np.float32
    for (left, top, right, bottom), crop in zip(windows, crops, strict=True):
        np.testing.assert_allclose(
            crop, as_facenet_pytorch_resizes(image[top:bottom, left:right], size, size), atol=2e-6
        )


def test_averages_are_right_where_the_sums_of_a_large_photo_wrap_around() -> None:
    image = np.full((3000, 3000, 3), 255, np.uint8)  # sums to 2.3e9, more than int32 holds
    image[2900:, 2900:] = 10
    table = area_resize.sum_table(image)
    crops = area_resize.area_crops(table, np.array([[2900, 2900, 3000, 3000], [0, 0, 2900, 2900]]), 24)
    np.testing.assert_allclose(crops[0], (10 - 127.5) / 128, atol=1e-6)
    np.testing.assert_allclose(crops[1], (255 - 127.5) / 128, atol=1e-6)


def test_where_nothing_can_be_kept_the_loops_are_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compiling = numba.njit

    def full(*, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compiling(**options)

    monkeypatch.setattr(numba, "njit", full)
    assert area_resize._compiled(area_resize._bin.py_func)(2, 10, 4) == (5, 8)


@pytest.mark.parametrize(
    ("height", "width", "smallest"),
    [(568, 474, 20), (198, 160, 40), (41, 40, 40), (13, 900, 12), (1500, 2100, 20), (1, 1, 40), (39, 500, 40)],
)
def test_every_window_of_every_level_is_on_one_canvas_and_sees_its_pixels(
    height: int, width: int, smallest: int
) -> None:
    image = noise(height, width)
    plan = pyramid.plan_canvases(height, width, smallest)
    canvases = list(pyramid.draw_canvases(area_resize.sum_table(image), plan))
    levels = {}
    for number, scale in enumerate(pyramid.scales(height, width, smallest)):
        level = as_facenet_pytorch_resizes(image, int(height * scale + 1), int(width * scale + 1))
        down, across = ((side - 10 + 1) // 2 for side in level.shape[1:])
        levels[number] = level, np.zeros((down, across), int)
    for index, tile in enumerate(plan.tiles):
        level, seen = levels[tile.level]
        seen[tile.top : tile.top + tile.down, tile.left : tile.left + tile.across] += 1
        # Beyond the level, where its last window lacks a pixel, the last one repeats.
        rows = np.minimum(np.arange(2 * tile.top, 2 * (tile.top + tile.down) + 10), level.shape[1] - 1)
        columns = np.minimum(np.arange(2 * tile.left, 2 * (tile.left + tile.across) + 10), level.shape[2] - 1)
        on_canvas = canvases[tile.canvas][0, :, tile.y : tile.y + len(rows), tile.x : tile.x + len(columns)]
        np.testing.assert_allclose(on_canvas, level[:, rows][:, :, columns], atol=2e-6)
        y, x = tile.y // 2, tile.x // 2
        assert (plan.owners[tile.canvas][y : y + tile.down, x : x + tile.across] == index).all()
        assert tile.x % 2 == tile.y % 2 == 0
    assert all((seen == 1).all() for _, seen in levels.values())
    assert sum((owners >= 0).sum() for owners in plan.owners) == sum(seen.size for _, seen in levels.values())


def test_levels_are_right_where_the_sums_of_a_large_photo_wrap_around() -> None:
    image = np.full((3000, 3000, 3), 255, np.uint8)
    image[2900:, 2900:] = 10
    plan = pyramid.plan_canvases(3000, 3000, 1200)
    (canvas,) = pyramid.draw_canvases(area_resize.sum_table(image), plan)
    first = next(tile for tile in plan.tiles if tile.level == 0)
    level = canvas[0, :, first.y : first.y + 31, first.x : first.x + 31]
    np.testing.assert_allclose(level[:, :29, :29], (255 - 127.5) / 128, atol=1e-6)
    assert (level[:, -1, -1] < -0.5).all()


def test_a_photo_smaller_than_the_smallest_face_has_no_levels() -> None:
    assert pyramid.scales(39, 500, 40) == []
    assert len(pyramid.scales(40, 500, 40)) == 1


def test_canvases_of_a_photo_of_any_size_are_bounded_and_mostly_filled() -> None:
    for height, width in ((568, 474), (3000, 4000), (474, 474), (600, 6000)):
        plan = pyramid.plan_canvases(height, width, 20)
        area = sum(h * w for h, w in plan.shapes)
        windows = sum((owners >= 0).sum() for owners in plan.owners)
        assert max(h * w for h, w in plan.shapes) <= 512 * 1024
        assert 4 * windows > 0.7 * area
