"""``pretrain``: one plain-text document a commit, as a Dolma document.

What continued pretraining wants from a history is the change and the reason for it, once. So the text is the commit message, a
blank line, and the unified diff. The contents before the change are left out on purpose: a file touched by fifty commits would
stand in the set fifty times, and near-duplicates are what pretraining pipelines pay to remove. A file that a commit adds is in the
diff whole. A diff that was cut at capture is kept (a truncated document still teaches the tokens it has); merges are not, because
their difference against the first parent repeats the commits they bring in.

The fields are Dolma's (``id``, ``text``, ``source``, ``added``, ``created``, ``metadata``), so the files go through ``dolma tag``,
``dedupe`` and ``mix`` as they are once compressed; ``metadata`` is flat strings. ``added`` repeats ``created``: the time at which
somebody's machine captured a commit would make two builds of the same work differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from corpus.build import filters
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe, body_as
from corpus.build.row import Provenance, Row
from corpus.build.shape import Document
from corpus.record import EditBody, Record, TupleType


@dataclass(frozen=True, slots=True)
class PretrainRow(Row):
    """A Dolma document. ``id`` is the record's key; ``source`` is ``tenant/cluster/module``."""

    SHAPE: ClassVar = Document

    id: str
    text: str
    source: str
    added: str
    created: str
    metadata: Provenance


def make(record: Record) -> PretrainRow | Reason:
    body = body_as(record, EditBody)
    reason = filters.first(body, filters.merge, filters.empty_diff)
    if reason is not None:
        return reason
    message = (body.message or "").strip()
    where = Provenance.of(record)
    return PretrainRow(
        id=record.key,
        text=f"{message}\n\n{body.diff}" if message else body.diff,
        source=f"{where.tenant}/{where.cluster}/{where.moduleId}",
        added=where.created,
        created=where.created,
        metadata=where,
    )


RECIPE = Recipe("pretrain", 1, "commits as plain text: message and diff", (TupleType.EDIT,), PretrainRow, make)
