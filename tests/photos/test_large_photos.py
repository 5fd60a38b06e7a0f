"""Large photos are decoded in bounded memory, band by band where that is needed, and boxes stay those of the photo."""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from facecluster.errors import PhotoError
from facecluster.photos import bands, opening
from facecluster.photos.images import decoded_bytes, load_image, load_photo
from facecluster.photos.opening import MAX_PIXELS, look_at
from facecluster.photos.tiff_bands import TiffBands
from facecluster.vision.faces import FaceReader
from tests.pictures import FORMATS, ORIENTATION, encoded

pytestmark = pytest.mark.usefixtures("pillow_as_in_a_new_process")

MEGAPIXEL = 1_000_000


def large_png(width: int, height: int, colour: int, pixel: bytes) -> bytes:
    """A PNG of one colour, written row by row; `colour` is the type of the specification, 8 bits per sample."""
    packer = zlib.compressobj(1)
    row = b"\0" + pixel * width
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def tiff(tags: dict[int, tuple[int, ...]], data: bytes, order: str = "<") -> bytes:
    """A TIFF of LONG tags whose pixels lie at byte 8."""
    data += bytes(len(data) % 2)
    entries, outside = b"", b""
    outside_at = 8 + len(data) + 2 + 12 * len(tags) + 4
    for tag, values in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}L", *values)
        place = packed if len(values) == 1 else struct.pack(order + "L", outside_at + len(outside))
        outside += packed if len(values) > 1 else b""
        entries += struct.pack(order + "HHL", tag, 4, len(values)) + place
    header = (b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, 8 + len(data))
    return header + data + struct.pack(order + "H", len(tags)) + entries + bytes(4) + outside


def large_tiff(width: int, height: int, bits: tuple[int, ...], kind: int, photometric: int, fill: int) -> bytes:
    """A TIFF whose strips of 100 rows all lie at the same place; `kind` is SampleFormat."""
    strip = zlib.compress(bytes([fill]) * (100 * width * sum(bits) // 8))
    strips = height // 100
    tags = {256: (width,), 257: (height,), 258: bits, 259: (8,), 262: (photometric,), 273: (8,) * strips}
    tags |= {277: (len(bits),), 278: (100,), 279: (len(strip),) * strips, 339: (kind,) * len(bits)}
    return tiff(tags, strip)


def grey_jpeg(width: int, height: int, **options: Any) -> bytes:
    return encoded(Image.new("L", (width, height), 90), "JPEG", **options)


# --- memory -------------------------------------------------------------------------------------------------------

LARGE: dict[str, tuple[Callable[[], bytes], int]] = {
    "png with alpha, 119 megapixels": (lambda: large_png(11_000, 10_800, 6, b"\x10\x20\x30\x80"), 400),
    "png with alpha, 131 megapixels": (lambda: large_png(11_000, 11_900, 6, b"\x10\x20\x30\x80"), 200),
    "rgb tiff of 16 bits, 200 megapixels": (lambda: large_tiff(16_000, 12_500, (16,) * 3, 1, 2, 7), 260),
    "cmyk tiff, 119 megapixels": (lambda: large_tiff(11_000, 10_800, (8,) * 4, 1, 5, 7), 420),
    "float tiff, 119 megapixels": (lambda: large_tiff(11_000, 10_800, (32,), 3, 1, 7), 420),
    "grey jpeg, 200 megapixels": (lambda: grey_jpeg(16_320, 12_240), 300),
    "progressive jpeg, 30 megapixels": (lambda: grey_jpeg(6_000, 5_000, progressive=True), 250),
    "jpeg 2000, 36 megapixels": (lambda: encoded(Image.new("RGB", (6_000, 6_000), (9, 80, 200)), "JPEG2000"), 300),
    "webp, 8 megapixels": (lambda: encoded(Image.new("RGB", (4_000, 2_000), (9, 80, 200)), "WEBP"), 180),
    "avif, 8 megapixels": (lambda: encoded(Image.new("RGB", (4_000, 2_000), (9, 80, 200)), "AVIF", speed=10), 180),
    "heic, 8 megapixels": (lambda: encoded(Image.new("RGB", (4_000, 2_000), (9, 80, 200)), "HEIF"), 180),
    "gif, 30 megapixels": (lambda: encoded(Image.new("P", (6_000, 5_000), 3), "GIF"), 200),
}

CHILD = """
import re, sys
from facecluster.photos.images import decoded_bytes, load_photo
def megabytes(kind):
    return int(re.search(kind + r":\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1000
import pillow_heif
load_photo(open(sys.argv[2], "rb").read())  # what is loaded once is loaded now
content = open(sys.argv[1], "rb").read()
before = megabytes("VmRSS")
told = decoded_bytes(content) / 1e6
header = megabytes("VmHWM") - before
photo = load_photo(content)
print(header, megabytes("VmHWM") - before, told, photo.image.shape[1] * photo.image.shape[0] / 1e6)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the most memory of a process")
@pytest.mark.parametrize("name", LARGE)
def test_memory_is_bounded_and_told_before(name: str, tmp_path: Path) -> None:
    make, most = LARGE[name]
    (tmp_path / "photo").write_bytes(make())
    (tmp_path / "small").write_bytes(FORMATS["jpeg"]())
    # glibc keeps what was given back, in as many heaps as threads, which is not what a photo needs.
    environment = os.environ | {
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_TRIM_THRESHOLD_": "0",
        "MALLOC_MMAP_THRESHOLD_": "65536",
    }
    command = [sys.executable, "-c", CHILD, str(tmp_path / "photo"), str(tmp_path / "small")]
    output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    header, peak, told, megapixels = map(float, output.split())
    assert header < 15, "its header alone is read to tell how much it will take"
    assert peak < most
    assert peak <= told + 20
    assert told < 3 * peak + 60, "who waits for more memory than is needed waits too long"
    assert megapixels <= MAX_PIXELS / 1e6


def test_what_cannot_be_decoded_takes_nothing() -> None:
    for content in (b"", b"no photo", FORMATS["jpeg"]()[:100], FORMATS["webp"]()[:30], large_png(70_000, 1, 0, b"\0")):
        assert decoded_bytes(content) == 0


# --- the same pixels ----------------------------------------------------------------------------------------------

RANDOM = np.random.default_rng(5)
NOISE = RANDOM.integers(0, 256, (83, 57, 4), np.uint8)
RGB, RGBA, GREY = Image.fromarray(NOISE[..., :3]), Image.fromarray(NOISE), Image.fromarray(NOISE[..., 0])
TURNED = Image.Exif()
TURNED[ORIENTATION] = 8


def tiles() -> bytes:
    """RGB in tiles of 16 x 32, the last ones reaching beyond the picture."""
    padded = np.zeros((96, 64, 3), np.uint8)
    padded[:83, :57] = NOISE[..., :3]
    parts = [padded[y : y + 32, x : x + 16].tobytes() for y in range(0, 96, 32) for x in range(0, 64, 16)]
    return blocks(parts, {322: (16,), 323: (32,)}, 324, 325)


def planes() -> bytes:
    """RGB with a plane for each colour, in strips of 9 rows."""
    parts = [NOISE[y : y + 9, :, plane].tobytes() for plane in range(3) for y in range(0, 83, 9)]
    return blocks(parts, {278: (9,), 284: (2,)}, 273, 279)


def blocks(parts: list[bytes], more: dict[int, tuple[int, ...]], offsets: int, sizes: int) -> bytes:
    packed = [zlib.compress(part) for part in parts]
    places = tuple(8 + sum(map(len, packed[:number])) for number in range(len(packed)))
    tags = {256: (57,), 257: (83,), 258: (8, 8, 8), 259: (8,), 262: (2,), 277: (3,)} | more
    return tiff(tags | {offsets: places, sizes: tuple(map(len, packed))}, b"".join(packed), order=">")


def one_strip() -> bytes:
    """RGB that is not packed, all of it in one strip, as many a scanner writes it."""
    tags = {256: (57,), 257: (83,), 258: (8, 8, 8), 259: (1,), 262: (2,), 273: (8,), 277: (3,), 279: (83 * 57 * 3,)}
    return tiff(tags, NOISE[..., :3].tobytes())


IN_BANDS: dict[str, Callable[[], bytes]] = {
    "png": lambda: encoded(RGB, "PNG"),
    "png with alpha": lambda: encoded(RGBA, "PNG"),
    "grey png": lambda: encoded(GREY, "PNG"),
    "grey png with alpha": lambda: encoded(RGBA.convert("LA"), "PNG"),
    "png with a palette": lambda: encoded(RGB.quantize(99), "PNG"),
    "png with a palette and alpha": lambda: encoded(RGB.quantize(99), "PNG", transparency=bytes(range(99))),
    "png with a transparent colour": lambda: encoded(RGB, "PNG", transparency=RGB.getpixel((3, 50))),
    "png that lies on its side": lambda: encoded(RGB, "PNG", exif=TURNED),
    "tiff": lambda: encoded(RGB, "TIFF", tiffinfo={278: 7}),
    "tiff lzw": lambda: encoded(RGB, "TIFF", compression="tiff_lzw", tiffinfo={317: 2}),
    "tiff cmyk that lies on its side": lambda: encoded(RGB.convert("CMYK"), "TIFF", exif=TURNED),
    "tiff jpeg": lambda: encoded(RGB, "TIFF", compression="jpeg"),
    "tiff with a palette": lambda: encoded(RGB.quantize(99), "TIFF"),
    "tiff of floats": lambda: encoded(Image.fromarray(NOISE[..., 0].astype(np.float32) * 3 - 90), "TIFF"),
    "tiff of 16 bits": lambda: encoded(Image.fromarray(NOISE[..., 0].astype(np.uint16) * 255), "TIFF"),
    "tiff in tiles": tiles,
    "tiff in planes": planes,
    "tiff in one strip": one_strip,
    "bmp": lambda: encoded(RGB, "BMP"),
    "bmp with a palette": lambda: encoded(RGB.quantize(99), "BMP"),
    "ppm": lambda: encoded(RGB, "PPM"),
    "pgm of 16 bits": lambda: encoded(Image.fromarray(NOISE[..., 0].astype(np.uint16) * 255), "PPM"),
    "pfm": lambda: encoded(Image.fromarray(NOISE[..., 0].astype(np.float32)), "PPM"),
}


@pytest.mark.parametrize("name", IN_BANDS)
def test_bands_give_the_same_picture_as_pillow(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TiffImagePlugin, "STRIP_SIZE", 57 * 3 * 8)
    content = IN_BANDS[name]()
    whole = load_image(content)
    monkeypatch.setattr(opening, "_WHOLE_PIXELS", 0)
    monkeypatch.setattr(bands, "BAND_PIXELS", 57 * 11)
    picture = look_at(content)
    assert picture is not None
    assert len(list(picture.bands.bands())) > (2 if isinstance(picture.bands, TiffBands) else 5)
    np.testing.assert_array_equal(load_image(content), whole)


# How an upright picture becomes what is stored, and back: it is halved as it is stored.
UPSIDE_DOWN = (Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.FLIP_TOP_BOTTOM)
HOW_STORED: dict[str, tuple[Any, Any]] = {
    "side": (Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_90),
    "bmp": UPSIDE_DOWN,
    "pfm": UPSIDE_DOWN,
}


@pytest.mark.parametrize("name", IN_BANDS)
def test_half_the_size_is_the_mean_of_four(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = IN_BANDS[name]()
    whole = load_photo(content)
    monkeypatch.setattr(opening, "MAX_PIXELS", 57 * 83 - 1)
    monkeypatch.setattr(opening, "_WHOLE_PIXELS", 0)
    monkeypatch.setattr(bands, "BAND_PIXELS", 57 * 11)
    half = load_photo(content)
    assert (half.scale, half.width, half.height) == (2, whole.width, whole.height)
    assert half.note == "It was read at 1/2 of its width and height, so that it needs less memory."
    halved = Image.fromarray(whole.image)
    there, back = HOW_STORED.get(name.split()[-1], HOW_STORED.get(name.split()[0], (None, None)))
    halved = halved.transpose(there).reduce(2).transpose(back) if there is not None else halved.reduce(2)
    np.testing.assert_allclose(half.image, np.asarray(halved), atol=1)


@pytest.mark.parametrize("size", [(57, 83), (56, 84), (301, 200)])
@pytest.mark.parametrize(
    ("format", "options"), [("JPEG", {}), ("JPEG", {"exif": TURNED}), ("JPEG2000", {}), ("GIF", {}), ("HEIF", {})]
)
def test_formats_that_are_decoded_as_a_whole_are_halved_too(
    format: str, options: dict[str, Any], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded(Image.new("RGB", size, (200, 10, 10)), format, **options)
    monkeypatch.setattr(opening, "MAX_PIXELS", size[0] * size[1] - 1)
    monkeypatch.setattr(opening, "_JPEG2000_PIXELS", size[0] * size[1] - 1)
    photo = load_photo(content)
    assert (photo.scale, {photo.width, photo.height}) == (2, set(size))
    assert set(photo.image.shape[:2]) == {-(-side // 2) for side in size}
    assert (photo.image.shape[1] < photo.image.shape[0]) == (photo.width < photo.height)


def test_a_jpeg_2000_can_be_halved_twice_and_not_more_often_than_it_was_made_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "_JPEG2000_PIXELS", 1_000)
    picture = Image.new("RGB", (301, 203))
    assert load_photo(encoded(picture.resize((121, 83)), "JPEG2000")).scale == 4
    assert load_photo(encoded(picture, "JPEG2000", num_resolutions=2)).scale == 2
    monkeypatch.setattr(opening, "MAX_PIXELS", 10_000)
    with pytest.raises(PhotoError, match="make it smaller than 0, or save it as JPEG"):
        load_photo(encoded(picture, "JPEG2000", num_resolutions=1))


def test_a_large_ppm_that_python_would_have_to_decode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_WHOLE_PIXELS", 100)
    with pytest.raises(PhotoError, match="takes too long to read: save it as PNG"):
        load_photo(FORMATS["ppm in words"]())


# --- boxes --------------------------------------------------------------------------------------------------------


def portrait_in_large_photo(exif: Image.Exif | None = None) -> bytes:
    """A drawn face of 700 pixels at (9000, 3000) to (11000, 5000) of a photo of 131 megapixels."""
    from facecluster.samples.sample_photos import draw_portrait

    photo = Image.new("L", (15_000, 8_740), 120)
    photo.paste(draw_portrait(3, 2).convert("L").resize((2_000, 2_000)), (9_000, 3_000))
    return encoded(photo, "JPEG", quality=80, **({"exif": exif} if exif else {}))


@pytest.fixture(scope="module")
def large_photo() -> bytes:
    return portrait_in_large_photo()


def assert_on_the_portrait(box: Any) -> None:
    x1, y1, x2, y2 = map(float, box)
    assert 9_000 < x1 < x2 < 11_000
    assert 3_000 < y1 < y2 < 5_000
    assert x2 - x1 > 500


def test_faces_of_a_reduced_photo_are_stored_in_its_own_pixels(large_photo: bytes) -> None:
    from facecluster.indexing.extraction import FaceExtractor, read_photo
    from facecluster.photos.sources import PhotoFile
    from facecluster.vision.detection import FaceDetector
    from facecluster.vision.embedding import FaceEmbedder

    extractor = FaceExtractor(FaceReader(FaceDetector(), FaceEmbedder("casia-webface")), "largest")
    (task,) = extractor.process([read_photo(PhotoFile("large.jpg", None, lambda: large_photo))])
    outcome = task.outcome
    assert outcome is not None
    assert (outcome.status, outcome.width, outcome.height) == ("indexed", 15_000, 8_740)
    assert outcome.note == "It was read at 1/2 of its width and height, so that it needs less memory."
    assert_on_the_portrait(outcome.faces[0].box)
    box, landmarks = outcome.faces[0].box, outcome.faces[0].landmarks
    assert ((landmarks > box[:2]) & (landmarks < box[2:])).all()


def test_a_probe_of_a_reduced_photo_has_boxes_in_its_own_pixels(large_photo: bytes) -> None:
    from facecluster.recognition.probes import read_probe
    from facecluster.vision.detection import FaceDetector
    from facecluster.vision.embedding import FaceEmbedder

    probe = read_probe("large.jpg", large_photo, FaceReader(FaceDetector(), FaceEmbedder("casia-webface")))
    assert_on_the_portrait(probe.detections[0].box)
    assert probe.picture is not None
    with Image.open(io.BytesIO(probe.picture)) as shown:
        assert probe.scale == pytest.approx(shown.width / 15_000, rel=0.01)
    assert re.match("It was read at 1/2", probe.note or "")
