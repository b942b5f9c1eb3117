"""Copies of one machine's sequence: brought up to the longer, a file at a time, and nothing of it where they differ."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from corpus.errors import Broken
from corpus.store.directory import Directory
from corpus.store.sources import keep

BYTES = 4 << 20
FILES = [f"{number:016d}.log" for number in range(1, 9)]


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    """A copy that has nothing yet, and one of eight files."""
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for path in (mine, theirs):
        path.mkdir(mode=0o700)
    for name in FILES:
        (theirs / name).write_bytes(name.encode() + b"x" * BYTES + b"\n")
    return mine, theirs


def test_a_long_sequence_is_brought_up_with_a_few_of_its_files_held_at_once(both: tuple[Path, Path]) -> None:
    with Directory.open(both[0]) as mine, Directory.open(both[1]) as theirs:
        tracemalloc.start()
        try:
            keep(mine, theirs)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 5 * BYTES
    assert all((both[0] / name).read_bytes() == (both[1] / name).read_bytes() for name in FILES)


def test_where_the_last_file_differs_none_is_written(both: tuple[Path, Path]) -> None:
    (both[0] / FILES[-1]).write_bytes(b"other\n")
    with Directory.open(both[0]) as mine, Directory.open(both[1]) as theirs, pytest.raises(Broken, match="differ"):
        keep(mine, theirs)
    assert [path.name for path in both[0].iterdir()] == FILES[-1:]
