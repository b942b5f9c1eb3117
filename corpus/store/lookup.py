"""What is kept of one session, of one module at a time, or at one end of a link: found without reading records, and without an engine.

Importing what reads the indexes by columns takes longer than the drain of a commit; this takes what is loose and the packs' key tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from corpus.store.keytable import Location
from corpus.store.lines import Entry
from corpus.store.packlist import Listed
from corpus.store.packset import PackSet
from corpus.store.places import Place
from corpus.store.postings import EVER, Name, names_of
from corpus.store.reading import Reader
from corpus.store.rows import Row, entry_of_row


class Hit(NamedTuple):
    """A record that was found: when it was made (microseconds since 1970), and its key."""

    created_us: int
    key: str


class Lookup:
    """One look at a corpus: loose files as they were when it began, packs as they are now."""

    def __init__(self, reader: Reader, loose: list[tuple[Row, Place]]) -> None:
        self._reader = reader
        self._loose = {row.key: (row, path) for row, path in loose}
        self._names: defaultdict[Name, list[Row]] = defaultdict(list)
        for row, _ in loose:
            for name in names_of(row):
                self._names[name].append(row)

    def find(self, name: Name, since: int = EVER[0], until: int = EVER[1]) -> list[Hit]:
        """The newest versions that stand under ``name`` and were made from ``since`` to ``until`` (both included), in order of time."""

        def look(packs: PackSet) -> list[Hit]:
            packed = [Hit(moment, at.key) for moment, at in packs.under(name, since, until) if not self._overtaken(at)]
            loose = [
                Hit(row.created_us, row.key)
                for row in self._names.get(name, ())
                if since <= row.created_us <= until and not _overtaken(row, packs.find(row.key))
            ]
            return sorted(packed + loose)

        return self._reader.in_packs(look)

    def entries(self, keys: Iterable[str]) -> list[Entry]:
        """The newest versions of ``keys``, ordered by ``(created_us, key)``; of a key that is not kept, none."""
        wanted = set(keys)

        def look(packs: PackSet) -> list[Entry]:
            packed = [found for found in packs.found(wanted).values() if not self._overtaken(found[1])]
            # In their order in the packs, so that each frame is unpacked once.
            packed.sort(key=lambda found: (found[0].pack, found[1].frame, found[1].offset))
            return [entry for found in packed for entry in self._reader.packed(packs, found)]

        found = {entry.key: entry for entry in self._reader.in_packs(look)}
        for key in wanted & self._loose.keys() - found.keys():
            found[key] = entry_of_row(*self._loose[key])
        return sorted(found.values(), key=lambda entry: (entry.created_us, entry.key))

    def under(self, name: Name) -> list[Entry]:
        """The newest versions of all that stands under ``name``, ordered as those of :meth:`entries`."""
        return self.entries(hit.key for hit in self.find(name))

    def _overtaken(self, at: Location) -> bool:
        loose = self._loose.get(at.key)
        return loose is not None and loose[0].order > at.order


def _overtaken(row: Row, packed: tuple[Listed, Location] | None) -> bool:
    return packed is not None and packed[1].order >= row.order
