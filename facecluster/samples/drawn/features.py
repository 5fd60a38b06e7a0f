"""The face itself: its shading, eyes, brows, nose, mouth, and what age and sun leave on it."""

import numpy as np
from PIL import Image

from facecluster.samples.drawn.canvas import Canvas, Colour, both_sides, ellipse, mix, smooth
from facecluster.samples.drawn.head import EYE_X, Head
from facecluster.samples.drawn.moments import lips_at_rest
from facecluster.samples.drawn.traits import EYE_COLOURS, HAIR_COLOURS, SKIN_TONES

BLACK: Colour = (18, 12, 14)
WHITE: Colour = (255, 252, 246)


def shadow_of(skin: Colour) -> Colour:
    """Skin in the shade: darker and redder."""
    red, green, blue = skin
    return int(red * 0.62), int(green * 0.5), int(blue * 0.46)


def draw_skin(canvas: Canvas, head: Head) -> Image.Image:
    """Draw ears and skin with light and shade; returns the mask of the face for what is drawn onto it later."""
    skin = SKIN_TONES[head.person.skin_tone]
    _ears(canvas, head, skin)
    outline = head.outline()
    canvas.fill(outline, skin)
    face = canvas.mask(outline)
    _modelling(canvas, head, skin, face)
    _age(canvas, head, skin, face)
    return face


def draw_features(canvas: Canvas, head: Head, face: Image.Image) -> None:
    """Draw eyes, brows, nose and mouth onto the skin and onto a beard."""
    skin = SKIN_TONES[head.person.skin_tone]
    for side in (-1, 1):
        _eye(canvas, head, skin, side)
        _brow(canvas, head, side)
    _nose(canvas, head, skin, face)
    _mouth(canvas, head, skin, face)


def _ears(canvas: Canvas, head: Head, skin: Colour) -> None:
    w = head.person.face_width
    for side in (-1, 1):
        ear = ellipse(side * 1.0 * w, 0.14, 0.14, 0.3, tilt=side * 0.12)
        canvas.fill(head.at(ear, flat=True), mix(skin, shadow_of(skin), 0.15))
        inner = ellipse(side * 1.02 * w, 0.14, 0.07, 0.19, tilt=side * 0.12)
        canvas.shade(head.at(inner, flat=True), shadow_of(skin), 0.5, 0.03 * head.px)
        if head.person.earrings:
            canvas.fill(head.at(ellipse(side * 1.03 * w, 0.5, 0.06, 0.06), flat=True), (232, 190, 92))


def _modelling(canvas: Canvas, head: Head, skin: Colour, face: Image.Image) -> None:
    """Light and shade of forehead, sockets, cheeks and jaw: what a detector sees first."""
    px, dark, seen = head.px, shadow_of(skin), head.seen
    bright = mix(skin, WHITE, 0.42)
    away = -seen.side

    def shade(shape: np.ndarray, colour: Colour, opacity: float, blur: float) -> None:
        canvas.shade(head.at(shape), colour, opacity, blur * px, face)

    w = head.person.face_width
    shade(ellipse(away * 1.0 * w, 0.25, 0.3, 1.3), dark, 0.5 * seen.contrast, 0.16)
    shade(ellipse(0, 1.62 * head.person.face_length, 0.8, 0.24), dark, 0.42, 0.12)
    for side in (-1, 1):
        shade(ellipse(side * head.eye_x, -0.03, 0.3, 0.2), dark, 0.6, 0.1)
        shade(ellipse(side * 0.16, -0.02, 0.07, 0.16), dark, 0.38, 0.06)
        shade(ellipse(side * 0.66 * w, 0.72, 0.16, 0.34, tilt=side * 0.5), dark, 0.26, 0.12)
        lit = 0.42 if side == seen.side else 0.26
        shade(ellipse(side * 0.52, 0.4, 0.2, 0.14), bright, lit, 0.1)
        shade(ellipse(side * 0.58, 0.5, 0.2, 0.16), (214, 84, 76), 0.16, 0.11)
    shade(ellipse(seen.side * 0.16, -0.68, 0.42, 0.2), bright, 0.5, 0.14)
    shade(ellipse(0, 1.26 * head.person.face_length, 0.16, 0.09), bright, 0.4, 0.07)


def _age(canvas: Canvas, head: Head, skin: Colour, face: Image.Image) -> None:
    person, dark, px = head.person, shadow_of(skin), head.px
    if person.freckles:
        rng = np.random.default_rng((31, person.number))
        for x, y in rng.normal((0, 0.34), (0.38, 0.1), (34, 2)):
            canvas.shade(head.at(ellipse(x, y, 0.018, 0.016, count=8)), (176, 104, 66), 0.75, 1.0, face)
    lines = max(person.age - 0.35, 0) / 0.65
    smile = 0.25 * max(head.seen.smile, 0)
    for side in (-1, 1):
        fold = _crease([(0.24, head.nose_y - 0.08), (0.4, head.nose_y + 0.1), (0.45, head.mouth_y)], side, 0.02)
        canvas.shade(head.at(fold), dark, min(0.3 + 0.5 * lines + smile, 0.9), 0.025 * px, face)
        if lines > 0:
            bag = _crease([(head.eye_x - 0.2, 0.18), (head.eye_x, 0.26), (head.eye_x + 0.2, 0.17)], side, 0.014)
            canvas.shade(head.at(bag), dark, 0.7 * lines, 0.02 * px, face)
            for row in range(3):
                foot = [(head.eye_x + 0.28, 0.02 + 0.05 * row), (head.eye_x + 0.38, 0.09 * row - 0.05)]
                canvas.shade(head.at(_crease(foot, side, 0.008)), dark, 0.6 * lines, 0.012 * px, face)
    for row in range(3 if lines > 0.25 else 0):
        y = -0.86 + 0.13 * row
        wrinkle = _crease([(-0.42, y + 0.03), (-0.15, y), (0.15, y), (0.42, y + 0.03)], 1, 0.01)
        canvas.shade(head.at(wrinkle), dark, 0.5 * lines, 0.014 * px, face)


def _crease(line: list[tuple[float, float]], side: int, thickness: float) -> np.ndarray:
    """A thin lens along `line`, mirrored when `side` is -1."""
    curve = smooth(np.array(line), closed=False)
    belly = thickness * np.sin(np.linspace(0, np.pi, len(curve)))[:, None] * (0.4, 1.0)
    return np.vstack([curve - belly, (curve + belly)[::-1]]) * (side, 1)


def _eye(canvas: Canvas, head: Head, skin: Colour, side: int) -> None:
    person, seen, px = head.person, head.seen, head.px
    w, h = 0.215 * person.eye_size, 0.105 * person.eye_size * seen.eyes_open
    cheek = 0.03 * max(seen.smile, 0)

    def place(points: np.ndarray) -> np.ndarray:
        """From the eye's own coordinates (outer corner right) to pixels."""
        cos, sin = np.cos(person.eye_tilt), np.sin(person.eye_tilt)
        turned = np.stack([points[:, 0] * cos + points[:, 1] * sin, points[:, 1] * cos - points[:, 0] * sin], axis=1)
        return head.at(turned * (side, 1) + (side * head.eye_x, 0.06))

    upper = smooth(
        np.array([(-w, 0.03), (-0.5 * w, -0.8 * h), (0.1 * w, -h), (0.65 * w, -0.7 * h), (w, 0.0)]), closed=False
    )
    lower = smooth(
        np.array([(w, 0.0), (0.5 * w, 0.75 * h - cheek), (-0.3 * w, 0.8 * h - cheek), (-w, 0.03)]), closed=False
    )
    shape = place(np.vstack([upper, lower[1:-1]]))
    canvas.fill(shape, mix((250, 246, 240), skin, 0.06))
    opening = canvas.mask(shape)
    gaze = np.array([side * seen.gaze[0] * w * 0.6 - 0.01, seen.gaze[1] * h - 0.15 * h])
    iris = 0.108 * person.eye_size**0.8
    colour = EYE_COLOURS[person.eye_colour]
    for radius, tint in ((iris, mix(colour, BLACK, 0.55)), (iris * 0.84, colour), (iris * 0.48, BLACK)):
        canvas.shade(place(ellipse(gaze[0], gaze[1], radius, radius)), tint, 1.0, 0.6, opening)
    canvas.shade(place(upper) + np.array([0.0, 0.02 * px]), BLACK, 0.5, 0.025 * px, opening)
    glint = ellipse(gaze[0] - 0.035 * side * -seen.side, gaze[1] - 0.035, 0.024, 0.024, count=12)
    canvas.fill(place(glint), WHITE)
    lash = _lens(upper, 0.034 + 0.014 * person.lipstick)
    canvas.fill(place(lash), mix(BLACK, shadow_of(skin), 0.12))
    canvas.stroke(place(lower), mix(shadow_of(skin), BLACK, 0.25), 0.014 * px)
    lid = upper * (1.04, 1.0) + (0, -0.075)
    canvas.shade(place(_lens(lid, 0.018)), mix(shadow_of(skin), BLACK, 0.3), 0.85, 0.01 * px)


def _lens(curve: np.ndarray, thickness: float) -> np.ndarray:
    """A stroke along `curve` that is thick in the middle and thin at its ends."""
    width = thickness * np.sin(np.linspace(0.25, np.pi - 0.25, len(curve)))[:, None] * (0, 1)
    return np.vstack([curve - width, (curve + 0.3 * width)[::-1]])


def _brow(canvas: Canvas, head: Head, side: int) -> None:
    person = head.person
    hair = HAIR_COLOURS[person.hair_colour]
    colour = mix(hair, BLACK, 0.2 if person.age > 0.7 else 0.45)
    thick = 0.06 * person.brow_thickness
    y = -0.3 - 0.05 * head.seen.brows_up
    rise = 0.4 * person.brow_tilt
    # x, then how far above `y` the upper and the lower edge run: an arch whose highest point is past its middle.
    edge = np.array([(0.18, 0.0, -1.0), (0.36, 0.75, -0.5), (0.56, 1.0, 0.1), (0.7, 0.5, 0.15), (0.78, -0.5, -0.5)])
    along, arch = edge[:, 0], np.array([0.03, 0.045, 0.05, 0.005, -0.06]) + (edge[:, 0] - 0.45) * rise
    upper = np.stack([along, y - arch - thick * edge[:, 1]], axis=1)
    lower = np.stack([along, y - arch - thick * edge[:, 2]], axis=1)
    arched = smooth(np.vstack([upper, lower[-2::-1]]))
    shape = arched + np.array([head.eye_x - EYE_X, 0.0])
    canvas.shade(head.at(shape * (side, 1)), colour, 0.95, 0.012 * head.px)


def _nose(canvas: Canvas, head: Head, skin: Colour, face: Image.Image) -> None:
    person, px, dark = head.person, head.px, shadow_of(skin)
    y, w = head.nose_y, 0.235 * person.nose_width
    away = -head.seen.side
    bridge = [(0.07, -0.05), (0.13, 0.2), (0.17, y - 0.18), (0.07, y - 0.12), (0.05, 0.1)]
    canvas.shade(head.at(smooth(np.array(bridge)) * (away, 1), lift=0.12), dark, 0.42, 0.04 * px, face)
    canvas.shade(head.at(ellipse(0, y + 0.07, w * 1.05, 0.08), lift=0.05), dark, 0.6, 0.05 * px, face)
    tip = [(0, -0.26), (0.6 * w, -0.22), (w, -0.1), (0.82 * w, 0.02), (0.35 * w, 0.03), (0, 0.07)]
    ball = both_sides([(x, y + down) for x, down in tip])
    canvas.shade(head.at(smooth(ball), lift=0.16), mix(skin, dark, 0.12), 0.8, 0.02 * px, face)
    for side in (-1, 1):
        wing = _crease([(0.86 * w, y - 0.16), (1.04 * w, y - 0.05), (0.8 * w, y + 0.03)], side, 0.02)
        canvas.shade(head.at(wing, lift=0.12), dark, 0.75, 0.012 * px, face)
        hole = ellipse(side * 0.46 * w, y + 0.015, 0.27 * w, 0.028, tilt=-side * 0.2)
        canvas.shade(head.at(hole, lift=0.16), mix(dark, BLACK, 0.6), 0.95, 0.01 * px, face)
    bright = mix(skin, WHITE, 0.55)
    canvas.shade(head.at(ellipse(0.02 * head.seen.side, 0.16, 0.035, 0.22), lift=0.14), bright, 0.4, 0.03 * px, face)
    canvas.shade(head.at(ellipse(0.03 * head.seen.side, y - 0.12, 0.06, 0.05), lift=0.2), bright, 0.6, 0.03 * px, face)


def _mouth(canvas: Canvas, head: Head, skin: Colour, face: Image.Image) -> None:
    person, seen, px = head.person, head.seen, head.px
    y, w = head.mouth_y, 0.36 * person.mouth_width * (1 + 0.16 * max(seen.smile, 0))
    lift = 0.03 + 0.1 * seen.smile
    full = 0.1 * person.lip_fullness
    gap = 0.11 if seen.teeth else 0.0
    red = lips_at_rest(skin, person.lipstick)
    dark = shadow_of(skin)
    left, right = (-w, y - lift), (w, y - lift)
    top = [(-0.5 * w, y - full * 0.75 - lift * 0.3), (-0.16 * w, y - full), (0, y - full * 0.78), (0.16 * w, y - full),
           (0.5 * w, y - full * 0.75 - lift * 0.3)]  # fmt: skip
    seam = [(0.5 * w, y + 0.01 + 0.1 * lift), (0, y + 0.02 + lift * 0.35), (-0.5 * w, y + 0.01 + 0.1 * lift)]
    inner = [(0.6 * w, y + 0.8 * gap), (0, y + gap + lift * 0.5), (-0.6 * w, y + 0.8 * gap)]
    bottom = [
        (0.55 * w, y + gap + full * 0.75),
        (0, y + gap + full * 1.3 + lift * 0.3),
        (-0.55 * w, y + gap + full * 0.75),
    ]
    canvas.shade(head.at(ellipse(0, y + gap + full * 1.3 + 0.12, 0.24, 0.05)), dark, 0.55, 0.05 * px, face)
    canvas.fill(head.at(smooth(np.array([left, *top, right, *bottom]))), mix(red, WHITE, 0.08))
    canvas.fill(head.at(smooth(np.array([left, *top, right, *seam]))), mix(red, dark, 0.35))
    if seen.teeth:
        mouth = smooth(np.array([left, *seam[::-1], right, *inner]))
        canvas.fill(head.at(mouth), (92, 30, 34))
        corners = [(-0.82 * w, y - lift * 0.6), (0.82 * w, y - lift * 0.6)]
        edge = [(0.4 * w, y + 0.62 * gap), (0, y + 0.72 * gap + lift * 0.3), (-0.4 * w, y + 0.62 * gap)]
        teeth = smooth(np.array([corners[0], *seam[::-1], corners[1], *edge]))
        canvas.fill(head.at(teeth), (250, 246, 238))
    else:
        line = smooth(np.array([left, *seam[::-1], right]), closed=False)
        canvas.stroke(head.at(line), mix(dark, BLACK, 0.55), 0.03 * px)
    gloss = ellipse(0.06 * seen.side, y + gap + full * 0.75 + 0.3 * lift, 0.1, 0.025)
    canvas.shade(head.at(gloss), WHITE, 0.35, 0.02 * px, face)
    for side in (-1, 1):
        canvas.shade(head.at(ellipse(side * w * 1.04, y - lift, 0.04, 0.04)), dark, 0.55, 0.025 * px, face)
