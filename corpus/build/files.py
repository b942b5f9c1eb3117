"""The kinds of file a set is written in: JSON lines, the same in one Zstandard frame, and Parquet. Same rows, same bytes.

Every option that a writer could choose by itself is chosen here; the bytes depend besides on the versions of zstandard and pyarrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from corpus.build.row import Column
from corpus.errors import Failed

SHARD_BYTES = 128 << 20
LEVEL = 3
"""Of Zstandard, in both."""
_AT_ONCE = 4 << 20

Values = dict[str, object]


class FileType(StrEnum):
    """How rows lie in files; the value is the file's ending."""

    JSONL = "jsonl"
    JSONL_ZST = "jsonl.zst"
    PARQUET = "parquet"


class Span(NamedTuple):
    """Rows one after another: where the first one's line begins among the lines of all that wait together, and the bytes of all theirs."""

    start: int
    size: int


class Waiting(Protocol):
    """A new file of rows that wait for their shard."""

    def add(self, line: bytes, values: Values) -> None:
        """One more: its line of JSON with the newline, and the values in it."""

    def close(self) -> None: ...


class Writer(Protocol):
    """Puts rows into a file that is open for writing."""

    def take(self, waiting: Path, spans: list[Span]) -> int:
        """Those spans, in order, of what waits in a file; how many rows they are. Raises :class:`Failed` where it ends before them."""

    def close(self) -> None:
        """Put all that waits into the file, and what ends it; the file stays open."""


def waiting(kind: FileType, path: Path, columns: tuple[Column, ...]) -> Waiting:
    """A file for rows that are to be written as ``kind``."""
    if kind is FileType.PARQUET:
        from corpus.build.sheets import Sheets

        return Sheets(path, columns)
    return _Lines(path)


def writer(kind: FileType, file: BinaryIO, columns: tuple[Column, ...]) -> Writer:
    if kind is FileType.PARQUET:
        from corpus.build.parquet import Parquet

        return Parquet(file, columns)
    return _Plain(file) if kind is FileType.JSONL else _Compressed(file)


def new(path: Path) -> BinaryIO:
    """A file that was not there."""
    return open(path, "xb", 1 << 20)


class _Lines:
    def __init__(self, path: Path) -> None:
        self._file = new(path)
        self.close = self._file.close

    def add(self, line: bytes, values: Values) -> None:
        self._file.write(line)


class _Plain:
    def __init__(self, file: BinaryIO) -> None:
        self.write: Callable[[bytes], object] = file.write

    def take(self, waiting: Path, spans: list[Span]) -> int:
        rows = 0
        with open(waiting, "rb", 0) as file:
            for lines in _blocks(file, waiting, spans):
                self.write(lines)
                rows += lines.count(b"\n")
        return rows

    def close(self) -> None:
        pass


class _Compressed(_Plain):
    def __init__(self, file: BinaryIO) -> None:
        import zstandard

        self._frame = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, threads=0).stream_writer(file, closefd=False)
        self.write = self._frame.write

    def close(self) -> None:
        import zstandard

        self._frame.flush(zstandard.FLUSH_FRAME)


def _blocks(file: BinaryIO, path: Path, spans: list[Span]) -> Iterator[bytes]:
    for start, size in spans:
        file.seek(start)
        left = size
        while left:
            data = file.read(min(_AT_ONCE, left))
            if not data:
                raise Failed(f"{path} was cut short while the build read it: build again")
            left -= len(data)
            yield data
