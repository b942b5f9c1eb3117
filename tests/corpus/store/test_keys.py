"""The keys of a build's records: in order, each once, and found again."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.store.keys import Keys

SOME = [hashlib.sha256(b"%d" % number).digest() for number in range(40)]


@settings(deadline=None)  # the first call imports pyarrow
@given(st.lists(st.one_of(st.sampled_from(SOME), st.binary(min_size=32, max_size=32))), st.sets(st.sampled_from(SOME)))
def test_keys_are_in_order_each_once_and_are_found_as_in_a_set(hashes: list[bytes], asked: set[bytes]) -> None:
    keys = Keys.of(b"".join(hashes))
    assert keys.data == b"".join(sorted(set(hashes)))
    assert len(keys) == len(set(hashes))
    assert keys.count([key.hex() for key in asked]) == len(asked & set(hashes))
