"""Hair, beards and glasses."""

import numpy as np
from PIL import Image

from facecluster.samples.drawn.canvas import Canvas, Colour, both_sides, ellipse, mix, smooth
from facecluster.samples.drawn.features import BLACK, WHITE
from facecluster.samples.drawn.head import Head
from facecluster.samples.drawn.traits import HAIR_COLOURS, SKIN_TONES

Points = list[tuple[float, float]]

_BEHIND: dict[str, Points] = {
    "fringe bob": [(0, -1.5), (0.75, -1.35), (1.16, -0.7), (1.26, 0.1), (1.28, 0.8), (1.2, 1.3), (0.7, 1.38), (0, 1.3)],
    "long": [(0, -1.45), (0.7, -1.32), (1.1, -0.75), (1.18, 0.1), (1.2, 1.0), (1.25, 1.9), (1.15, 2.6), (0, 2.7)],
    "wavy": [
        (0, -1.5),
        (0.75, -1.36),
        (1.16, -0.75),
        (1.24, -0.1),
        (1.36, 0.35),
        (1.27, 0.8),
        (1.46, 1.25),
        (1.36, 1.7),
        (1.52, 2.15),
        (1.3, 2.55),
        (0, 2.6),
    ],
    "bun": [(0, -1.36), (0.62, -1.25), (0.98, -0.75), (1.05, 0.0), (0.9, 0.7), (0, 1.0)],
}
"""Right halves of what is seen behind the face, from top to bottom."""

_CAPS: dict[str, tuple[Points, Points]] = {
    "receding": ([(0.97, 0.06), (1.06, -0.2), (1.02, -0.6), (0.87, -0.9)],
                 [(0.74, -0.8), (0.81, -0.5), (0.84, -0.2), (0.93, 0.1)]),
    "buzz": ([(0.97, 0.12), (1.03, -0.3), (0.92, -0.85), (0.55, -1.2), (0, -1.31)],
             [(0, -0.83), (0.45, -0.82), (0.72, -0.66), (0.8, -0.35), (0.92, 0.12)]),
    "curly": ([(0.98, 0.1), (1.14, -0.4), (1.06, -0.9), (0.65, -1.38), (0, -1.5)],
              [(0, -0.72), (0.4, -0.75), (0.7, -0.6), (0.84, -0.3), (0.93, 0.1)]),
    "afro": ([(1.0, 0.2), (1.45, -0.2), (1.45, -0.95), (0.95, -1.55), (0, -1.75)],
             [(0, -0.74), (0.4, -0.74), (0.7, -0.56), (0.84, -0.25), (0.95, 0.2)]),
    "fringe bob": ([(1.14, 0.95), (1.2, 0.2), (1.12, -0.6), (0.72, -1.3), (0, -1.46)],
                   [(0, -0.36), (0.45, -0.36), (0.78, -0.3), (0.9, 0.1), (0.96, 0.8)]),
    "long": ([(1.1, 2.5), (1.14, 1.4), (1.12, 0.3), (1.06, -0.6), (0.68, -1.28), (0, -1.4)],
             [(0.03, -1.0), (0.3, -0.82), (0.66, -0.45), (0.86, 0.0), (0.93, 0.7), (0.86, 1.6), (0.8, 2.4)]),
    "wavy": ([(1.24, 2.45), (1.4, 2.1), (1.2, 1.7), (1.34, 1.3),
              (1.14, 0.85), (1.26, 0.4), (1.18, -0.1), (1.12, -0.7), (0.72, -1.34), (0, -1.47)],
             [(0.03, -1.0), (0.4, -0.76), (0.74, -0.36), (0.94, 0.05), (0.9, 0.4), (1.0, 0.8), (0.86, 1.25),
              (0.98, 1.7), (0.84, 2.1), (0.9, 2.5)]),
    "bun": ([(0.98, 0.1), (1.04, -0.4), (0.9, -0.95), (0.5, -1.28), (0, -1.37)],
            [(0, -0.9), (0.4, -0.84), (0.72, -0.58), (0.86, -0.2), (0.93, 0.1)]),
    "locs": ([(0.98, 0.1), (1.1, -0.4), (0.98, -0.95), (0.6, -1.34), (0, -1.44)],
             [(0, -0.86), (0.36, -0.8), (0.7, -0.55), (0.86, -0.2), (0.94, 0.1)]),
}  # fmt: skip
"""Right halves of the hair around the face: the outer edge upwards, then the hairline downwards."""

_SWEPT: dict[str, Points] = {
    "side part": [(1.0, 0.12), (1.08, -0.4), (0.98, -1.0), (0.5, -1.44), (-0.1, -1.5), (-0.7, -1.32), (-1.04, -0.85),
                  (-1.07, -0.3), (-1.0, 0.12), (-0.9, 0.1), (-0.86, -0.35), (-0.7, -0.66), (-0.5, -0.92),
                  (-0.1, -0.74), (0.4, -0.68), (0.76, -0.5), (0.87, -0.2), (0.92, 0.1)],
    "swept back": [(0.98, 0.1), (1.06, -0.4), (0.96, -0.98), (0.6, -1.42), (0.1, -1.6), (-0.5, -1.5), (-0.96, -1.0),
                   (-1.06, -0.4), (-0.98, 0.1), (-0.9, 0.0), (-0.84, -0.45), (-0.6, -0.86), (-0.1, -0.98),
                   (0.5, -0.9), (0.82, -0.5), (0.9, 0.0)],
}  # fmt: skip
"""Whole outlines of the styles that are not the same on both sides."""


def draw_behind(canvas: Canvas, head: Head) -> None:
    """What is seen of the hair behind neck and face."""
    style, colour = head.person.hair_style, HAIR_COLOURS[head.person.hair_colour]
    deep = mix(colour, BLACK, 0.35)
    if style in _BEHIND:
        canvas.fill(smooth(head.at(_wide(head, both_sides(_BEHIND[style])), flat=True)), deep)
    if style == "bun":
        canvas.fill(head.at(ellipse(0, -1.52, 0.42, 0.36), flat=True), deep)
        canvas.shade(head.at(ellipse(-0.1, -1.62, 0.24, 0.14), flat=True), mix(colour, WHITE, 0.3), 0.6, 0.08 * head.px)
    if style == "locs":
        for step in range(8):
            for side in (-1, 1):
                x = side * (0.72 + 0.085 * step)
                lock = [(x * 0.85, -0.8), (x, 0.2), (x * 1.03, 1.2), (x * 0.98, 2.2 - 0.08 * step)]
                tint = deep if step % 2 else mix(colour, WHITE, 0.1)
                canvas.stroke(head.at(smooth(np.array(lock), closed=False), flat=True), tint, 0.15 * head.px)


def draw_hair(canvas: Canvas, head: Head) -> None:
    """The hair around the face."""
    style, colour, px = head.person.hair_style, HAIR_COLOURS[head.person.hair_colour], head.px
    if style == "bald":
        return
    for shape in _front(style):
        points = smooth(head.at(_wide(head, shape), flat=True))
        if style in ("buzz", "receding"):
            canvas.shade(points, mix(colour, SKIN_TONES[head.person.skin_tone], 0.2), 0.95, 0.025 * px)
            continue
        canvas.shade(points + np.array([0.0, 0.05 * px]), BLACK, 0.3, 0.04 * px)
        canvas.fill(points, colour)
        gleam = mix(colour, WHITE, 0.3)
        if style not in ("curly", "afro"):
            shine = ellipse(0.35 * head.seen.side, -1.08, 0.4, 0.12, tilt=0.35 * head.seen.side)
            canvas.shade(head.at(shine, flat=True), gleam, 0.45, 0.09 * px, canvas.mask(points))
    if style in ("curly", "afro"):
        _curls(canvas, head, colour)


def _front(style: str) -> list[np.ndarray]:
    if style in _SWEPT:
        return [np.array(_SWEPT[style])]
    outer, line = (np.array(points) for points in _CAPS[style])
    if style == "receding":
        half = np.vstack([outer, line])
        return [half, half * (-1, 1)]
    mirrored = (-1, 1)
    return [np.vstack([outer, (outer * mirrored)[::-1][1:], (line * mirrored)[::-1], line])]


def _curls(canvas: Canvas, head: Head, colour: Colour) -> None:
    """Small discs along the outer edge and the hairline, and lighter ones inside."""
    rng = np.random.default_rng((57, head.person.number))
    outer, line = _CAPS[head.person.hair_style]
    size = 0.15 if head.person.hair_style == "afro" else 0.17
    for points, radius in ((outer, size), (line, size * 0.55)):
        half = smooth(np.array(points), closed=False, steps=5)
        for x, y in np.vstack([half, half * (-1, 1)]):
            wide, high = radius * rng.uniform(0.7, 1.1, 2)
            disc = ellipse(x, y, wide, high, count=14)
            canvas.fill(head.at(_wide(head, disc), flat=True), mix(colour, BLACK, float(rng.uniform(0, 0.25))))
    crown = canvas.mask(smooth(head.at(_wide(head, _front(head.person.hair_style)[0]), flat=True)))
    reach = np.abs(np.array(outer)).max(axis=0)
    for x, y in rng.uniform((-1, -1), (1, 0.1), (90, 2)) * reach:
        disc = ellipse(x, y, size * 0.5, size * 0.4, tilt=float(rng.uniform(0, 3)), count=12)
        tint = mix(colour, WHITE, 0.16) if rng.random() < 0.5 else mix(colour, BLACK, 0.3)
        canvas.shade(head.at(_wide(head, disc), flat=True), tint, 0.4, 0.02 * head.px, crown)


def _wide(head: Head, points: np.ndarray) -> np.ndarray:
    return points * (head.person.face_width, 1)


def draw_beard(canvas: Canvas, head: Head, face: Image.Image) -> None:
    """The beard on the face; to be drawn before the mouth, which it would hide."""
    person, px = head.person, head.px
    colour = HAIR_COLOURS[person.hair_colour]
    if person.beard == "none":
        return
    y, w, chin = head.mouth_y, person.face_width, 1.5 * person.face_length
    if person.beard in ("full", "stubble"):
        jaw = [(0, chin + 0.1), (0.7 * w, chin), (1.1 * w, 0.8), (1.02 * w, 0.15), (0.88 * w, 0.3), (0.74 * w, y - 0.2)]
        cheek = [(0.42, y - 0.2), (0.2, head.nose_y + 0.1), (0, head.nose_y + 0.13)]
        strength = 0.92 if person.beard == "full" else 0.38
        canvas.shade(head.at(smooth(both_sides(jaw + cheek))), colour, strength, 0.03 * px, face)
    if person.beard == "goatee":
        patch = [
            (0, y + 0.2),
            (0.28, y + 0.22),
            (0.42, y + 0.3),
            (0.4, chin - 0.1),
            (0.2, chin + 0.05),
            (0, chin + 0.08),
        ]
        canvas.shade(head.at(smooth(both_sides(patch))), colour, 0.92, 0.025 * px, face)
    if person.beard in ("goatee", "moustache"):
        droop = 0.16 if person.beard == "goatee" else 0.05
        above = [(0, head.nose_y + 0.1), (0.22, head.nose_y + 0.1), (0.46, y - 0.05)]
        below = [(0.5, y + droop), (0.38, y + 0.04), (0.2, y - 0.09), (0, y - 0.09)]
        canvas.shade(head.at(smooth(both_sides(above + below))), colour, 0.95, 0.02 * px, face)


def draw_glasses(canvas: Canvas, head: Head) -> None:
    """Glasses, with a faint glare on the lenses."""
    style, px = head.person.glasses, head.px
    if style == "none":
        return
    metal = {"round": (52, 40, 36), "square": (24, 24, 30), "half rim": (120, 84, 60)}[style]
    thick = {"round": 0.04, "square": 0.07, "half rim": 0.045}[style] * px
    x, w = head.eye_x, min(0.33, head.eye_x - 0.08)
    for side in (-1, 1):
        if style == "round":
            lens = ellipse(side * x, 0.07, w, w * 0.95, count=40)
        else:
            rim = [
                (-w, -0.17),
                (0, -0.19),
                (w * 1.1, -0.18),
                (w * 1.05, 0.16),
                (0.5 * w, 0.28),
                (-0.55 * w, 0.27),
                (-w, 0.12),
            ]
            lens = smooth(np.array(rim)) * (side, 1) + (side * x, 0.07)
        canvas.shade(head.at(lens, lift=0.1), WHITE, 0.07, 2.0)
        ring = np.vstack([lens, lens[:2]])
        if style == "half rim":
            ring = lens[lens[:, 1] < 0.1]
            ring = ring[np.argsort(ring[:, 0])]
        canvas.stroke(head.at(ring, lift=0.1), metal, thick)
        temple = [(side * (x + w), -0.03), (side * 0.98 * head.person.face_width, 0.0)]
        canvas.stroke(head.at(temple), metal, thick)
    bridge = smooth(np.array([(w - x, 0.02), (0.0, -0.04), (x - w, 0.02)]), closed=False)
    canvas.stroke(head.at(bridge, lift=0.15), metal, thick)
