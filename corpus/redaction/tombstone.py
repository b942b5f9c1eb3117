"""Marks of a record: keyed hashes by which the store knows again, without any key, what a tenant has forgotten.

A mark is 32 hex of HMAC-SHA256 under a key that is made of the tenant's own, over a kind and a value: nobody can tell from it, or ask by
it, whose or what it is. A record bears those of its key, its session, its commit, the records it speaks of, whose work it is, and the
identifiers of persons that stand in it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from corpus.record import Body, FeedbackBody, Header, LinkBody, TupleType, key_of, parse_line
from corpus.redaction.draft import Draft
from corpus.redaction.pseudonym import Pseudonyms

_PERSONAL = re.compile(rb"REDACTED_(?:PERSON|EMAIL_ADDRESS)_[0-9a-f]{12}")


class Tombstoned(Protocol):
    """What a tenant has forgotten, as its store knows it."""

    @property
    def digest(self) -> str:
        """Another one whenever something was forgotten or that was lifted; empty where nothing ever was."""
        ...

    def bears(self, marks: Iterable[str]) -> bool:
        """Whether something of these marks is forgotten."""
        ...


class Marks:
    """Makes marks under the key of ``pseudonyms``."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._key = pseudonyms.derived("tombstones")
        self._mark = lru_cache(maxsize=1 << 16)(self._made)

    def _made(self, kind: str, value: str) -> str:
        return hmac.digest(self._key, f"{kind}\0{value}".encode(), "sha256").hex()[:32]

    def record(self, key: str) -> str:
        """Of a record, by its key."""
        return self._mark("record", key)

    def session(self, session: str) -> str:
        """Of every record of a session, by its ``header.session_id``."""
        return self._mark("session", session)

    def person(self, identifier: str) -> str:
        """Of a person who is never to be captured again, by an identifier."""
        return self._mark("person", identifier)

    def asked(self, identifier: str) -> str:
        """Of a request that named a person; no record bears it, so it forgets nothing by itself."""
        return self._mark("asked", identifier)

    def of_draft(self, draft: Draft) -> frozenset[str]:
        """Those that are known before anything is rendered."""
        found = self._named(draft.label.tenant, draft.key, draft.source_commit, draft.session_id)
        return frozenset(found) | self.of_people(draft.people)

    def of_people(self, people: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Of ``(name, e-mail)`` pairs; either may be empty."""
        plain = self._pseudonyms.plain
        return frozenset(
            self.person(plain(entity, value))
            for pair in people
            for entity, value in zip(("PERSON", "EMAIL_ADDRESS"), pair, strict=True)
            if value.strip()
        )

    def of(self, key: str, header: Header, body: Body, line: bytes) -> frozenset[str]:
        """Those of a finished record."""
        found = self._named(header.tenant, key, header.source_commit, header.session_id)
        spoken_of = body.about if isinstance(body, FeedbackBody) else [body.from_, body.to] if isinstance(body, LinkBody) else []
        found += [self.record(each) for each in spoken_of if each]
        return frozenset(found) | {self.person(each.decode()) for each in set(_PERSONAL.findall(line))}

    def of_line(self, line: bytes) -> frozenset[str]:
        """Those of a stored line that comes from elsewhere. Raises :class:`corpus.errors.Broken` for what is no record."""
        record = parse_line(line, check_id=False)
        return self.of(record.key, record.header, record.body, line)

    def _named(self, tenant: str, key: str, commit: str | None, session: str | None) -> list[str]:
        found = [self.record(key)]
        if commit is not None:
            found.append(self.record(key_of(tenant, TupleType.EDIT, commit)))
        if session is not None:
            found.append(self.session(session))
        return found
