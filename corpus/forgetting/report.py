"""What is held of a person: how many records of each type, where they appear in them, from when to when, and in which builds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from corpus.forgetting import builds
from corpus.forgetting.query import Query, find
from corpus.forgetting.run import opted_out
from corpus.redaction.subject import Subject
from corpus.store import Corpus


@dataclass(frozen=True)
class Report:
    """``names`` and ``addresses`` are those that were looked for as one person's. ``roles`` counts records by where the person appears in
    them, ``first`` and ``last`` are their dates (``""`` for none), ``builds`` the directories of builds that hold any, with how many."""

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    records: int
    types: dict[str, int]
    roles: dict[str, int]
    first: str
    last: str
    builds: tuple[tuple[str, int], ...]
    opted_out: bool


def report(corpus: Corpus, subject: Subject) -> Report:
    """Look through everything a tenant keeps for one person."""
    matches = find(corpus, Query(subject))
    held = builds.holding(corpus, {match.key for match in matches})
    return Report(
        names=subject.names,
        addresses=subject.addresses,
        records=len(matches),
        types=dict(sorted(Counter(match.tuple_type.value for match in matches).items())),
        roles=dict(sorted(Counter(role for match in matches for role in match.roles).items())),
        first=matches[0].created if matches else "",
        last=matches[-1].created if matches else "",
        builds=tuple((out, count) for build, count in held for out in build.outs),
        opted_out=opted_out(corpus, subject),
    )
