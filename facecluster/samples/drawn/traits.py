"""What can be said about a drawn person, and the skin tones, hair, eyes, beards and glasses there are."""

from dataclasses import dataclass

from facecluster.samples.drawn.canvas import Colour

SKIN_TONES: dict[str, Colour] = {
    "very light": (250, 224, 208),
    "light": (238, 196, 164),
    "medium": (214, 164, 124),
    "tan": (180, 124, 84),
    "dark": (134, 88, 60),
    "very dark": (92, 58, 42),
}
"""Six tones in about even steps of brightness; people take turns at them, so that each is as frequent as the others."""

HAIR_COLOURS: dict[str, Colour] = {
    "black": (34, 28, 30),
    "dark brown": (66, 44, 34),
    "brown": (112, 72, 44),
    "auburn": (138, 58, 32),
    "red": (190, 92, 40),
    "blond": (222, 182, 108),
    "grey": (150, 148, 150),
    "white": (228, 226, 222),
}
EYE_COLOURS: dict[str, Colour] = {
    "brown": (84, 52, 32),
    "black": (44, 30, 26),
    "blue": (70, 122, 170),
    "green": (86, 126, 84),
    "grey": (112, 126, 138),
    "hazel": (132, 94, 48),
}
HAIR_STYLES = (
    "bald", "receding", "buzz", "side part", "swept back", "curly", "afro", "fringe bob", "long", "wavy", "bun", "locs",
)  # fmt: skip
BEARDED_STYLES = ("bald", "receding", "buzz", "side part", "swept back", "curly", "afro", "locs")
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
GLASSES = ("none", "round", "square", "half rim")


@dataclass(frozen=True)
class SamplePerson:
    """An invented person. Lengths are multiples of the usual face's; the usual face has 1.0 everywhere.

    `age` runs from 0 (twenty) to 1 (eighty); `brow_tilt` and `eye_tilt` are in radians, outer ends up when positive.
    `number` seeds the portraits.
    """

    number: int
    name: str
    skin_tone: str
    hair_style: str
    hair_colour: str
    eye_colour: str
    beard: str = "none"
    glasses: str = "none"
    age: float = 0.25
    face_width: float = 1.0
    face_length: float = 1.0
    jaw_width: float = 1.0
    chin_width: float = 1.0
    eye_distance: float = 1.0
    eye_size: float = 1.0
    eye_tilt: float = 0.0
    brow_thickness: float = 1.0
    brow_tilt: float = 0.0
    nose_width: float = 1.0
    nose_length: float = 1.0
    lip_fullness: float = 1.0
    mouth_width: float = 1.0
    lipstick: bool = False
    freckles: bool = False
    earrings: bool = False
