"""Finding a hash among many in order: they are spread evenly, so it is looked for where it should be, without reading the others.

What is looked through is an array of each hash's first 8 bytes as a number (u64, little endian, as the machines that this runs on have it).
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from math import isqrt

BYTES = 8
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
