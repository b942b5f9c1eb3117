"""Finding a hash among many in order: they are spread evenly, so it is looked for where it should be, without reading the others.

What is looked through is an array of each hash's first 8 bytes as a number (u64, little endian, as the machines that this runs on have it).
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import isqrt

BYTES = 8
_FEW = 24
"""With so many numbers to each one that is looked for, going through all of them takes as long as looking for one after the other."""
_FIRST = struct.Struct(">Q")


def number(begins: bytes) -> int:
    """The first 8 bytes of a hash."""
    return int(_FIRST.unpack_from(begins)[0])


def numbers(hashes: Iterable[bytes]) -> bytes:
    """The array for ``hashes``, which come in order."""
    return array("Q", map(number, hashes)).tobytes()


def place(among: memoryview, wanted: int) -> int:
    """The place of the first number in ``among`` that is not below ``wanted``: that of :func:`bisect.bisect_left`."""
    count = len(among)
    about, reach = wanted * count >> 64, 2 * isqrt(count) + 2  # four standard deviations in the middle, more elsewhere
    low, high = max(0, about - reach), min(count, about + reach)
    at = bisect_left(among, wanted, low, high)
    if (at == low > 0 and among[low - 1] >= wanted) or (at == high < count and among[high] < wanted):
        return bisect_left(among, wanted)
    return at


class Sought:
    """Hashes that are looked for together, in one array after the other."""

    def __init__(self, hashes: Iterable[bytes]) -> None:
        self._hashes: defaultdict[int, list[bytes]] = defaultdict(list)
        for one in hashes:
            self._hashes[number(one)].append(one)
        self._numbers = frozenset(self._hashes)

    def __len__(self) -> int:
        return len(self._numbers)

    def among(self, numbers: memoryview) -> Iterator[bytes]:
        """Those whose number is among ``numbers``, in no order: few that are not there are handed back."""
        there = self._numbers
        if len(there) * _FEW < len(numbers):
            there = frozenset(one for one in there if (at := place(numbers, one)) < len(numbers) and numbers[at] == one)
        else:
            there = there.intersection(numbers)
        for one in there:
            yield from self._hashes[one]
