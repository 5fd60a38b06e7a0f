"""What changes from one portrait of a person to the next: pose, expression, light, clothes and background."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from facecluster.samples.drawn.canvas import Colour, mix

CLOTHES: tuple[Colour, ...] = (
    (64, 98, 138), (176, 74, 70), (84, 130, 104), (218, 176, 86), (92, 82, 124), (226, 222, 214), (58, 62, 74),
    (206, 132, 110), (108, 152, 168), (140, 108, 84),
)  # fmt: skip
WALLS: tuple[Colour, ...] = (
    (206, 222, 230), (236, 224, 204), (214, 226, 206), (232, 212, 210), (218, 214, 232), (226, 228, 228),
    (186, 208, 214), (242, 232, 190), (196, 204, 220), (222, 200, 178),
)  # fmt: skip
COLLARS = ("crew", "v-neck", "shirt", "turtleneck")


@dataclass(frozen=True)
class Moment:
    """One press of the shutter. Angles in radians; `smile` from -0.1 (earnest) to 1; `side` is -1 or 1, from where
    the light comes; `gain` is the exposure and `warmth` the colour of the light, both around their neutral 1 and 0.
    """

    yaw: float
    pitch: float
    roll: float
    zoom: float
    shift: tuple[float, float]
    smile: float
    teeth: bool
    eyes_open: float
    brows_up: float
    gaze: tuple[float, float]
    side: int
    contrast: float
    gain: float
    warmth: float
    collar: str
    clothes: Colour
    wall: Colour


def moment(rng: np.random.Generator) -> Moment:
    """A moment drawn at random, mild enough that a face detector finds the face."""
    smile = float(rng.uniform(-0.1, 1.0))
    return Moment(
        yaw=float(np.clip(rng.normal(0, 0.13), -0.26, 0.26)),
        pitch=float(np.clip(rng.normal(0, 0.05), -0.1, 0.1)),
        roll=float(np.clip(rng.normal(0, 0.06), -0.13, 0.13)),
        zoom=float(rng.uniform(0.93, 1.07)),
        shift=(float(rng.uniform(-12, 12)), float(rng.uniform(-8, 8))),
        smile=smile,
        teeth=bool(smile > 0.45 and rng.random() < 0.7),
        eyes_open=float(rng.uniform(0.82, 1.1)) - 0.12 * max(smile, 0),
        brows_up=float(np.clip(rng.normal(0, 0.5), -1, 1)),
        gaze=(float(rng.uniform(-0.25, 0.25)), float(rng.uniform(-0.15, 0.15))),
        side=1 if rng.random() < 0.5 else -1,
        contrast=float(rng.uniform(0.5, 1.0)),
        gain=float(rng.uniform(0.92, 1.1)),
        warmth=float(rng.uniform(-1, 1)),
        collar=str(rng.choice(COLLARS)),
        clothes=CLOTHES[int(rng.integers(len(CLOTHES)))],
        wall=WALLS[int(rng.integers(len(WALLS)))],
    )


def background(size: tuple[int, int], wall: Colour, rng: np.random.Generator) -> Image.Image:
    """A wall of `size` (width, height) in pixels, lighter in the middle, with a few pale discs out of focus."""
    width, height = size
    across = np.linspace(-1, 1, width // 16)[None, :] - rng.uniform(-0.5, 0.5)
    down = np.linspace(-1, 1, height // 16)[:, None] - rng.uniform(-0.8, 0.2)
    light = 1.06 - 0.12 * (across**2 + down**2)
    for _ in range(int(rng.integers(2, 6))):
        x, y, r = rng.uniform(-1.2, 1.2), rng.uniform(-1.3, 0.9), rng.uniform(0.15, 0.5)
        distance = np.hypot(across - x, (down - y) * height / width)
        light = light + rng.uniform(-0.06, 0.06) * np.clip((r - distance) * 8, 0, 1)
    pixels = np.clip(light[..., None] * np.array(wall), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def exposed(image: Image.Image, seen: Moment, rng: np.random.Generator) -> Image.Image:
    """The picture as a camera would give it: exposure, colour of the light, fall-off to one side, a little noise."""
    width, height = image.size
    tint = seen.gain * np.array([1 + 0.03 * seen.warmth, 1.0, 1 - 0.04 * seen.warmth])
    slope = 1 + 0.06 * seen.side * seen.contrast * np.linspace(-1, 1, width)
    # Rows of width x 3 values, as numpy is slow where the last axis holds but the three colours.
    lit = np.asarray(image).reshape(height, width * 3) * np.outer(slope, tint).astype(np.float32).ravel()
    lit += np.repeat(rng.standard_normal((height, width), dtype=np.float32) * 2, 3, axis=1)
    np.clip(lit, 0, 255, out=lit)
    return Image.fromarray(lit.astype(np.uint8).reshape(height, width, 3))


def lips_at_rest(skin: Colour, lipstick: bool) -> Colour:
    """The colour of lips on this skin, more so with lipstick."""
    return mix(mix(skin, (176, 62, 70), 0.45), (176, 28, 56), 0.6 if lipstick else 0.0)
