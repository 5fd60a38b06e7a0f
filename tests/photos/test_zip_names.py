"""Names in zips of every kind of packer come out right, are photos of their own, and fit on every disk."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from facecluster.encodings import decoded
from facecluster.photos.sources import DamagedMemberError, ZipPhotos, open_photos, unpack_members, unpack_zip
from tests.photo_sources import listed, make_zip, photo
from tests.photos.test_zip_photos import FLAGS, METHOD, changed_headers

NAMES = {
    "cp437": ["José/été.jpg", "Müller/1.jpg"],
    "cp850": ["João/1.jpg", "Zoë/1.jpg"],
    "cp1252": ["José/été.jpg", "Müller/1.jpg"],
    "cp852": ["Łukasz/zdjęcia.jpg", "Dvořák/1.jpg"],
    "cp1250": ["Łukasz/zdjęcia.jpg", "Dvořák/1.jpg"],
    "cp932": ["山田太郎/写真.jpg", "さくら/1.jpg"],
    "gbk": ["张三/照片.jpg", "李小明/1.jpg"],
    "big5": ["王小明/照片.jpg", "林志玲/1.jpg"],
    "cp949": ["김철수/사진.jpg", "이영희/1.jpg"],
    "cp866": ["Владимир/фото.jpg", "Анна/1.jpg"],
    "cp1251": ["Владимир/фото.jpg", "Анна/1.jpg"],
    "koi8-r": ["Владимир/фото.jpg", "Анна/1.jpg"],
    "utf-8": ["Владимир/фото.jpg", "山田太郎/1.jpg"],
}


def zip_of_bytes(file: Path, names: list[bytes], flags: int = 0, extra: list[bytes] | None = None) -> Path:
    """A zip whose members have these names, byte by byte, and these flags."""
    with zipfile.ZipFile(file, "w") as archive:
        for number, name in enumerate(names):
            info = zipfile.ZipInfo(name.decode("latin-1").translate({byte: f"{byte % 10}" for byte in range(128, 256)}))
            info.extra = (extra or [b""] * len(names))[number]
            archive.writestr(info, photo(number))
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        at = archive.start_dir
        for info, name in zip(archive.infolist(), names, strict=True):
            content[info.header_offset + 30 : info.header_offset + 30 + len(name)] = name
            content[at + 46 : at + 46 + len(name)] = name
            at += 46 + len(name) + len(info.extra)
    file.write_bytes(content)
    return changed_headers(file, FLAGS, flags) if flags else file


@pytest.mark.parametrize("encoding", NAMES)
def test_names_in_encodings_from_before_unicode(encoding: str, tmp_path: Path) -> None:
    names = NAMES[encoding]
    source = open_photos(zip_of_bytes(tmp_path / "a.zip", [name.encode(encoding) for name in names]))
    assert listed(source) == {name: name.split("/")[0] for name in names}
    assert {source[0].read(), source[1].read()} == {photo(0), photo(1)}


def test_names_of_one_program_are_decoded_together() -> None:
    assert decoded([b"Ann", "été".encode()]) == ["Ann", "été"]
    assert decoded([b"Ann", "山".encode("cp932"), "田".encode("cp932")]) == ["Ann", "山", "田"]
    assert decoded([]) == []
    assert decoded([b"\x80\x81\xff\xfe"])[0], "whatever it is, it is a name"


@pytest.mark.parametrize(("crc_of", "name"), [(b"Jos\x82.jpg", "Żółw.jpg"), (b"another", "José.jpg")])
def test_the_unicode_path_in_the_extra_field_is_the_name_if_it_is_of_this_one(
    crc_of: bytes, name: str, tmp_path: Path
) -> None:
    field = b"\x01" + struct.pack("<I", zlib.crc32(crc_of)) + "Żółw.jpg".encode()
    extra = struct.pack("<HHH", 0xCAFE, 2, 0) + struct.pack("<HH", 0x7075, len(field)) + field
    source = open_photos(zip_of_bytes(tmp_path / "a.zip", [b"Jos\x82.jpg"], extra=[extra]))
    assert list(listed(source)) == [name]
    assert source[0].read() == photo(0)


def test_a_name_that_claims_wrongly_to_be_utf8_does_not_cost_the_zip(tmp_path: Path) -> None:
    names = [b"Jos\x82/1.jpg", b"Ann/1.jpg"]
    source = open_photos(zip_of_bytes(tmp_path / "a.zip", names, flags=0x800))
    assert listed(source) == {"Ann/1.jpg": "Ann", "José/1.jpg": "José"}
    assert [source[0].read(), source[1].read()] == [photo(1), photo(0)]


def test_names_that_differ_by_what_some_disks_do_not_take_are_photos_of_their_own(tmp_path: Path) -> None:
    paths = ["A/12:30.jpg", "A/12_30.jpg", "A/12?30.jpg", "a/1.jpg", "B/Ann.jpg", "B/ann.jpg", "A:b/1.jpg"]
    file = make_zip(tmp_path / "a.zip", paths)
    assert unpack_zip(file, tmp_path / "out") == {}
    written = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes() for path in (tmp_path / "out").rglob("*.jpg")
    }
    assert sorted(written.values()) == sorted(photo(number) for number in range(len(paths)))
    assert not any(letter in path for path in written for letter in ":?")
    assert len({path.casefold() for path in written}) == len(paths)
    assert {path.split("/")[0] for path in written} == {"A", "a", "B", "A_b"}


def test_members_whose_names_come_to_the_same_path_are_photos_of_their_own(tmp_path: Path) -> None:
    source = open_photos(make_zip(tmp_path / "a.zip", ["Ann/1.jpg", "../Ann/1.jpg", "./Ann//1.jpg", "Bob/1.jpg"]))
    assert list(listed(source)) == ["Ann/1 (2).jpg", "Ann/1 (3).jpg", "Ann/1.jpg", "Bob/1.jpg"]
    assert {source[number].read() for number in range(4)} == {photo(number) for number in range(4)}


@pytest.mark.parametrize("path", [f"Ann/{'x' * 300}.jpg", f"Ann/{'山' * 150}.jpg", f"{'y' * 300}/1.jpg"])
def test_a_name_that_is_too_long_for_a_disk_is_shortened_there(path: str, tmp_path: Path) -> None:
    file = make_zip(tmp_path / "a.zip", [path, path.replace(".jpg", "x.jpg"), "Bob/1.jpg"])
    assert path in listed(open_photos(file))
    assert unpack_zip(file, tmp_path / "out") == {}
    written = [item for item in (tmp_path / "out").rglob("*") if item.is_file()]
    assert len(written) == 3
    assert all(len(part.encode()) < 255 for item in written for part in item.parts)
    assert all(item.suffix == ".jpg" for item in written)


def test_deflate64_is_told_photo_by_photo_with_what_to_do(tmp_path: Path) -> None:
    file = make_zip(tmp_path / "a.zip", ["Ann/1.jpg", "Bob/1.jpg"])
    changed_headers(file, METHOD, 9)
    source = open_photos(file)
    with pytest.raises(OSError, match="packed as Deflate64, as Windows Explorer does above 2 GB: unpack the zip"):
        source[0].read()
    assert len(unpack_zip(file, tmp_path / "out")) == 2


def test_a_link_in_a_zip_is_no_photo(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("Ann/link.jpg")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("Ann/1.jpg", photo())
    source = open_photos(tmp_path / "a.zip")
    assert list(listed(source)) == ["Ann/1.jpg"]
    assert source.left_out.files == {"links in the zip": 1}


def test_large_members_are_handed_out_in_small_pieces(tmp_path: Path) -> None:
    size = 64 * 2**20
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(3):
            with archive.open(f"{number}.jpg", "w") as stream:
                for _ in range(size // 2**20):
                    stream.write(bytes(2**20))
    tracemalloc.start()
    try:
        taken = sum(len(chunk) for member in unpack_members(tmp_path / "a.zip") for chunk in member.chunks())
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()
    assert taken == 3 * size


def test_a_member_gives_no_more_than_the_directory_tells(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.jpg", bytes(2**20))
        archive.writestr("2.jpg", photo())
    content = (tmp_path / "a.zip").read_bytes().replace(struct.pack("<I", 2**20), struct.pack("<I", 1000))
    (tmp_path / "a.zip").write_bytes(content)
    first, second = unpack_members(tmp_path / "a.zip")
    taken: list[bytes] = []
    with pytest.raises(DamagedMemberError, match="damaged inside the zip"):
        taken.extend(first.chunks())
    assert sum(map(len, taken)) <= 1000
    assert b"".join(ZipPhotos(tmp_path / "a.zip").open_member(second.name).readlines()) == photo()


def test_members_that_claim_too_much_are_refused_before_they_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facecluster.photos.base.MAX_PHOTO", 10)
    with pytest.raises(DamagedMemberError, match="more than the"):
        list(next(unpack_members(make_zip(tmp_path / "a.zip", ["1.jpg"]))).chunks())


def test_an_uploaded_zip_is_listed_without_a_copy(tmp_path: Path) -> None:
    file = io.BytesIO(make_zip(tmp_path / "a.zip", ["Ann/1.jpg", "Bob/1.jpg"]).read_bytes())
    source = ZipPhotos(file, name="people.zip")
    assert (source.name, listed(source)) == ("people", {"Ann/1.jpg": "Ann", "Bob/1.jpg": "Bob"})


def test_the_unicode_path_is_the_name_also_where_the_plain_one_is_only_a_stand_in(tmp_path: Path) -> None:
    """Packers write letters that their code page lacks as underscores: two people would be one."""
    names = ["山田/1.jpg", "鈴木/2.jpg"]
    plain = [b"__/1.jpg", b"__/2.jpg"]
    extra = []
    for name, raw in zip(names, plain, strict=True):
        field = struct.pack("<BI", 1, zlib.crc32(raw)) + name.encode()
        extra.append(struct.pack("<HH", 0x7075, len(field)) + field)
    assert [photo.path for photo in open_photos(zip_of_bytes(tmp_path / "a.zip", plain, extra=extra))] == names
