"""Lines of rows to files of about equal size, with the digest of each."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from corpus.build.files import SHARD_BYTES, FileType, Span, Values, writer
from corpus.build.hashed import Hashed
from corpus.build.manifest import OutputFile
from corpus.build.mine import opened
from corpus.build.row import Column


class _Shard:
    """One file while it grows."""

    def __init__(self, path: Path) -> None:
        self._raw = Hashed(path)
        self.file = cast("BinaryIO", io.BufferedWriter(self._raw, 1 << 20))

    def finish(self, rows: int) -> OutputFile:
        """Its name, its rows, its bytes and their digest."""
        self.file.close()
        return OutputFile(path=self._raw.path.name, rows=rows, size=self._raw.size, sha256=self._raw.digest.hexdigest())

    def abandon(self) -> None:
        """Let go of the file, without finishing it."""
        self._raw.close()


@dataclass(frozen=True, slots=True)
class Run:
    """Rows that wait one after another in the file ``path`` of what is made of ``piece``: as lines, from byte ``start``, ``size`` bytes."""

    piece: str
    path: Path
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Job:
    """A shard to be written: whose columns it has, of which split it is, where it goes, and the lines in it."""

    recipe: str
    split: str
    path: Path
    runs: tuple[Run, ...]

    def of(self) -> str:
        """What it stands for: shards of the same are of the same bytes."""
        told = "".join(f"{run.piece} {run.start} {run.size}\n" for run in self.runs)
        return hashlib.sha256(f"{self.recipe} {self.split}\n{told}".encode()).hexdigest()


def write(job: Job, kind: FileType, columns: tuple[Column, ...]) -> OutputFile:
    """Write a shard; the path of what is handed back is the file's name alone."""
    shard = _Shard(job.path)
    try:
        into, rows = writer(kind, shard.file, columns), 0
        for path, runs in groupby(job.runs, attrgetter("path")):
            rows += into.take(path, [Span(run.start, run.size) for run in runs])
        into.close()
        return shard.finish(rows)
    except BaseException:
        shard.abandon()
        raise


def link(job: Job, path: Path, file: OutputFile) -> OutputFile:
    """Put the shard at ``path`` where a job wants one of the same lines. Raises ``ValueError`` where it is not what ``file`` says."""
    try:
        lines = opened(path)
    except OSError as error:
        raise ValueError(f"{path} is not what it was") from error
    with lines:
        try:
            os.link(path, job.path, follow_symlinks=False)
        except OSError:
            with job.path.open("xb") as copy:
                shutil.copyfileobj(lines, copy)
    with opened(job.path) as found:
        if os.fstat(found.fileno()).st_size == file.size and hashlib.file_digest(found, "sha256").hexdigest() == file.sha256:
            return file.model_copy(update={"path": job.path.name})
    job.path.unlink()
    raise ValueError(f"{path} is not what it was")


class Shards:
    """The files ``<directory>/train-00000-of-0000N.jsonl``.

    A shard is full once it has :data:`SHARD_BYTES`. ``N`` is known at the end, when :meth:`finish` gives the files their names; no
    directory is made for a set without rows. ``name`` is the directory's as the manifest has it.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._name = name
        self._closed: list[OutputFile] = []
        self._open: _Shard | None = None
        self._rows = self._size = 0

    def write(self, values: Values) -> None:
        """Add one row."""
        if self._open is None:
            self._directory.mkdir(exist_ok=True, parents=True)
            self._open = _Shard(self._directory / part("train", len(self._closed)))
            self._rows = self._size = 0
        self._size += self._open.file.write(orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE))
        self._rows += 1
        if self._size >= SHARD_BYTES:
            self._end()

    def _end(self) -> None:
        if self._open is not None:
            shard, self._open = self._open, None
            self._closed.append(shard.finish(self._rows))

    def close(self) -> None:
        """Let go of an open file, without finishing it."""
        if self._open is not None:
            self._open.abandon()
            self._open = None

    def finish(self) -> tuple[OutputFile, ...]:
        """Close the last shard and give every shard its name."""
        self._end()
        return named(self._directory, self._name, "train", FileType.JSONL, self._closed)


def part(split: str, number: int) -> str:
    """What a shard is called until it is known how many there are."""
    return f"part-{split}-{number:05d}"


def named(directory: Path, name: str, split: str, kind: FileType, written: list[OutputFile]) -> tuple[OutputFile, ...]:
    """The files of a split under the names that they keep; ``name`` is the directory's as the manifest has it."""
    found = []
    for number, file in enumerate(written):
        final = f"{split}-{number:05d}-of-{len(written):05d}.{kind}"
        (directory / file.path).rename(directory / final)
        found.append(file.model_copy(update={"path": f"{name}/{final}"}))
    return tuple(found)
