"""What an engine is fed: columns of the index, of the log, and the reverts that stand; every row's tenant is looked at on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from corpus.build.engine import Engine
from corpus.build.expression import LINKS, LOGGED
from corpus.build.groups import PLACED
from corpus.build.plan import Asked, Grouped
from corpus.build.reverts import undone
from corpus.build.splits import Edge, place
from corpus.errors import Refused
from corpus.record import LinkKind, TupleType
from corpus.store import Corpus, Logged

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    import pyarrow.compute as pc

_AT_ONCE = 8192


def fill(engine: Engine, corpus: Corpus, asked: Asked, as_of: int | None) -> list[str]:
    """Fill the tables of ``asked``; the files that its ``file`` numbers name."""
    files: list[str] = []
    engine.keep(asked.links, links_of(corpus))
    engine.keep(asked.records, records_of(corpus, asked.records.columns, files))
    if as_of is not None:
        engine.keep(asked.logged, log_of(corpus, as_of))
    engine.keep(asked.undone, undone_of(engine, asked.reverts))
    if asked.splits is not None:
        engine.keep(asked.placed, placed_of(engine, asked.splits))
    return files


def links_of(corpus: Corpus) -> Iterator[pa.RecordBatch]:
    import pyarrow.compute as pc

    return _owned(corpus, pc.field("tuple_type") == TupleType.LINK.value, LINKS)


def records_of(corpus: Corpus, columns: Sequence[str], files: list[str]) -> Iterator[pa.RecordBatch]:
    """What is no link. ``file`` is a number: the place in ``files``, which grows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers: dict[str, int] = {}
    for batch in _owned(corpus, pc.field("tuple_type") != TupleType.LINK.value, columns):
        named = batch.column("file").dictionary_encode()
        for name in named.dictionary.to_pylist():
            if name not in numbers:
                numbers[name] = len(files)
                files.append(name)
        places = pa.array([numbers[name] for name in named.dictionary.to_pylist()], pa.int64())
        yield batch.set_column(batch.schema.get_field_index("file"), "file", places.take(named.indices))


def _owned(corpus: Corpus, where: pc.Expression, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Columns of the index; raises :class:`Refused` at a row of another tenant, whatever its file says."""
    import pyarrow.compute as pc

    for batch in corpus.select(where, (*columns, "tenant", *(() if "file" in columns else ("file",)))):
        alien = pc.not_equal(batch.column("tenant"), corpus.tenant)
        if pc.any(pc.fill_null(alien, True)).as_py():
            where_ = batch.filter(alien).column("file")[0].as_py()
            raise Refused(f"{corpus.path / where_}: its index names a record of another tenant than {corpus.tenant!r}; nothing was built")
        yield batch.select(list(columns))


def log_of(corpus: Corpus, position: int) -> Iterator[pa.RecordBatch]:
    """The log's entries up to ``position``."""
    import pyarrow as pa

    entries = islice(corpus.logged(), position)
    while some := list(islice(entries, _AT_ONCE)):
        yield pa.RecordBatch.from_pydict(dict(zip(LOGGED, zip(*map(_told, some), strict=True), strict=True)))


def _told(entry: Logged) -> tuple[int, str, str, str]:
    return entry.position, entry.kind.value, entry.key, entry.id


def undone_of(engine: Engine, links: ir.Table) -> list[pa.RecordBatch]:
    """The keys of work that a standing revert takes out; ``links`` are the reverts and what else overtakes work, in order."""
    import pyarrow as pa

    pairs: list[tuple[str, str]] = []
    overtaken: set[str] = set()
    for batch in engine.run(links):
        for kind, key, by in _rows(batch, ("link_kind", "link_from", "link_to")):
            if kind == LinkKind.REVERTED_BY:
                pairs.append((key, by))
            else:
                overtaken.add(key if kind == LinkKind.SUPERSEDED_BY else by)
    return [pa.RecordBatch.from_pydict({"key": pa.array(undone(pairs, overtaken), pa.string())})]


def placed_of(engine: Engine, asked: Grouped) -> list[pa.RecordBatch]:
    """The groups and splits of what is linked."""
    import pyarrow as pa

    marks = {name: split for batch in engine.run(asked.marks) for name, split in _rows(batch, ("name", "split"))}
    edges = [Edge(**row) for batch in engine.run(asked.edges) for row in batch.to_pylist()]
    found = [(one.name, one.group, one.split) for one in place(edges, marks)]
    columns = zip(*found, strict=True) if found else [()] * len(PLACED)
    return [pa.RecordBatch.from_pydict({name: pa.array(column, pa.string()) for name, column in zip(PLACED, columns, strict=True)})]


def _rows(batch: pa.RecordBatch, names: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return zip(*(batch.column(name).to_pylist() for name in names), strict=True)
