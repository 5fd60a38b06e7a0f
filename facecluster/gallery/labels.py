"""The persons of stored photos that have one content: a copy's name for an original without one, and contradictions.

A photo's row keeps the person of its own folder; who a face is follows from the rows of all photos of its content. So
nothing has to be remembered when a copy, or the person it was filed under, goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facecluster.gallery.database import Connection

# Of several copies the first by source and path decides, since their ids change with every run.
_PERSON_SQL = (
    "SELECT coalesce(p.person, (SELECT d.person FROM photos d WHERE d.sha256 = p.sha256 AND d.status = 'duplicate' AND "
    "d.person NOT NULL ORDER BY d.source_id, d.path LIMIT 1)) FROM photos p WHERE p.id = faces.photo_id"
)
_SETTLE_SQL = f"UPDATE faces SET person = ({_PERSON_SQL}) WHERE is_main AND person IS NOT ({_PERSON_SQL})"

# Photos of one content in folders of different people: the photo whose face it is, or the first, beside each other one.
CONTRADICTIONS_SQL = (
    "WITH named AS (SELECT p.id, p.sha256, p.path, p.person, p.source_id, s.kind, s.location, s.displaced, "
    "row_number() OVER (PARTITION BY p.sha256 ORDER BY p.status = 'duplicate', p.source_id, p.path) AS place "
    "FROM photos p JOIN sources s ON s.id = p.source_id WHERE p.person NOT NULL AND p.sha256 IN "
    "(SELECT sha256 FROM photos WHERE status = 'duplicate' AND person NOT NULL) AND p.status <> 'unreadable') "
    "SELECT a.path AS photo, a.person AS person, b.path AS other_photo, b.person AS other_person FROM named a "
    "JOIN named b ON b.sha256 = a.sha256 AND b.person <> a.person WHERE a.place = 1 "
)


def contradiction_sentence(contradictions: Sequence[Mapping[str, str]]) -> str:
    """What is told of the photos that lie in folders of different people; empty when there are none."""
    if not contradictions:
        return ""
    first, more = contradictions[0], len(contradictions) - 1
    rest = f", and {more:,} more photo{'s do' if more > 1 else ' does'} likewise" if more else ""
    return (
        f"{first['photo']} and {first['other_photo']} are one photo in folders of different people{rest}: the face "
        f"counts as {first['person']}, not {first['other_person']}, until one of the two copies is removed and the "
        "folder indexed again."
    )


def settle_persons(db: Connection, contents: Iterable[str]) -> None:
    """Gives the main faces of photos with these sha256 the person of their photo, or else of a copy of it."""
    of_content = " AND photo_id IN (SELECT id FROM photos WHERE sha256 = ? AND status = 'indexed')"
    db.executemany(_SETTLE_SQL + of_content, [(content,) for content in sorted(set(contents)) if content])
