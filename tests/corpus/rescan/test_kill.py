"""A rescan that is killed at any call goes on where it was, and ends with the very bytes of one that was not disturbed."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.corpus.rescan.yesterday import Yesterday
from tests.failing import CALLS, Rewound, failing_in_turn, killed_at


def undisturbed(world: Yesterday, expected: dict[str, bytes]) -> None:
    world.rescan(replace=True)
    assert world.held() == set()
    assert world.tree() == expected
    with world.open() as corpus:
        assert not corpus.verify().problems


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("step", [601, pytest.param(5, marks=pytest.mark.full)], ids=["some", "many"])
def test_killed_at_any_call_and_run_again_it_ends_with_the_same_bytes(packed: Yesterday, tmp_path: Path, step: int) -> None:
    keys = {entry.key for entry in packed.open().entries()}
    rewind = Rewound(packed.root, tmp_path / "kept")
    packed.rescan(replace=True)  # loads what it loads, and remembers what it found
    expected = packed.tree()
    number = killed = 1
    while True:
        rewind()
        if not killed_at(number, lambda: packed.rescan(replace=True)):
            break
        with packed.open() as corpus:
            assert {entry.key for entry in corpus.entries()} == keys
        undisturbed(packed, expected)
        killed += 1
        number += step
    assert killed * step > 1000


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("call", [pytest.param(call, marks=() if call in ("rename", "fsync") else pytest.mark.full) for call in CALLS])
def test_with_any_one_call_failing_it_says_so_and_loses_nothing(packed: Yesterday, tmp_path: Path, call: str) -> None:
    rewind = Rewound(packed.root, tmp_path / "kept")
    packed.rescan(replace=True)
    expected = packed.tree()
    for number in failing_in_turn(call, errno.ENOSPC, rewind, lambda: packed.rescan(replace=True)):
        if number % 13 == 1:
            undisturbed(packed, expected)
