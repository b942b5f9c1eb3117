"""What landed, put in order: the newest versions that the log does not name yet get their positions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from corpus.store.directory import Directory
from corpus.store.lines import Entry
from corpus.store.log import Happened, Log
from corpus.store.packlist import Listed, write_list
from corpus.store.packset import PackSet
from corpus.store.places import Places

LOG = "log"


class Arrival(NamedTuple):
    """A record as the log sees it."""

    key: str
    id: str
    tuple_type: str


@dataclass(frozen=True, slots=True)
class Unsequenced:
    """How many records the log does not name yet, and when the oldest of them landed (seconds since 1970)."""

    records: int
    oldest: float | None


def add(log: Log, arrivals: Iterable[Arrival]) -> int:
    """Give a position to each that the log does not name yet, in the order they come in; returns how many. Holds the lock."""
    happened: dict[tuple[str, str], tuple[Happened, str, str]] = {}
    new = list(arrivals)
    with log.named() as ids_of:
        named = ids_of(one.key for one in new)
    for key, ident, tuple_type in new:
        ids = named.get(key, ())
        if ident not in ids:
            kind = Happened.REPLACE if ids else Happened.LINK if tuple_type == "link" else Happened.ADD
            happened[key, ident] = kind, key, ident
    if happened:
        log.append(list(happened.values()))
    return len(happened)


def sequence(log: Log, packs: PackSet, packs_directory: Directory, places: Places, tenant: str) -> int:
    """Bring the log up to what is kept now; returns how many entries that took. The caller holds the tenant's lock."""
    added = sum(add(log, packed(packs, one)) for one in packs.listed if not one.sequenced)
    if not all(one.sequenced for one in packs.listed):
        write_list(packs_directory, tenant, tuple(replace(one, sequenced=True) for one in packs.listed))
    loose = sorted(newest_loose(packs, places), key=lambda entry: (entry.created_us, entry.key))
    return added + add(log, (Arrival(entry.key, entry.id, entry.header.tuple_type) for entry in loose))


def unsequenced(log: Log, packs: PackSet, places: Places) -> Unsequenced:
    """What :func:`sequence` would still have to do."""
    landed: list[float] = []
    with log.named() as ids_of:
        for one in packs.listed:
            if not one.sequenced:
                held = list(packed(packs, one))
                named = ids_of(arrival.key for arrival in held)
                landed += [packs.landed(one)] * sum(ident not in named.get(key, ()) for key, ident, _ in held)
        loose = newest_loose(packs, places)
        named = ids_of(entry.key for entry in loose)
        for entry in loose:
            if entry.id not in named.get(entry.key, ()):
                with suppress(FileNotFoundError), places.open(*entry.path[:-1]) as directory:
                    landed.append(os.stat(entry.path[-1], dir_fd=directory.fd, follow_symlinks=False).st_mtime)
    return Unsequenced(len(landed), min(landed, default=None))


def packed(packs: PackSet, one: Listed) -> Iterator[Arrival]:
    """The records of a pack, in its order."""
    table = packs.table(one, *Arrival._fields)
    for batch in table.to_batches(max_chunksize=8192):
        yield from map(Arrival._make, zip(*(column.to_pylist() for column in batch.columns), strict=True))


def newest_loose(packs: PackSet, places: Places) -> list[Entry]:
    """The loose records that no pack outranks, one a key; what cannot be read is left out. Raises :class:`corpus.errors.Refused` at
    another tenant's record."""
    newest: dict[str, Entry] = {}
    for entry in places.readable():
        known = newest.get(entry.key)
        if known is None or known.order < entry.order:
            newest[entry.key] = entry
    found = packs.found(newest)
    return [entry for key, entry in newest.items() if key not in found or found[key][1].order < entry.order]
