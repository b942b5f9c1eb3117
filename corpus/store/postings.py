"""What stands together in a pack (a session's parts, a module's work in order of time, the links at one end), found by bisection.

The last section of a key table: how many there are (u64), and 28 bytes each, in order: the first 16 bytes of the SHA-256 of what they
stand under, ``created_us`` (u64, 2^63 for 1970, big endian), the record's place by key (u32, big endian).
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from corpus.record import TupleType
from corpus.store.rows import Row

EVER = -(1 << 62), 1 << 62
"""From before any record was made until after, in microseconds since 1970."""

_COUNT = struct.Struct("<Q")
_POSTING = struct.Struct(">16sQI")
_MOMENT = struct.Struct(">16sQ")
_EPOCH = 1 << 63


class By(StrEnum):
    """By what records of a kind are found."""

    SESSION = "session"
    MODULE = "module"
    FROM = "from"
    TO = "to"


class Name(NamedTuple):
    """What records stand under: records of a type by ``session_id`` or ``moduleId``, links of a kind by the key at one end."""

    kind: str
    by: By
    value: str


def names_of(row: Row) -> Iterator[Name]:
    """All that a record stands under."""
    if row.session_id is not None:
        yield Name(row.tuple_type, By.SESSION, row.session_id)
    if row.tuple_type in (TupleType.EDIT, TupleType.TRAJECTORY):
        yield Name(row.tuple_type, By.MODULE, row.moduleId)
    if row.link_kind is not None:
        for by, end in ((By.FROM, row.link_from), (By.TO, row.link_to)):
            if end is not None:
                yield Name(row.link_kind, by, end)


def section(rows: Sequence[Row]) -> bytes:
    """The section of the pack whose index has ``rows``."""
    by_key = sorted(rows, key=lambda row: row.key)
    found = [_POSTING.pack(_digest(name), _EPOCH + row.created_us, place) for place, row in enumerate(by_key) for name in names_of(row)]
    return _COUNT.pack(len(found)) + b"".join(sorted(found))


def section_size(table: mmap.mmap, at: int) -> int:
    """How long the section that begins at ``at`` says it is; bytes."""
    return _COUNT.size + _POSTING.size * int(_COUNT.unpack_from(table, at)[0])


def places(table: mmap.mmap, at: int, name: Name, since: int, until: int) -> Iterator[tuple[int, int]]:
    """``(created_us, place by key)`` of what stands under ``name`` and was made from ``since`` to ``until``, both included, in order."""
    first = at + _COUNT.size
    wanted = _digest(name)
    count = (section_size(table, at) - _COUNT.size) // _POSTING.size
    low = _MOMENT.pack(wanted, _EPOCH + since)
    number = bisect_left(range(count), low, key=lambda one: table[first + one * _POSTING.size : first + one * _POSTING.size + _MOMENT.size])
    while number < count:
        digest, moment, place = _POSTING.unpack_from(table, first + number * _POSTING.size)
        if digest != wanted or moment - _EPOCH > until:
            return
        yield moment - _EPOCH, place
        number += 1


@lru_cache(maxsize=4096)
def _digest(name: Name) -> bytes:
    return hashlib.sha256("\0".join(name).encode()).digest()[:16]
