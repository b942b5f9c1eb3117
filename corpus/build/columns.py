"""The table of a selection: hashes as bytes and names as numbers, and its columns read out again all at once, not value by value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, TypeVar

from corpus.build.splits import REST, Splits

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
_HASH = 32
_FORMATS: dict[int, Literal["b", "i", "q"]] = {1: "b", 4: "i", 8: "q"}
KEPT = (
    *("key", "id", "created_us", "tuple_type", "session_id", "file", "frame_offset", "frame_size", "frame_content", "offset", "size"),
    *("evidence", "left_out", "split"),
)
"""The columns, in order. ``session_id`` and ``left_out`` may be null."""


def schema() -> pa.Schema:
    """The types of :data:`KEPT`."""
    import pyarrow as pa

    kinds = dict.fromkeys(KEPT, pa.int64()) | {"key": pa.binary(_HASH), "id": pa.binary(_HASH), "evidence": pa.int8(), "file": pa.int32()}
    kinds |= dict.fromkeys(("tuple_type", "left_out", "split"), pa.dictionary(pa.int8(), pa.string())) | {"session_id": pa.string()}
    return pa.schema(list(kinds.items()))


def compact(batch: pa.RecordBatch, splits: Splits) -> pa.RecordBatch:
    """A batch of :func:`schema` from one in which hashes are hex digits; what has a ``group`` instead of a ``split`` is given its own."""
    import pyarrow as pa

    def column(name: str, kind: pa.DataType) -> pa.Array:
        if name == "split":
            return _split(batch, splits).cast(kind)
        values = batch.column(name)
        if kind == pa.binary(_HASH):
            raw = bytes.fromhex("".join(values.to_pylist()))
            held = pa.allocate_buffer(len(raw))  # no thread of the engine's is to let go of what is Python's, when that has ended
            memoryview(held).cast("B")[:] = raw
            return pa.Array.from_buffers(kind, len(values), [None, held])
        return values.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else values.cast(kind)

    return pa.RecordBatch.from_arrays([column(field.name, field.type) for field in schema()], schema=schema())


def _split(batch: pa.RecordBatch, splits: Splits) -> pa.DictionaryArray:
    import pyarrow as pa

    known, groups = batch.column("split"), batch.column("group")
    builder = pa.lib.StringBuilder()
    for split, group in zip(known.to_pylist(), groups.to_pylist(), strict=True):
        builder.append(split if split is not None else REST if group is None else splits.choose(group))
    return builder.finish().dictionary_encode()


def hashes(column: pa.Array) -> list[str]:
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
    known = [*(member(name) for name in column.dictionary.to_pylist()), None]
    return map(known.__getitem__, numbers(column.indices.fill_null(len(known) - 1)))


def _bytes(column: pa.Array) -> memoryview:
    """What a column of values of one width holds."""
    width = column.type.byte_width
    return memoryview(column.buffers()[1] or b"").cast("B")[column.offset * width : (column.offset + len(column)) * width]
