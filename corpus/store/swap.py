"""A pack in the place of others: written, then listed at once instead of them, and only then do they go."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from corpus.store.directory import Directory
from corpus.store.packfile import remove_pack, write_pack
from corpus.store.packlist import Listed, write_list
from corpus.store.packset import PackSet
from corpus.store.rows import Row


def swap(
    packs: Directory, tenant: str, now: PackSet, old: Collection[Listed], records: Iterable[tuple[Row, bytes]], *, sequenced: bool
) -> Listed:
    """Make a pack of ``records`` and list it in the place of ``old``, which are some of those listed ``now``, or none. Returns it.

    The caller holds the tenant's lock. Raises as :func:`corpus.store.packfile.write_pack`; killed anywhere, either is listed.
    """
    made = write_pack(packs, tenant, records, now.listed, sequenced=sequenced)
    write_list(packs, tenant, (*(one for one in now.listed if one not in old and one.pack != made.pack), made))
    for one in old:
        if one.pack != made.pack:
            remove_pack(packs, one.pack)
    return made
