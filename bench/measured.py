"""What a command took: seconds by the clock and of the processor, and the most memory that it and its children held together."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
EVERY = 0.2
"""Seconds between two looks at the memory, or so many more that looking takes a fiftieth: a peak that is shorter may be missed."""


@dataclass(frozen=True, slots=True)
class Spent:
    """``cpu`` counts all that ran below the command, ``held`` is the highest sum of their proportional set sizes (memory that several
    map is counted once, and mapped files count), ``own`` the highest without files; both in MB."""

    seconds: float
    cpu: float
    held: float
    own: float
    load: float
    told: str


def run(*command: str | Path) -> Spent:
    """Run it to its end. Raises :class:`subprocess.CalledProcessError` with what it said where it fails."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):  # whose parent ends first becomes ours, and is counted
        raise OSError("this system lets no process take in orphans")
    load, peak, done = os.getloadavg()[0], [0.0, 0.0], threading.Event()

    def look() -> None:
        pause = EVERY
        while not done.wait(pause):
            began = time.thread_time()
            peak[:] = map(max, peak, _held())
            pause = max(EVERY, 50 * (time.thread_time() - began))

    looking = threading.Thread(target=look)
    with tempfile.TemporaryFile("w+") as said:
        cpu, began = _children(), time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], stdout=said, stderr=subprocess.STDOUT)
        looking.start()
        code = process.wait()
        seconds = time.perf_counter() - began
        done.set()
        looking.join()
        with suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        said.seek(0)
        told = said.read()
    if code:
        raise subprocess.CalledProcessError(code, process.args, told)
    return Spent(seconds, _children() - cpu, *peak, load, told)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _held() -> tuple[float, float]:
    held = own = 0
    waiting = [os.getpid()]
    while waiting:
        with suppress(OSError):  # it has ended
            here = Path(f"/proc/{waiting.pop()}")
            below = [pid for task in here.glob("task/*/children") for pid in task.read_text().split()]
            waiting += map(int, below)
            if int(here.name) != os.getpid():
                sizes = dict(line.split(":", 1) for line in (here / "smaps_rollup").read_text().splitlines()[1:])
                held += int(sizes["Pss"].split()[0])
                own += int(sizes["Pss_Anon"].split()[0]) + int(sizes["Pss_Shmem"].split()[0])
    return held / 1024, own / 1024
