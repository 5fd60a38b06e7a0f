"""Whole pictures: one person before a wall, or several side by side."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from facecluster.samples.drawn.canvas import SUPERSAMPLE, Canvas, Colour, both_sides, ellipse, mix, smooth
from facecluster.samples.drawn.features import BLACK, WHITE, draw_features, draw_skin, shadow_of
from facecluster.samples.drawn.hair import draw_beard, draw_behind, draw_glasses, draw_hair
from facecluster.samples.drawn.head import Head
from facecluster.samples.drawn.moments import background, exposed, moment
from facecluster.samples.drawn.traits import SKIN_TONES, SamplePerson

ROW = 6
"""People in a row of a group photo."""

_STEP = 190

PORTRAIT_SIZE = (400, 480)
"""Width and height of a portrait in pixels."""


def portrait_of(person: SamplePerson, portrait: int) -> Image.Image:
    """A portrait, RGB, `PORTRAIT_SIZE`; the same pixels for the same person and number."""
    rng = np.random.default_rng((person.number, portrait))
    seen = moment(rng)
    width, height = PORTRAIT_SIZE
    canvas = Canvas(background((width * SUPERSAMPLE, height * SUPERSAMPLE), seen.wall, rng))
    center = (width / 2 + seen.shift[0], 0.435 * height + seen.shift[1])
    draw_figure(canvas, Head(person, seen, center, 92 * seen.zoom))
    return exposed(canvas.finished(), seen, rng)


def group_photo_of(people: Sequence[SamplePerson], seed: int) -> Image.Image:
    """People side by side, RGB: at most `ROW` in a row, 190 px apart; a head is about 125 px wide."""
    rng = np.random.default_rng((1969, seed, *(person.number for person in people)))
    rows = [people[start : start + ROW] for start in range(0, len(people), ROW)]
    width, height = 60 + _STEP * max(len(row) for row in rows), 160 + 330 * len(rows) - 70
    room = moment(rng)
    canvas = Canvas(background((width * SUPERSAMPLE, height * SUPERSAMPLE), room.wall, rng))
    # The last row stands at the back and is drawn first, so that heads in front hide only shoulders.
    for depth, row in enumerate(reversed(rows)):
        for place, person in enumerate(row):
            x = width / 2 + (place - (len(row) - 1) / 2) * _STEP + rng.uniform(-8, 8)
            y = 160 + 330 * depth + rng.uniform(-14, 14)
            seen = replace(moment(rng), side=room.side)
            draw_figure(canvas, Head(person, seen, (x, y), 62 * seen.zoom))
    return exposed(canvas.finished(), room, rng)


def draw_figure(canvas: Canvas, head: Head) -> None:
    """One person from the shoulders up."""
    draw_behind(canvas, head)
    _body(canvas, head)
    face = draw_skin(canvas, head)
    draw_beard(canvas, head, face)
    draw_features(canvas, head, face)
    draw_hair(canvas, head)
    draw_glasses(canvas, head)


def _body(canvas: Canvas, head: Head) -> None:
    seen, px = head.seen, head.px
    skin = SKIN_TONES[head.person.skin_tone]
    broad = head.person.face_width * (0.9 + 0.1 * head.person.jaw_width)
    neck = 0.5 * broad
    nape = both_sides([(0, 0.8), (neck, 0.8), (neck, 1.7), (neck * 1.35, 2.05), (0, 2.4)])
    throat = head.upright(nape)
    canvas.fill(throat, mix(skin, shadow_of(skin), 0.2))
    half = [
        (0, 2.0),
        (neck * 0.9, 1.82),
        (1.15 * broad, 2.12),
        (1.65 * broad, 2.4),
        (1.92 * broad, 2.9),
        (2.03 * broad, 3.6),
        (2.06 * broad, 4.6),
        (2.06 * broad, 8.0),
    ]
    torso = smooth(head.upright(both_sides([*half, (0, 8.0)])))
    canvas.fill(torso, seen.clothes)
    cloth = canvas.mask(torso)
    dark = mix(seen.clothes, BLACK, 0.5)
    canvas.shade(head.upright(ellipse(-seen.side * 1.7, 3.0, 0.7, 1.2)), dark, 0.5, 0.25 * px, cloth)
    canvas.shade(
        head.upright(ellipse(seen.side * 1.1, 2.5, 0.5, 0.2, tilt=seen.side * 0.4)), WHITE, 0.18, 0.15 * px, cloth
    )
    _COLLARS[seen.collar](canvas, head, neck, mix(skin, shadow_of(skin), 0.2))
    # Under every collar the chin throws its shadow last, or a collar would cut it off.
    canvas.shade(head.upright(ellipse(0, 1.42, neck * 0.95, 0.4)), BLACK, 0.4, 0.1 * px, canvas.mask(throat))


def _crew(canvas: Canvas, head: Head, neck: float, skin: Colour) -> None:
    hem, opening = (ellipse(0, 1.77, neck * 1.08, deep)[:15] for deep in (0.47, 0.37))
    canvas.fill(head.upright(hem), mix(head.seen.clothes, BLACK, 0.25))
    canvas.fill(head.upright(opening), skin)


def _v_neck(canvas: Canvas, head: Head, neck: float, skin: Colour) -> None:
    edge = [(-neck * 1.12, 1.8), (neck * 1.12, 1.8), (0, 2.62)]
    canvas.fill(head.upright(edge), mix(head.seen.clothes, BLACK, 0.25))
    canvas.fill(head.upright([(-neck * 1.02, 1.78), (neck * 1.02, 1.78), (0, 2.48)]), skin)


def _shirt(canvas: Canvas, head: Head, neck: float, skin: Colour) -> None:
    _v_neck(canvas, head, neck * 0.95, skin)
    cloth = mix(head.seen.clothes, WHITE, 0.3)
    for side in (-1, 1):
        flap = np.array([(neck * 0.98, 1.66), (neck * 1.3, 1.86), (0.42, 2.56), (0.02, 2.2)]) * (side, 1)
        canvas.fill(head.upright(flap), cloth)
        canvas.stroke(head.upright(flap[1:]), mix(cloth, BLACK, 0.3), 0.02 * head.px)


def _turtleneck(canvas: Canvas, head: Head, neck: float, skin: Colour) -> None:
    roll = both_sides([(0, 1.62), (neck * 1.08, 1.56), (neck * 1.16, 1.8), (neck * 1.2, 2.0), (0, 2.14)])
    canvas.fill(smooth(head.upright(roll)), mix(head.seen.clothes, BLACK, 0.14))


_COLLARS = {"crew": _crew, "v-neck": _v_neck, "shirt": _shirt, "turtleneck": _turtleneck}
