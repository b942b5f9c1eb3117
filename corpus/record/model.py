"""A whole record: sealing one into its line, and reading a line back."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus.errors import Broken
from corpus.record.bodies import Body, EditBody, FeedbackBody, LinkBody
from corpus.record.canonical import dumps, line_id
from corpus.record.header import Header, TupleType
from corpus.record.trajectory import TrajectoryBody

SCHEMA: Final = 1
BODIES: Final[dict[TupleType, type[Body]]] = {
    TupleType.EDIT: EditBody,
    TupleType.TRAJECTORY: TrajectoryBody,
    TupleType.FEEDBACK: FeedbackBody,
    TupleType.LINK: LinkBody,
}


class RedactionSummary(BaseModel):
    """``ruleset`` is ``<name>@<digest>``; ``counts`` are the identifiers that stand in the stored body, by entity type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ruleset: str
    counts: dict[str, int]


class Record(BaseModel):
    """One stored line, typed. ``body`` is the model that ``header.tuple_type`` picks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: Literal[1] = SCHEMA
    key: str
    revision: int
    id: str
    header: Header
    redaction: RedactionSummary
    body: Body


def seal(key: str, header: Header, redaction: RedactionSummary, body: Body, revision: int = 0) -> tuple[str, bytes]:
    """``(id, line)``: the canonical line, without a newline, whose id is the SHA-256 of the line without it."""
    before = {"body": body.model_dump(mode="json", by_alias=True), "header": header.model_dump(mode="json")}
    after = {"key": key, "redaction": redaction.model_dump(mode="json"), "revision": revision, "schema": SCHEMA}
    # The id stands between them, in the order of names; a body is long, and written once.
    head, tail = dumps(before)[:-1], dumps(after)[1:]
    bare = hashlib.sha256(head)
    bare.update(b"," + tail)
    ident = bare.hexdigest()
    return ident, b"".join((head, b',"id":"', ident.encode(), b'",', tail))


class _Line(Record):
    """A record as its line has it."""

    schema_: Literal[1] = Field(validation_alias="schema")


class _Edit(_Line):
    body: EditBody


class _Trajectory(_Line):
    body: TrajectoryBody


class _Feedback(_Line):
    body: FeedbackBody


class _Link(_Line):
    body: LinkBody


_LINES: Final[dict[bytes, type[_Line]]] = {b"edit": _Edit, b"trajectory": _Trajectory, b"feedback": _Feedback, b"link": _Link}
_TYPE = b',"tuple_type":"'


def parse_line(line: bytes, *, check_id: bool = True) -> Record:
    """Read one stored line. Raises :class:`Broken` for half a line, an unknown schema, a foreign field or an id that is not its bytes'."""
    # The header's last field: quotes in a string are escaped, and what follows the header holds no text of this form.
    at = line.rfind(_TYPE) + len(_TYPE)
    kind = _LINES.get(line[at : line.find(b'"', at)], _Line)
    try:
        # As model_validate_json, which looks at its options first, each time.
        record: Record = kind.__pydantic_validator__.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "json_invalid":
            raise Broken("not whole JSON (half a line?)") from error
        if first["loc"] == ("schema",):
            raise Broken("not a record of schema 1") from error
        raise Broken(f"not a valid record: {'.'.join(str(at) for at in first['loc'])}: {first['msg']}") from error
    if check_id:
        stored, computed, _ = line_id(line)
        if stored != computed:
            raise Broken(f"id {stored[:12]} is not the hash of its bytes")
    if type(record.body) is not BODIES[record.header.tuple_type]:
        raise Broken("not a valid record: its body is not that of its tuple_type")
    return record
