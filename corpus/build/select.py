"""Which records of one tenant a build looks at, in which order, and what links say about them: the engine selects, we read and render."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

from corpus.build import columns, expression
from corpus.build.engine import DuckDB
from corpus.build.feed import Held, fill
from corpus.build.plan import asked_of
from corpus.build.reasons import Reason
from corpus.build.splits import REST, Splits, called
from corpus.build.where import Condition
from corpus.errors import BadInput, Failed
from corpus.record import EvidenceClass, Record, TupleType
from corpus.store import Corpus, Frame
from corpus.store.index import texts

if TYPE_CHECKING:
    import pyarrow as pa


Paths = Sequence[tuple[str, ...]] | Mapping[int, tuple[str, ...]]


class Selected(NamedTuple):
    """A record that meets the conditions and where it lies; ``left_out`` when its header or a link already rules it out, so its body need
    not be read. ``evidence`` is what is known of it now; ``split`` the one it is in."""

    key: str
    id: str
    created_us: int
    tuple_type: TupleType
    session_id: str | None
    path: tuple[str, ...]
    frame: Frame | None
    offset: int
    size: int
    evidence: EvidenceClass
    left_out: Reason | None
    split: str = REST

    def read(self, read: Callable[[Selected], Record]) -> Record:
        """The record as ``read`` hands it back (:meth:`corpus.store.Corpus.reading`), its header saying the evidence that is known now.
        Raises :class:`Failed` where a newer version took its place."""
        record = read(self)
        if record.id != self.id:
            raise Failed(f"record {self.key[:12]} was replaced while the build read it: build again")
        if record.header.evidence_class is self.evidence:
            return record
        return record.model_copy(update={"header": record.header.model_copy(update={"evidence_class": self.evidence})})


@dataclass(frozen=True, slots=True)
class Gone:
    """A record that the log knew and that is not kept any more; ``replaced`` where another version of it is."""

    key: str
    id: str
    replaced: bool


class Selection(Collection[Selected]):
    """What was selected, ordered by ``(created_us, key)``: about 110 bytes a record. ``gone`` is what the log knew besides,
    ``records`` how many there were to choose from."""

    def __init__(self, table: pa.Table, paths: Paths, records: int, gone: tuple[Gone, ...] = ()) -> None:
        self._table = table
        self._paths = paths
        self.records = records
        self.gone = gone

    @property
    def table(self) -> pa.Table:
        """One row a record, in order: the columns :data:`corpus.build.columns.KEPT`, each of one chunk.

        ``key`` and ``id`` are 32 bytes; ``tuple_type``, ``left_out`` (null where nothing rules it out) and ``split`` are dictionaries of
        names; ``evidence`` is a place in :data:`corpus.build.expression.CLASSES`, ``file`` one in :attr:`paths`; the others are as in an
        index (:class:`corpus.store.rows.Row`). What lies loose has a ``frame_size`` of 0.
        """
        return self._table

    @property
    def paths(self) -> Paths:
        """The files that records lie in, below the tenant's directory; a cut has those of the whole."""
        return self._paths

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __contains__(self, item: object) -> bool:
        return any(one == item for one in self)

    def __iter__(self) -> Iterator[Selected]:
        for batch in self._table.to_batches(max_chunksize=4096):
            yield from self._rows(batch)

    def cut(self, start: int, stop: int) -> Selection:
        """The records from place ``start`` (0 is the first) to before ``stop``; nothing is copied."""
        return self._with(self._table.slice(start, max(0, stop - start)))

    def types(self) -> dict[TupleType, int]:
        """How many records of each type there are."""
        counted = self._table["tuple_type"].value_counts().to_pylist()
        return {TupleType(one["values"]): one["counts"] for one in counted}

    def size(self, takes: Callable[[TupleType], bool]) -> int:
        """Bytes, as they are kept, of the records to be read of the types that ``takes`` says."""
        import pyarrow.compute as pc

        kinds = texts([kind.value for kind in self.types() if takes(kind)])
        wanted = pc.and_(pc.is_in(self._table["tuple_type"].cast("string"), kinds), pc.is_null(self._table["left_out"]))
        return int(pc.sum(self._table["size"].filter(wanted)).as_py() or 0)

    def parts(self) -> Iterator[Selected]:
        """The parts of sessions, in order."""
        import pyarrow.compute as pc

        kinds = self._table["tuple_type"].cast("string")
        yield from self._with(self._table.filter(pc.is_in(kinds, value_set=texts([TupleType.TRAJECTORY.value]))))

    def sorted_by(self, place: Callable[[str], bytes]) -> Selection:
        """The same records in the order of ``place(key)``."""

        places = [place(key) for chunk in self._table["key"].chunks for key in columns.hashes(chunk)]
        return self.taken(columns.integers(sorted(range(len(places)), key=places.__getitem__)))

    def taken(self, places: pa.Array) -> Selection:
        """The records at these places, in their order."""
        return self._with(self._table.take(places))

    def _with(self, table: pa.Table) -> Selection:
        return Selection(table, self._paths, self.records, self.gone)

    def _rows(self, batch: pa.RecordBatch) -> Iterator[Selected]:
        def numbers(name: str) -> list[int]:
            return columns.numbers(batch.column(name))

        frames = map(Frame, numbers("frame_offset"), numbers("frame_size"), numbers("frame_content"))
        return map(
            Selected,
            columns.hashes(batch.column("key")),
            columns.hashes(batch.column("id")),
            numbers("created_us"),
            columns.named(batch.column("tuple_type"), TupleType),
            batch.column("session_id").to_pylist(),
            map(self._paths.__getitem__, numbers("file")),
            (frame if frame.size else None for frame in frames),
            numbers("offset"),
            numbers("size"),
            map(expression.CLASSES.__getitem__, numbers("evidence")),
            columns.named_or_none(batch.column("left_out"), Reason),
            columns.named(batch.column("split"), str),
        )


def select(corpus: Corpus, conditions: Sequence[Condition], *, as_of: int | None = None, splits: Splits | None = None) -> Selection:
    """The tenant's records (links are not records of work) that meet every condition.

    With ``as_of`` only what the log knew at that position, as it was then; with ``splits`` each in its split: the one it was assigned to,
    or would be. Raises :class:`BadInput` for a position that the log has not reached, :class:`Refused` at another tenant's record.
    """
    if as_of is not None and not 0 <= as_of <= corpus.position():
        raise BadInput(f"--as-of {as_of}: the log of tenant {corpus.tenant!r} is at {corpus.position()}")
    asked = asked_of(tuple(conditions), as_of is not None, splits is not None)
    with DuckDB() as engine:
        held = fill(engine, corpus, asked, as_of)
        judged = [_judged(batch) for batch in engine.run(asked.selection)]
        gone = [one for batch in engine.run(asked.gone) for one in _gone(batch)] if asked.gone is not None else []
        (total,) = (batch.column("records")[0].as_py() for batch in engine.run(asked.total))
    paths = [tuple(file.split("/")) for file in held.files]
    return Selection(_table(held, judged, splits), paths, total, tuple(gone))


def _judged(batch: pa.RecordBatch) -> pa.RecordBatch:
    """What an engine says of records, in little room."""
    import pyarrow as pa

    n, left_out = batch.column("n").cast(pa.int32()), columns.of_codes(batch.column("left_out"), expression.REASONS)
    made = n, batch.column("evidence").cast(pa.int8()), left_out, columns.coded(batch.column("split")), batch.column("group")
    return pa.RecordBatch.from_arrays(list(made), schema=_judgement())


def _judgement() -> pa.Schema:
    import pyarrow as pa

    names = pa.dictionary(pa.int8(), pa.string())
    return pa.schema([("n", pa.int32()), ("evidence", pa.int8()), ("left_out", names), ("split", names), ("group", pa.int64())])


def _gone(batch: pa.RecordBatch) -> Iterator[Gone]:
    keys, ids, replaced = (batch.column(name).to_pylist() for name in ("key", "id", "replaced"))
    return map(Gone, (key.hex() for key in keys), (ident.hex() for ident in ids), replaced)


def _table(held: Held, judged: list[pa.RecordBatch], splits: Splits | None) -> pa.Table:
    """The columns :data:`corpus.build.columns.KEPT` of what was selected; those of the index leave ``held`` one by one."""
    import pyarrow as pa

    found = pa.Table.from_batches(judged, schema=_judgement()).unify_dictionaries()
    order = held.places(found["n"].combine_chunks())
    made = {name: held.take(name, order) for name in columns.KEPT if name not in found.column_names}
    made |= {name: found[name].combine_chunks() for name in ("evidence", "left_out", "split")}
    if splits is None:
        made["split"] = columns.of_codes(columns.integers(repeat(0, len(order))), (REST,))
    elif made["split"].null_count:
        groups = (None if at is None else held.labels[at] for at in found["group"].to_pylist())
        made["split"] = columns.coded(texts(map(splits.of, made["split"].to_pylist(), groups, _names(made))))
    pa.default_memory_pool().release_unused()
    return pa.table([made[name] for name in columns.KEPT], names=list(columns.KEPT))


def _names(made: Mapping[str, pa.Array]) -> Iterator[str]:
    """What each record is called where it is a group by itself."""
    kinds = columns.named(made["tuple_type"], TupleType)
    for key, kind, session in zip(columns.hashes(made["key"]), kinds, made["session_id"].to_pylist(), strict=True):
        yield called(key, session if kind is TupleType.TRAJECTORY else None)
