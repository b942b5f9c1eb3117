"""Files below ``packs/`` that no list names: what a killed run left goes, what anybody else put there stays."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from corpus.errors import SubstrateError
from corpus.store.directory import Directory
from corpus.store.keytable import KeyTable, Location
from corpus.store.packfile import remove_pack
from corpus.store.packlist import index_name, keys_name, pack_name
from corpus.store.packset import PackSet
from corpus.store.places import Places
from corpus.store.versions import Order


def unlisted(packs: Directory, listed: PackSet) -> set[str]:
    """The ids of packs of which a file is there though the list does not name them."""
    known = {one.pack for one in listed.listed}
    found = {name.split(".")[0] for name in packs.names() if len(name) > 64 and name[64] == "."}
    return {pack for pack in found - known if any(packs.exists(name(pack)) for name in (pack_name, index_name, keys_name))}


def leftovers(packs: Directory, tenant: str, listed: PackSet, places: Places, gone: Collection[str] = ()) -> dict[str, bool]:
    """Unlisted packs, and whether each may go: its index or key table is all that is there, or its every record is kept elsewhere or among
    the keys ``gone``."""
    loose: dict[str, Order] = {}
    found = dict.fromkeys(sorted(unlisted(packs, listed)), True)
    if any(packs.exists(pack_name(pack)) for pack in found):
        for entry in places.readable():
            loose[entry.key] = max(entry.order, loose.get(entry.key, entry.order))
    for pack in found:
        if packs.exists(pack_name(pack)):
            try:
                with contextlib.closing(KeyTable(packs, keys_name(pack), tenant)) as table:
                    found[pack] = all(one.key in gone or _kept(one, listed, loose) for one in table.locations())
            except (SubstrateError, OSError):  # not one of ours
                found[pack] = False
    return found


def remove_leftovers(packs: Directory, tenant: str, listed: PackSet, places: Places, gone: Collection[str] = ()) -> None:
    """Remove what killed runs left; records of the keys ``gone`` are to be kept nowhere. The caller holds the lock."""
    for pack, kept in leftovers(packs, tenant, listed, places, gone).items():
        if kept:
            remove_pack(packs, pack)


def _kept(one: Location, listed: PackSet, loose: dict[str, Order]) -> bool:
    found = listed.find(one.key)
    return (found is not None and found[1].order >= one.order) or loose.get(one.key, (-1, -1, "")) >= one.order
