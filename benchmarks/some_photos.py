"""A few of a source's photos in place of all."""

from __future__ import annotations

from facecluster.photos.sources import PhotoFile, PhotoSource


class SomePhotos:
    """An even share of a source's photos, so that a few are of as many people as all; `limit` None takes all."""

    def __init__(self, source: PhotoSource, limit: int | None) -> None:
        self.kind, self.name, self.location = source.kind, source.name, source.location
        self._source, self._length = source, min(len(source), limit or len(source))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> PhotoFile:
        return self._source[index * len(self._source) // self._length]
