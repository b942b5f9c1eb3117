"""The lines of one split of a set, cut into shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path

from corpus.build.files import FileType
from corpus.build.manifest import OutputFile
from corpus.build.render import Job, Run, named, part
from corpus.build.team import result_of

Write = Callable[[Job], "Future[OutputFile]"]


class Assembly:
    """The files ``<directory>/<split>-00000-of-0000N.<type>``.

    A shard is full once its rows are ``shard_bytes`` as JSON lines, whatever they are written as, so where one ends depends on the rows
    alone. ``N`` is known at the end, when :meth:`finish` gives the files their names. What lines lie in is removed once the shards that
    have them are written.
    """

    def __init__(self, directory: Path, recipe: str, split: str, kind: FileType, shard_bytes: int, write: Write) -> None:
        self._directory = directory
        self._recipe = recipe
        self._split = split
        self._kind = kind
        self._limit = shard_bytes
        self._write = write
        self._runs: list[Run] = []
        self._size = 0
        self._jobs: list[tuple[Job, Future[OutputFile]]] = []
        self._uses: Counter[Path] = Counter()
        self._cleared = 0

    def add(self, path: Path, lines: Iterable[tuple[int, bool]]) -> None:
        """The lines in ``path``, which this takes over: the size of each, and whether it stays."""
        at = start = 0
        self._uses[path] += 1
        for size, stays in lines:
            at += size
            if not stays:
                self._take(path, start, at - size)
                start = at
            elif self._size + at - start >= self._limit:
                self._take(path, start, at)
                self._end()
                start = at
        self._take(path, start, at)
        self._let_go([path])
        self._clear()

    def _take(self, path: Path, start: int, stop: int) -> None:
        if stop > start:
            self._runs.append(Run(path, start, stop - start))
            self._size += stop - start
            self._uses[path] += 1

    def _end(self) -> None:
        if self._runs:
            self._directory.mkdir(exist_ok=True)
            job = Job(self._recipe, self._directory / part(self._split, len(self._jobs)), tuple(self._runs))
            self._jobs.append((job, self._write(job)))
            self._runs, self._size = [], 0

    def _clear(self) -> None:
        """Remove what lies in shards that are written."""
        while self._cleared < len(self._jobs) and self._jobs[self._cleared][1].done():
            job, future = self._jobs[self._cleared]
            result_of(future)
            self._let_go(run.path for run in job.runs)
            self._cleared += 1

    def _let_go(self, paths: Iterable[Path]) -> None:
        for path in paths:
            self._uses[path] -= 1
            if not self._uses[path]:
                del self._uses[path]
                path.unlink()

    def finish(self) -> tuple[OutputFile, ...]:
        """The shards, once the last is written, under the names that they keep."""
        self._end()
        written = [result_of(future) for _, future in self._jobs]
        self._clear()
        return named(self._directory, self._directory.name, self._split, self._kind, written)
