"""Which records are meant: those in which a person appears, those that meet conditions, those named by id; all that is given holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from corpus.build.where import Condition, of_headers
from corpus.errors import BadInput
from corpus.names import Name
from corpus.record import TupleType
from corpus.redaction.finding import IDENTIFIER
from corpus.redaction.subject import Subject, known_as
from corpus.store import Corpus, Entry

_IDENTIFIER = re.compile(IDENTIFIER.pattern.encode().replace(b"([A-Z]", b"(?P<entity>[A-Z]"))
AUTHORS = ("author", "committer")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; ``ids`` are ids, keys or commits, or how one begins, each of which names one record."""

    subject: Subject | None = None
    where: tuple[Condition, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A record that is meant, in its newest version. ``path`` is below the tenant's directory. ``roles`` say where the person appears in
    any version: ``author``, ``committer``, or ``in`` and the body's field."""

    key: str
    id: str
    tuple_type: TupleType
    created: str
    path: str
    roles: tuple[str, ...] = ()


def parse(tenant: Name, subject: str | None, where: Sequence[str], ids: Sequence[str]) -> Query:
    """Read a request. Raises :class:`BadInput` where it asks for nothing, or for what no record has."""
    if subject is None and not where and not ids:
        raise BadInput("name what is meant: --subject, --where or --id")
    return Query(None if subject is None else known_as(tenant, subject), of_headers(where), tuple(ids))


def find(corpus: Corpus, query: Query) -> list[Match]:
    """The records that are meant, ordered by ``(created, key)``. Raises :class:`BadInput` for an id that names none or several, and what
    reading the store raises."""
    keys = {corpus.get(ident).key for ident in query.ids}
    newest: dict[str, Entry] = {}
    roles: dict[str, dict[str, None]] = {}
    for entry, said in _appearing(corpus, query.subject) if query.subject else ((entry, ()) for entry in corpus.entries()):
        if query.ids and entry.key not in keys:
            continue
        if all(condition.holds(entry.header) for condition in query.where):
            newest[entry.key] = max(entry, newest.get(entry.key, entry), key=lambda one: one.order)
            roles.setdefault(entry.key, {}).update(dict.fromkeys(said))
    found = [
        Match(entry.key, entry.id, entry.header.tuple_type, entry.header.created, "/".join(entry.path), tuple(roles[entry.key]))
        for entry in newest.values()
    ]
    return sorted(found, key=lambda match: (match.created, match.key))


def _appearing(corpus: Corpus, subject: Subject) -> Iterator[tuple[Entry, Sequence[str]]]:
    """Every version of a record in which the person appears, with the roles."""
    of_entity = cache(lambda entity: subject.identifiers((entity,)))

    def meant(found: re.Match[bytes]) -> bool:
        return found[0].decode() in of_entity(found["entity"].decode())

    for entry, line in corpus.lines():
        hits = {found[0].decode() for found in _IDENTIFIER.finditer(line) if meant(found)}
        if hits:
            yield entry, _roles(orjson.loads(line)["body"], hits)


def _roles(body: dict[str, Any], hits: set[str]) -> list[str]:
    found = []
    for field, value in body.items():
        text = orjson.dumps(value).decode()
        if any(hit in text for hit in hits):
            found.append(field if field in AUTHORS else f"in {field}")
    return sorted(found)
