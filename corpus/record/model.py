"""A whole record: sealing one into its line, and reading a line back."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

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


def parse_line(line: bytes, *, check_id: bool = True) -> Record:
    """Read one stored line. Raises :class:`Broken` for half a line, an unknown schema, a foreign field or an id that is not its bytes'."""
    try:
        raw = orjson.loads(line)
        if not isinstance(raw, dict) or raw.pop("schema", None) != SCHEMA:
            raise Broken("not a record of schema 1")
        if check_id:
            stored, computed, _ = line_id(line)
            if stored != computed:
                raise Broken(f"id {stored[:12]} is not the hash of its bytes")
        body = BODIES[TupleType(raw["header"]["tuple_type"])].model_validate(raw.pop("body"))
        return Record.model_construct(
            schema_=SCHEMA,
            key=raw.pop("key"),
            revision=raw.pop("revision"),
            id=raw.pop("id"),
            header=Header.model_validate(raw.pop("header")),
            redaction=RedactionSummary.model_validate(raw.pop("redaction")),
            body=body,
        )
    except orjson.JSONDecodeError as error:
        raise Broken("not whole JSON (half a line?)") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Broken(f"not a valid record: {'.'.join(str(at) for at in first['loc'])}: {first['msg']}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise Broken(f"not a valid record ({type(error).__name__})") from error
