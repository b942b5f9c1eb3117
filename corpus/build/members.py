"""The members of a set: key and id of the record behind each row, 64 bytes a row however many there are."""

from __future__ import annotations

import struct
from binascii import Error, unhexlify
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from corpus.record.merkle import leaf_hashes as hashes_of
from corpus.record.merkle import root_of

SIZE = 64
"""Bytes of a member: those of its key, then those of its id."""
PAIR = 136
"""Bytes of a member's text in a list of them, with the comma behind it."""
_AT_ONCE = 1024 * SIZE
_SIGNS = ((0, b"["), (1, b'"'), (66, b'"'), (67, b","), (68, b'"'), (133, b'"'), (134, b"]"), (135, b","))


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
        if not len(key) == len(ident) == len(raw) == SIZE:
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

    def raw_keys(self) -> bytearray:
        """The keys alone, 32 bytes each."""
        found = bytearray()
        for at in range(0, len(self._data), _AT_ONCE):
            some = self._data[at : at + _AT_ONCE]
            found += b"".join(struct.unpack("32s32x" * (len(some) // SIZE), some))
        return found

    def __len__(self) -> int:
        return len(self._data) // SIZE

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for at in range(0, len(self._data), _AT_ONCE):
            told = self._data[at : at + _AT_ONCE].hex(",", SIZE // 2).split(",")
            yield from zip(told[::2], told[1::2], strict=True)

    def __getitem__(self, at: int) -> tuple[str, str]:
        """The pair at this place, from 0. Raises ``IndexError``."""
        if not 0 <= at < len(self):
            raise IndexError(at)
        told = self._data[at * SIZE : (at + 1) * SIZE].hex()
        return told[:SIZE], told[SIZE:]

    def of(self, key: str) -> Iterator[int]:
        """The places at which a record stands, by its whole key."""
        raw, at = bytes.fromhex(key), -1
        while (at := self._data.find(raw, at + 1)) >= 0:
            if at % SIZE == 0:
                yield at // SIZE

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
            told = to_text(self._data[at : at + _AT_ONCE])
            yield told if at + _AT_ONCE < len(self._data) else told[:-1]
        yield b"]"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object, info: ValidationInfo) -> Members:
            """A list of pairs of text; with a mapping as context also a string, which it has members for."""
            if isinstance(value, str) and isinstance(info.context, Mapping):
                value = info.context.get(value)
            if isinstance(value, Members):
                return value
            if not isinstance(value, list | tuple):
                raise ValueError("not a list of members")
            return cls(_pair(each) for each in value)

        told = core_schema.plain_serializer_function_ser_schema(list)
        return core_schema.with_info_plain_validator_function(read, serialization=told)


def _pair(value: object) -> tuple[str, str]:
    match value:
        case [str(key), str(ident)]:
            return key, ident
    raise ValueError("not a key and an id")


def to_text(data: bytes | bytearray | memoryview) -> bytes:
    """Members, 64 bytes each, as their pairs stand in JSON, with a comma behind each."""
    pieces = (data[at : at + _AT_ONCE].hex(",", SIZE // 2).encode().split(b",") for at in range(0, len(data), _AT_ONCE))
    return b"".join([b'["%b","%b"],' * (len(told) // 2) % tuple(told) for told in pieces])


def of_text(text: bytes) -> bytes | None:
    """The members whose :func:`to_text` this is, in small letters or capitals, 64 bytes each; nothing where it is that of none."""
    count, more = divmod(len(text), PAIR)
    if more or any(text[at::PAIR] != sign * count for at, sign in _SIGNS):
        return None
    hexed = text.translate(None, b'[]",')
    try:
        return unhexlify(hexed) if len(hexed) == 2 * SIZE * count else None  # else one of those signs stands elsewhere as well
    except Error:
        return None


def leaf_hashes(data: bytes | bytearray | memoryview) -> bytes:
    """The hashes of members as leaves of the tree that :meth:`Members.root` is over: 32 bytes for each 64."""
    return hashes_of(data, SIZE)
