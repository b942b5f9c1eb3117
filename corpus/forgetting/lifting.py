"""Lifting tombstones, so that the next capture may bring back what was forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.errors import BadInput
from corpus.record import TupleType, key_of
from corpus.redaction import pseudonym
from corpus.redaction.subject import Subject
from corpus.redaction.tombstone import Marks
from corpus.store import Corpus, Happened, Tombstone


def of_subject(corpus: Corpus, subject: Subject) -> list[Tombstone]:
    """What was forgotten when this person was named, and that they opted out. Raises :class:`BadInput` where they never were."""
    marks = Marks(subject.pseudonyms)
    asked = {marks.asked(each) for each in subject.identifiers()}
    all_ = corpus.tombstones.all()
    runs = {one.run for one in all_ if one.mark in asked}
    if not runs:
        raise BadInput(f"nothing was forgotten of that person in tenant {corpus.tenant!r}: name them as they were named then")
    return [one for one in all_ if one.run in runs]


def of_ids(corpus: Corpus, ids: Sequence[str]) -> list[Tombstone]:
    """What was forgotten as one thing with these records, each named by key or commit, or how its key begins. Raises :class:`BadInput`."""
    marks = Marks(pseudonym.existing(corpus.tenant))
    all_ = corpus.tombstones.all()
    left = {entry.key for entry in corpus.logged() if entry.kind is Happened.FORGET}
    found: list[Tombstone] = []
    for ident in ids:
        keys = {key for key in left if key.startswith(ident) or key == key_of(corpus.tenant, TupleType.EDIT, ident)} if ident else set()
        if len(keys) != 1:
            said = f"names {len(keys)} records that were" if keys else "names nothing that was"
            raise BadInput(f"--id {ident[:64]!r} {said} forgotten in tenant {corpus.tenant!r}: give a whole key or commit")
        named = {marks.record(key) for key in keys}
        units = {(one.unit, one.run) for one in all_ if one.mark in named}
        found += [one for one in all_ if (one.unit, one.run) in units]
    return found
