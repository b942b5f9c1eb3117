"""The key table beside a pack: finding one record by key or id without reading the index, as git's pack index does.

``<id>.keys``: 8 bytes of magic, SHA-256 of the tenant's name, the number of records (u64), 256 running counts by a key's first byte
(u32), the records ordered by key (104 bytes each), their numbers ordered by id (u32), the keys and the ids as :mod:`corpus.store.spread`
finds them (u64 each), and what :mod:`corpus.store.postings` says. Little endian but for the last.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from corpus.errors import Broken, Refused
from corpus.store.directory import Directory
from corpus.store.frames import Frame
from corpus.store.postings import Name, places, section, section_size
from corpus.store.rows import Row
from corpus.store.spread import BYTES, Sought, number, numbers, place
from corpus.store.versions import Order, order

MAGIC = b"tskeys3\n"
_HEAD = struct.Struct("<8s32sQ")
_FAN = struct.Struct("<256I")
_ROW = struct.Struct("<32s32sIQIQIIII")
_KEY = struct.Struct(f"32s{_ROW.size - 32}x")
_MANY = 64
"""So many lookups in a table, and the rest of it is read ahead after all: page by page it would take longer."""
_ROWS_AT = _HEAD.size + _FAN.size


class Location(NamedTuple):
    """Where one record of a pack lies: its number in the index, its frame, and offset and size inside it (bytes)."""

    key: str
    id: str
    events: int
    revision: int
    number: int
    frame: Frame
    offset: int
    size: int

    @property
    def order(self) -> Order:
        return order(self.events, self.revision, self.id)


def table_bytes(tenant: str, rows: Sequence[Row]) -> bytes:
    """The key table of a pack whose index has ``rows``."""
    packed = sorted(
        _ROW.pack(bytes.fromhex(row.key), bytes.fromhex(row.id), row.events, row.revision, at, *row.frame, row.offset, row.size)
        for at, row in enumerate(rows)
    )
    counts = [0] * 256
    for one in packed:
        counts[one[0]] += 1
    by_id = sorted(range(len(packed)), key=lambda at: packed[at][32:64])
    head = _HEAD.pack(MAGIC, hashlib.sha256(tenant.encode()).digest(), len(packed))
    found = numbers(packed), numbers(packed[at][32:40] for at in by_id)
    return b"".join((head, _FAN.pack(*accumulate(counts)), *packed, struct.pack(f"<{len(by_id)}I", *by_id), *found, section(rows)))


class KeyTable:
    """An open key table. Raises :class:`Refused` for another tenant's, :class:`Broken` for one that is none."""

    def __init__(self, directory: Directory, name: str, tenant: str) -> None:
        self.where = directory.path / name
        with open(directory.open_file(name), "rb") as stream:
            try:
                self._map = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
            except ValueError as error:  # an empty file
                raise self._broken() from error
        self._asked = 0
        self._expect("MADV_RANDOM")  # else the system reads megabytes ahead for the few pages that are looked at
        if len(self._map) < _ROWS_AT:
            raise self._broken()
        magic, owner, self.count = _HEAD.unpack_from(self._map)
        self._fan = _FAN.unpack_from(self._map, _HEAD.size)
        if magic != MAGIC and magic[:6] == MAGIC[:6]:
            raise Broken(f"{self.where} is of another version of this software: 'corpus verify --repair --tenant {tenant}' makes it again")
        if magic == MAGIC and owner != hashlib.sha256(tenant.encode()).digest():
            raise Refused(f"{self.where} is another tenant's: nothing of it was read; move it away")
        self._ids_at = _ROWS_AT + self.count * _ROW.size
        keys_at = self._ids_at + 4 * self.count
        self._postings_at = keys_at + 2 * BYTES * self.count
        sized = magic == MAGIC and len(self._map) >= self._postings_at + 8
        whole = self._postings_at + section_size(self._map, self._postings_at) if sized else -1
        if len(self._map) != whole or self._fan[255] != self.count or list(self._fan) != sorted(self._fan):
            raise self._broken()
        self._view = memoryview(self._map)
        self._numbers = self._view[keys_at : self._postings_at].cast("Q")
        self._keys, self._ids = self._numbers[: self.count], self._numbers[self.count :]

    def _broken(self) -> Broken:
        return Broken(f"{self.where} is no key table: run 'corpus verify --repair'")

    def _expect(self, how: str) -> None:
        """Tell the system how the file will be read, where it can be told (``madvise``)."""
        if hasattr(mmap, how):
            self._map.madvise(getattr(mmap, how))

    def close(self) -> None:
        for view in (self._keys, self._ids, self._numbers, self._view):
            view.release()
        self._map.close()

    def find(self, key: bytes) -> Location | None:
        """The record of a key (32 bytes)."""
        at = self._place(key)
        return None if at is None else self._location(at)

    def among(self, sought: Sought) -> Iterator[Location]:
        """The records of those keys."""
        self._ask(len(sought))
        return filter(None, map(self.find, sought.among(self._keys)))

    def holds(self, key: bytes) -> bool:
        return self._place(key) is not None

    def beginning(self, prefix: str) -> Iterator[Location]:
        """The records whose key or id begins with ``prefix`` (hex digits; case as stored), each once, by key and then by id."""
        seen = set()
        for at in self._run(self._keys, prefix):
            found = self._location(at)
            if found.key.startswith(prefix):
                seen.add(at)
                yield found
        for at in self._run(self._ids, prefix):
            row = self._by_id(at)
            found = self._location(row)
            if row not in seen and found.id.startswith(prefix):
                yield found

    def under(self, name: Name, since: int, until: int) -> Iterator[tuple[int, Location]]:
        """``(created_us, record)`` of what stands under ``name``, made from ``since`` to ``until``, in order of time."""
        for moment, at in places(self._map, self._postings_at, name, since, until):
            if at >= self.count:
                raise self._broken()
            yield moment, self._location(at)

    def keys(self) -> Iterator[bytes]:
        """Every key, in order."""
        self._expect("MADV_NORMAL")
        return map(self._key, range(self.count))

    def beginning_with(self, byte: int) -> list[bytes]:
        """The keys of that first byte, in order."""
        if byte == 0:  # the others are asked for next
            self._expect("MADV_NORMAL")
        low, high = self._fan[byte - 1] if byte else 0, self._fan[byte]
        return [key for (key,) in _KEY.iter_unpack(self._map[_ROWS_AT + low * _ROW.size : _ROWS_AT + high * _ROW.size])]

    def locations(self) -> Iterator[Location]:
        """Every record, ordered by key."""
        self._expect("MADV_NORMAL")
        return map(self._location, range(self.count))

    def _run(self, among: memoryview, prefix: str) -> Iterator[int]:
        """The places of the numbers that begin as ``prefix`` does, as far as they go."""
        begins = prefix[: 2 * BYTES]
        at = place(among, int(begins.ljust(2 * BYTES, "0"), 16))
        while at < self.count and f"{among[at]:016x}".startswith(begins):
            yield at
            at += 1

    def _ask(self, times: int) -> None:
        if self._asked < _MANY <= self._asked + times:
            self._expect("MADV_NORMAL")
        self._asked += times

    def _place(self, key: bytes) -> int | None:
        self._ask(1)
        wanted = number(key)
        at = place(self._keys, wanted)
        while at < self.count and self._keys[at] == wanted:
            if self._key(at) == key:
                return at
            at += 1
        return None

    def _key(self, row: int) -> bytes:
        at = _ROWS_AT + row * _ROW.size
        return self._map[at : at + 32]

    def _by_id(self, at: int) -> int:
        row: int = struct.unpack_from("<I", self._map, self._ids_at + 4 * at)[0]
        if row >= self.count:
            raise self._broken()
        return row

    def _location(self, at: int) -> Location:
        key, ident, events, revision, row, *frame, offset, size = _ROW.unpack_from(self._map, _ROWS_AT + at * _ROW.size)
        return Location(key.hex(), ident.hex(), events, revision, row, Frame(*frame), offset, size)
