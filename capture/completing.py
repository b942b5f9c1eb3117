"""A correction that comes later: a second feedback record beside the rejected one, and the link that completes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from capture.ingest import Ingest
from capture.referred import label_of
from capture.sources import answers
from capture.sources.answers import Pair, Spoken, Turn
from capture.sources.link import link_draft
from corpus.errors import BadInput
from corpus.record import FeedbackBody, LinkKind, Message, TupleType
from corpus.store import By, Name


@dataclass(frozen=True, slots=True)
class Completed:
    """The keys of the rejection and of the record that corrects it, and whether that is new."""

    rejected: str
    key: str
    new: bool


def complete(ingest: Ingest, ident: str, correction: str) -> Completed:
    """Keep ``correction`` as what the answer of the rejection ``ident`` (id or key, or how one begins) should have been.

    It happens now, and has the label, the tag and the prompt of what it corrects. The same correction again changes nothing. Raises
    :class:`BadInput` for a record that is no rejection, or is complete, and for a correction that is empty or repeats what was rejected.
    """
    old = ingest.get(ident)
    body = old.body
    if not isinstance(body, FeedbackBody) or body.withheld is not None:
        raise BadInput(f"{ident[:64]!r} is no rejection that can be completed: 'corpus sample --type feedback' shows some")
    if not correction.strip():
        raise BadInput("the correction is empty")
    if "".join(correction.split()) == "".join("".join(each.content for each in body.rejected_trajectory).split()):
        raise BadInput("the correction repeats what was rejected")
    said = hashlib.sha256(correction.encode("utf-8", "replace")).hexdigest()
    now = f"{datetime.now(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"
    pair = Pair(
        names=(old.key, "correction", said),
        prompt=_spoken(body.prompt),
        rejected=_spoken(body.rejected_trajectory),
        corrected=(Turn(role="assistant", content=correction),),
        tag=body.constraint_violation_tag,
        reason=body.reason,
        created=max(now, old.header.created),
        commit=old.header.source_commit,
        about=tuple(body.about),
        agent=body.agent,
        model=body.model,
    )
    label = label_of(old.header)
    draft = answers.draft(pair, label)
    links = ingest.lookup().find(Name(LinkKind.COMPLETES, By.TO, old.key))
    if body.corrected_trajectory is not None or (links and not ingest.holds(draft)):
        raise BadInput(f"{ident[:64]!r} has its correction already: a newer one is a feedback message of its own")
    new = ingest.keep(draft)
    kept = ingest.newest(TupleType.FEEDBACK, draft.stem, draft.key)
    created = kept.header.created if kept else draft.created
    ingest.keep(link_draft(label, LinkKind.COMPLETES, draft.key, old.key, "a person added the correction", created))
    return Completed(old.key, draft.key, new)


def _spoken(turns: list[Message]) -> tuple[Spoken, ...]:
    return tuple(Spoken(each.role, each.content, each.name, tuple((call.name, call.arguments) for call in each.calls)) for each in turns)
