"""Forgetting: what is meant and what goes along, its tombstones, and the steps that take it out of the corpus and everything made of it."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from corpus.forgetting import builds
from corpus.forgetting.builds import Held
from corpus.forgetting.closure import Going, going, known
from corpus.forgetting.query import AUTHORS, Match, Query, find
from corpus.redaction import cache, pseudonym
from corpus.redaction.subject import ENTITIES, Subject
from corpus.redaction.tombstone import Marks
from corpus.store import Corpus, Tombstone, Wanted

NO_UNIT = "0" * 16


@dataclass(frozen=True)
class Plan:
    """What forgetting would take out: the keys of what was meant (``matches``, where it was looked for in the records), how many records
    of each type go in all, and the builds that hold any of them."""

    meant: tuple[str, ...]
    matches: tuple[Match, ...]
    types: dict[str, int]
    wanted: Wanted
    builds: tuple[tuple[str, int, tuple[str, ...]], ...]
    """``(manifest, records, directories)``."""


@dataclass(slots=True)
class Done:
    """What was taken out: how many records, the builds they were in, and a line for each file that could not be looked into."""

    records: int = 0
    builds: list[Held] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def plan(corpus: Corpus, query: Query, *, opt_out: bool = False, keep_builds: bool = False) -> Plan:
    """What is meant by ``query``, and what goes along with it."""
    matches = find(corpus, query)
    return _plan(corpus, {match.key: match for match in matches}, query.subject, opt_out=opt_out, keep_builds=keep_builds)


def plan_of_keys(corpus: Corpus, keys: Collection[str], *, keep_builds: bool = False) -> Plan:
    """As :func:`plan`, of records by their keys."""
    return _plan(corpus, dict.fromkeys(keys), None, opt_out=False, keep_builds=keep_builds)


def _plan(corpus: Corpus, meant: Mapping[str, Match | None], subject: Subject | None, *, opt_out: bool, keep_builds: bool) -> Plan:
    authored = {key for key, match in meant.items() if match is not None and set(match.roles) & set(AUTHORS)}
    records = known(corpus)
    found = going(corpus, records, meant, authored)
    types = Counter(one.tuple_type for one in records if one.key in found.units)
    wanted = _wanted(corpus, found, subject, opt_out=opt_out, keep_builds=keep_builds)
    held = tuple((build.manifest, count, build.outs) for build, count in builds.holding(corpus, wanted.keys))
    return Plan(tuple(meant), tuple(filter(None, meant.values())), dict(sorted(types.items())), wanted, held)


def _wanted(corpus: Corpus, found: Going, subject: Subject | None, *, opt_out: bool, keep_builds: bool) -> Wanted:
    marks = Marks(pseudonym.existing(corpus.tenant))
    run = secrets.token_hex(8)
    units = {unit: secrets.token_hex(8) for unit in found.units.values()}
    buried = {Tombstone(marks.record(key), units[unit], run) for key, unit in found.units.items()}
    buried |= {Tombstone(marks.session(session), units[session], run) for session in found.sessions}
    if subject is not None:
        identifiers = subject.identifiers()
        buried |= {Tombstone(marks.asked(each), NO_UNIT, run) for each in identifiers}
        if opt_out:
            buried |= {Tombstone(marks.person(each), NO_UNIT, run) for each in identifiers}
    return Wanted(frozenset(found.units), frozenset(found.sessions), frozenset(buried), keep_builds)


def opted_out(corpus: Corpus, subject: Subject) -> bool:
    """Whether nothing of a person is captured any more."""
    return corpus.forgets(map(Marks(subject.pseudonyms).person, subject.own or subject.identifiers(ENTITIES)))


def forget(corpus: Corpus, wanted: Wanted) -> Done:
    """Take it out of records, packs, log, the cache of findings and builds. What keeps copies elsewhere is the caller's to clear, and then
    to call :meth:`Corpus.forgotten`: until then what is wanted stays noted, and doing this again with the note goes on."""
    unread = corpus.forget(wanted)
    cache.remove(corpus.tenant)
    return Done(len(wanted.keys), builds.forget(corpus, wanted.keys, keep=wanted.keep_builds), unread)
