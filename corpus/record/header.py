"""The provenance header: twelve fields, always present."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class TupleType(StrEnum):
    EDIT = "edit"
    TRAJECTORY = "trajectory"
    FEEDBACK = "feedback"
    LINK = "link"


class Scope(StrEnum):
    """The corpus a record belongs to; the three never mix."""

    CONSTITUTIONAL = "constitutional"
    ENGINEERING = "engineering"
    TENANT_RUNTIME = "tenant-runtime"


class RedactionClass(StrEnum):
    CLEAN = "clean"
    REDACTED = "redacted"
    WITHHELD = "withheld"


class EvidenceClass(StrEnum):
    """How far a record can be trusted as good work, weakest first."""

    OBSERVED = "observed"
    ACCEPTED = "accepted"
    VERIFIED = "verified"
    CORRECTED = "corrected"
    REJECTED = "rejected"


# As corpus.names checks them; a stored line may come from anywhere, and its names go into tables, queries and rows.
_COMMIT = r"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\z"
_CREATED = r"\A[0-9]{4}(?:-[0-9]{2}){2}T[0-9]{2}(?::[0-9]{2}){2}Z\z"
_Name = Annotated[str, Field(pattern=r"\A[a-z0-9][a-z0-9._-]{0,62}\z")]


class Header(BaseModel):
    """Field names and values as in the design; ``created`` is RFC 3339 in UTC, seconds, when the work happened."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tuple_type: TupleType
    doctrine_version: str | None
    tenant: _Name
    moduleId: _Name  # noqa: N815 - the design's own spelling, and so the stored one
    cluster: _Name
    role: _Name
    scope: Scope
    redaction_class: RedactionClass
    evidence_class: EvidenceClass
    source_commit: str | None = Field(pattern=_COMMIT)
    session_id: str | None
    created: str = Field(pattern=_CREATED)


class Told(NamedTuple):
    """The twelve values of a header as they are stored, in the order of :class:`Header`'s fields."""

    tuple_type: str
    doctrine_version: str | None
    tenant: str
    moduleId: str  # noqa: N815 - as above
    cluster: str
    role: str
    scope: str
    redaction_class: str
    evidence_class: str
    source_commit: str | None
    session_id: str | None
    created: str


_OFTEN = itemgetter(*Told._fields[:9])
_EACH = itemgetter(*Told._fields[9:])
_is_commit = re.compile(_COMMIT.replace("\\z", "\\Z")).match
_is_created = re.compile(_CREATED.replace("\\z", "\\Z")).match


def told(header: object) -> Told:
    """A stored header's values, if :class:`Header` takes them: for many headers, most of which differ in their last three values alone.
    Raises ``ValueError``, ``TypeError`` or ``KeyError``."""
    if not isinstance(header, dict) or len(header) != len(Told._fields):
        raise ValueError("not twelve fields")
    commit, session, created = each = _EACH(header)
    if not (commit is None or _is_commit(commit)) or not (session is None or isinstance(session, str)) or not _is_created(created):
        raise ValueError("a commit, session or time that is none")
    return Told._make(_checked(_OFTEN(header)) + each)


@lru_cache(maxsize=1 << 12)
def _checked(often: tuple[str | None, ...]) -> tuple[str | None, ...]:
    Header.model_validate(dict(zip(Told._fields, (*often, None, None, "1970-01-01T00:00:00Z"), strict=True)))
    return often
