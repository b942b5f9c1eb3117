"""What an engine is fed: columns of the index, read once; the log; and what is worked out from links one after another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from corpus.build import columns, groups
from corpus.build.engine import Engine
from corpus.build.expression import LOGGED
from corpus.build.plan import Asked, Grouped
from corpus.build.reverts import undone
from corpus.build.splits import SESSION, Edge, called, place
from corpus.errors import Broken, Refused
from corpus.record import LinkKind, TupleType
from corpus.store import Corpus, Logged
from corpus.store.index import table_of, texts
from corpus.store.select import FILE

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

_AT_ONCE = 8192
_CODED = ("tuple_type", "redaction_class", "evidence_class")
_FEW = ("moduleId", "cluster", "role", "scope", "doctrine_version")
_SHORT = ("frame_size", "frame_content", "size")
_DERIVED = ("n", "evidence", "left_out", "split")


class Held:
    """The index in memory. ``records`` has ``n``, the place of each; its ``file`` is a place in ``files``. ``labels`` are the names of
    groups, by number."""

    def __init__(self, records: pa.Table, files: list[str], labels: list[str]) -> None:
        self.records = records
        self.files = files
        self.labels = labels

    def places(self, numbers: pa.Array) -> pa.Array:
        """The rows of ``records`` that have those ``n``."""
        import pyarrow.compute as pc

        return pc.sort_indices(self.take("n")).take(numbers)

    def take(self, name: str, places: pa.Array | None = None) -> pa.Array:
        """A column, at those places. It is not held any more then, so that all of them take little more room than one."""
        column = self.records[name]
        self.records = self.records.drop_columns([name])
        return (column if places is None else column.take(places)).combine_chunks()


def fill(engine: Engine, corpus: Corpus, asked: Asked, as_of: int | None) -> Held:
    """Fill the tables of ``asked``. Raises :class:`Refused` at a row of another tenant, whatever its file says, :class:`Broken` at one that
    is no record's."""
    held = _Reading(corpus, asked)
    records, links, assigned = held.tables()
    engine.keep(asked.records, records)
    engine.keep(asked.links, links)
    engine.keep(asked.assigned, assigned)
    if as_of is not None:
        engine.keep(asked.logged, log_of(corpus, as_of))
    engine.keep(asked.undone, undone_of(engine, asked.reverts))
    labels = _place(engine, asked.splits) if asked.splits is not None else []
    return Held(records, held.files, labels)


class _Reading:
    """One pass over the index, batch by batch: records here, links there, each column at once in as little room as it takes."""

    def __init__(self, corpus: Corpus, asked: Asked) -> None:
        self._corpus = corpus
        self._records = list(dict.fromkeys((*asked.records.columns, *columns.KEPT)))
        self._links, self._assigned = list(asked.links.columns), list(asked.assigned.columns)
        # Splits need not be looked at where nobody asks for any; what the log knew and is gone is told of all links.
        self._splits = asked.splits is not None or asked.gone is not None
        self._numbers: dict[str, int] = {}

    @property
    def files(self) -> list[str]:
        return list(self._numbers)

    def tables(self) -> tuple[pa.Table, pa.Table, pa.Table]:
        import pyarrow as pa
        import pyarrow.compute as pc

        names = [name for name in dict.fromkeys((*self._records, *self._links, *self._assigned, "tenant")) if name not in _DERIVED]
        link, split = texts([TupleType.LINK.value]), texts([LinkKind.SPLIT.value])
        found: tuple[list[pa.RecordBatch], ...] = ([], [], [])
        for batch in chain([_nothing(self._corpus.tenant, names)], self._corpus.select(None, names)):
            self._check(batch)
            is_link = pc.is_in(batch.column("tuple_type"), value_set=link)
            records, links = batch.filter(pc.invert(is_link)), batch.filter(is_link)
            is_split = pc.is_in(links.column("link_kind"), value_set=split)
            try:
                found[0].append(self._record(records))
                found[1].append(_link(links.filter(pc.invert(is_split)), self._links))
                if self._splits or not found[2]:
                    found[2].append(_link(links.filter(is_split), self._assigned))
            except ValueError as error:
                where = self._corpus.path / batch.column("file")[0].as_py()
                raise Broken(f"{where}: its index has a row that is no record's: run 'corpus verify --repair'") from error
        records, links, assigned = (pa.Table.from_batches(batches).unify_dictionaries() for batches in found)
        return _numbered(records), links, assigned

    def _check(self, batch: pa.RecordBatch) -> None:
        owners = batch.column("tenant")
        told = owners.dictionary_encode().dictionary.to_pylist()
        if batch.num_rows and (told != [self._corpus.tenant] or owners.null_count):
            at = next(at for at, owner in enumerate(owners.to_pylist()) if owner != self._corpus.tenant)
            where = self._corpus.path / batch.column("file")[at].as_py()
            raise Refused(f"{where}: its index names a record of another tenant than {self._corpus.tenant!r}; nothing was built")

    def _record(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        import pyarrow as pa

        made = {}
        for name in self._records:
            if name in _DERIVED:
                continue
            column = batch.column(name)
            if name in ("key", "id"):
                made[name] = columns.raw(column)
            elif name in _CODED:
                made[name] = columns.coded(column)
            elif name in _FEW:
                made[name] = column.dictionary_encode()
            elif name == "file":
                named = column.dictionary_encode()
                places = [self._numbers.setdefault(file, len(self._numbers)) for file in named.dictionary.to_pylist()]
                made[name] = columns.integers(places).cast(pa.int32()).take(named.indices)
            else:
                made[name] = column.cast(pa.int32()) if name in _SHORT else column
        return pa.RecordBatch.from_arrays(list(made.values()), names=list(made))


def _numbered(records: pa.Table) -> pa.Table:
    """The records with ``n``, the place of each in the order of a selection: an engine then sorts by one number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pa.default_memory_pool().release_unused()  # what reading took would stay beside what an engine takes
    places = pc.sort_indices(records.select(["created_us", "key"]), sort_keys=[("created_us", "ascending"), ("key", "ascending")])
    numbered = records.append_column("n", pc.sort_indices(places).cast(pa.int64()))
    del places
    pa.default_memory_pool().release_unused()
    return numbered


def _nothing(tenant: str, names: list[str]) -> pa.RecordBatch:
    """No row of an index, so that a table has its columns where there is none."""
    import pyarrow as pa

    empty = table_of(tenant, ()).append_column(FILE, texts(()))
    return pa.RecordBatch.from_arrays([empty[name].chunk(0) for name in names], names=names)


def _link(batch: pa.RecordBatch, names: list[str]) -> pa.RecordBatch:
    import pyarrow as pa

    def column(name: str) -> pa.Array:
        found = batch.column(name)
        return columns.raw(found) if name in ("key", "id") else columns.ends(found) if name in ("link_from", "link_to") else found

    return pa.RecordBatch.from_arrays([column(name) for name in names], names=names)


def log_of(corpus: Corpus, position: int) -> pa.Table:
    """The log's entries up to ``position``."""
    import pyarrow as pa

    entries = islice(corpus.logged(), position)
    found: list[pa.RecordBatch] = []
    while not found or found[-1].num_rows:
        some = list(islice(entries, _AT_ONCE))
        numbers, kinds, keys, ids = zip(*map(_told, some), strict=True) if some else ((), (), (), ())
        told = (columns.integers(numbers), columns.coded(texts(kinds)), columns.raw(texts(keys)), columns.raw(texts(ids)))
        found.append(pa.RecordBatch.from_arrays(list(told), names=list(LOGGED)))
    return pa.Table.from_batches(found).unify_dictionaries()


def _told(entry: Logged) -> tuple[int, str, str, str]:
    return entry.position, entry.kind.value, entry.key, entry.id


def undone_of(engine: Engine, links: ir.Table) -> pa.Table:
    """The keys of work that a standing revert takes out; ``links`` are the reverts and what else overtakes work, in order."""
    import pyarrow as pa

    pairs: list[tuple[bytes, bytes]] = []
    overtaken: set[bytes] = set()
    for batch in engine.run(links):
        told = (batch.column(name).to_pylist() for name in ("link_kind", "link_from", "link_to"))
        for kind, key, by in zip(*told, strict=True):
            if kind == LinkKind.REVERTED_BY:
                pairs.append((key, by))
            else:
                overtaken.add(key if kind == LinkKind.SUPERSEDED_BY else by)
    return pa.Table.from_arrays([columns.blobs(undone(pairs, overtaken))], names=["key"])


def _place(engine: Engine, asked: Grouped) -> list[str]:
    """Fill the tables of what is linked; the names of its groups, by number."""
    import pyarrow as pa

    marks = {_called(key, session): split for key, session, split in _rows(engine, asked.marks)}
    edges = (
        Edge(_called(one, one_session), _called(other, other_session), one_us, other_us)
        for one, one_session, one_us, other, other_session, other_us in _rows(engine, asked.edges)
    )
    placed = place((edge for edge in edges if edge.one != edge.other), marks)
    numbers: dict[str, int] = {}
    for table, names, of_session in ((asked.records, groups.OF_RECORDS, False), (asked.sessions, groups.OF_SESSIONS, True)):
        some = [one for one in placed if one.name.startswith(SESSION) is of_session]
        told = [one.name.removeprefix(SESSION) for one in some]
        who = texts(told) if of_session else columns.ends(texts(told)).cast(pa.binary())
        group = columns.integers(numbers.setdefault(one.group, len(numbers)) for one in some)
        engine.keep(table, pa.Table.from_arrays([who, texts(one.split for one in some), group], names=list(names)))
    return list(numbers)


def _called(key: bytes, session: str | None) -> str:
    return called(key.hex(), session)


def _rows(engine: Engine, expression: ir.Table) -> Iterator[tuple[Any, ...]]:
    for batch in engine.run(expression):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
