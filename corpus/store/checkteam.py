"""Checking many packs on every core: each pack in a process of its own, when there is enough to make up for starting them."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from corpus.errors import Refused
from corpus.store.checking import Pack, check_pack
from corpus.store.directory import Directory
from corpus.store.packlist import Listed

ALONE_BYTES = 512 << 20
"""Up to so many bytes of lines one process does it: another takes about a second to start."""


def check_packs(packs: Directory, listed: Sequence[Listed], tenant: str) -> dict[str, Callable[[], Pack]]:
    """For each pack the function that hands back, or raises, what :func:`check_pack` does."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if min(cores, len(listed)) < 2 or sum(one.content for one in listed) < ALONE_BYTES:
        return {one.pack: partial(check_pack, packs, one, tenant) for one in listed}
    place = os.fstat(packs.fd)
    # Started afresh: a fork would take over the locks of whatever threads are running here.
    with ProcessPoolExecutor(min(cores, len(listed)), multiprocessing.get_context("spawn")) as team:
        return {one.pack: team.submit(_check, packs.path.resolve(), (place.st_dev, place.st_ino), one, tenant).result for one in listed}


def _check(path: Path, place: tuple[int, int], listed: Listed, tenant: str) -> Pack:
    gc.disable()  # this process does nothing else, and hundreds of thousands of rows without a cycle would be gone through time and again
    with Directory.open(path) as packs:
        found = os.fstat(packs.fd)
        if (found.st_dev, found.st_ino) != place:
            raise Refused(f"{path} is another directory than a moment ago: nothing in it was read")
        return check_pack(packs, listed, tenant)
