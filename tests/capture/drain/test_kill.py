"""A drainer killed anywhere: afterwards every commit has exactly one record, and nothing of the killed one is left.

The short form kills at every call into the system that Python makes during one drain. The long form (``full``) kills at
every real system call that changes something (strace), and real drainers at random moments over a stream of commits.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from capture import spool
from capture.drain import drain
from corpus.record import TupleType
from corpus.xdg import spool_dir, state_dir
from tests.capture.drain.working import Work
from tests.failing import boundaries, killed_at, struck


@contextmanager
def rewound(work: Work, kept: Path) -> Iterator[Callable[[], None]]:
    """Yields what puts corpus, spool and sweep positions back to where they were."""
    places = {work.root: kept / "root", state_dir(): kept / "state"}
    for place, copy in places.items():
        shutil.copytree(place, copy)

    def rewind() -> None:
        for place, copy in places.items():
            shutil.rmtree(place)
            shutil.copytree(copy, place)  # copystat keeps the entries' times, and so their order

    yield rewind


def expect_whole(work: Work, commits: list[str], links: int = 0) -> None:
    found = Counter(record.header.source_commit for record in work.records())
    assert found == Counter(commits)
    assert len(work.lines()) == len(commits) + links  # none twice, not even as a second line of the same key
    assert len(work.records(TupleType.LINK)) == links
    assert list(work.root.rglob(".tmp-*")) == []
    assert spool.entries(spool_dir()) == []


def spooled_work(work: Work) -> tuple[list[str], int]:
    """Two commits and an amend, spooled: three commits, one link."""
    first = work.commit("one")
    second = work.commit("two", "b.txt")
    work.git("commit", "-q", "--amend", "-m", "two, better")
    for commit in (first, second, work.head):
        work.spool(commit)
    work.spool(work.head, "post-rewrite", [(second, work.head)])
    return [first, second, work.head], 1


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("step", [73, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"])
@pytest.mark.parametrize("sweeping", [True, False], ids=["sweeping", "without the sweep"])
def test_a_drainer_killed_at_any_call_into_the_system_leaves_every_commit_with_one_record(
    work: Work, tmp_path: Path, sweeping: bool, step: int
) -> None:
    commits, links = spooled_work(work)
    with rewound(work, tmp_path / "kept") as rewind:
        drain(spool_dir(), sweeping=sweeping)  # loads what a drain loads, so that each child only drains
        number = 1
        killed = 0
        while True:
            rewind()
            if not killed_at(number, lambda: drain(spool_dir(), sweeping=sweeping)):
                break
            killed += 1
            drain(spool_dir(), sweeping=sweeping)
            expect_whole(work, commits, links)
            number += step
    assert killed * step > 300  # the drain really was cut to pieces


CHANGING = (
    "openat,write,pwrite64,fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,ftruncate,fchmod,flock"
)


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("sweeping", [True, False], ids=["sweeping", "without the sweep"])
def test_a_drainer_process_killed_at_every_changing_system_call_leaves_every_commit_with_one_record(
    work: Work, tmp_path: Path, sweeping: bool
) -> None:
    commits, links = spooled_work(work)
    command = [sys.executable, "-m", "capture", "drain", *([] if sweeping else ["--no-sweep"])]
    with rewound(work, tmp_path / "kept") as rewind:
        ours = re.compile(rf"{re.escape(str(work.root))}|{re.escape(str(state_dir()))}|\.tmp-|\.jsonl|fsync|flock|link|rename")
        met = boundaries(command, CHANGING, ours, tmp_path / "trace")
        assert len(met) > 50
        for call, number in met:
            rewind()
            struck(command, call, number)
            drain(spool_dir(), sweeping=sweeping)
            expect_whole(work, commits, links)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_two_hundred_drainers_killed_at_random_moments_over_a_stream_of_commits_lose_and_double_nothing(work: Work) -> None:
    moments = random.Random(20260515)
    commits = []
    for number in range(200):
        commits.append(work.commit(f"commit {number}", f"f{number % 7}.txt", f"{number}\n" * 50))
        if number % 10:
            work.spool(commits[-1])  # each tenth is left to the sweep
        sweeping = [] if number % 2 else ["--no-sweep"]
        drainer = subprocess.Popen(
            [sys.executable, "-m", "capture", "drain", *sweeping], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moments.uniform(0.0, 2.5))
        drainer.kill()
        drainer.wait()
    drain(spool_dir())
    expect_whole(work, commits)
