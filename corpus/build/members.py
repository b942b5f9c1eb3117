"""The members of a set: key and id of the record behind each row, 64 bytes a row however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from corpus.record import root

_SIZE = 64


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
        if len(raw) != _SIZE:
            raise ValueError("not a key and an id")
        self._data += raw

    def extend(self, others: Members) -> None:
        self._data += others._data

    def __len__(self) -> int:
        return len(self._data) // _SIZE

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for at in range(0, len(self._data), _SIZE):
            told = self._data[at : at + _SIZE].hex()
            yield told[:_SIZE], told[_SIZE:]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Members) and self._data == other._data

    def __hash__(self) -> int:
        return hash(bytes(self._data))

    def root(self) -> str:
        """The Merkle tree hash (RFC 6962, section 2.1) over them, hex; a leaf is the 64 bytes of key and id."""
        return root(bytes(self._data[at : at + _SIZE]) for at in range(0, len(self._data), _SIZE)).hex()

    def json(self) -> Iterator[bytes]:
        """The list of pairs as JSON, piece by piece."""
        yield b"["
        for at, (key, ident) in enumerate(self):
            yield b'%s["%s","%s"]' % (b"," if at else b"", key.encode(), ident.encode())
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
