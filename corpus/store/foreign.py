"""Lines that a writer in another language made, held against all that a record must be: its form, its hashes, and what its header says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from corpus.errors import Refused
from corpus.names import check
from corpus.record import (
    Body,
    EditBody,
    Header,
    LinkBody,
    RedactionClass,
    RedactionSummary,
    TrajectoryBody,
    TupleType,
    anchored,
    dumps,
    key_of,
    line_id,
)
from corpus.record.model import BODIES
from corpus.redaction.gate import count
from corpus.store.frames import LARGEST
from corpus.store.lines import microseconds

_RULESET = re.compile(r"[a-z0-9+-]+@[0-9a-f]{16}")
_SESSION = re.compile(r"[0-9a-f]{32}")
_SHOWN = 5
_NO_FORM: Final = (
    "not canonical (RFC 8785): members in order and none twice, no spaces, no escapes but the needed ones, integers below 2^53, no floats"
)

_Hash = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]


class _Line(BaseModel):
    """A line but for its body, which the header's type picks a model for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_: Literal[1] = Field(alias="schema")
    key: _Hash
    revision: int = Field(ge=0, lt=2**53)
    id: _Hash
    header: Header
    redaction: RedactionSummary
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line, counted from 1. The reason quotes nothing that the line holds."""

    line: int
    reason: str


def faults(lines: Iterable[bytes], tenant: str | None = None) -> Iterator[Fault]:
    """What is wrong with ``lines``, each with its newline; nothing for records that a corpus could hold. ``tenant``, where given, is whose
    they must be."""
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            yield Fault(number, "cut off: no newline at its end")
        bare = line.removesuffix(b"\n")
        key, reasons = _look(bare, tenant)
        for reason in reasons[:_SHOWN]:
            yield Fault(number, reason)
        if key is not None:
            if key in seen:
                yield Fault(number, f"its key stands in line {seen[key]} already")
            seen.setdefault(key, number)


def _look(line: bytes, tenant: str | None) -> tuple[str | None, list[str]]:
    """The key, if the line has one, and what is wrong with it."""
    if len(line) >= LARGEST:
        return None, [f"{len(line)} bytes: a record has less than {LARGEST}"]
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None, ["not one JSON value in UTF-8"]
    reasons = _form(value, line)
    if not isinstance(value, dict):
        return None, ["not a JSON object"]
    try:
        whole = _Line.model_validate_json(line)
    except ValidationError as error:
        return None, [*reasons, *_words(error, "")]
    try:
        body: Body = _body(whole.header.tuple_type).validate_json(orjson.dumps(value["body"]), strict=True)
    except ValidationError as error:
        return whole.key, [*reasons, *_words(error, "body.")]
    if body.model_dump(mode="json", by_alias=True, exclude_unset=True) != value["body"]:
        reasons.append("body: a member that the schema does not have")  # a field's name in Python, say
    if not reasons:
        stored, computed, _ = line_id(line)
        reasons += [] if stored == computed else ["id is not the SHA-256 of the line without it"]
    return whole.key, [*reasons, *_header(whole.header, tenant), *_redaction(whole, body), *_of_type(whole, body)]


def _form(value: object, line: bytes) -> list[str]:
    """Whether the line is the one form that its value has; a number that is no integer below 2^53 has none."""
    try:
        return [] if dumps(value) == line else [_NO_FORM]
    except (TypeError, RecursionError):
        return [_NO_FORM]


def _header(header: Header, tenant: str | None) -> Iterator[str]:
    for name in ("tenant", "cluster", "moduleId", "role"):
        try:
            check(name, getattr(header, name))
        except Refused:
            yield f"header.{name}: not a name, or a reserved one"
    if tenant is not None and header.tenant != tenant:
        yield "header.tenant: another tenant's"
    try:
        microseconds(header.created)
    except ValueError:
        yield "header.created: a time that no calendar has"
    if header.session_id is not None and not _SESSION.fullmatch(header.session_id):
        yield "header.session_id: not a keyed hash of 32 hex digits"


def _redaction(line: _Line, body: Body) -> Iterator[str]:
    counts, now = line.redaction.counts, line.header.redaction_class
    if not _RULESET.fullmatch(line.redaction.ruleset):
        yield "redaction.ruleset: not NAME@DIGEST with a digest of 16 hex digits"
    if counts != count(body):
        yield "redaction.counts: not how many identifiers of each type stand in the body"
    withheld = RedactionClass.WITHHELD if body.withheld is not None else RedactionClass.REDACTED if counts else RedactionClass.CLEAN
    if now is not withheld:
        yield f"header.redaction_class: {now} where the body and the counts say {withheld}"


def _of_type(line: _Line, body: Body) -> Iterator[str]:
    """What the key is made of, where the record tells it, and how a part of a session hangs together."""
    tenant, kind, commit = line.header.tenant, line.header.tuple_type, line.header.source_commit
    if isinstance(body, EditBody) and line.key != key_of(tenant, kind, commit):
        yield "key: not that of the tenant, the type and header.source_commit"
    if isinstance(body, LinkBody) and line.key != key_of(tenant, kind, body.kind, body.from_, body.to, body.value):
        yield "key: not that of the tenant, the type and the link's kind, from, to and value"
    if isinstance(body, TrajectoryBody):
        if line.header.session_id is None:
            yield "header.session_id: null in a part of a session"
        if body.withheld is None and [event.seq for event in body.events] != list(range(body.first_seq, body.first_seq + body.event_count)):
            yield "body.events: not event_count events numbered from first_seq"
        if anchored(body) != body:
            yield "body: prev, last, events_root or manifest_hash is not the hash of what it stands for"


@cache
def _body(kind: TupleType) -> TypeAdapter[Any]:
    return TypeAdapter(BODIES[kind])


def _words(error: ValidationError, at: str) -> list[str]:
    """Errors as a person says them; a member's name is shown where it is one of the schema's."""
    found = []
    for each in error.errors(include_input=False, include_url=False, include_context=False):
        unknown = each["type"] == "extra_forbidden"
        parts = each["loc"][:-1] if unknown else each["loc"]
        where = at + ".".join(str(part) if isinstance(part, int) or part in _names() else "?" for part in parts)
        found.append(f"{where.rstrip('.') or 'the line'}: {'a member that the schema does not have' if unknown else each['msg']}")
    return found


@cache
def _names() -> frozenset[str]:
    found: set[str] = set()
    for model in (_Line, *BODIES.values()):
        made = model.model_json_schema(by_alias=True)
        for part in (made, *made.get("$defs", {}).values()):
            found.update(part.get("properties", {}))
    return frozenset(found)
