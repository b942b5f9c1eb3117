"""Keys of records in order, each once, 32 bytes each: as many as a build has, without an object for each."""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Collection

_SIZE = 32


class Keys:
    """Keys that stand in ``data`` in order, which may be a file that is mapped."""

    __slots__ = ("data",)

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.data = data

    @classmethod
    def of(cls, hashes: bytes | bytearray) -> Keys:
        """Those that stand in ``hashes``, in any order and as often as they like."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = pa.FixedSizeBinaryArray.from_buffers(pa.binary(_SIZE), len(hashes) // _SIZE, [None, pa.py_buffer(hashes)])
        found = found.take(pc.sort_indices(found))
        new = pc.not_equal(found[1:], found[:-1])
        if not pc.all(new).as_py():
            found = pa.concat_arrays([found[:1], found[1:].filter(new)])
        return cls(found.buffers()[1][: len(found) * _SIZE].to_pybytes())

    def __len__(self) -> int:
        return len(self.data) // _SIZE

    def count(self, keys: Collection[str]) -> int:
        """How many of ``keys`` (hex, each once) are among them."""
        every = range(len(self))
        return sum((at := bisect_left(every, raw, key=self._at)) < len(self) and self._at(at) == raw for raw in map(bytes.fromhex, keys))

    def _at(self, number: int) -> bytes:
        return self.data[_SIZE * number : _SIZE * number + _SIZE]
