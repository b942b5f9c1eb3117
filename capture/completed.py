"""Rejected edits that a person made in another way and committed: completed once the session and the commit are linked."""

from __future__ import annotations

from capture.ingest import Ingest
from capture.sources.committed import COMMITTED, committed
from capture.sources.exchange import Turn
from capture.sources.link import label_of, link_draft
from capture.sources.rejection import completion_draft
from corpus.record import EditBody, EvidenceClass, FeedbackBody, LinkBody, LinkKind, Record, SeenIn, TupleType
from corpus.store import By, Name

BASIS = "a commit that came out of the session changed the same place"


def complete(ingest: Ingest) -> int:
    """Complete the rejections of sessions that were linked to a commit just now, and those kept just now of linked sessions; returns how
    many."""
    if not {TupleType.FEEDBACK, TupleType.LINK} & set(ingest.fresh.values()):
        return 0
    kept = ingest.lookup()
    fresh = kept.entries(key for key, kind in ingest.fresh.items() if kind in (TupleType.FEEDBACK, TupleType.LINK))
    links = [ingest.read(entry).body for entry in fresh if entry.header.tuple_type is TupleType.LINK]
    first_parts = kept.entries(body.from_ for body in links if isinstance(body, LinkBody) and body.kind is LinkKind.SESSION_OF)
    of_sessions = [Name(TupleType.FEEDBACK, By.SESSION, part.header.session_id) for part in first_parts if part.header.session_id]
    keys = {entry.key for entry in fresh} | {hit.key for name in of_sessions for hit in kept.find(name)}
    entries = [entry for entry in kept.entries(keys) if entry.header.evidence_class is EvidenceClass.REJECTED]
    done = 0
    for record in map(ingest.read, entries):
        body = record.body
        if not isinstance(body, FeedbackBody) or body.seen_in is not SeenIn.TOOL_DENIED or body.withheld or not body.about:
            continue
        if kept.find(Name(LinkKind.COMPLETES, By.TO, record.key)):
            continue
        came = [ingest.read(entry).body for entry in kept.under(Name(LinkKind.SESSION_OF, By.FROM, body.about[0]))]
        commits = kept.entries(one.to for one in came if isinstance(one, LinkBody) and one.to)
        done += any(_complete(ingest, record, body, ingest.read(each)) for each in commits if each.header.created >= record.header.created)
    return done


def _complete(ingest: Ingest, record: Record, body: FeedbackBody, commit: Record) -> bool:
    rejected = body.rejected_trajectory[0].calls[0] if body.rejected_trajectory and body.rejected_trajectory[0].calls else None
    if rejected is None or not isinstance(commit.body, EditBody) or (call := committed(rejected, commit.body)) is None:
        return False
    turns = [Turn(each.role, each.content, each.name, tuple(each.calls)) for each in (*body.prompt, body.rejected_trajectory[0])]
    corrected = Turn("assistant", "", calls=(call,))
    created = commit.header.created
    draft = completion_draft(record, turns[:-1], turns[-1], corrected, COMMITTED, created, about=(commit.key,))
    ingest.keep(draft)
    return ingest.keep(
        link_draft(label_of(record.header), LinkKind.COMPLETES, draft.key, record.key, BASIS, max(created, record.header.created))
    )
