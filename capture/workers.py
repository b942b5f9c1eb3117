"""Bulk work on every core: each worker goes through a run of the history of its own, slice by slice, and keeps its own records.

A commit's files are mostly its neighbours' files, and a worker redacts each only once: so a worker stays in its run, and only one that
has come to the end of it takes slices from the end of the longest other run.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import TypeVar

from corpus.errors import Failed, SubstrateError

T = TypeVar("T")
SLICES_A_WORKER = 32
_SMALLEST = 64


def cores() -> int:
    """How many workers this process may keep busy."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def over_slices(work: Callable[[Iterator[T]], int], items: Sequence[T], seen: Callable[[int, int], None]) -> int:
    """The sum of ``work(part)`` over workers that share ``items`` out among them; ``seen(done, total)`` follows.

    With one core, or few items, it all happens here. A worker's error is raised here, once the others were told to end.
    """
    workers = min(cores(), len(items) // _SMALLEST)
    # Forking is what makes workers cheap: what is loaded is shared. Elsewhere (macOS) it is not safe, and one process does it.
    if workers < 2 or sys.platform != "linux":
        return work(_counted(iter(items), len(items), seen))
    size = max(_SMALLEST, -(-len(items) // (workers * SLICES_A_WORKER)))
    slices = [items[at : at + size] for at in range(0, len(items), size)]
    context = multiprocessing.get_context("fork")
    gc.freeze()  # what is loaded stays; collecting it again in each worker would only copy its pages
    pipes: list[Connection] = []
    team = []
    for _ in range(workers):
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(work, theirs, [*pipes, ours]), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        team.append(process)
    try:
        return _share_out(slices, pipes, len(items), seen)
    finally:
        for pipe in pipes:
            pipe.close()
        for process in team:
            process.join()


def _share_out(slices: list[Sequence[T]], pipes: list[Connection], total: int, seen: Callable[[int, int], None]) -> int:
    """Give a slice to whoever asks; a worker answers the empty one with its result."""
    result = done = 0
    runs = {pipe: deque(slices[at * len(slices) // len(pipes) : (at + 1) * len(slices) // len(pipes)]) for at, pipe in enumerate(pipes)}
    busy = set(pipes)
    while busy:
        for pipe in wait(list(busy)):
            assert isinstance(pipe, Connection)  # noqa: S101 - only pipes were given
            try:
                message = pipe.recv()
            except EOFError as error:
                raise Failed("a worker ended unexpectedly (out of memory?): run it again, it goes on where it was") from error
            if isinstance(message, Exception):
                raise message
            kind, number = message
            if kind == "result":
                result += number
                busy.discard(pipe)
                continue
            done += number
            seen(done, total)
            if kind == "next":
                longest = max(runs.values(), key=len)
                pipe.send(runs[pipe].popleft() if runs[pipe] else longest.pop() if longest else ())
    return result


def _serve(work: Callable[[Iterator[T]], int], pipe: Connection, others: list[Connection]) -> None:
    """A worker's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends us
    gc.disable()  # records hold no cycles to look for
    for other in others:
        other.close()

    def items() -> Iterator[T]:
        done = 0
        while True:
            pipe.send(("next", done))
            slice_: Sequence[T] = pipe.recv()
            if not slice_:
                return
            done = 0
            for item in slice_:
                yield item
                done += 1
                if done == _SMALLEST:
                    pipe.send(("seen", done))
                    done = 0

    try:
        pipe.send(("result", work(items())))
    except (SubstrateError, OSError) as error:
        pipe.send(error)
    except EOFError:
        pass  # the parent is gone
    except Exception as error:
        # Only the kind: the message may hold content.
        pipe.send(Failed(f"unexpected {type(error).__name__} in a worker; this is a bug"))


def _counted(items: Iterator[T], total: int, seen: Callable[[int, int], None]) -> Iterator[T]:
    for number, item in enumerate(items, 1):
        yield item
        seen(number, total)
