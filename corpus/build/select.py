"""Which records of one tenant a build looks at, in which order, and what links say about them: the engine selects, we read and render."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from corpus.build import expression
from corpus.build.engine import DuckDB, Engine
from corpus.build.feed import links_of, log_of, records_of, undone_of
from corpus.build.reasons import Reason
from corpus.build.where import Condition
from corpus.errors import BadInput, Failed
from corpus.record import EvidenceClass, Record, TupleType
from corpus.store import Corpus, Frame

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Selected:
    """A record that meets the conditions and where it lies; ``left_out`` when its header or a link already rules it out, so its body need
    not be read. ``evidence`` is what is known of it now."""

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

    def read(self, corpus: Corpus) -> Record:
        """The record, its header saying the evidence that is known now. Raises :class:`Failed` where a newer version took its place."""
        record = corpus.read(self)
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
    """What was selected, ordered by ``(created_us, key)``: about 150 bytes a record. ``gone`` is what the log knew besides,
    ``records`` how many there were to choose from."""

    def __init__(self, table: pa.Table, files: Sequence[str], records: int, gone: tuple[Gone, ...] = ()) -> None:
        self._table = table
        self.records = records
        self._paths = [tuple(file.split("/")) for file in files]
        self.gone = gone

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __contains__(self, item: object) -> bool:
        return any(one == item for one in self)

    def __iter__(self) -> Iterator[Selected]:
        for batch in self._table.to_batches(max_chunksize=4096):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield self._selected(*row)

    def _selected(
        self,
        key: bytes,
        ident: bytes,
        created_us: int,
        tuple_type: str,
        session_id: str | None,
        file: int,
        frame_offset: int,
        frame_size: int,
        frame_content: int,
        offset: int,
        size: int,
        evidence: int,
        left_out: str | None,
    ) -> Selected:
        frame = Frame(frame_offset, frame_size, frame_content) if frame_size else None
        reason = None if left_out is None else Reason(left_out)
        kind, known = TupleType(tuple_type), expression.CLASSES[evidence]
        return Selected(key.hex(), ident.hex(), created_us, kind, session_id, self._paths[file], frame, offset, size, known, reason)


_KEPT = ("key", "id", "created_us", "tuple_type", "session_id", *expression.PLACE, "evidence", "left_out")


def select(corpus: Corpus, conditions: Sequence[Condition], *, as_of: int | None = None) -> Selection:
    """The tenant's records (links are not records of work) that meet every condition.

    With ``as_of`` only what the log knew at that position, as it was then. Raises :class:`BadInput` for a position that the log has not
    reached, :class:`Refused` at another tenant's record.
    """
    if as_of is not None and not 0 <= as_of <= corpus.position():
        raise BadInput(f"--as-of {as_of}: the log of tenant {corpus.tenant!r} is at {corpus.position()}")
    with DuckDB() as engine:
        return _select(engine, corpus, conditions, as_of)


def _select(engine: Engine, corpus: Corpus, conditions: Sequence[Condition], as_of: int | None) -> Selection:
    import pyarrow as pa

    asked = _asked(tuple(conditions), as_of is not None)
    files: list[str] = []
    engine.keep(asked.links, links_of(corpus))
    engine.keep(asked.records, records_of(corpus, asked.records.columns, files))
    if as_of is not None:
        engine.keep(asked.logged, log_of(corpus, as_of))
    engine.keep(asked.undone, undone_of(engine, asked.reverts))
    found = [_compact(batch) for batch in engine.run(asked.selection)]
    gone = [Gone(**row) for batch in engine.run(asked.gone) for row in batch.to_pylist()] if as_of is not None else []
    (total,) = (batch.column("records")[0].as_py() for batch in engine.run(asked.total))
    return Selection(pa.Table.from_batches(found, schema=_schema()), files, total, tuple(gone))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The tables, and what is asked of them: the reverts, the selection itself, how many there are, what is gone."""

    records: ir.Table
    links: ir.Table
    undone: ir.Table
    logged: ir.Table
    reverts: ir.Table
    selection: ir.Table
    total: ir.Table
    gone: ir.Table


@cache
def _asked(conditions: tuple[Condition, ...], as_logged: bool) -> _Asked:
    extra = sorted({condition.field for condition in conditions} - set(expression.NEEDED))
    records = expression.table("records", (*expression.NEEDED, *extra))
    links = expression.table("links", expression.LINKS)
    undone = expression.table("undone", ("key",))
    logged = expression.table("logged", expression.LOGGED)
    known = logged if as_logged else None
    return _Asked(
        records,
        links,
        undone,
        logged,
        expression.standing_links(links, known),
        expression.selection(records, links, undone, conditions, known),
        expression.total(records, known),
        expression.gone(logged, records, links),
    )


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = dict.fromkeys(_KEPT, pa.int64()) | {"key": pa.binary(32), "id": pa.binary(32), "evidence": pa.int8(), "file": pa.int32()}
    kinds |= dict.fromkeys(("tuple_type", "left_out"), pa.dictionary(pa.int8(), pa.string())) | {"session_id": pa.string()}
    return pa.schema(list(kinds.items()))


def _compact(batch: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa

    def column(name: str, kind: pa.DataType) -> pa.Array:
        values = batch.column(name)
        if kind == pa.binary(32):
            raw = bytes.fromhex("".join(values.to_pylist()))
            return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(raw)])
        return values.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else values.cast(kind)

    return pa.RecordBatch.from_arrays([column(field.name, field.type) for field in _schema()], schema=_schema())
