"""Doing a piece of work in a child that is killed at one of its calls into the system, or here with one call failing."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

SYSTEM = {"posix", "fcntl", "_io", "mmap", "_posixsubprocess", "select"}
CALLS = ("open", "write", "fsync", "link", "rename", "unlink", "fchmod", "mkdir", "stat", "pread", "listdir")


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Do ``work`` in a child that kills itself at its ``number``-th call into the system; ``False`` when it ended before."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            killing_itself_at(number)
            work()
            sys.setprofile(None)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def killing_itself_at(number: int) -> Callable[[], int]:
    """From here on this process kills itself at its ``number``-th call into the system; how many there were is told."""
    calls = 0

    def count(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal calls
        if event in ("c_call", "c_return") and (
            getattr(arg, "__module__", None) in SYSTEM or isinstance(getattr(arg, "__self__", None), io.IOBase)
        ):
            calls += 1
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    return lambda: calls


def failing_in_turn(call: str, code: int, before: Callable[[], object], work: Callable[[], object]) -> Iterator[int]:
    """Do ``work``, after ``before``, with its first, second, third ... ``call`` (a function of ``os``) failing; ends when none was left
    to fail. Whether the work then raises is its own affair, as long as what it raises is the error it met."""
    real = getattr(os, call)
    number = 0
    while True:
        before()
        number += 1
        calls = 0

        def broken(*args: Any, at: int = number, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                raise OSError(code, os.strerror(code))
            return real(*args, **kwargs)

        with pytest.MonkeyPatch.context() as faulty:
            faulty.setattr(os, call, broken)
            try:
                work()
            except OSError as error:
                assert error.errno == code  # noqa: PT017 - one way of several
        if calls < number:
            return
        yield number


_STRACE = ("strace", "-f", "-qq")


def boundaries(command: Sequence[str], calls: str, ours: re.Pattern[str], trace: Path, cwd: Path | None = None) -> list[tuple[str, int]]:
    """The system calls, of the kinds ``calls`` names, that ``command`` makes and of whose lines ``ours`` finds something: what each is
    called, and the how manieth of its kind it is. Opening a module changes nothing, so ``ours`` says what counts."""
    subprocess.run(
        [*_STRACE, "--seccomp-bpf", "-o", str(trace), "-e", f"trace={calls}", *command], check=True, capture_output=True, cwd=cwd
    )
    counted: Counter[str] = Counter()
    found = []
    for line in trace.read_text(errors="replace").splitlines():
        if match := re.match(r"\d+ +([a-z0-9]+)\(", line):
            counted[match[1]] += 1
            if ours.search(line):
                found.append((match[1], counted[match[1]]))
    return found


def struck(
    command: Sequence[str], call: str, number: int, how: str = "signal=KILL", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """``command``, killed (or failing, as ``how`` says) at its ``number``-th system call of that name."""
    # Not with --seccomp-bpf, which is faster: some kernels then do not deliver the signal, and nothing is struck.
    inject = ["-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{how}:when={number}"]
    return subprocess.run([*_STRACE, *inject, *command], capture_output=True, text=True, check=False, cwd=cwd)


class Rewound:
    """A tree that can be put back to how it was."""

    def __init__(self, tree: Path, kept: Path) -> None:
        self._tree = tree
        self._kept = kept
        shutil.copytree(tree, kept)

    def __call__(self) -> None:
        shutil.rmtree(self._tree)
        shutil.copytree(self._kept, self._tree)
