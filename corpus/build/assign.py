"""Giving a split to what has none yet: links that are appended once and hold from then on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from corpus.build.engine import DuckDB
from corpus.build.feed import fill
from corpus.build.plan import asked_of
from corpus.build.splits import Splits, called
from corpus.names import check
from corpus.record import LinkBody, LinkKind, TupleType, key_of
from corpus.redaction import Redacted, Redactor
from corpus.redaction.draft import Draft, Label, Scrub
from corpus.store import Corpus

if TYPE_CHECKING:
    import ibis.expr.types as ir

BASIS = "build"


def assign(corpus: Corpus, splits: Splits) -> int:
    """Append a ``split`` link for every session and every other record that has none; returns how many.

    What is linked goes together: it gets the split of its group, and a new group the one that its name is hashed to. Raises as
    :meth:`corpus.store.Corpus.append_many`.
    """
    with DuckDB() as engine:
        asked = asked_of((), as_logged=False, with_splits=True)
        labels = fill(engine, corpus, asked, None).labels
        missing = _missing(engine, asked.splits.unassigned, labels) if asked.splits is not None else iter(())
        return corpus.append_many(_links(corpus, missing, splits))


def _links(corpus: Corpus, missing: Iterator[Unassigned], splits: Splits) -> Iterator[Redacted]:
    redactor = Redactor.for_tenant(check("tenant", corpus.tenant), corpus.tombstones)
    return (redactor.admit(_draft(corpus.tenant, one, splits)) for one in missing)


class Unassigned(NamedTuple):
    """A record without a split, or the first of a session: the split of its group if that has one, and what its link takes over from it."""

    key: str
    split: str | None
    group: str
    created: str
    cluster: str
    moduleId: str  # noqa: N815 - the header's own spelling
    role: str
    doctrine_version: str | None


def _missing(engine: DuckDB, missing: ir.Table, labels: Sequence[str]) -> Iterator[Unassigned]:
    for batch in engine.run(missing):
        for raw, session, split, group, *told in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            key = raw.hex()
            yield Unassigned(key, split, called(key, session) if group is None else labels[group], *told)


def _draft(tenant: str, record: Unassigned, splits: Splits) -> Draft:
    value = record.split or splits.choose(record.group)
    names = (LinkKind.SPLIT.value, record.key, None, value)
    label = Label(
        check("tenant", tenant),
        check("cluster", record.cluster),
        check("moduleId", record.moduleId),
        check("role", record.role),
        record.doctrine_version,
    )

    def render(scrub: Scrub) -> LinkBody:
        return LinkBody(kind=LinkKind.SPLIT, **{"from": record.key}, to=None, value=value, basis=BASIS)

    return Draft(TupleType.LINK, label, names, key_of(tenant, TupleType.LINK, *names), record.created, render)
