"""Sealing everything anew: packs that are a function of the records alone.

Records in order of ``(created_us, key)``, a pack closed before it would exceed 256 MiB of lines: whatever order the records came in, and
through however many packs, the same records make the same files.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import closing

from corpus.store.directory import Directory
from corpus.store.packfile import remove_pack, write_pack
from corpus.store.packing import PACK_BYTES, Packed, by_time, packed_lines
from corpus.store.packlist import Listed, write_list
from corpus.store.packset import PackSet
from corpus.store.rows import Row


def repack(packs: Directory, tenant: str) -> Packed:
    """Write every listed pack anew, and list the new ones at once in the place of the old. The caller holds the tenant's lock, and the log
    names every record. Raises :class:`corpus.errors.Broken` where a pack cannot be read; nothing has changed then."""
    with closing(PackSet(packs.again(), tenant)) as now:
        old = now.listed
        made: list[Listed] = []
        records = heapq.merge(*(packed_lines(now, one) for one in old), key=by_time)
        waiting = next(records, None)
        try:
            while waiting is not None:
                part = _Part(waiting, records)
                made.append(write_pack(packs, tenant, iter(part), old, sequenced=True))
                waiting = part.left
        except BaseException:
            for one in made:
                if one not in old:
                    remove_pack(packs, one.pack)
            raise
        # Not above: whoever is interrupted in it may have listed the new packs already, and if not, the next run removes them.
        write_list(packs, tenant, tuple(made))
    kept = {one.pack for one in made}
    for one in old:
        if one.pack not in kept:
            remove_pack(packs, one.pack)
    return Packed(sum(one.records for one in made), len(kept - {one.pack for one in old}))


class _Part:
    """The records of one pack: ``first`` and what follows it, until it is full; then ``left`` is the first of the next."""

    def __init__(self, first: tuple[Row, bytes], following: Iterator[tuple[Row, bytes]]) -> None:
        self._first = first
        self._following = following
        self.left: tuple[Row, bytes] | None = None

    def __iter__(self) -> Iterator[tuple[Row, bytes]]:
        held = len(self._first[1]) + 1
        yield self._first
        for record in self._following:
            held += len(record[1]) + 1
            if held > PACK_BYTES:
                self.left = record
                return
            yield record
