"""Selecting by header without reading a record: the packs' indexes by columns, and what lies loose beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from corpus.errors import BadInput, Broken
from corpus.store.index import COLUMNS, batches_meeting, batches_of, table_of, texts
from corpus.store.lines import entry_of, lines_of
from corpus.store.packlist import pack_name
from corpus.store.packset import PackSet
from corpus.store.places import Place, Places
from corpus.store.rows import Row, row_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

FILE = "file"
"""A column of a selection beside those of the index: where the record lies, below the tenant's directory."""


def loose_rows(places: Places, tenant: str) -> list[tuple[Row, Place]]:
    """The newest loose version of each key, placed at its offset in its file. Raises as :func:`corpus.store.lines.entries_of`."""
    newest: dict[str, tuple[Row, Place]] = {}
    for directory, path in places.files():
        where = f"{directory.path}/{path[-1]}"
        try:
            for offset, line in lines_of(directory, path[-1]):
                entry = entry_of(line, where, path, tenant, offset)
                places.check(entry.header, directory, path)
                row = row_of(entry, line)._replace(offset=offset)
                if row.key not in newest or newest[row.key][0].order < row.order:
                    newest[row.key] = row, path
        except FileNotFoundError:
            continue  # packed since its directory was listed
        except ValueError as error:
            raise Broken(f"{where}: a link that names no records: run 'corpus verify --repair'") from error
    return list(newest.values())


def select(
    packs: PackSet, loose: Sequence[tuple[Row, Place]], tenant: str, where: pc.Expression | None, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Batches of the newest version of every key that meets ``where``, an expression over the index's columns; in no order.

    Raises :class:`BadInput` for a column there is not, or an expression over one.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if unknown := set(columns) - {*COLUMNS, FILE}:
        raise BadInput(f"no column {min(unknown)[:80]!r}: use some of {', '.join((*COLUMNS, FILE))}")
    wanted = [name for name in columns if name != FILE]
    found = packs.found(row.key for row, _ in loose)
    overtaken: dict[str, list[str]] = {}
    shown = []
    for row, path in loose:
        known = found.get(row.key)
        if known is None or known[1].order < row.order:
            shown.append((row, path))
            if known:
                overtaken.setdefault(known[0].pack, []).append(row.key)

    def named(batch: pa.RecordBatch, files: pa.Array) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([files if name == FILE else batch.column(name) for name in columns], names=list(columns))

    try:
        for one in packs.listed:
            hidden = texts(overtaken.get(one.pack, ()))
            read = wanted if wanted and not len(hidden) else list({*wanted, "key"})
            with packs.index(one) as stream:
                for batch in batches_of(stream, packs.index_path(one), one, tenant, read, where):
                    if len(hidden):
                        batch = batch.filter(pc.invert(pc.is_in(batch.column("key"), value_set=hidden)))
                    if batch.num_rows:
                        yield named(batch, texts([f"packs/{pack_name(one.pack)}"] * batch.num_rows))
        if shown:
            table = table_of(tenant, [row for row, _ in shown]).append_column(FILE, texts(["/".join(path) for _, path in shown]))
            for batch in batches_meeting(table, where):
                if batch.num_rows:
                    yield named(batch, batch.column(FILE))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError) as error:
        raise BadInput("the condition names no column of the index, or compares one with another kind of value") from error
