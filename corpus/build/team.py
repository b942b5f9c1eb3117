"""Desks at work: one in this process, or one in each of several, and what they are given to do comes back in its order."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TypeVar

from corpus.build.desk import Bench, Desk
from corpus.build.manifest import OutputFile
from corpus.build.offers import Offers
from corpus.build.piece import Piece, unpack
from corpus.build.render import Job, link
from corpus.errors import Failed

T = TypeVar("T")
_AHEAD = 2
"""Pieces that wait, or are made, or wait for those before them, a process."""


ALONE_BYTES = 64 << 20
"""Of a corpus whose packs hold less lines one process builds: others take about a second to start."""


def workers_for(content: int) -> int:
    """How many processes build from packs of so many bytes of lines."""
    return 1 if content < ALONE_BYTES else cores()


def cores() -> int:
    """How many processes may be kept busy here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Team:
    """``workers`` desks; with one of them all is done in this process. A context manager, which does not wait for what is not done."""

    def __init__(self, bench: Bench, workers: int) -> None:
        self._bench = bench
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._desk: Desk | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Team:
        if self._workers > 1:
            # Started afresh: a fork would take over the locks of whatever threads are running here.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, context, initializer=_sit_down, initargs=(self._bench,))
            self._stack.callback(self._pool.shutdown, wait=True, cancel_futures=True)
            with _unheard():
                for _ in range(self._workers):
                    self._pool.submit(_ready)  # they start while the selection is made
        return self

    def __exit__(self, *raised: object) -> None:
        self.end()

    def end(self) -> None:
        """Nobody of them does anything after this: what is not begun is not done, what is begun is waited for."""
        self._stack.close()

    def over(
        self, pieces: Iterable[Piece], directory: Path | None, known: Callable[[Piece], dict[str, Offers] | None]
    ) -> Iterator[tuple[Piece, dict[str, Offers]]]:
        """Each piece, and what is ``known`` of it, or what :meth:`Desk.make` makes of it, in order. Raises as that does."""
        waiting: deque[tuple[Piece, Future[dict[str, Offers]]]] = deque()
        for piece in pieces:
            offers = known(piece)
            waiting.append((piece, self.make(piece, directory) if offers is None else _done(partial(_is, offers))))
            if len(waiting) > (_AHEAD * self._workers if self._pool else 0):
                yield _first(waiting)
        while waiting:
            yield _first(waiting)

    def make(self, piece: Piece, directory: Path | None, only: str | None = None) -> Future[dict[str, Offers]]:
        """What is made of a piece, by ``only`` one recipe or all, once it is."""
        if self._pool is None:
            return _done(lambda: self._here().make(piece.name, piece.selected, directory, only))
        with _told():
            return self._pool.submit(_make, piece.name, piece.packed(), piece.paths(), directory, only)

    def write(self, job: Job) -> Future[OutputFile]:
        """The shard that is asked for, once it is written."""
        if self._pool is None:
            return _done(lambda: self._here().write(job))
        with _told():
            return self._pool.submit(_write, job)

    def link(self, job: Job, path: Path, file: OutputFile) -> Future[OutputFile]:
        """The shard that is asked for, once it is linked from where one of the same lines lies. Its result raises ``ValueError`` where that
        is not what it was."""
        if self._pool is None:
            return _done(lambda: link(job, path, file))
        with _told():
            return self._pool.submit(link, job, path, file)

    def _here(self) -> Desk:
        if self._desk is None:
            self._desk = self._stack.enter_context(Desk(self._bench))
        return self._desk


def result_of(future: Future[T]) -> T:
    """What came of it. Raises what was raised, and :class:`Failed` where the process is gone."""
    with _told():
        return future.result()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise Failed(
            "a worker of the build ended unexpectedly (out of memory?): build again with fewer --workers, it goes on from there"
        ) from error


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Processes that start meanwhile do not hear an interrupt, which the whole group gets; this one hears it afterwards."""
    resource_tracker.ensure_running()  # or it starts meanwhile, and when it has, an interrupt is heard again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _is(known: T) -> T:
    return known


def _first(waiting: deque[tuple[Piece, Future[dict[str, Offers]]]]) -> tuple[Piece, dict[str, Offers]]:
    piece, future = waiting.popleft()
    return piece, result_of(future)


def _done(work: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)
    return future


_desk: Desk | None = None  # of a worker process, which has no other place to keep it between two pieces


def _sit_down(bench: Bench) -> None:
    import pyarrow as pa

    global _desk
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()  # rows hold no cycles to look for
    pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own keeps 20 to 40 MB more in each process
    _desk = Desk(bench)


def _end_with_parent() -> None:
    """A parent that was killed leaves nobody to write for, and no word of it in the queue that its workers wait at."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ready() -> None:
    """Nothing: by then the process has started."""


def _make(name: str, data: bytes, paths: dict[int, tuple[str, ...]], directory: Path | None, only: str | None) -> dict[str, Offers]:
    assert _desk is not None  # noqa: S101 - a worker's first act
    return _desk.make(name, unpack(data, paths), directory, only)


def _write(job: Job) -> OutputFile:
    assert _desk is not None  # noqa: S101 - as above
    return _desk.write(job)
