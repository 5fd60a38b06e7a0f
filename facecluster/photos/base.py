"""What every source of photos has in common: an ordered list of image files, whose they are, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from facecluster.errors import NothingThereError, SourceError
from facecluster.photos.formats import FORMAT_NAMES, HEAD_BYTES, is_image
from facecluster.photos.left_out import LeftOut
from facecluster.photos.people_names import AUTO, Naming, Preview, naming_of, preview

MAX_PHOTO = 2**30
"""Bytes: a file that is larger is no photo, and would not fit into memory beside others."""
_LARGE = 64 * 2**20  # bytes: before more is read into memory, the first bytes have to be a photo's


def require_photo(size: int, open_file: Callable[[], BinaryIO]) -> None:
    """Raises OSError for a large file that does not begin as a photo: a small zip can hold gigabytes of nothing.

    `open_file` opens it for reading, and is not called for others; its errors pass through.
    """
    if size <= _LARGE:
        return
    with open_file() as file:
        if not is_image(file.read(HEAD_BYTES)):
            raise OSError(f"is not a photo in a format that can be read ({FORMAT_NAMES})")


@dataclass(frozen=True)
class PhotoFile:
    """One image file of a source; `path` is relative to the source, with forward slashes.

    `size` is how many bytes `read` will take, as far as the source tells without opening the file.
    """

    path: str
    person: str | None
    read: Callable[[], bytes]
    size: int = 0


class PhotoSource(Protocol):
    """An ordered collection of image files. `kind` is `folder` or `zip`; `location` leads back to it later."""

    kind: str
    name: str
    location: str

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> PhotoFile: ...


class ListedPhotos:
    """A source whose files are listed when it is opened; folders and zips say how one is read."""

    kind: str
    name: str
    location: str
    left_out: LeftOut
    """What lies beside the photos and is none."""
    _damaged: Mapping[str, str] = {}
    unseen: Collection[str] = ()
    """Folders that could not be looked into, so that nobody knows what they hold."""

    def _list(self, sizes: Mapping[str, int], choice: str, where: str) -> None:
        """Takes the photos with their sizes in bytes. Raises SourceError when there are none; `where` begins it."""
        if not sizes:
            beside = f"; it holds {self.left_out}" if self.left_out else ""
            raise NothingThereError(f"{where} holds no photos ({FORMAT_NAMES}){beside}: choose another.")
        self._sizes = dict(sorted(sizes.items()))
        self._paths = list(self._sizes)
        self._choice = choice
        self.naming = self._naming(choice)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> PhotoFile:
        path = self._paths[index]
        return PhotoFile(path, self.naming.person(path), lambda: self._read(path), self._sizes[path])

    def __iter__(self) -> Iterator[PhotoFile]:
        return (self[index] for index in range(len(self)))

    @property
    def paths(self) -> list[str]:
        """The photos' paths, in their order."""
        return self._paths

    def read_file(self, path: str) -> bytes:
        """The bytes of one photo. Raises OSError when it cannot be read."""
        raise NotImplementedError

    def _read(self, path: str) -> bytes:
        if path in self._damaged:
            raise OSError(self._damaged[path])
        return self.read_file(path)

    def add_what_stayed(self, damaged: Mapping[str, str], left_out: LeftOut) -> None:
        """Tells what of a zip could not be unpacked into this folder: photos, with the reason, and what is none."""
        self._damaged = dict(damaged)
        self.left_out = left_out
        self._list({**dict.fromkeys(damaged, 0), **self._sizes}, self._choice, self.name)

    def use_earlier_naming(self, stored: str, known: Collection[str]) -> None:
        """Names the people as when the source was indexed before, which gave those `known`, unless chosen anew."""
        self.naming = self._naming(self._choice, stored, known)

    def preview(self, choice: str) -> Preview:
        """The people that a choice of CHOICES or the number of a folder finds; the guess for `auto`."""
        return preview(self._paths, self._naming(choice))

    @property
    def people(self) -> Preview:
        """The people that the present naming finds."""
        return preview(self._paths, self.naming)

    @property
    def deepest(self) -> int:
        """How many folders lie above the photo that has the most of them."""
        return max(path.count("/") for path in self._paths)

    def _naming(self, choice: str, earlier: str = "", known: Collection[str] = ()) -> Naming:
        return naming_of(self._paths, self.name, self.kind, choice, earlier, known)


def require_choice(choice: str) -> str:
    """The choice, if it is one. Raises SourceError for another than first, last, none, auto or a number from 1."""
    if choice in (AUTO, "first", "last", "none") or (choice.isascii() and choice.isdigit() and int(choice) > 0):
        return choice
    raise SourceError(f"People cannot be named from {choice}: choose first, last, none, auto or a number from 1.")


def within(path: str, folders: Iterable[str]) -> bool:
    """Whether a path lies in one of `folders`, at any depth."""
    return any(path.startswith(f"{folder}/") for folder in folders)
