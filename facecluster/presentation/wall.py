"""The wall of faces that the gallery page begins with: a card per person, and one a cluster that nobody named."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facecluster.presentation.text import counted

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Card:
    """One card: `person` is None for a cluster without a name.

    `cluster` holds most of its `faces`, None where they are in no cluster; `places` is in how many clusters they lie,
    no cluster among them. `mark` says in a few words why it needs a look, None where it does not.
    """

    title: str
    person: str | None
    cluster: int | None
    faces: int
    places: int = 1
    mark: str | None = None

    @property
    def query(self) -> dict[str, str]:
        """What the address of the clusters page says to show its faces."""
        if self.person is not None and (self.cluster is None or self.places > 1):
            return {"person": self.person}
        return {"cluster": str(self.cluster)}


def cards(
    identities: pd.DataFrame, clusters: pd.DataFrame, wrong: Mapping[str, int], sharing: Collection[str]
) -> list[Card]:
    """The cards that need a look first, then those with the most faces.

    `identities` is `gallery.faces.identities()`, `clusters` is `review.doubtful.titled`; `wrong` is how
    many of a person's faces lie elsewhere than in that person's cluster, `sharing` who has no cluster for themselves.
    """
    mixed = dict(zip(clusters["cluster"].tolist(), clusters["people"].tolist(), strict=True))
    made = [_nobodys(row) for row in clusters[clusters[["name", "person"]].isna().all(axis=1)].itertuples()]
    named = identities.dropna(subset="person").sort_values(["faces", "cluster"], ascending=[False, True])
    for person, rows in named.groupby("person", sort=False):
        cluster = rows["cluster"].dropna().astype(int).tolist()[:1]
        people = mixed.get(cluster[0], 0) if cluster else 0
        mark = _mark(wrong.get(str(person), 0), person in sharing, people)
        faces, main = int(rows["faces"].sum()), cluster[0] if cluster else None
        made.append(Card(str(person), str(person), main, faces, len(rows), mark))
    return sorted(made, key=lambda card: (card.mark is None, -card.faces, card.title.casefold()))


def cards_named(made: Sequence[Card], search: str) -> list[Card]:
    """The cards whose title holds every word of `search`, in any case."""
    words = search.casefold().split()
    return [card for card in made if all(word in card.title.casefold() for word in words)]


def _nobodys(row: object) -> Card:
    return Card(row.title, None, int(row.cluster), int(row.faces))  # type: ignore[attr-defined]


def _mark(wrong: int, is_sharing: bool, people: int) -> str | None:
    if is_sharing:
        return "Shares a cluster"
    if wrong:
        return f"{counted(wrong, 'face')} elsewhere"
    return f"Mixed: {people:,} people" if people > 1 else None
