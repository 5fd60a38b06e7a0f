"""The photos that one session dropped in: read once, kept within bounds, forgotten at a word. Nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from facecluster.presentation.probe_pictures import thumbnail
from facecluster.recognition.probes import Answer, Probe, verdict

MAX_PHOTOS = 200
MAX_BYTES = 500_000_000  # of the files themselves: they are kept in case they have to be read anew

# Which model read a photo, and from which detection score on something was taken for a face.
Settings = tuple[str, float]


@dataclass(eq=False)
class Kept:
    """One photo of a session: its file, and what was read of it with `settings`; None before it was read."""

    number: int
    name: str
    content: bytes
    settings: Settings | None = None
    _probe: Probe | None = None
    _drawn: tuple[object, bytes | None] = (None, None)

    @property
    def probe(self) -> Probe:
        """What was read. Raises ValueError before."""
        if self._probe is None:
            raise ValueError(f"{self.name} was not read yet")
        return self._probe

    def read(self, settings: Settings, read: Callable[[str, bytes], Probe]) -> None:
        """Takes what `read` makes of the file."""
        self._probe, self.settings, self._drawn = read(self.name, self.content), settings, (None, None)

    def thumbnail(self, answer: Answer) -> bytes | None:
        """A JPEG of at most 240 pixels with the answer's boxes, drawn anew only where a verdict changed."""
        verdicts = [verdict(match) for match in answer.matches]
        if self._drawn[0] != verdicts:
            picture = answer.probe.picture
            self._drawn = (verdicts, picture and thumbnail(picture, answer.boxes, verdicts))
        return self._drawn[1]


@dataclass(eq=False)
class Shelf:
    """The photos of one session in the order in which they came: at most 200 of them and 500 MB of files."""

    max_photos: int = MAX_PHOTOS
    max_bytes: int = MAX_BYTES
    _photos: dict[int, Kept] = field(default_factory=dict)
    _next: int = 1

    def __len__(self) -> int:
        return len(self._photos)

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._photos.values())

    def __contains__(self, number: object) -> bool:
        return number in self._photos

    def __getitem__(self, number: int) -> Kept:
        return self._photos[number]

    def add(self, name: str, content: bytes) -> Kept | None:
        """Keeps a file, or finds the same file of the same name again; None where there is no room for it."""
        for kept in self:
            if kept.name == name and kept.content == content:
                return kept
        held = sum(len(kept.content) for kept in self)
        if len(self) >= self.max_photos or (self._photos and held + len(content) > self.max_bytes):
            return None
        kept = Kept(self._next, name, content)
        self._photos[kept.number] = kept
        self._next += 1
        return kept

    def remove(self, number: int) -> None:
        """Forgets one photo."""
        self._photos.pop(number, None)
