"""Loose files appear whole or not at all, whatever fails on the way."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import Failed, Refused
from corpus.store import loose
from corpus.store.directory import Directory


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Directory]:
    with Directory.open(tmp_path / "place", create=True) as directory:
        yield directory


def test_a_file_is_kept_with_its_bytes_and_private_modes(place: Directory) -> None:
    old = os.umask(0)
    try:
        assert loose.write_new(place, "a.jsonl", b"one\n")
    finally:
        os.umask(old)
    assert place.read("a.jsonl") == b"one\n"
    assert stat.S_IMODE((place.path / "a.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o700
    assert place.names() == ["a.jsonl"]


def test_a_taken_name_is_left_as_it_is(place: Directory) -> None:
    assert loose.write_new(place, "a.jsonl", b"first")
    assert not loose.write_new(place, "a.jsonl", b"second")
    assert place.read("a.jsonl") == b"first"
    assert place.names() == ["a.jsonl"]


def test_of_many_writers_of_one_name_exactly_one_wins(place: Directory) -> None:
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda n: loose.write_new(place, "a.jsonl", b"%d" % n), range(64)))
    assert won.count(True) == 1
    assert place.read("a.jsonl") == b"%d" % won.index(True)
    assert place.names() == ["a.jsonl"]


CALLS = ["open", "write", "fsync", "link", "fchmod"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_failing_call_leaves_nothing_behind_and_says_so(place: Directory, monkeypatch: pytest.MonkeyPatch, call: str, code: int) -> None:
    real: Callable[..., Any] = getattr(os, call)
    failed = []

    def broken(*args: Any, **kwargs: Any) -> Any:
        if not failed:
            failed.append(call)
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    usual = os.umask(0o277)  # so that what is made must be made readable
    try:
        with monkeypatch.context() as faulty:
            faulty.setattr(os, call, broken)
            with pytest.raises(OSError, match=r"\[Errno"):
                loose.write_new(place, "a.jsonl", b"x" * 100_000)
    finally:
        os.umask(usual)
    assert failed == [call]
    assert place.names() == []
    assert loose.write_new(place, "a.jsonl", b"again")


def test_a_short_write_is_finished(place: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    with monkeypatch.context() as slow:
        slow.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:7]))
        assert loose.write_new(place, "a.jsonl", b"0123456789" * 10)
    assert place.read("a.jsonl") == b"0123456789" * 10


def test_a_file_system_without_hard_links_is_named(place: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(Failed, match="hard links"):
        loose.write_new(place, "a.jsonl", b"x")
    assert place.names() == []


def test_what_a_dead_writer_left_is_swept_and_a_living_ones_is_not(place: Directory) -> None:
    ready_in, ready_out = os.pipe()
    done_in, done_out = os.pipe()
    child = os.fork()
    if child == 0:  # a writer that stops half way, holding its lock
        import fcntl

        fd = place.open_file(f"{loose.TEMPORARY}1-a", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.write(ready_out, b"1")
        os.read(done_in, 1)
        os._exit(0)
    os.read(ready_in, 1)
    (place.path / f"{loose.TEMPORARY}2-b").write_bytes(b"left")
    assert loose.sweep_temporary(place) == 1
    assert place.names() == [f"{loose.TEMPORARY}1-a"]
    os.write(done_out, b"1")
    os.waitpid(child, 0)
    assert loose.sweep_temporary(place) == 1
    assert place.names() == []
    for fd in (ready_in, ready_out, done_in, done_out):
        os.close(fd)


@pytest.mark.parametrize("kind", ["symlink", "fifo", "directory"])
def test_what_is_no_regular_file_is_refused_not_followed(place: Directory, tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"another's")
    trap = place.path / "a.jsonl"
    {"symlink": lambda: trap.symlink_to(outside), "fifo": lambda: os.mkfifo(trap), "directory": trap.mkdir}[kind]()
    with pytest.raises(Refused, match=r"a\.jsonl"):
        place.read("a.jsonl")
    assert not loose.write_new(place, "a.jsonl", b"x")
    assert outside.read_bytes() == b"another's"


def test_a_link_in_the_place_of_a_directory_is_refused(place: Directory, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (place.path / "engineering").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="engineering"):
        place.child("engineering", create=True)
