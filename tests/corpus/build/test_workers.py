"""What becomes of a build whose workers, or whose user, end it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.build import run
from corpus.build.options import Options
from corpus.build.output import Place, asides
from corpus.errors import Failed
from tests.corpus.build.grown import in_small_pieces
from tests.corpus.build.test_again import grow
from tests.corpus.build.world import World, make, tree

SMALL = Options(shard_bytes=3000)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_pieces(monkeypatch)


def kill_a_worker(done: int, total: int) -> None:
    if done > total // 2:
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)
        time.sleep(0.2)  # until that is known


def test_a_worker_that_is_killed_ends_the_build_and_the_next_goes_on_from_there(world: World, tmp_path: Path) -> None:
    grow(world, 40)
    with pytest.raises(Failed, match="a worker of the build ended"):
        make(world, tmp_path / "out", "pretrain", options=SMALL, workers=2, seen=kill_a_worker)
    assert (asides(tmp_path / "out")[0] / ".again").exists()
    make(world, tmp_path / "out", "pretrain", options=SMALL)
    make(world, tmp_path / "afresh", "pretrain", options=SMALL)
    assert tree(tmp_path / "out") == tree(tmp_path / "afresh")
    assert not asides(tmp_path / "out")[0].exists()


def test_nobody_writes_any_more_where_a_build_was_made_that_ended(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(world, 40)
    working: list[Any] = []
    stage = run.stage

    @contextlib.contextmanager
    def staged(*asked: Any, **more: Any) -> Iterator[Place]:
        with stage(*asked, **more) as place:
            try:
                yield place
            finally:
                working.extend(multiprocessing.active_children())

    monkeypatch.setattr(run, "stage", staged)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(world, tmp_path / "out", "pretrain", options=SMALL, workers=2, seen=stop)
    assert not working, "it is cleared then, or another's"


# It stops as soon as its workers are started, which have not come to anything yet, and hears of it as they do.
INTERRUPTED = """
import os, signal, sys, time
from pathlib import Path
from corpus.build.desk import Bench
from corpus.build.team import Team
if __name__ == "__main__":
    try:
        with Team(Bench(Path(sys.argv[1]), None), 2):
            time.sleep(float(sys.argv[2]))
            os.killpg(0, signal.SIGINT)
            time.sleep(60)
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.parametrize("after", [0.05, 0.3])
def test_an_interrupt_while_workers_start_is_heard_once(tmp_path: Path, after: float) -> None:
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    command = [sys.executable, str(script), str(tmp_path), str(after)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True, timeout=60)
    assert done.returncode == 130
    assert "KeyboardInterrupt" not in done.stderr
