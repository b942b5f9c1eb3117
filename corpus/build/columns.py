"""Columns in little room: hashes as bytes and names as numbers, and read out again all at once, not value by value.

No value goes through ``pa.array`` or ``pa.scalar``, which import pandas where that is installed: 30 MB and a fifth of a second.
"""

from __future__ import annotations

import binascii
import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, TypeVar

from corpus.store.index import texts

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
KEPT = (
    *("key", "id", "created_us", "tuple_type", "session_id", "file", "frame_offset", "frame_size", "frame_content", "offset", "size"),
    *("evidence", "left_out", "split"),
)
"""The columns of a selection, in order. ``session_id`` and ``left_out`` may be null."""
_HASH = 32
_ONE = re.compile(r"[0-9a-f]{64}")
_FORMATS: dict[int, Literal["b", "i", "q"]] = {1: "b", 4: "i", 8: "q"}


def raw(column: pa.StringArray) -> pa.FixedSizeBinaryArray:
    """A column of hex digits as 32 bytes each. Raises ``ValueError`` where one is none."""
    import pyarrow as pa

    if not _of_hash_length(column):
        raise ValueError("a hash that is none")
    return pa.Array.from_buffers(pa.binary(_HASH), len(column), [None, _buffer(binascii.unhexlify(_text(column)))])


def ends(column: pa.StringArray) -> pa.BinaryArray:
    """As :func:`raw`, of what may be null, or a text that is no hash and stays what it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if _of_hash_length(column) and not bytes(_text(column)).translate(None, b"0123456789abcdef"):
        return raw(column).cast(pa.binary())
    made = blobs([_end(value) for value in column.to_pylist()])
    return pa.Array.from_buffers(pa.binary(), len(column), [pc.is_valid(column).buffers()[1], *made.buffers()[1:]])


def _end(value: str | None) -> bytes:
    return b"" if value is None else bytes.fromhex(value) if _ONE.fullmatch(value) else value.encode()


def _of_hash_length(column: pa.StringArray) -> bool:
    import pyarrow.compute as pc

    if not len(column):
        return True
    lengths = pc.min_max(pc.binary_length(column)).as_py()
    return not column.null_count and lengths == {"min": 2 * _HASH, "max": 2 * _HASH}


def _text(column: pa.StringArray) -> memoryview:
    """The bytes of all texts, one after another."""
    _, offsets, data = column.buffers()
    at = memoryview(offsets).cast("B").cast("i")
    return memoryview(data).cast("B")[at[column.offset] : at[column.offset + len(column)]] if data else memoryview(b"")


def blobs(values: Sequence[bytes]) -> pa.BinaryArray:
    """An array of bytes."""
    import pyarrow as pa

    offsets = array("i", accumulate(map(len, values), initial=0))
    return pa.Array.from_buffers(pa.binary(), len(values), [None, _buffer(offsets), _buffer(b"".join(values))])


def strings(data: bytes, lengths: Iterable[int]) -> pa.StringArray:
    """An array of the texts that are of these lengths in bytes and stand one after another in ``data``, which is UTF-8.

    It is Python's memory, so not for an engine: see :func:`_buffer`."""
    import pyarrow as pa

    offsets = array("i", accumulate(lengths, initial=0))
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def integers(values: Iterable[int]) -> pa.Int64Array:
    """An array of numbers."""
    import pyarrow as pa

    held = array("q", values)
    return pa.Array.from_buffers(pa.int64(), len(held), [None, _buffer(held)])


def coded(column: pa.StringArray) -> pa.DictionaryArray:
    """A column of few names, each told once."""
    import pyarrow as pa

    return column.dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))


def of_codes(column: pa.Array, names: Iterable[str]) -> pa.DictionaryArray:
    """The names that a column has the places of."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(column.cast(pa.int8()), texts(names))


def _buffer(data: bytes | array[int]) -> pa.Buffer:
    """A copy in memory of Arrow's: no thread of an engine is to let go of what is Python's, when that has ended."""
    import pyarrow as pa

    view = memoryview(data).cast("B")
    held = pa.allocate_buffer(len(view))
    if len(view):
        memoryview(held).cast("B")[:] = view
    return held


def hashes(column: pa.FixedSizeBinaryArray) -> list[str]:
    """A column of hashes, as hex digits."""
    text = _bytes(column).hex()
    return [text[at : at + 2 * _HASH] for at in range(0, len(text), 2 * _HASH)]


def numbers(column: pa.Array) -> list[int]:
    """A column of integers, none of them null."""
    return _bytes(column).cast(_FORMATS[column.type.byte_width]).tolist()


def named(column: pa.DictionaryArray, member: Callable[[str], T]) -> Iterable[T]:
    """A column of names, none of them null: ``member`` of each, which is asked once for each name there is."""
    known = [member(name) for name in column.dictionary.to_pylist()]
    return map(known.__getitem__, numbers(column.indices))


def named_or_none(column: pa.DictionaryArray, member: Callable[[str], T]) -> Iterable[T | None]:
    """As :func:`named`, ``None`` for what is null."""
    known = [member(name) for name in column.dictionary.to_pylist()]
    return (None if at is None else known[at] for at in column.indices.to_pylist())


def _bytes(column: pa.Array) -> memoryview:
    """What a column of values of one width holds."""
    width = column.type.byte_width
    return memoryview(column.buffers()[1] or b"").cast("B")[column.offset * width : (column.offset + len(column)) * width]
