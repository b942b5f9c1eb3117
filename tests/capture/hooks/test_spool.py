"""The spool's own side: what is whole, in which order, and what becomes of what fails."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import spool

WHOLE = b"capture-spool 1\nhook post-rewrite\ncwd /work\ngit_dir .git\ncommit %s\nrewritten %s %s\nend\n" % (
    b"a" * 40,
    b"b" * 40,
    b"c" * 64,
)


@pytest.fixture
def where(tmp_path: Path) -> Path:
    spool.ensure(tmp_path / "spool")
    return tmp_path / "spool"


def _put(where: Path, name: str, data: bytes = WHOLE, at: int = 0) -> Path:
    path = where / name
    path.write_bytes(data)
    os.utime(path, ns=(at, at))
    return path


def test_an_entry_is_read_with_its_git_directory_made_absolute(where: Path) -> None:
    _put(where, "1-0.entry")
    (entry,) = spool.entries(where)
    assert (entry.whole, entry.hook, entry.git_dir, entry.commit) == (True, "post-rewrite", Path("/work/.git"), "a" * 40)
    assert entry.rewritten == (("b" * 40, "c" * 64),)


@given(st.integers(0, len(WHOLE) - 1))
def test_an_entry_cut_anywhere_is_not_whole(size: int) -> None:
    assert not spool.parse(Path("x"), 0, WHOLE[:size]).whole


@given(st.binary() | st.lists(st.sampled_from(WHOLE.splitlines(keepends=True)), max_size=12).map(b"".join))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    entry = spool.parse(Path("x"), 0, data)
    assert not entry.whole or entry.git_dir.is_absolute()


@given(
    st.binary(min_size=1).filter(lambda path: b"\n" not in path and b"\0" not in path and b"/" not in path and path not in (b".", b".."))
)
def test_any_path_without_a_newline_comes_back(name: bytes) -> None:
    data = b"capture-spool 1\nhook post-commit\ncwd /%s\ngit_dir .git\ncommit \nend\n" % name
    entry = spool.parse(Path("x"), 0, data)
    assert (entry.whole, os.fsencode(entry.git_dir), entry.commit) == (True, b"/%s/.git" % name, None)


def test_entries_come_oldest_first_and_only_entries(where: Path) -> None:
    _put(where, "9-0.entry", at=1)
    _put(where, "2-1.entry", at=2)
    _put(where, "2-0.entry", at=2)
    _put(where, "drain.pid", b"12")
    (where / "link.entry").symlink_to(_put(where, "target", at=0))
    os.mkfifo(where / "pipe.entry")
    names = [entry.path.name for entry in spool.entries(where)]
    assert [name for name in names if name != "pipe.entry"] == ["9-0.entry", "2-0.entry", "2-1.entry"]
    assert all(entry.path.name != "pipe.entry" or not entry.whole for entry in spool.entries(where))
    assert spool.entries(where / "not there") == []


def test_a_failing_entry_waits_longer_each_time_and_is_then_kept_with_its_reason(where: Path) -> None:
    _put(where, "1-0.entry")
    now = 1000.0
    for pause in spool.PAUSES:
        (entry,) = spool.entries(where)
        assert spool.due(entry, now)
        assert not spool.defer(entry, "the store is read-only\nsecond line", now)
        assert not spool.due(entry, now + pause - 1)
        now += pause
    (waiting,) = spool.retrying(where)
    assert (waiting.reason, waiting.tries) == ("the store is read-only", len(spool.PAUSES))
    assert spool.defer(spool.entries(where)[0], "still", now)
    assert spool.entries(where) == []
    (failure,) = spool.failures(where)
    assert (failure.reason, failure.tries, failure.entry.commit) == ("still", len(spool.PAUSES) + 1, "a" * 40)
    assert spool.retry_failures(where) == 1
    assert (len(spool.entries(where)), spool.failures(where), spool.retrying(where)) == (1, [], [])
    assert spool.due(spool.entries(where)[0], 0)


def test_removing_an_entry_forgets_its_failures(where: Path) -> None:
    _put(where, "1-0.entry")
    spool.defer(spool.entries(where)[0], "once", 0)
    spool.remove(spool.entries(where)[0])
    _put(where, "1-0.entry")
    assert spool.due(spool.entries(where)[0], 0)
    assert list((where / "retry").iterdir()) == []


def test_everything_in_the_spool_is_private(where: Path) -> None:
    _put(where, "1-0.entry")
    spool.defer(spool.entries(where)[0], "x", 0)
    spool.note_drain(where)
    spool.pause(where)
    for path in (where, where / "retry", where / "failed"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in (where / "retry/1-0.entry.json", where / "drained", where / "paused"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert spool.paused(where)
    spool.resume(where)
    assert not spool.paused(where)
    assert spool.last_drain(where) is not None
