"""A drainer killed anywhere in the hand-over of sessions or their sweep: afterwards each is complete, none twice, and nothing is left.

The short form kills at some of the calls into the system that Python makes during one drain. The long form (``full``) kills at every
one, and real drainers at random moments over sessions that go on.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from capture.drain import drain
from corpus.xdg import spool_dir, state_dir
from tests.capture.drain.test_kill import rewound
from tests.capture.drain.working import Work
from tests.capture.handover.talking import Talk, hand_over, left, parts, told
from tests.failing import killed_at


def expect_whole(work: Work, talks: list[Talk]) -> None:
    assert Counter(told(work.root)) == Counter(text for talk in talks for text in talk.said)
    sessions = [path for path in work.root.rglob("*.jsonl") if "sessions" in path.parts]
    assert sum(len(path.read_bytes().splitlines()) for path in sessions) == len(parts(work.root))  # none twice, not even as a second line
    assert list(work.root.rglob(".tmp-*")) == []
    assert left() == []
    assert list(state_dir().glob("*.new")) == []


def three_ways(work: Work) -> list[Talk]:
    """A session held by a link, one that the drainer has to hold itself, and one that no hook told of."""
    talks = [Talk(work.path, name).talk(turns) for name, turns in (("linked", 5), ("named", 3), ("missed", 2))]
    hand_over(talks[0])
    hand_over(talks[1], link=False)
    talks[2].rest()
    return talks


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("step", [211, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"])
def test_a_drainer_killed_at_any_call_into_the_system_leaves_every_session_complete(work: Work, tmp_path: Path, step: int) -> None:
    talks = three_ways(work)
    with rewound(work, tmp_path / "kept") as rewind:
        drain(spool_dir())  # loads what a drain loads, so that each child only drains
        expect_whole(work, talks)
        number = 1
        killed = 0
        while True:
            rewind()
            if not killed_at(number, lambda: drain(spool_dir(), sweeping=True)):
                break
            killed += 1
            drain(spool_dir())
            expect_whole(work, talks)
            number += step
    assert killed * step > 300  # the drain really was cut to pieces


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_two_hundred_drainers_killed_at_random_moments_over_sessions_that_go_on_lose_and_double_nothing(work: Work) -> None:
    moments = random.Random(20260515)
    talks: list[Talk] = []
    for number in range(200):
        if number % 5 == 0:
            talks.append(Talk(work.path, f"session-{number}"))
        talk = talks[-1].talk(40)
        linked = number % 2 == 0
        if number % 3:
            hand_over(talk, "SessionEnd" if number % 5 == 4 else "Stop", link=linked)
        if number % 15 == 4 and linked:  # what the hook could not link is gone when its agent deletes it before any drainer lives
            talk.path.rename(talk.path.with_suffix(".moved"))  # deleted by its agent, for all that the drainer can see
        drainer = subprocess.Popen([sys.executable, "-m", "capture", "drain"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.0, 3.0))
        drainer.kill()
        drainer.wait()
    drain(spool_dir(), by_hand=True)
    expect_whole(work, talks)
