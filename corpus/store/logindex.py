"""The keys of a full part of the log, in order: which ids it named under a key, without reading it.

Magic, 256 running counts by first byte (u32, little endian), key and id (32 bytes each) in order, and the keys as
:mod:`corpus.store.spread` finds them (u64 each).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain

from corpus.errors import Broken
from corpus.store.directory import Directory
from corpus.store.spread import BYTES, Sought, number, numbers, place

_MAGIC = b"tslog2\n\0"
_FAN = struct.Struct("<256I")
_AT = len(_MAGIC) + _FAN.size
_ROW = 64
_KEY = struct.Struct("32s32x")


def sorted_keys(entries: Iterable[tuple[str, str]]) -> bytes:
    """The file for ``(key, id)`` entries."""
    rows = sorted(bytes.fromhex(key + ident) for key, ident in entries)
    counts = [0] * 256
    for row in rows:
        counts[row[0]] += 1
    return b"".join((_MAGIC, _FAN.pack(*accumulate(counts)), *rows, numbers(rows)))


def in_order(parts: Sequence[Callable[[int], Iterable[bytes]]]) -> Iterator[bytes]:
    """The hashes of all ``parts`` in order, of which each hands back those of a first byte; many times as fast as merging one by one."""
    for byte in range(256):
        yield from sorted(chain.from_iterable(part(byte) for part in parts))


class SortedKeys:
    """One such file, mapped. Raises :class:`Broken` for what is none."""

    def __init__(self, directory: Directory, name: str) -> None:
        self._where = directory.path / name
        with open(directory.open_file(name), "rb") as stream:
            try:
                self._map = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
                self._fan = _FAN.unpack_from(self._map, len(_MAGIC))
            except (ValueError, struct.error) as error:
                raise self._broken() from error
        self._count = self._fan[255]
        keys_at = _AT + _ROW * self._count
        sized = len(self._map) == keys_at + BYTES * self._count
        if self._map[: len(_MAGIC)] != _MAGIC or not sized or list(self._fan) != sorted(self._fan):
            raise self._broken()
        self._view = memoryview(self._map)[keys_at:]
        self._keys = self._view.cast("Q")

    def _broken(self) -> Broken:
        return Broken(f"{self._where} is no list of the log's keys: remove it, it is made again")

    def close(self) -> None:
        self._keys.release()
        self._view.release()
        self._map.close()

    def beginning_with(self, byte: int) -> list[bytes]:
        """The keys of that first byte, in order; one that was replaced as often as it was named."""
        low, high = self._fan[byte - 1] if byte else 0, self._fan[byte]
        return [key for (key,) in _KEY.iter_unpack(self._map[_AT + low * _ROW : _AT + high * _ROW])]

    def among(self, sought: Sought) -> Iterator[tuple[bytes, bytes]]:
        """``(key, id)`` of what is named under those keys."""
        for key in sought.among(self._keys):
            for ident in self._ids_of(key):
                yield key, ident

    def _ids_of(self, key: bytes) -> Iterator[bytes]:
        wanted = number(key)
        at = place(self._keys, wanted)
        while at < self._count and self._keys[at] == wanted:
            row = self._map[_AT + _ROW * at : _AT + _ROW * (at + 1)]
            if row[:32] == key:
                yield row[32:]
            at += 1
