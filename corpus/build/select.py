"""Which records of one tenant a build looks at, in which order, and what links say about them: the engine selects, we read and render."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus.build import expression
from corpus.build.engine import DuckDB, Engine
from corpus.build.feed import fill
from corpus.build.plan import Asked, asked_of
from corpus.build.reasons import Reason
from corpus.build.splits import REST, Splits
from corpus.build.where import Condition
from corpus.errors import BadInput, Failed
from corpus.record import EvidenceClass, Record, TupleType
from corpus.store import Corpus, Frame

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Selected:
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

    def __init__(self, table: pa.Table, files: Sequence[str], records: int, splits: Splits, gone: tuple[Gone, ...] = ()) -> None:
        self._table = table
        self._splits = splits
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

    def types(self) -> dict[TupleType, int]:
        """How many records of each type there are."""
        counted = self._table["tuple_type"].value_counts().to_pylist()
        return {TupleType(one["values"]): one["counts"] for one in counted}

    def parts(self) -> Iterator[Selected]:
        """The parts of sessions, in order."""
        import pyarrow.compute as pc

        kinds = self._table["tuple_type"].cast("string")
        yield from self._with(self._table.filter(pc.equal(kinds, TupleType.TRAJECTORY.value)))

    def sorted_by(self, place: Callable[[str], bytes]) -> Selection:
        """The same records in the order of ``place(key)``."""
        places = [place(key.hex()) for key in self._table["key"].to_pylist()]
        return self._with(self._table.take(sorted(range(len(places)), key=places.__getitem__)))

    def _with(self, table: pa.Table) -> Selection:
        made = Selection(table, (), self.records, self._splits, self.gone)
        made._paths = self._paths
        return made

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
        split: str | None,
        group: str | None,
    ) -> Selected:
        frame = Frame(frame_offset, frame_size, frame_content) if frame_size else None
        reason = None if left_out is None else Reason(left_out)
        kind, known = TupleType(tuple_type), expression.CLASSES[evidence]
        if split is None:
            split = REST if group is None else self._splits.choose(group)
        return Selected(key.hex(), ident.hex(), created_us, kind, session_id, self._paths[file], frame, offset, size, known, reason, split)


_KEPT = ("key", "id", "created_us", "tuple_type", "session_id", *expression.PLACE, "evidence", "left_out", "split", "group")


def select(corpus: Corpus, conditions: Sequence[Condition], *, as_of: int | None = None, splits: Splits | None = None) -> Selection:
    """The tenant's records (links are not records of work) that meet every condition.

    With ``as_of`` only what the log knew at that position, as it was then; with ``splits`` each in its split: the one it was assigned to,
    or would be. Raises :class:`BadInput` for a position that the log has not reached, :class:`Refused` at another tenant's record.
    """
    if as_of is not None and not 0 <= as_of <= corpus.position():
        raise BadInput(f"--as-of {as_of}: the log of tenant {corpus.tenant!r} is at {corpus.position()}")
    with DuckDB() as engine:
        return _select(engine, corpus, asked_of(tuple(conditions), as_of is not None, splits is not None), as_of, splits or Splits())


def _select(engine: Engine, corpus: Corpus, asked: Asked, as_of: int | None, splits: Splits) -> Selection:
    import pyarrow as pa

    files = fill(engine, corpus, asked, as_of)
    found = [_compact(batch) for batch in engine.run(asked.selection)]
    gone = [Gone(**row) for batch in engine.run(asked.gone) for row in batch.to_pylist()] if as_of is not None else []
    (total,) = (batch.column("records")[0].as_py() for batch in engine.run(asked.total))
    return Selection(pa.Table.from_batches(found, schema=_schema()), files, total, splits, tuple(gone))


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = dict.fromkeys(_KEPT, pa.int64()) | {"key": pa.binary(32), "id": pa.binary(32), "evidence": pa.int8(), "file": pa.int32()}
    kinds |= dict.fromkeys(("tuple_type", "left_out", "split"), pa.dictionary(pa.int8(), pa.string())) | {
        "session_id": pa.string(),
        "group": pa.string(),
    }
    return pa.schema(list(kinds.items()))


def _compact(batch: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa

    def column(name: str, kind: pa.DataType) -> pa.Array:
        values = batch.column(name)
        if kind == pa.binary(32):
            raw = bytes.fromhex("".join(values.to_pylist()))
            held = pa.allocate_buffer(len(raw))  # no thread of the engine's is to let go of what is Python's, when that has ended
            memoryview(held).cast("B")[:] = raw
            return pa.Array.from_buffers(kind, len(values), [None, held])
        return values.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else values.cast(kind)

    return pa.RecordBatch.from_arrays([column(field.name, field.type) for field in _schema()], schema=_schema())
