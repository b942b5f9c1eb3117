"""How far a build is: a bar on a terminal, nothing anywhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpus import console
from tests.corpus.build.world import World


def shown(world: World, cwd: Path, *more: str) -> str:
    """What a terminal on standard error gets of a build."""
    ours, theirs = pty.openpty()
    words = ["build", "--tenant", "acme", "--root", str(world.root), "--recipe", "sft", *more]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    done = subprocess.Popen([sys.executable, "-m", "corpus", *words], cwd=cwd, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    told = b""
    while True:
        try:
            told += os.read(ours, 4096)
        except OSError:  # Linux's way to say that nobody writes any more
            break
    os.close(ours)
    assert done.wait() == 0, told
    return told.decode()


def test_a_terminal_sees_how_many_are_done_how_fast_and_how_long_still(world: World, tmp_path: Path) -> None:
    for _ in range(3):
        world.edit()
    told = shown(world, tmp_path, "--out", "out")
    assert "building" in told
    assert "3/3" in told
    assert "0:00:00" in told
    assert "counting" in shown(world, tmp_path, "--dry-run")
    assert shown(world, tmp_path, "--out", "out", "--json") == ""


def test_millions_of_steps_are_drawn_ten_times_a_second_and_the_last_always(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.progress import Progress

    drawn: list[tuple[object, object]] = []
    resets: list[object] = []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(Progress, "update", lambda self, task, **what: drawn.append((what["completed"], what["total"])))
    monkeypatch.setattr(Progress, "reset", lambda self, task: resets.append(task))
    began = time.monotonic()
    with console.progress("building") as seen:
        for done in range(1, 50_001):
            seen(done, 50_000)
        seen(1, 7)
        seen(7, 7)
    took = time.monotonic() - began
    assert drawn[-3:] == [(50_000, 50_000), (1, 7), (7, 7)]
    assert len(drawn) <= 4 + took / 0.1
    assert len(resets) == 1
