"""Which page of a TIFF is the photo: the first that is no small copy of another one, or the one that is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import TiffImagePlugin

from facecluster.errors import UNNAMED, PhotoError

MAX_PAGES = 100  # more are not looked at

_SUBFILE_TYPE, _SUB_PAGES, _DNG_VERSION = 254, 330, 50706
_REDUCED, _MASK = 1, 4  # TIFF 6.0: bits of NewSubfileType


@dataclass(frozen=True)
class _Page:
    number: int
    width: int
    height: int
    marked: bool

    def is_small_copy_of(self, other: _Page) -> bool:
        """Whether it has the proportions of `other` and at most half its width."""
        return 2 * self.width <= other.width and abs(self.width * other.height - other.width * self.height) <= max(
            other.width, other.height
        )


def choose_page(image: TiffImagePlugin.TiffImageFile, page: int | None) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Turns to `page`, or else to the first that is a photo; what is passed over, in a sentence, and the other pages.

    Pages that say themselves that they are small copies or masks are not counted, and other pages than the photo's own
    are named only where they are no small copies either. Raises PhotoError for the raw files of cameras, which are
    TIFFs too, and EOFError where there is no such page.
    """
    tags = image.tag_v2
    if _DNG_VERSION in tags:
        raise _raw_file()
    if not image.is_animated:
        if _is_marked(image) and _SUB_PAGES in tags:
            raise _raw_file()
        image.seek(page or 0)
        return (), ()
    pages = _pages(image)
    if pages[0].marked and _SUB_PAGES in tags:
        raise _raw_file()
    own = [page for page in pages if not page.marked] or pages
    large = [page for page in own if not any(page.is_small_copy_of(other) for other in own)]
    read = large[0].number if page is None else page
    image.seek(read)
    others = tuple(other.number for other in large if other.number != read)
    if len(own) == 1:
        return (), others
    which = "" if page is None else f"Page {page + 1} was read, "
    if len(pages) > MAX_PAGES:
        return (f"{which}{MAX_PAGES} pages or more were passed over.",), others
    return (which + passed_over(len(own) - 1, "page"),), others


def passed_over(others: int, what: str) -> str:
    """A sentence on what else a file holds."""
    many = others > 1
    return f"{others} of {others + 1} {what}s {'were' if many else 'was'} passed over."


def _pages(image: TiffImagePlugin.TiffImageFile) -> list[_Page]:
    pages = []
    for number in range(MAX_PAGES + 1):
        try:
            image.seek(number)
        except Exception:  # the last one, or from here on damaged: then what was found counts
            break
        pages.append(_Page(number, image.width, image.height, _is_marked(image)))
    image.seek(0)
    return pages


def _is_marked(image: TiffImagePlugin.TiffImageFile) -> bool:
    return bool(int(image.tag_v2.get(_SUBFILE_TYPE, 0)) & (_REDUCED | _MASK))


def _raw_file() -> PhotoError:
    return PhotoError("is a camera's raw file: save it as JPEG.", UNNAMED)
