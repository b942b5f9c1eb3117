"""The list of packs: what it does not name is no part of the corpus. It is replaced whole, by rename, under the tenant's lock."""

from __future__ import annotations

import re
from dataclasses import dataclass

import orjson

from corpus.errors import Broken, Refused
from corpus.record import dumps
from corpus.store.directory import Directory
from corpus.store.loose import replace

NAME = "list"
_FORMAT = 1
_MOST_RECORDS = 1 << 21
"""No pack of ours has a fifth as many: whatever says so has its index unpacked for nothing."""
MOST = 64 << 20
"""Bytes that no list exceeds: a pack takes about 300."""
_HASH = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Listed:
    """One pack: its id (SHA-256 of the pack's bytes), the SHA-256 of its index and key table, records, and bytes as stored and unpacked.
    ``sequenced`` says that the log names every record of it."""

    pack: str
    index: str
    keys: str
    records: int
    size: int
    content: int
    sequenced: bool

    @property
    def names(self) -> tuple[str, str, str]:
        """Its three files, the pack first: a pack without the others can be indexed again, never the other way round."""
        return pack_name(self.pack), index_name(self.pack), keys_name(self.pack)


def pack_name(pack: str) -> str:
    return f"{pack}.jsonl.zst"


def index_name(pack: str) -> str:
    return f"{pack}.parquet"


def keys_name(pack: str) -> str:
    return f"{pack}.keys"


def read_list(packs: Directory, tenant: str) -> tuple[Listed, ...]:
    """What is listed; nothing where there is no list. Raises :class:`Refused` for another tenant's, :class:`Broken` for a damaged one."""
    try:
        data = packs.read(NAME, MOST)
    except FileNotFoundError:
        return ()
    return parse_list(data, tenant, packs.path / NAME)


def parse_list(data: bytes, tenant: str, where: object) -> tuple[Listed, ...]:
    """What the bytes of a list say. Raises as :func:`read_list`."""
    try:
        first, *lines = [orjson.loads(line) for line in data.splitlines()]
        if first["format"] != _FORMAT or first["packs"] != len(lines):
            raise ValueError
        if first["tenant"] != tenant:
            raise Refused(f"{where} is the list of tenant {str(first['tenant'])[:63]!r}, not {tenant!r}: nothing was read")
        listed = tuple(Listed(**line) for line in lines)
        if not all(_sound(one) for one in listed) or len({one.pack for one in listed}) != len(listed):
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"{where} is no list of packs: run 'corpus verify --repair'") from error
    return listed


def write_list(packs: Directory, tenant: str, listed: tuple[Listed, ...]) -> None:
    """Make ``listed`` what counts, durably and at once. The caller holds the tenant's lock."""
    lines: list[object] = [{"format": _FORMAT, "tenant": tenant, "packs": len(listed)}]
    lines += [{name: getattr(one, name) for name in Listed.__slots__} for one in sorted(listed, key=lambda one: one.pack)]
    replace(packs, NAME, b"".join(dumps(line) + b"\n" for line in lines))


def _sound(one: Listed) -> bool:
    return (
        all(isinstance(value, str) and _HASH.match(value) for value in (one.pack, one.index, one.keys))
        and all(type(value) is int and value >= 0 for value in (one.records, one.size, one.content))
        and one.records <= _MOST_RECORDS
        and type(one.sequenced) is bool
    )
