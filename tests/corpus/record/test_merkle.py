"""The tree hash, held against the definition it implements."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.record.merkle import leaf_hashes, root, root_of

# The tree heads of RFC 6962's reference implementation over its first test leaves.
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
HEADS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
}


def defined(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if len(leaves) < 2:
        return hashlib.sha256(b"\0" + leaves[0] if leaves else b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + defined(leaves[:split]) + defined(leaves[split:])).digest()


@pytest.mark.parametrize("count", HEADS)
def test_known_trees_have_the_known_heads(count: int) -> None:
    assert root(LEAVES[:count]).hex() == HEADS[count]


@given(st.lists(st.binary(max_size=5), max_size=70))
def test_the_hash_is_the_one_that_is_defined(leaves: list[bytes]) -> None:
    assert root(leaves) == defined(leaves)


@given(st.integers(1, 40), st.integers(0, 70))
def test_leaves_that_stand_one_after_the_other_are_hashed_as_they_are_alone(width: int, count: int) -> None:
    leaves = [number.to_bytes(width, "big") for number in range(count)]
    assert root_of(leaf_hashes(b"".join(leaves), width)) == defined(leaves)


@pytest.mark.parametrize("count", [1023, 1024, 1025, 2049, 3000])
def test_a_tree_of_more_than_is_hashed_at_once_is_the_one_that_is_defined(count: int) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(count)]
    assert root(leaves) == root_of(leaf_hashes(b"".join(leaves), 2)) == defined(leaves)


def test_what_are_no_whole_hashes_is_refused() -> None:
    with pytest.raises(ValueError, match="row of hashes"):
        root_of(bytes(33))
