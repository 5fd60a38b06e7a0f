"""How strict to be in words: what the identify and verify pages ask for, and what it means on this gallery."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from facecluster import defaults
from facecluster.presentation.text import percent

if TYPE_CHECKING:
    from facecluster.recognition.scoring import FaceMatcher, Identity
    from facecluster.recognition.verification import Verification

DEFAULT = "Balanced"
_SEEN = 0.0005  # of known faces missed; less would be printed as 0.0 %, which a few faces cannot show
# The share of strangers' faces that may get a name (FPIR), and of pairs of different people that may pass as one.
IDENTIFY: dict[str, float] = {"Very strict": 0.001, "Strict": 0.005, DEFAULT: defaults.FPIR, "Lenient": 0.05}
VERIFY: dict[str, float] = {"Strict": 0.0001, DEFAULT: defaults.FMR, "Lenient": 0.01, "Very lenient": 0.05}

# Measured with a gallery of the 17 celebrities, the default weights, and public photos (README, Limits). Nothing in a
# gallery, nor in a probe, showed beforehand whom it would concern.
_UNEVEN = "The network tells faces of some groups apart less well than its figures for others say"
UNEVEN_NAMES = f"{_UNEVEN}: in a gallery of 17 celebrities 12\u00a0% of East Asian strangers got a name, not 1\u00a0%."
UNEVEN_PAIRS = (
    f"{_UNEVEN}: at 0.1\u00a0% for pairs of 17 celebrities, 5.8\u00a0% of pairs of different East Asian men passed, "
    "1.0\u00a0% of South Asian and 0.7\u00a0% of Black men."
)

KNOWN: dict[Identity, str] = {
    "person": "known people",
    "cluster": "the clusters' own faces",
    "mixed": "known faces",
}
_PAIRS: dict[Identity, tuple[str, str]] = {
    "person": ("different people", "one person"),
    "cluster": ("different clusters", "one cluster"),
    "mixed": ("different people or clusters", "one person or cluster"),
}


def identify_meaning(matcher: FaceMatcher, threshold: float) -> str:
    """What to expect at a threshold: how many strangers get a name, and how many known people do not."""
    named, missed = matcher.expected_fpir(threshold), matcher.expected_fnir(threshold)
    told = f"About {_one_in(named)} strangers gets a name"
    if math.isnan(missed):
        return f"{told}."
    share = percent(missed) if missed >= _SEEN else "hardly any"
    return f"{told}; {share} of {KNOWN[matcher.identity]} are missed."


def verify_meaning(found: Verification, identity: Identity) -> str:
    """How often such an answer errs, in one sentence; the rates are those of the gallery's own pairs of faces."""
    two, single = _PAIRS[identity]
    wrong = f"{100 * found.false_match_rate:.2g}\u00a0%"
    told = f"In this gallery {wrong} of pairs of faces of {two} would pass for the same person"
    missed = found.false_non_match_rate
    return f"{told}." if math.isnan(missed) else f"{told}, and {percent(missed)} of pairs of {single} would not."


def _one_in(share: float) -> str:
    """`1 in 100`, `none in 10,000`."""
    if share < 1e-4:
        return "none in 10,000"
    number = 1 / share
    return f"1 in {number:.1f}" if number < 5 else f"1 in {float(f'{number:.2g}'):,.0f}"
