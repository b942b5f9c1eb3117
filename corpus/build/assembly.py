"""The lines of one split of a set, cut into shards."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from corpus.build.manifest import OutputFile
from corpus.build.options import Options
from corpus.build.render import Job, Run, named, part


class Maker(Protocol):
    """Who writes shards."""

    def begin(self, job: Job) -> Future[OutputFile]:
        """Have a shard written; what is done then is only known by :meth:`end`."""

    def end(self, job: Job, begun: Future[OutputFile]) -> OutputFile:
        """The shard, once it is there."""


class Assembly:
    """The files ``<directory>/<split>-00000-of-0000N.<type>``.

    A shard is full once its rows are ``shard_bytes`` as JSON lines, whatever they are written as, so where one ends depends on the rows
    alone. ``N`` is known at the end, when :meth:`finish` gives the files their names. What lines lie in is removed once the shards that
    have them are written.
    """

    def __init__(self, directory: Path, recipe: str, split: str, options: Options, maker: Maker) -> None:
        self._directory = directory
        self._recipe = recipe
        self._split = split
        self._options = options
        self._maker = maker
        self._runs: list[Run] = []
        self._size = 0
        self._jobs: deque[tuple[Job, Future[OutputFile]]] = deque()
        self._written: list[OutputFile] = []
        self._uses: Counter[Path] = Counter()

    def add(self, piece: str, path: Path, lines: Iterable[tuple[int, bool]]) -> None:
        """The lines in ``path``, made of ``piece``, which this takes over: the size of each, and whether it stays."""
        at = start = 0
        self._uses[path] += 1
        for size, stays in lines:
            at += size
            if not stays:
                self._take(Run(piece, path, start, at - size - start))
                start = at
            elif self._size + at - start >= self._options.shard_bytes:
                self._take(Run(piece, path, start, at - start))
                self._end()
                start = at
        self._take(Run(piece, path, start, at - start))
        self._let_go([path])
        self._clear()

    def _take(self, run: Run) -> None:
        if run.size:
            self._runs.append(run)
            self._size += run.size
            self._uses[run.path] += 1

    def _end(self) -> None:
        if self._runs:
            self._directory.mkdir(exist_ok=True)
            number = len(self._written) + len(self._jobs)
            job = Job(self._recipe, self._split, self._directory / part(self._split, number), tuple(self._runs))
            self._jobs.append((job, self._maker.begin(job)))
            self._runs, self._size = [], 0

    def _clear(self, *, wait: bool = False) -> None:
        """Remove what lies in shards that are written."""
        while self._jobs and (wait or self._jobs[0][1].done()):
            job, begun = self._jobs.popleft()
            self._written.append(self._maker.end(job, begun))
            self._let_go(run.path for run in job.runs)

    def _let_go(self, paths: Iterable[Path]) -> None:
        for path in paths:
            self._uses[path] -= 1
            if not self._uses[path]:
                del self._uses[path]
                path.unlink(missing_ok=True)  # nothing lies there where all that was made of a piece was used again

    def finish(self) -> tuple[OutputFile, ...]:
        """The shards, once the last is written, under the names that they keep."""
        self._end()
        self._clear(wait=True)
        return named(self._directory, self._directory.name, self._split, self._options.file_type, self._written)
