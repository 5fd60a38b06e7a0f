"""Many answers at a glance: what stands below a photo, which filters it falls under, and how many there are of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from facecluster.presentation.text import counted
from facecluster.recognition.probes import Answer, answer_name, verdict

Kind = Literal["known", "unnamed", "unknown", "close", "no face", "unreadable"]
KINDS: tuple[Kind, ...] = ("known", "unnamed", "unknown", "close", "no face", "unreadable")
WORDS: dict[Kind, str] = {"unnamed": "no name yet", "close": "too close to tell", "unreadable": "not readable"}
"""What a kind is called, where that is another word."""


def kinds(answer: Answer) -> list[Kind]:
    """What a photo counts as: one kind for each verdict on its faces, or why it has none."""
    if answer.probe.error is not None:
        return ["unreadable"]
    if not answer.matches:
        return ["no face"]
    found = {verdict(match) for match in answer.matches}
    return [kind for kind in KINDS if kind in found]


def photos_of(answers: Iterable[Answer]) -> Counter[Kind]:
    """How many photos count as each kind; one with several faces may count as several."""
    return Counter(kind for each in answers for kind in kinds(each))


def names(answer: Answer) -> str:
    """Who is on a photo, `Tom Hanks, 2 unknown`; the file's name where there is no face on it."""
    if not answer.matches:
        return answer.probe.name
    known = list(dict.fromkeys(answer_name(match) for match in answer.matches if match.is_known))
    unknown = sum(not match.is_known for match in answer.matches)
    if unknown:
        known.append("unknown" if unknown == 1 else f"{unknown} unknown")
    told = ", ".join(known)
    return "Unknown" if told == "unknown" else told


def mark(answer: Answer) -> str:
    """The verdicts in a few words: `known, 0.81`, `2 known, 1 unknown`, `nobody known, 0.31`, `could not be read`.

    The number is the similarity to the best candidate.
    """
    found = kinds(answer)
    if found == ["unreadable"]:
        return "could not be read"
    if found == ["no face"]:
        return "no face"
    if len(answer.matches) == 1:
        word = "nobody known" if found == ["unknown"] else WORDS.get(found[0], found[0])
        return f"{word}, {answer.matches[0].similarity:.2f}"
    if found == ["unknown"]:
        return "nobody known"
    return counts_in_words(Counter(verdict(match) for match in answer.matches))


def summary(answers: Sequence[Answer]) -> str:
    """`3 photos, 4 faces`: who they are, the filters tell by photo."""
    faces = sum(len(each.matches) for each in answers)
    return f"{counted(len(answers), 'photo')}, {counted(faces, 'face')}"


def counts_in_words(counts: Counter[str]) -> str:
    """`2 known, 1 unknown`, in the order of the kinds."""
    return ", ".join(f"{counts[kind]} {WORDS.get(kind, kind)}" for kind in KINDS if kind in counts)
