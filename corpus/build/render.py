"""Rows to shards of about equal size, with the digest of each."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import orjson

from corpus.build.files import SHARD_BYTES, FileType, Values, Writer, writer
from corpus.build.manifest import OutputFile
from corpus.build.row import Column

if TYPE_CHECKING:
    from typing_extensions import Buffer


class _Hashed(io.RawIOBase):
    """A new file that knows how many bytes went into it, and their digest."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.size = 0
        self.digest = hashlib.sha256()
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        view = memoryview(data).cast("B")
        self.digest.update(view)
        self.size += len(view)
        done = len(view)
        while view:
            view = view[os.write(self._fd, view) :]
        return done

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        super().close()


class _Shard:
    """One file while it grows; ``rows`` and ``lines`` (bytes of them as JSON) say how far it has."""

    def __init__(self, path: Path, kind: FileType, columns: tuple[Column, ...]) -> None:
        self.rows = self.lines = 0
        self._raw = _Hashed(path)
        self._file = io.BufferedWriter(self._raw, 1 << 20)
        self._writer: Writer = writer(kind, cast("BinaryIO", self._file), columns)

    def write(self, values: Values, line: bytes) -> None:
        self._writer.write(values, line)
        self.rows += 1
        self.lines += len(line)

    def finish(self) -> tuple[Path, int, int, str]:
        """Where it lies, its rows, its bytes and their digest."""
        self._writer.close()
        self._file.close()
        return self._raw.path, self.rows, self._raw.size, self._raw.digest.hexdigest()

    def abandon(self) -> None:
        """Let go of the file, without finishing it."""
        self._raw.close()


class Shards:
    """The files ``<directory>/<split>-00000-of-0000N.<type>``.

    A shard is full once its rows are ``shard_bytes`` as JSON lines, whatever they are written as, so where one ends depends on the rows
    alone. ``N`` is known at the end, when :meth:`finish` gives the files their names; no directory is made for a set without rows.
    ``name`` is the directory's as the manifest has it, its own where there is none.
    """

    def __init__(
        self,
        directory: Path,
        columns: tuple[Column, ...],
        *,
        kind: FileType = FileType.JSONL,
        split: str = "train",
        name: str | None = None,
        shard_bytes: int = SHARD_BYTES,
    ) -> None:
        self._directory = directory
        self._name = directory.name if name is None else name
        self._columns = columns
        self._kind = kind
        self._split = split
        self._limit = shard_bytes
        self._closed: list[tuple[Path, int, int, str]] = []
        self._open: _Shard | None = None

    def write(self, values: Values) -> None:
        """Add one row."""
        line = orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)
        if self._open is None:
            self._directory.mkdir(exist_ok=True, parents=True)
            path = self._directory / f"part-{self._split}-{len(self._closed):05d}"
            self._open = _Shard(path, self._kind, self._columns)
        self._open.write(values, line)
        if self._open.lines >= self._limit:
            self._end()

    def _end(self) -> None:
        if self._open is not None:
            shard, self._open = self._open, None
            self._closed.append(shard.finish())

    def close(self) -> None:
        """Let go of an open file, without finishing it."""
        if self._open is not None:
            self._open.abandon()
            self._open = None

    def finish(self) -> tuple[OutputFile, ...]:
        """Close the last shard and give every shard its name."""
        self._end()
        found = []
        for number, (path, rows, size, digest) in enumerate(self._closed):
            final = path.with_name(f"{self._split}-{number:05d}-of-{len(self._closed):05d}.{self._kind}")
            path.rename(final)
            found.append(OutputFile(path=f"{self._name}/{final.name}", rows=rows, size=size, sha256=digest))
        return tuple(found)
