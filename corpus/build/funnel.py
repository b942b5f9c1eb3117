"""What a build would make, counted without writing anything: from all records of a tenant down to rows, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from corpus.build.desk import Bench
from corpus.build.manifest import BuiltSet
from corpus.build.outcomes import Seen
from corpus.build.reasons import Reason
from corpus.build.request import Request, query_of
from corpus.build.run import sets_of, splits_of, team_for
from corpus.build.select import select
from corpus.build.where import parse_all
from corpus.store import Corpus


@dataclass(frozen=True, slots=True)
class Funnel:
    """``records`` are all of the tenant, links aside, ``selected`` those that meet the conditions; then each set by itself."""

    records: int
    selected: int
    sets: tuple[BuiltSet, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a set's funnel: what it is called, how many it takes away, how many are left."""

    name: str
    less: int
    left: int


def funnel(request: Request, *, workers: int | None = 1, seen: Seen = lambda done, total: None) -> Funnel:
    """Count what :func:`corpus.build.build` would make now, or as of the position that is asked for; nothing is written anywhere.

    Raises as that does, but a set without a row is an answer here.
    """
    query = query_of(request)
    with Corpus.open(request.root, request.tenant) as corpus, team_for(corpus, bench := Bench(request.root, query), workers) as team:
        selected = select(corpus, parse_all(query.where).headers, as_of=request.as_of, splits=splits_of(query))
        sets = sets_of(team, bench, selected, None, None, seen)
    return Funnel(selected.records, len(selected), tuple(sets))


def steps(built: BuiltSet) -> list[Step]:
    """A set's funnel, reasons in the order in which they are looked at; it ends with its rows."""
    found = [Step("records of a type that it reads", 0, built.records_in), Step("candidates", 0, built.candidates)]
    left = built.candidates
    for reason in Reason:
        if less := built.dropped.get(reason, 0):
            left -= less
            found.append(Step(reason.value, less, left))
    return [*found, Step("rows", 0, left)]
