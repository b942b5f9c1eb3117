"""The members of a set: key and id of the record behind each row, 64 bytes a row however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from corpus.record.merkle import leaf_hashes as hashes_of
from corpus.record.merkle import root_of

SIZE = 64
"""Bytes of a member: those of its key, then those of its id."""
_AT_ONCE = 1024 * SIZE


class Members:
    """``(key, id)`` pairs in order, as hex; in a manifest a list of pairs."""

    __slots__ = ("_data",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._data = bytearray()
        for key, ident in pairs:
            self.add(key, ident)

    def add(self, key: str, ident: str) -> None:
        """One more. Raises ``ValueError`` for what is no pair of hashes."""
        raw = bytes.fromhex(key + ident)
        if len(raw) != SIZE:
            raise ValueError("not a key and an id")
        self._data += raw

    def add_raw(self, data: bytes | bytearray | memoryview) -> None:
        """More of them, 64 bytes each. Raises ``ValueError`` for what are no whole members."""
        if len(data) % SIZE:
            raise ValueError("not whole members")
        self._data += data

    def extend(self, others: Members) -> None:
        self._data += others._data

    def raw(self) -> memoryview:
        """All of them, 64 bytes each, not copied: none can be added while this is held."""
        return memoryview(self._data).toreadonly()

    def __len__(self) -> int:
        return len(self._data) // SIZE

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for at in range(0, len(self._data), _AT_ONCE):
            told = self._data[at : at + _AT_ONCE].hex(",", SIZE // 2).split(",")
            yield from zip(told[::2], told[1::2], strict=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Members) and self._data == other._data

    def __hash__(self) -> int:
        return hash(bytes(self._data))

    def root(self, leaves: bytes | None = None) -> str:
        """The Merkle tree hash (RFC 6962, section 2.1) over them, hex; a leaf is the 64 bytes of key and id.

        ``leaves`` are their :func:`leaf_hashes` in order, where somebody has them already. Raises ``ValueError`` where those are more or
        fewer.
        """
        if leaves is None:
            leaves = leaf_hashes(self.raw())
        if len(leaves) // 32 != len(self):
            raise ValueError("not a hash for each member")
        return root_of(leaves).hex()

    def json(self) -> Iterator[bytes]:
        """The list of pairs as JSON, piece by piece."""
        yield b"["
        for at in range(0, len(self._data), _AT_ONCE):
            told = self._data[at : at + _AT_ONCE].hex(",", SIZE // 2).encode().split(b",")
            yield b"," * bool(at) + (b'["%b","%b"],' * (len(told) // 2))[:-1] % tuple(told)
        yield b"]"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object) -> Members:
            if isinstance(value, Members):
                return value
            if not isinstance(value, list | tuple):
                raise ValueError("not a list of members")
            return cls((str(key), str(ident)) for key, ident in value)

        told = core_schema.plain_serializer_function_ser_schema(list)
        return core_schema.no_info_plain_validator_function(read, serialization=told)


def leaf_hashes(data: bytes | bytearray | memoryview) -> bytes:
    """The hashes of members as leaves of the tree that :meth:`Members.root` is over: 32 bytes for each 64."""
    return hashes_of(data, SIZE)
