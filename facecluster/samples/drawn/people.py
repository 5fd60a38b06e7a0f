"""Who is who among the drawn people: the first twelve are cast by hand, everybody else is drawn at random."""

import numpy as np

from facecluster.samples.drawn.cast import CAST
from facecluster.samples.drawn.traits import (
    BEARDED_STYLES,
    BEARDS,
    EYE_COLOURS,
    GLASSES,
    HAIR_COLOURS,
    HAIR_STYLES,
    SKIN_TONES,
    SamplePerson,
)

_LIGHT = (tuple(HAIR_COLOURS)[:6], tuple(EYE_COLOURS))
_DARK = (("black", "dark brown", "brown"), ("brown", "black", "hazel"))
"""Hair and eye colours that go with light and with darker skin."""

_SPREAD = (
    ("face_width", 0.05), ("face_length", 0.04), ("jaw_width", 0.1), ("chin_width", 0.2), ("eye_distance", 0.06),
    ("eye_size", 0.13), ("brow_thickness", 0.3), ("nose_width", 0.17), ("nose_length", 0.12), ("lip_fullness", 0.28),
    ("mouth_width", 0.08),
)  # fmt: skip
"""Standard deviations of the traits drawn at random; cut off at twice that."""

_MORE_NAMES = (
    "Isolde Wintergreen",
    "Kwame Larkspur",
    "Yuna Silverbrook",
    "Bartholomew Gooseberry",
    "Imani Cloudberry",
    "Darius Copperfield-Ray",
    "Linnea Frostholm",
    "Sefu Nightingrove",
    "Priya Moonwhistle",
    "Gideon Oakenshaw",
    "Amara Honeywell-Dune",
    "Leandro Vistamar",
    "Elspeth Dandeliard",
    "Chidi Amberstone",
    "Mei Willowisp",
    "Casimir Threadgold",
    "Adaeze Sunderleaf",
    "Tariq Marblewood",
    "Saoirse Applegarth",
    "Bakari Stonemeadow",
    "Anjali Peppercorn",
    "Fergus Mossbottom",
    "Thandi Featherlake",
    "Emilio Candlewick",
    "Freya Bluebellow",
    "Desta Ravenhill-Oye",
    "Noor Lanternby",
    "Ignatius Plumtree",
    "Makena Driftwater",
    "Xiomara Goldenrod",
    "Alaric Swanmere",
    "Femi Duskwalker",
    "Suki Paperlantern",
    "Humphrey Barleycombe",
    "Winta Emberfield",
    "Joaquin Starling-Vale",
)
"""Of those after the first twelve; then they are used again with a number."""


def sample_person(number: int) -> SamplePerson:
    """The drawn person with this number, from 0 upwards; the same for every call.

    Raises ValueError for a negative number.
    """
    if number < 0:
        raise ValueError(f"Drawn people are numbered from 0, not {number}.")
    return CAST[number] if number < len(CAST) else _by_lot(number)


def sample_people(count: int) -> list[SamplePerson]:
    """The first `count` drawn people; all names differ, and each skin tone is met equally often."""
    return [sample_person(number) for number in range(count)]


def _by_lot(number: int) -> SamplePerson:
    rng = np.random.default_rng((2018, number))
    order = number - len(CAST)
    round_, place = divmod(order, len(_MORE_NAMES))
    name = _MORE_NAMES[place] + (f" {round_ + 1}" if round_ else "")
    style = HAIR_STYLES[(order * 5 + order // len(HAIR_STYLES)) % len(HAIR_STYLES)]
    age = float(rng.random())
    bearded = style in BEARDED_STYLES and rng.random() < 0.65
    tone = tuple(SKIN_TONES)[order * 5 % len(SKIN_TONES)]
    hair, eyes = _LIGHT if tone in ("very light", "light") else _DARK
    around = {
        trait: float(np.clip(rng.normal(1.0, spread), 1 - 2 * spread, 1 + 2 * spread)) for trait, spread in _SPREAD
    }
    return SamplePerson(
        number=number,
        name=name,
        skin_tone=tone,
        hair_style=style,
        hair_colour=str(rng.choice(("grey", "white") if age > 0.75 else hair)),
        eye_colour=str(rng.choice(eyes)),
        beard=str(rng.choice(BEARDS[1:])) if bearded else "none",
        glasses=str(rng.choice(GLASSES[1:])) if rng.random() < 0.35 else "none",
        age=age,
        eye_tilt=float(rng.uniform(-0.06, 0.14)),
        brow_tilt=float(rng.uniform(-0.12, 0.18)),
        lipstick=not bearded and bool(rng.random() < 0.4),
        freckles=bool(rng.random() < 0.15),
        earrings=style not in BEARDED_STYLES and bool(rng.random() < 0.5),
        **around,
    )
