"""What a gallery tells of the places that its photos came from: frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOutFiles:
    """How many files of a kind lie beside the photos and are none, with the place of one of them."""

    kind: str
    files: int
    example: str


@dataclass(frozen=True)
class SourcePhotos:
    """How many photos came from a place; `location` is its path, `kind` is folder or zip."""

    kind: str
    name: str
    location: str
    photos: int


@dataclass(frozen=True)
class MissingPhotos:
    """How many of a source's photos are no longer at `location`."""

    location: str
    missing: int
    photos: int

    @property
    def is_disk_in_doubt(self) -> bool:
        """Whether so much is gone that a disk is more likely to be away than the photos to be deleted."""
        return 2 * self.missing > self.photos

    def __str__(self) -> str:
        """`5 of 680 photos are no longer in /photos`, with a question where that may be a disk's fault."""
        are = "photos are" if self.photos > 1 else "photo is"
        text = f"{self.missing:,} of {self.photos:,} {are} no longer in {self.location}"
        return f"{text} (is the disk there?)" if self.is_disk_in_doubt else text


@dataclass(frozen=True)
class UnfinishedSource:
    """A source whose indexing was cut off: `done` of its `photos` are in the gallery."""

    id: int
    kind: str
    location: str
    name: str
    photos: int
    done: int
    people_from: str

    def __str__(self) -> str:
        """`/photos: 144 of 680 photos`."""
        return f"{self.location}: {self.done:,} of {self.photos:,} photos"
