"""What a tenant's corpus holds, counted in one pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from corpus.record import EditBody, RedactionClass
from corpus.store import Corpus


@dataclass(slots=True)
class Stats:
    """Counts of records by header field; ``identifiers`` by entity type, ``withheld_files`` by reason; ``months`` as ``2026-05``."""

    tenant: str
    records: int = 0
    withheld: int = 0
    bytes: int = 0
    types: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    evidence: Counter[str] = field(default_factory=Counter)
    clusters: Counter[str] = field(default_factory=Counter)
    modules: Counter[str] = field(default_factory=Counter)
    months: Counter[str] = field(default_factory=Counter)
    identifiers: Counter[str] = field(default_factory=Counter)
    withheld_files: Counter[str] = field(default_factory=Counter)


def count(root: Path, tenant: str) -> Stats:
    """Count a tenant's records, the newest version of each. Raises as :class:`corpus.store.Corpus` does."""
    found = Stats(tenant)
    with Corpus.open(root, tenant) as corpus:
        for entry in corpus.entries():
            header = entry.header
            found.records += 1
            found.bytes += entry.size
            found.types[header.tuple_type] += 1
            found.classes[header.redaction_class] += 1
            found.withheld += header.redaction_class is RedactionClass.WITHHELD
            found.evidence[header.evidence_class] += 1
            found.clusters[header.cluster] += 1
            found.modules[header.moduleId] += 1
            found.months[header.created[: header.created.index("-", 1) + 3]] += 1
            record = corpus.read(entry)
            found.identifiers.update(record.redaction.counts)
            if isinstance(record.body, EditBody):
                found.withheld_files.update(file.withheld for file in record.body.files if file.withheld is not None)
    return found
