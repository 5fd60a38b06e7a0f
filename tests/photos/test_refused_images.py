"""What is no photo, damaged or too large is refused with one sentence."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecluster.errors import OutOfMemoryError, PhotoError
from facecluster.photos.images import MAX_PHOTO_PIXELS, decoded_bytes, load_image
from tests.pictures import (
    FORMATS,
    assert_refused,
    encoded,
    picture,
)

pytestmark = pytest.mark.usefixtures("pillow_as_in_a_new_process")


def test_a_missing_file(tmp_path: Path) -> None:
    assert_refused(tmp_path / "gone.jpg", "gone.jpg", "does not exist")
    assert_refused(str(tmp_path / "gone.jpg"), "gone.jpg", "does not exist")


def test_a_path_that_leads_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(FORMATS["jpeg"]())
    assert_refused(tmp_path / "a.jpg" / "b.jpg", "b.jpg", "does not exist")


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "album.jpg").mkdir()
    assert_refused(tmp_path / "album.jpg", "album.jpg", "is a folder")


def test_a_photo_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "secret.jpg").write_bytes(FORMATS["jpeg"]())
    monkeypatch.setattr(os, "open", refuse)  # root may read everything, so the refusal is played
    assert_refused(tmp_path / "secret.jpg", "secret.jpg", "may not be read", "permission")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "link.jpg").symlink_to("pipe.jpg")
    assert_refused(tmp_path / "pipe.jpg", "pipe.jpg", "is a named pipe, not a file")
    assert_refused(tmp_path / "link.jpg", "link.jpg", "is a named pipe, not a file")


@pytest.mark.skipif(not Path("/dev/zero").is_char_device(), reason="this system has no /dev/zero")
def test_a_device_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    assert_refused(tmp_path / "zero.jpg", "zero.jpg", "is a device, not a file")


def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket has to be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.jpg")
        assert_refused("s.jpg", "s.jpg", "is a socket, not a file")


def test_a_file_that_is_no_photo_because_of_its_bytes(tmp_path: Path) -> None:
    with (tmp_path / "film.jpg").open("wb") as file:
        file.truncate(2**30 + 1)  # holes, which take no room
    assert_refused(tmp_path / "film.jpg", "film.jpg", "has 1.0 GiB", "make it smaller")
    with (tmp_path / "film.jpg").open("rb") as file:
        assert_refused(file, "film.jpg", "has 1.0 GiB")


def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    assert_refused(tmp_path / "loop.jpg", "loop.jpg", "cannot be read")


def test_too_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.Image.core.new", none_left)
    with pytest.raises(OutOfMemoryError, match=r"^The photo needs more memory than there is: close other programs"):
        load_image(FORMATS["jpeg"]())


@pytest.mark.parametrize("content", [b"", b"\n", b"Dear diary,\n" * 100, b"%PDF-1.7\n", b"\x00" * 1000, b"<svg/>"])
def test_a_file_that_is_no_photo(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    assert_refused(path, "photo.jpg", "is not a photo")
    assert_refused(content, "The photo", "is not a photo")


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "jpeg of several pictures"])
@pytest.mark.parametrize("share", [0.1, 0.4])
def test_a_photo_that_is_cut_off_in_its_first_half(name: str, share: float, tmp_path: Path) -> None:
    whole = FORMATS[name]()
    if name.startswith(("animated", "tiff of several")):
        share *= 0.5  # the first picture is what counts
    path = tmp_path / "photo.xyz"
    path.write_bytes(whole[: int(len(whole) * share)])
    assert_refused(path, "photo.xyz", "photo" if share < 0.1 or len(whole) < 300 else "cut off")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF", "JPEG2000", "PPM"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_damaged_photo_is_read_or_refused_and_nothing_else(format: str, data: st.DataObject) -> None:
    content = bytearray(encoded(picture().resize((24, 16)), format))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PhotoError):
        image = load_image(bytes(content))
        assert image.dtype == np.uint8
        assert image.shape[2] == 3


def png_of_size(width: int, height: int) -> bytes:
    """A few bytes that claim to be a grey picture of this size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("times", [1, 2.5, 100], ids=["just too large", "a bomb to Pillow", "huge"])
def test_too_many_pixels(times: float, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of_size(50_000, int(MAX_PHOTO_PIXELS * times / 50_000) + 1))
    assert_refused(path, "bomb.png", "make it" if times < 100 else "pixels")
    assert decoded_bytes(path.read_bytes()) == 0


@pytest.mark.parametrize("size", [(1, 100_000_000), (100_000_000, 1), (65_536, 2)])
def test_a_side_that_is_too_long(size: tuple[int, int]) -> None:
    assert_refused(png_of_size(*size), "The photo", f"a side of {max(size):,} pixels", "65,535 pixels wide and high")


def test_a_large_webp_is_refused_before_it_takes_memory() -> None:
    size = (16_383 - 1).to_bytes(3, "little")
    header = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size + size
    content = b"RIFF" + struct.pack("<I", 4 + len(header)) + b"WEBP" + header
    assert_refused(content, "The photo", "268 megapixels", "smaller than 120, or save it as JPEG")


@pytest.mark.parametrize("size", [(12_000, 10_000), (16_320, 12_240)])
def test_a_photo_of_a_large_camera_is_not_too_large(size: tuple[int, int]) -> None:
    # Not decoded here: it is refused for its missing pixels, not for their number.
    assert_refused(png_of_size(*size), "The photo", "cut off")
