"""Which of a photo's folders names its person: the guess for a layout, and the choices that overrule it.

The rule, in the order in which it is applied (docs/folders.md tells it with examples):

1. A folder whose name is a date, a camera's folder or a word for a collection is nobody's. So is one whose name may be
   a month or ends with a year, where all folders beside it are of this kind too, and where dates outnumber the names.
   Numbers up to 31 are days and months; larger ones, and names that differ by a number alone, are numbers of people,
   where no better name is found.
2. Folders that hold everything wrap it, and are nobody's, where names of people are found below them.
3. One single name that holds everything is the person where a folder was given, and a wrapping in a zip or where it
   is called like the source.
4. Of several names above a photo the outermost is the person if most of these hold photos themselves, if these look
   more like full names, if there are more of them than of names that come back below several of them, or if beside the
   innermost, below most of them, lie dates and collections; else the innermost.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from facecluster.file_names import readable
from facecluster.photos.folder_words import is_camera, is_collection, is_date, may_be_date, numbered_stem, plain

AUTO = "auto"
CHOICES = ("auto", "first", "last", "none")

Folders = tuple[str, ...]
Sort = Literal["name", "number", "other"]

_BLANKS = " \t\r\n\v\f\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
_A_DAY = 31  # the largest number that may be a day or a month
_FULL_NAME = re.compile(r"\w+(?:[ _.-]+\w+)+")
_COPY = re.compile(r"[\s_.-]*(?:\(\d+\)|copy|kopie|main|master|\d{8}t\d{6}z.*|-\d{3})$")
_STORED = re.compile(r"(?P<guessed>auto:)?(?P<rule>first|last|none|\d+)(?:\+(?P<wrapping>\d+))?")
_SHOWN = 4


@dataclass(frozen=True)
class Naming:
    """How persons are read from the folders of a source's photos.

    `rule` is first, last, none or the number of a folder, counted from 1 below the `wrapping` folders. Where it was
    `guessed`, only `names` count, the folders that may be people's; `sure` is whether there was anything to decide.
    """

    rule: str
    wrapping: int = 0
    guessed: bool = False
    sure: bool = True
    names: frozenset[Folders] = field(default=frozenset(), repr=False)

    def place(self, path: str) -> Folders | None:
        """The folders down to the one that names the photo's person, None for a photo without a person."""
        folders = tuple(path.split("/")[:-1])
        depths = range(self.wrapping + 1, len(folders) + 1)
        if self.guessed:
            depths = [depth for depth in depths if folders[:depth] in self.names]  # type: ignore[assignment]
        if self.rule == "none" or not depths:
            return None
        if self.rule in ("first", "last"):
            depth = depths[0 if self.rule == "first" else -1]
        elif int(self.rule) <= len(depths):
            depth = depths[int(self.rule) - 1]
        else:
            return None
        return folders[:depth] if person_name(folders[depth - 1]) else None

    def person(self, path: str) -> str | None:
        """The name of the photo's person, None where it has none."""
        place = self.place(path)
        return person_name(place[-1]) if place else None

    @property
    def stored(self) -> str:
        """This naming as a gallery keeps it with the source: `last`, `2+1`, `auto:first`."""
        return f"{'auto:' if self.guessed else ''}{self.rule}{f'+{self.wrapping}' if self.wrapping else ''}"


@dataclass(frozen=True)
class Preview:
    """Whom a naming finds: photos of each person, the names that come from several folders, photos of nobody."""

    people: dict[str, int]
    repeated: tuple[str, ...]
    nobody: int

    def __str__(self) -> str:
        """`17 people: Ann, Bob, Cyd, Dee and 13 more; 2 folder names come several times`."""
        number = len(self.people)
        shown = number if number == _SHOWN + 1 else _SHOWN  # "and 1 more" would take as much room as its name
        names = ", ".join(list(self.people)[:shown])
        if not number:
            return "no names"
        more = f" and {number - shown:,} more" if number > shown else ""
        parts = [f"{number:,} {'people' if number > 1 else 'person'}: {names}{more}"]
        if self.repeated:
            several = "folder names come" if len(self.repeated) > 1 else "folder name comes"
            parts.append(f"{len(self.repeated):,} {several} several times")
        if self.nobody:
            parts.append(f"{self.nobody:,} photo{'s' if self.nobody > 1 else ''} of nobody")
        return "; ".join(parts)


def person_name(folder: str) -> str:
    """A folder's name as a person's: in Unicode's form NFC, without blanks around it.

    macOS writes é as two characters where others write one.
    """
    name = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in readable(folder))
    return unicodedata.normalize("NFC", name).strip(_BLANKS)


def preview(paths: Iterable[str], naming: Naming) -> Preview:
    """Whom `naming` finds on the photos at `paths`, by name."""
    photos: Counter[str] = Counter()
    folders: dict[str, set[Folders]] = defaultdict(set)
    nobody = 0
    for parents, number in _parents(paths).items():
        place = naming.place("/".join([*parents, ""]))
        if place is None:
            nobody += number
        else:
            name = person_name(place[-1])
            photos[name] += number
            folders[name].add(place)
    repeated = tuple(name for name in sorted(folders) if len(folders[name]) > 1)
    return Preview(dict(sorted(photos.items())), repeated, nobody)


def naming_of(
    paths: Iterable[str],
    source: str,
    kind: str,
    choice: str = AUTO,
    earlier: str = "",
    known: Collection[str] = (),
) -> Naming:
    """The naming for a source's photos: what is chosen, or else what was `earlier` stored with it, or else a guess.

    `source` is the source's name and `kind` folder or zip. A guess that is not sure gives way to an earlier one, by
    which these people are `known`, so that nobody loses a name because the folders of others went.
    """
    tree = _Tree(_parents(paths), source, kind)
    if choice != AUTO:
        return Naming(str(int(choice)) if choice.isdigit() else choice, tree.wrapping)
    stored = parse(earlier)
    if stored is None:
        return tree.guess()
    if not stored.guessed:
        return stored
    guess = tree.guess()
    return guess if guess.sure else replace(stored, sure=True, names=tree.names_with(known))


def parse(stored: str) -> Naming | None:
    """The naming that a gallery keeps as `stored`; None for none."""
    found = _STORED.fullmatch(stored)
    return found and Naming(found["rule"], int(found["wrapping"] or 0), bool(found["guessed"]))


def _parents(paths: Iterable[str]) -> Counter[Folders]:
    return Counter(tuple(path.split("/")[:-1]) for path in paths)


class _Tree:
    """The folders that hold photos, and which of them may be called after somebody."""

    def __init__(self, parents: Counter[Folders], source: str, kind: str) -> None:
        self._parents, self._source, self._kind = parents, source, kind
        self._common = _common(parents)
        self._sorts: dict[Folders, Sort] = {}
        self._unclear = False
        self._sort()

    def _sort(self) -> None:
        beside: dict[Folders, set[str]] = defaultdict(set)
        for folders in self._parents:
            for depth in range(len(folders)):
                beside[folders[:depth]].add(folders[depth])
        for above, names in beside.items():
            sorts, unclear = _sorts_of(names)
            self._sorts.update({(*above, name): sort for name, sort in sorts.items()})
            self._unclear |= unclear and not any(map(is_date, above))

    def all_names(self) -> frozenset[Folders]:
        """Every folder that may be somebody's, of numbers only where there is nothing better."""
        names = frozenset(place for place, sort in self._sorts.items() if sort == "name")
        numbers = frozenset(place for place, sort in self._sorts.items() if sort == "number")
        wraps = all(len(place) <= len(self._common) for place in names)
        return (names if not (wraps and numbers) else frozenset()) or numbers

    def names_with(self, known: Collection[str]) -> frozenset[Folders]:
        """`all_names`, and the folders of people who are known, unless no person at all is called so."""
        people = set(known)
        return self.all_names() | {
            place
            for place in self._sorts
            if person_name(place[-1]) in people and not (is_date(place[-1]) or is_nobody(place[-1]))
        }

    @property
    def wrapping(self) -> int:
        """How many of the outermost folders hold everything and are nobody's."""
        depth, names = len(self._common), self.all_names()
        if any(len(place) > depth for place in names):
            return depth
        return min((len(place) - 1 for place in names), default=0)

    def guess(self) -> Naming:
        names, wrapping = self.all_names(), self.wrapping
        sure = not self._unclear
        below = frozenset(place for place in names if len(place) > len(self._common))
        if not names:
            return Naming("none", 0, True, sure)
        if not below:
            is_wrapping = self._kind == "zip" or any(_is_like(place[-1], self._source) for place in names)
            return Naming("none" if is_wrapping else "last", wrapping, True, False, names)
        if {self._sorts[place] for place in below} == {"number"}:
            sure = False
        chains = {
            tuple(folders[:depth] for depth in range(wrapping + 1, len(folders) + 1) if folders[:depth] in below)
            for folders in self._parents
        } - {()}
        albums = {place[: len(self._common) + 1] for place in self._sorts if self._is_album(place)}
        rule, certain = _first_or_last(chains, albums)
        return Naming(rule, wrapping, True, sure and certain, below)

    def _is_album(self, place: Folders) -> bool:
        """Whether a folder below somebody's is called like a date or a collection, not like a person."""
        below = len(place) > len(self._common) + 1
        return below and (self._sorts[place] == "other" or may_be_date(place[-1]))


def _common(parents: Collection[Folders]) -> Folders:
    first, last = min(parents, default=()), max(parents, default=())
    depth = 0
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return first[:depth]


def _sorts_of(names: Collection[str]) -> tuple[dict[str, Sort], bool]:
    """What each of the names beside each other is, and whether another answer could be right as well."""
    numbers = {name for name in names if plain(name).isdecimal()}
    are_ids = any(int(plain(name)) > _A_DAY and not is_date(name) for name in numbers)
    dates = {name for name in names if is_date(name)} - (numbers if are_ids else set())
    others = dates | {name for name in names if is_nobody(name)} - numbers
    rest = set(names) - others - numbers
    maybe = {name for name in rest if may_be_date(name)}
    unclear = bool(numbers - dates)
    if (rest and maybe == rest) or len(dates) > max(len(rest), 1):
        unclear, rest, others = unclear or bool(rest), set(), others | rest
    sorts: dict[str, Sort] = dict.fromkeys(others, "other")
    sorts.update(dict.fromkeys(numbers - others, "number" if are_ids else "other"))
    stems = {numbered_stem(name) for name in rest}
    are_numbered = len(rest) > 1 and len(stems) == 1 and None not in stems
    sorts.update(dict.fromkeys(rest, "number" if are_numbered else "name"))
    return sorts, unclear


def _first_or_last(chains: Collection[tuple[Folders, ...]], albums: Collection[Folders]) -> tuple[str, bool]:
    """Which of several names above a photo is the person's, and whether that is sure; one a photo leaves no choice.

    `albums` are the outermost folders below which some are called like a date or a collection.
    """
    longer = [chain for chain in chains if len(chain) > 1]
    if not longer:
        return "last", True
    outer = {chain[0] for chain in longer}
    inner = {chain[-1][-1] for chain in longer}
    first = last = 0
    tops = {chain[0] for chain in chains}
    if 2 * len({chain[0] for chain in chains if len(chain) == 1}) > len(tops):
        first += 1
    if 2 * len(tops & set(albums)) > len(tops):
        first += 1
    full_outer, full_inner = _share_of_full_names(place[-1] for place in outer), _share_of_full_names(inner)
    if (full_outer >= 0.5) != (full_inner >= 0.5):
        first, last = first + (full_outer >= 0.5), last + (full_inner >= 0.5)
    above: dict[str, set[Folders]] = defaultdict(set)
    for chain in longer:
        above[chain[-1][-1]].add(chain[0])
    if 2 * sum(len(places) > 1 for places in above.values()) >= len(inner):
        first, last = first + (len(outer) > len(inner)), last + (len(outer) < len(inner))
    return ("first" if first > last else "last"), abs(first - last) > 1 and not min(first, last)


def is_nobody(name: str) -> bool:
    """Whether a folder is called like no person, whatever stands beside it."""
    return is_camera(name) or is_collection(name)


def _share_of_full_names(names: Iterable[str]) -> float:
    """The share of names of two words or more that all begin with a capital, or in scripts without capitals."""
    looked = [
        bool(_FULL_NAME.fullmatch(name)) and all(not word[0].islower() for word in re.split(r"[ _.-]+", name) if word)
        for name in map(person_name, names)
    ]
    return sum(looked) / len(looked) if looked else 0.0


def _is_like(name: str, source: str) -> bool:
    """Whether a folder is called like the source around it: packing `holiday` gives `holiday (1).zip`."""
    bare = [_COPY.sub("", plain(text)) for text in (name, source)]
    return bool(bare[0]) and bare[0] == bare[1]
