"""Forgetting killed at any call into the system: all is there still, or the next drain takes out the rest, wherever it lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from corpus.store import Corpus
from corpus.xdg import cache_dir, state_dir
from tests.capture.forgetting.two import ANN, HERS, HIS, Two
from tests.failing import killed_at


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("step", [307, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"])
def test_forgetting_killed_anywhere_is_ended_by_the_next_drain(two: Two, tmp_path: Path, step: int) -> None:
    places = [two.work.root, state_dir(), cache_dir(), two.out]
    hers = two.identifiers(ANN)
    for number, place in enumerate(places):
        shutil.copytree(place, tmp_path / f"kept{number}")

    def rewind() -> None:
        for number, place in enumerate(places):
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(tmp_path / f"kept{number}", place)

    before = two.kinds()
    two.forget(subject=ANN[1])  # loads what it loads
    after = two.kinds()
    number, outcomes = step, set()
    while True:
        rewind()
        if not killed_at(number, lambda: two.forget(subject=ANN[1])):
            break
        with Corpus.open(two.work.root, "acme") as corpus:
            begun = corpus.forgetting() is not None
        two.drain()
        now = two.kinds()
        assert now in (before, after)
        assert begun <= (now == after)
        if now == after:
            assert two.holding(*hers, HERS) == {}
        two.verified()
        outcomes.add((begun, now == after))
        number += step
    assert number > 1000  # it really was cut to pieces
    assert {(False, False), (True, True)} <= outcomes
    assert two.holding(HIS)
