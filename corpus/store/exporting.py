"""What a tenant's bundle is made of: its listed packs and its log, held open as they were at one moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from corpus.names import Name
from corpus.redaction import pseudonym
from corpus.store.bundle import BundleFile
from corpus.store.bundling import Part
from corpus.store.directory import Directory
from corpus.store.packlist import Listed, index_name, keys_name, pack_name, read_list
from corpus.store.reading import PACKS
from corpus.store.sequence import LOG
from corpus.store.sources import SOURCES, others, segments, source_of
from corpus.store.tenants import Kind, read_settings
from corpus.store.tombstones import NAME as TOMBSTONE_LIST
from corpus.store.tombstones import TOMBSTONES


@dataclass(frozen=True, slots=True)
class Exported:
    """What a bundle holds now: records, packs, of these packs how many came with this export, and how far its log reaches."""

    records: int
    packs: int
    new: int
    position: int


def describe(home: Directory, tenant: Name, kind: Kind) -> BundleFile:
    """What the bundle of a tenant says of itself. Raises :class:`corpus.errors.BadInput` where its pseudonym key is not here."""
    key = pseudonym.existing(tenant).fingerprint
    with home.child(LOG, create=True) as log:
        return BundleFile(tenant=tenant, kind=kind, key=key, source=source_of(log), clusters=read_settings(home).clusters)


@contextmanager
def parts(home: Directory, tenant: Name) -> Iterator[tuple[tuple[Listed, ...], list[Part]]]:
    """The list of packs and the files of a bundle, as they are now: each is held open, so that it may be merged away meanwhile.

    The caller holds the tenant's lock until it has them, and not while it copies them.
    """
    with ExitStack() as stack:

        def part(directory: Directory, place: tuple[str, ...], name: str, digest: str | None = None) -> Part:
            fd = directory.open_file(name)
            stack.callback(os.close, fd)
            return Part(place, name, os.fstat(fd).st_size, digest, name.startswith(f"{digest}."), partial(_from_start, fd))

        found = []
        with home.child(PACKS) as packs:
            listed = read_list(packs, tenant)
            for one in listed:
                names = ((pack_name(one.pack), one.pack), (index_name(one.pack), one.index), (keys_name(one.pack), one.keys))
                found += [part(packs, (PACKS,), name, digest) for name, digest in names]
        if home.exists(TOMBSTONES):
            with home.child(TOMBSTONES) as forgotten:
                found += [part(forgotten, (TOMBSTONES,), name) for name in forgotten.names() if name == TOMBSTONE_LIST]
        with home.child(LOG) as log:
            sequence = segments(log)
            found += [part(log, (LOG,), name) for name in log.names() if name in sequence or name.endswith(".keys")]
            with others(log) as known:
                for source, directory in known.items():
                    found += [part(directory, (LOG, SOURCES, source), name) for name in segments(directory)]
        yield listed, found


def _from_start(fd: int) -> BinaryIO:
    stream = open(os.dup(fd), "rb")  # noqa: SIM115 - closed by whoever asked for it
    stream.seek(0)
    return stream
