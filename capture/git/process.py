"""A git that answers line by line for as long as it is asked, and is started again when it died of a question."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from capture.git import run
from capture.git.objects import Missing


class Process:
    """``git ARGS`` started at the first question. A question is one line; the answer is read with :meth:`line` and :meth:`exactly`, or
    as much as there is with :meth:`some`. Each raises :class:`Missing` when git ended instead, and the next question starts it anew."""

    def __init__(self, cwd: Path | str, args: Sequence[str]) -> None:
        self._cwd = cwd
        self._args = args
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, line: bytes) -> None:
        """Send ``line`` (without its newline)."""
        if self._process is None:
            self._process = run.start(self._args, cwd=self._cwd, stdin=subprocess.PIPE)
        assert self._process.stdin  # noqa: S101 - started with a pipe
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._ended() from error

    def line(self) -> bytes:
        """One line of the answer, without its newline."""
        assert self._process is not None  # noqa: S101 - asked before
        assert self._process.stdout  # noqa: S101 - started with a pipe
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._ended()
        return line[:-1]

    def exactly(self, size: int) -> bytes:
        """``size`` bytes of the answer."""
        assert self._process is not None  # noqa: S101 - asked before
        assert self._process.stdout  # noqa: S101 - started with a pipe
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise self._ended()
        return data

    def some(self) -> bytes:
        """At least one byte of the answer, as many as have come."""
        assert self._process is not None  # noqa: S101 - asked before
        assert self._process.stdout  # noqa: S101 - started with a pipe
        data: bytes = self._process.stdout.read1(1 << 16)  # type: ignore[attr-defined]
        if not data:
            raise self._ended()
        return data

    def close(self) -> None:
        """End it, and wait until it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        # An unread answer would keep it writing for ever: its pipe is closed before it is waited for.
        for pipe in (process.stdin, process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        process.wait()

    def _ended(self) -> Missing:
        self.close()
        return Missing(self._args[0])
