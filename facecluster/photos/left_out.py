"""What a source holds besides photos: which kind of file each one is, and how many of each kind were left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from facecluster.photos.formats import HEAD_BYTES, is_image
from facecluster.photos.images import SUFFIXES

VIDEOS, RAW, SIDECARS, DOCUMENTS = "videos", "raw photos", "sidecars", "documents"
AUDIO, ARCHIVES, OTHER_IMAGES = "audio files", "archives", "images in other formats"
SYSTEM_FOLDERS, HIDDEN_FOLDERS = "system folders", "hidden folders"
SYSTEM_FILES, HIDDEN_FILES, EMPTY = "system files", "hidden files", "empty files"
DEVICES = "pipes, sockets and devices"
UNREADABLE_FOLDERS, UNREADABLE_FILES = "unreadable folders", "unreadable files"
LONG_PATHS, KNOWN_LINKS, LINKS = "too long paths", "links to folders that are in already", "links in the zip"
DOUBLE_NAMES, OTHERS = "files of the same name", "other files"

_SUFFIXES = {
    VIDEOS: """mp4 m4v mov avi mkv wmv webm 3gp 3g2 mts m2ts m2t mpg mpeg mpe vob flv f4v ogv insv lrv mxf divx asf
        mod tod""",
    RAW: """cr2 cr3 crw nef nrw arw srf sr2 dng raf orf rw2 raw rwl pef ptx 3fr fff iiq erf kdc dcr k25 mrw mos mef x3f
        srw gpr cap eip cine""",
    SIDECARS: "xmp aae thm pp3 dop cos on1 json exif icc mie nksc lrtemplate pto",
    DOCUMENTS: """txt pdf doc docx odt rtf md html htm csv tsv xls xlsx ods ppt pptx odp key pages numbers epub log xml
        yaml yml tex eml""",
    AUDIO: "mp3 wav m4a aac flac ogg oga opus wma aiff aif amr mid",
    ARCHIVES: "zip 7z rar tar gz tgz bz2 xz zst lzh cab iso dmg",
    OTHER_IMAGES: """avif avifs jxl jp2 j2k jpf jpx jpm psd psb xcf svg svgz ico cur icns exr hdr tga pcx ppm pgm pbm
        pnm eps ai heics kra clip indd wdp jxr dds sgi fits fit djvu dcm wmf emf""",
    SYSTEM_FILES: "lnk url ini db db-journal sys dll exe lrcat lrprev lrdata itc2 ithmb",
}
_KINDS = {f".{suffix}": kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
# First bytes of files whose names say nothing; those of photos are in formats.py.
_HEADS = (
    (b"%PDF", DOCUMENTS),
    (b"PK\x03\x04", ARCHIVES),
    (b"Rar!", ARCHIVES),
    (b"7z\xbc\xaf", ARCHIVES),
    (b"\x1f\x8b", ARCHIVES),
    (b"\x1aE\xdf\xa3", VIDEOS),  # Matroska, WebM
    (b"\x00\x00\x01\xba", VIDEOS),
    (b"8BPS", OTHER_IMAGES),
    (b"\xff\x0a", OTHER_IMAGES),  # JPEG XL
    (b"\x00\x00\x00\x0cJXL ", OTHER_IMAGES),
    (b"\x00\x00\x00\x0cjP  ", OTHER_IMAGES),
    (b"ID3", AUDIO),
    (b"OggS", AUDIO),
    (b"fLaC", AUDIO),
)
_SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "folder.htt", "picasa.ini"}
_SYSTEM_FOLDERS = frozenset(
    [
        # Synology, QNAP and other NAS boxes
        "@eadir",
        "#recycle",
        "#snapshot",
        "@recycle",
        "@recently-snapshot",
        "@tmp",
        "@sharesnap",
        "@sharebin",
        "@trash",
        "@__thumb",
        ".@__thumb",
        "@appdata",
        "@upload_cache",
        ".@upload_cache",
        ".streams",
        ".wdmc",
        ".wd_tv",
        ".snapshot",
        ".snapshots",
        ".zfs",
        ".etadata",
        # Windows, macOS, Linux
        "$recycle.bin",
        "recycler",
        "recycled",
        "system volume information",
        "$windows.~bt",
        "$winreagent",
        "lost+found",
        "__macosx",
        ".trashes",
        ".spotlight-v100",
        ".fseventsd",
        ".documentrevisions-v100",
        ".temporaryitems",
        "temporary items",
        "network trash folder",
        ".appledouble",
        ".appledb",
        ".appledesktop",
        ".trash",
        ".thumbnails",
        ".thumb",
        ".thumbs",
        "resource.frk",
        "_vti_cnf",
        "ipod photo cache",
        # programs: Picasa, digiKam, Dropbox, Resilio Sync, Syncthing, GIMP
        ".picasaoriginals",
        ".dtrash",
        ".dropbox.cache",
        ".sync",
        ".stfolder",
        ".stversions",
        ".tmb",
    ]
)
_SYSTEM_BEGINNINGS = (".trash-", ".trash_", "found.0", "__macosx")
_SYSTEM_ENDINGS = (".lrdata", "@synoeastream", "@synoresource")


class LeftOut:
    """How many files of each kind were left out of a source, folders of a kind as one, with one example of each."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._examples: dict[str, str] = {}

    def add(self, kind: str, example: str, files: int = 1) -> None:
        self._files[kind] = self._files.get(kind, 0) + files
        self._examples.setdefault(kind, example)

    def __bool__(self) -> bool:
        return bool(self._files)

    def __str__(self) -> str:
        return kinds_in_words(self.files)

    @property
    def files(self) -> Mapping[str, int]:
        """How many of each kind, the most numerous first."""
        return dict(sorted(self._files.items(), key=lambda item: (-item[1], item[0])))

    @property
    def examples(self) -> Mapping[str, str]:
        """One path of each kind."""
        return self._examples


def kinds_in_words(files: Mapping[str, int]) -> str:
    """`videos (12), sidecars (3)`."""
    return ", ".join(f"{kind} ({number:,})" for kind, number in files.items())


def folder_kind(name: str) -> str | None:
    """Why a folder is left out with everything in it; None for one that may hold photos."""
    folded = name.casefold()
    is_system = folded in _SYSTEM_FOLDERS or folded.startswith(_SYSTEM_BEGINNINGS) or folded.endswith(_SYSTEM_ENDINGS)
    return SYSTEM_FOLDERS if is_system else HIDDEN_FOLDERS if name.startswith(".") else None


def kind_by_name(name: str) -> str | None:
    """Why a file is left out whatever it holds: hidden files and those that systems make; None for others."""
    folded = name.casefold()
    if folded in _SYSTEM_FILES or folded.endswith(_SYSTEM_ENDINGS):
        return SYSTEM_FILES
    return HIDDEN_FILES if name.startswith(".") else None


def is_photo_name(name: str) -> bool:
    """Whether a file is called like a photo. What it holds shows when it is read; then it is told if it is none."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def kind_by_content(name: str, head: bytes) -> str | None:
    """What a file that is not called like a photo is, by its first HEAD_BYTES bytes; None for a photo."""
    suffix = PurePosixPath(name).suffix.lower()
    by_name = _KINDS.get(suffix)
    # Raw photos are TIFF files to look at, but what is in them only their makers' programs know. The JPEG pictures
    # beside Canon's videos are small copies of the first frame.
    if is_image(head) and not (by_name == RAW and head[:2] in (b"II", b"MM")) and suffix != ".thm":
        return None
    if not head:
        return EMPTY
    return by_name or next((kind for start, kind in _HEADS if head.startswith(start)), None) or _media(head) or OTHERS


def _media(head: bytes) -> str | None:
    """Files of ISO base media (ISO/IEC 14496-12: a brand behind `ftyp`) and RIFF, whose kind stands inside."""
    if head[4:8] == b"ftyp":
        return OTHER_IMAGES if head[8:12] in (b"avif", b"avis") else RAW if head[8:12] == b"crx " else VIDEOS
    if head[:4] == b"RIFF":
        return {b"AVI ": VIDEOS, b"WAVE": AUDIO}.get(head[8:12])
    return None


__all__ = ["HEAD_BYTES", "LeftOut", "folder_kind", "is_photo_name", "kind_by_content", "kind_by_name", "kinds_in_words"]
