"""Digests that were seen, in little room."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.build.quality import seen
from corpus.build.quality.seen import Seen

DIGEST = st.binary(min_size=16, max_size=16)
CLOSE = st.tuples(st.sampled_from([b"", b"\x01"]), st.integers(0, 1 << 20)).map(
    lambda drawn: drawn[0].ljust(8, b"\0") + drawn[1].to_bytes(8)
)
"""Digests that all want one of two places."""


@settings(deadline=None)
@given(st.lists(DIGEST | CLOSE, max_size=300))
def test_it_knows_what_a_dictionary_knows(digests: list[bytes]) -> None:
    found, known = Seen(), dict[bytes, bytes]()
    found._slots = seen.array("I", bytes(4 * 8))  # so that it grows often
    for number, digest in enumerate(digests):
        assert found.get(digest) == known.get(digest)
        if digest not in known:
            known[digest] = number.to_bytes(32)
            found.add(digest, known[digest])
    assert {digest: found.get(digest) for digest in known} == known


@pytest.mark.parametrize(("digest", "key"), [(b"short", bytes(32)), (bytes(16), bytes(31))])
def test_what_is_no_digest_or_no_key_is_refused(digest: bytes, key: bytes) -> None:
    with pytest.raises(ValueError, match="not 16 and 32 bytes"):
        Seen().add(digest, key)
