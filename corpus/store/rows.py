"""A row of a pack's index: a record's header, its versions and links as columns, and where its line lies."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from corpus.errors import Broken
from corpus.record import Header
from corpus.store.frames import Frame
from corpus.store.lines import Entry, microseconds
from corpus.store.versions import Order, order

_LINK = "link"


class Row(NamedTuple):
    """The columns of ``<id>.parquet``, in order; hashes are 64 hex digits, sizes and offsets bytes, ``created_us`` microseconds since
    1970 in UTC. ``link_*`` are those of a link's body and null for every other type. ``offset`` is inside the frame's content."""

    key: str
    id: str
    revision: int
    events: int
    created_us: int
    tuple_type: str
    doctrine_version: str | None
    tenant: str
    moduleId: str  # noqa: N815 - the header's own spelling
    cluster: str
    role: str
    scope: str
    redaction_class: str
    evidence_class: str
    source_commit: str | None
    session_id: str | None
    created: str
    link_kind: str | None
    link_from: str | None
    link_to: str | None
    link_value: str | None
    size: int
    frame_offset: int
    frame_size: int
    frame_content: int
    offset: int

    @property
    def frame(self) -> Frame:
        return Frame(self.frame_offset, self.frame_size, self.frame_content)

    @property
    def order(self) -> Order:
        return order(self.events, self.revision, self.id)

    def placed(self, frame: Frame, offset: int) -> Row:
        """The same record at another place."""
        return Row._make(self[:_PLACE] + frame + (offset,))


_HEADER = tuple(Header.model_fields)
_PLACE = Row._fields.index("frame_offset")


def row_of(entry: Entry, line: bytes) -> Row:
    """The row of a record that has no place in a pack yet. Raises ``ValueError`` where a link's body is none."""
    header = entry.header
    linked = ends_of(header.tuple_type, orjson.loads(line).get("body") if header.tuple_type == _LINK else None)
    told = (
        header.tuple_type.value,
        header.doctrine_version,
        header.tenant,
        header.moduleId,
        header.cluster,
        header.role,
        header.scope.value,
        header.redaction_class.value,
        header.evidence_class.value,
        header.source_commit,
        header.session_id,
        header.created,
    )
    who = (entry.key, entry.id, entry.revision, entry.events, entry.created_us)
    return Row._make((*who, *told, *linked, entry.size, 0, 0, 0, 0))


def ends_of(tuple_type: str, body: Any) -> tuple[str | None, str | None, str | None, str | None]:
    """The columns of a link's body, all null for every other type. Raises ``ValueError`` for a body that is no link's."""
    if tuple_type != _LINK:
        return None, None, None, None
    try:
        linked = body["kind"], body["from"], body["to"], body["value"]
    except (KeyError, TypeError) as error:
        raise ValueError("a link without a body") from error
    if not all(value is None or isinstance(value, str) for value in linked):
        raise ValueError("a link that names no records")
    return linked


def entry_of_row(row: Row, path: tuple[str, ...]) -> Entry:
    """The entry behind a row; one without a frame is loose. Raises :class:`Broken` for a row that no record could have."""
    try:
        header = Header.model_validate({name: getattr(row, name) for name in _HEADER})
        if microseconds(header.created) != row.created_us:
            raise ValueError
    except (ValidationError, ValueError) as error:
        raise Broken(f"the index of {'/'.join(path)[:80]} has a row that is no record's: run 'corpus verify --repair'") from error
    frame = row.frame if row.frame_size else None
    return Entry(row.key, row.id, row.revision, path, row.offset, row.size, header, row.created_us, row.events, frame)
