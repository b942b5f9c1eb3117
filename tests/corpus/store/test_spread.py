"""A hash is found among others wherever it lies, also where somebody made them uneven."""

from __future__ import annotations

import hashlib
from bisect import bisect_left

from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.store.spread import Sought, number, numbers, place

U64 = st.integers(0, (1 << 64) - 1)


@settings(deadline=None)
@given(st.lists(U64 | st.integers(0, 9), max_size=300).map(sorted), U64 | st.integers(0, 9))
def test_it_is_the_place_that_a_plain_bisection_finds(among: list[int], wanted: int) -> None:
    held = memoryview(numbers(one.to_bytes(8, "big") for one in among)).cast("Q")
    for each in (wanted, *among[:3], *among[-3:]):
        assert place(held, each) == bisect_left(among, each)


def test_few_of_many_even_hashes_are_looked_at() -> None:
    hashes = sorted(hashlib.sha256(b"%d" % at).digest() for at in range(20_000))
    held = memoryview(numbers(hashes)).cast("Q")
    assert [place(held, number(one)) for one in hashes] == [*range(20_000)]


@settings(deadline=None)
@given(st.lists(U64 | st.integers(0, 9), max_size=300).map(sorted), st.sets(st.binary(min_size=9, max_size=9)))
def test_what_is_looked_for_together_is_found_as_one_by_one(among: list[int], others: set[bytes]) -> None:
    held = memoryview(numbers(one.to_bytes(8, "big") for one in among)).cast("Q")
    there = {one.to_bytes(8, "big") + end for one in among[::7] for end in (b"a", b"b")}
    for wanted in (there | others, set(sorted(there)[:1]), others):
        assert sorted(Sought(wanted).among(held)) == sorted(one for one in wanted if number(one) in among)


def test_few_and_many_of_even_hashes_are_found_together() -> None:
    hashes = sorted(hashlib.sha256(b"%d" % at).digest() for at in range(20_000))
    held = memoryview(numbers(hashes)).cast("Q")
    others = [hashlib.sha256(b"other %d" % at).digest() for at in range(2000)]
    for there, more in ((hashes[::1000], others[:20]), (hashes[::5], others)):
        assert sorted(Sought([*there, *more]).among(held)) == there
