"""Rows to JSONL shards of about equal size, with the digest of each."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from corpus.build.manifest import OutputFile

SHARD_BYTES = 128 << 20


class Shards:
    """The files ``<directory>/train-00000-of-0000N.jsonl``.

    A shard is full once it holds ``shard_bytes`` of rows, so where one ends depends on the rows alone. ``N`` is known at the end,
    when :meth:`finish` gives the files their names; no directory is made for a set without rows.
    """

    def __init__(self, directory: Path, shard_bytes: int = SHARD_BYTES) -> None:
        self._directory = directory
        self._limit = shard_bytes
        self._closed: list[tuple[Path, int, int, str]] = []
        self._fd = -1
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._begin()

    def _begin(self) -> None:
        self._rows = self._size = 0
        self._hash = hashlib.sha256()

    def write(self, line: bytes) -> None:
        """Add one line, newline included."""
        if self._fd < 0:
            self._directory.mkdir(exist_ok=True)
            self._path = self._directory / f"part-{len(self._closed):05d}"
            self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self._rows += 1
        self._size += len(line)
        self._hash.update(line)
        self._waiting.append(line)
        self._waiting_bytes += len(line)
        if self._waiting_bytes >= 1 << 20:
            self._flush()
        if self._size >= self._limit:
            self._end()

    def _flush(self) -> None:
        view = memoryview(b"".join(self._waiting))
        while view:
            view = view[os.write(self._fd, view) :]
        self._waiting, self._waiting_bytes = [], 0

    def _end(self) -> None:
        self._flush()
        self.close()
        self._closed.append((self._path, self._rows, self._size, self._hash.hexdigest()))
        self._begin()

    def close(self) -> None:
        """Let go of an open file, without finishing it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def finish(self) -> tuple[OutputFile, ...]:
        """Close the last shard and give every shard its name."""
        if self._fd >= 0:
            self._end()
        found = []
        for number, (path, rows, size, digest) in enumerate(self._closed):
            final = path.with_name(f"train-{number:05d}-of-{len(self._closed):05d}.jsonl")
            path.rename(final)
            found.append(OutputFile(path=f"{self._directory.name}/{final.name}", rows=rows, size=size, sha256=digest))
        return tuple(found)
