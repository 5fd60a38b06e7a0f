"""Files are written aside and take their name only where it is free, on disks without hard links too."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from facecluster.writing import ASIDE, beginning, put_new, written_aside


def refuses_links(*paths: object) -> None:
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.fixture(params=[False, True], ids=["with hard links", "without"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on a disk that knows hard links, and on one that does not, such as a memory stick."""
    if request.param:
        monkeypatch.setattr(os, "link", refuses_links)
    return tmp_path


def test_a_new_file_gets_its_name_and_the_modes_that_files_have(disk: Path) -> None:
    (disk / "usual").write_text("")
    with written_aside(disk, b"one\n\xff") as aside:
        assert ASIDE.fullmatch(aside.name)
        put_new(aside, disk / "new")
    assert sorted(path.name for path in disk.iterdir()) == ["new", "usual"]
    assert (disk / "new").read_bytes() == b"one\n\xff"
    assert (disk / "new").stat().st_mode == (disk / "usual").stat().st_mode


@pytest.mark.parametrize(
    "occupy",
    [
        lambda path: path.write_text("theirs"),
        lambda path: path.write_text(""),
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.mkdir(),
        os.mkfifo,
    ],
    ids=["a file", "an empty file", "a link to nothing", "a folder", "a pipe"],
)
def test_nothing_that_lies_there_is_replaced(disk: Path, occupy: Callable[[Path], object]) -> None:
    target = disk / "taken"
    occupy(target)
    before = target.lstat()
    with written_aside(disk, b"ours") as aside, pytest.raises(FileExistsError):
        put_new(aside, target)
    after = target.lstat()
    assert (after.st_ino, after.st_mode, after.st_size) == (before.st_ino, before.st_mode, before.st_size)
    assert [path.name for path in disk.iterdir()] == ["taken"]


def test_a_failure_leaves_neither_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*paths: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", refuses_links)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"), written_aside(tmp_path, b"ours") as aside:
        put_new(aside, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_into_the_claimed_name_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def close(descriptor: int) -> None:
        closed(descriptor)
        (tmp_path / "new").write_text("theirs")

    closed = os.close
    monkeypatch.setattr(os, "link", refuses_links)
    with written_aside(tmp_path, b"ours") as aside:
        monkeypatch.setattr(os, "close", close)
        with pytest.raises(FileExistsError):
            put_new(aside, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert (tmp_path / "new").read_text() == "theirs"


def test_only_the_beginning_of_files_is_read_and_of_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    assert beginning(tmp_path / "file", 4) == b"0123"
    assert beginning(tmp_path / "file", 4096) == b"0123456789"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("file")
    for other in (tmp_path / "pipe", tmp_path / "link", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match=", not a file"):
            beginning(other, 4)


def test_a_pipe_that_takes_a_files_place_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"0")
    as_file = (tmp_path / "file").lstat()
    os.mkfifo(tmp_path / "pipe")
    assert stat.S_ISREG(as_file.st_mode)
    monkeypatch.setattr(Path, "lstat", lambda path: as_file)
    with pytest.raises(OSError, match=", not a file"):
        beginning(tmp_path / "pipe", 4)
