"""What goes along with a record that is forgotten, because it holds the same content or speaks of what is no longer there.

A session is one thing: where one part goes, all of it goes. So do its other generations, and of a commit what it was amended or rebased
into, and what reverted it. Feedback goes with the commit or session it is about, and with what it corrects; a link with either end. With a
person's commits go the sessions that they came out of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from corpus.record import LinkKind, TupleType
from corpus.store import Corpus

_COLUMNS = ("key", "tuple_type", "created_us", "session_id", "source_commit", "link_kind", "link_from", "link_to")


class Known(NamedTuple):
    """A record as the index knows it."""

    key: str
    tuple_type: str
    created_us: int
    session_id: str | None
    source_commit: str | None
    link_kind: str | None
    link_from: str | None
    link_to: str | None


@dataclass(slots=True)
class Going:
    """What goes: by key the thing it is forgotten with (a session, or the record that was meant), and the sessions among it."""

    units: dict[str, str] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)


def known(corpus: Corpus) -> list[Known]:
    """Every record, in no order; none is read."""
    found: list[Known] = []
    for batch in corpus.select(None, _COLUMNS):
        found += map(Known._make, zip(*(column.to_pylist() for column in batch.columns), strict=True))
    return found


def going(corpus: Corpus, records: list[Known], meant: Collection[str], authored: Collection[str] = ()) -> Going:
    """What goes when the records of the keys ``meant`` do; the sessions behind those commits that are ``authored`` go as well."""
    return _Closing(corpus, records).close(meant, authored)


class _Closing:
    def __init__(self, corpus: Corpus, records: list[Known]) -> None:
        self._records = {one.key: one for one in records}
        self._parts: dict[str, list[str]] = {}
        self._beside: dict[str, list[str]] = {}
        """By key those that go with it, one way."""
        self._sessions_of: dict[str, list[str]] = {}
        commits = {one.source_commit: one.key for one in records if one.tuple_type == TupleType.EDIT}
        feedback = set()
        for one in records:
            if one.tuple_type == TupleType.TRAJECTORY and one.session_id:
                self._parts.setdefault(one.session_id, []).append(one.key)
            elif one.tuple_type == TupleType.FEEDBACK:
                feedback.add(one.key)
                if one.source_commit in commits:
                    self._beside.setdefault(commits[one.source_commit], []).append(one.key)
        for one in records:
            for end in (one.link_from, one.link_to):
                if end:
                    self._beside.setdefault(end, []).append(one.key)
            if one.link_kind == LinkKind.COMPLETES and one.link_from and one.link_to:
                self._beside.setdefault(one.link_to, []).append(one.link_from)
            elif one.link_kind == LinkKind.SESSION_OF and one.link_from and one.link_to:
                self._sessions_of.setdefault(one.link_to, []).append(one.link_from)
            elif one.link_kind == LinkKind.REVERTED_BY and one.link_from and one.link_to:
                self._beside.setdefault(one.link_from, []).append(one.link_to)
            elif one.link_kind == LinkKind.SUPERSEDED_BY and one.link_from and one.link_to:
                self._beside.setdefault(one.link_from, []).append(one.link_to)
                self._beside.setdefault(one.link_to, []).append(one.link_from)
        for key, about in _about(corpus, feedback):
            self._beside.setdefault(about, []).append(key)
        self._in_session: dict[str, list[str]] = {}
        for one in records:
            if one.session_id:
                self._in_session.setdefault(one.session_id, []).append(one.key)

    def close(self, meant: Collection[str], authored: Collection[str]) -> Going:
        found = Going()
        waiting = [(key, key) for key in meant if key in self._records]
        while waiting:
            key, unit = waiting.pop()
            one = self._records.get(key)
            if one is None or key in found.units:
                continue
            if one.tuple_type == TupleType.TRAJECTORY and one.session_id:
                unit = one.session_id
                found.sessions.add(unit)
                waiting += [(each, unit) for each in self._in_session[unit]]
            found.units[key] = unit
            waiting += [(each, unit) for each in self._beside.get(key, ())]
            if key in authored:
                waiting += [(each, unit) for each in self._sessions_of.get(key, ())]
        return found


def _about(corpus: Corpus, feedback: Collection[str]) -> Iterator[tuple[str, str]]:
    """``(key, the key it is about)`` of feedback; each is read."""
    if not feedback:
        return
    import pyarrow.compute as pc

    for entry in corpus.find(pc.field("tuple_type") == TupleType.FEEDBACK.value):
        for about in orjson.loads(corpus.read_line(entry))["body"].get("about") or ():
            yield entry.key, about
