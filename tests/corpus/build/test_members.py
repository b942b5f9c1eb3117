"""Members by the pair and by the block are the same members, in memory, in their text and in their tree."""

from __future__ import annotations

import hashlib
import json

import pytest

from corpus.build.members import Members, leaf_hashes
from corpus.record import root

COUNTS = (0, 1, 2, 1023, 1024, 1025, 2500)


def some(count: int) -> list[tuple[str, str]]:
    return [(hashlib.sha256(b"key %d" % number).hexdigest(), hashlib.sha256(b"id %d" % number).hexdigest()) for number in range(count)]


@pytest.mark.parametrize("count", COUNTS)
def test_members_are_the_pairs_that_they_were_made_of(count: int) -> None:
    pairs = some(count)
    members = Members(pairs)
    assert (len(members), list(members)) == (count, pairs)
    assert json.loads(b"".join(members.json())) == [list(pair) for pair in pairs]
    raw = [bytes.fromhex(key + ident) for key, ident in pairs]
    assert members.raw() == b"".join(raw)
    assert members.root() == members.root(leaf_hashes(members.raw())) == root(raw).hex()


@pytest.mark.parametrize("cut", COUNTS)
def test_members_that_come_in_blocks_are_those_that_come_one_by_one(cut: int) -> None:
    whole = Members(some(2500))
    parts = Members()
    parts.add_raw(whole.raw()[: 64 * cut])
    parts.add_raw(bytes(whole.raw()[64 * cut :]))
    assert parts == whole
    leaves = leaf_hashes(whole.raw()[: 64 * cut]) + leaf_hashes(whole.raw()[64 * cut :])
    assert parts.root(leaves) == whole.root()


def test_what_are_no_whole_members_is_refused() -> None:
    members = Members(some(2))
    with pytest.raises(ValueError, match="whole"):
        members.add_raw(bytes(63))
    with pytest.raises(ValueError, match="each member"):
        members.root(leaf_hashes(members.raw())[:32])
    with pytest.raises(TypeError):
        members.raw()[0] = 1
    assert list(members) == some(2)
