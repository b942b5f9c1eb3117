"""Many records at once: straight into a pack."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.redaction import Redacted
from corpus.store.directory import Directory
from corpus.store.lines import entry_of
from corpus.store.packset import PackSet
from corpus.store.rows import row_of
from corpus.store.swap import swap


def add_pack(packs: Directory, tenant: str, records: Sequence[Redacted]) -> int:
    """Seal ``records`` into one pack and list it; returns how many were not packed already. The caller holds the tenant's lock."""
    known = PackSet(packs.again(), tenant)
    try:
        packed = known.found(record.key for record in records)
        rows = [
            (row_of(entry_of(record.line, packs.path, (), tenant), record.line), record.line)
            for record in records
            if record.key not in packed
        ]
        if rows:
            rows.sort(key=lambda one: (one[0].created_us, one[0].key))
            swap(packs, tenant, known, (), rows, sequenced=False)
        return len(rows)
    finally:
        known.close()
