"""Everything behind the gate for one tenant: searches a text with every recognizer, and replaces what they find until nothing is left."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.names import Name
from corpus.redaction import people, pseudonym
from corpus.redaction.draft import Withheld
from corpus.redaction.finding import Finding, Place, Subject, resolve
from corpus.redaction.people import People
from corpus.redaction.pseudonym import Pseudonyms
from corpus.redaction.replace import replace

if TYPE_CHECKING:
    from corpus.redaction.engine import Engine

RULESET = "builtin"
# Larger texts are withheld: one text is held in memory several times over while it is searched.
MAX_CHARACTERS = 64 * 1024 * 1024
_ROUNDS = 8


class Scanner:
    """Finds and replaces. Raises :class:`Withheld` (``redaction-failed``, ``too-large``) instead of ever letting a text by unsearched."""

    def __init__(self, recognizers: Sequence[Any], pseudonyms: Pseudonyms, ruleset: str) -> None:
        self._recognizers = tuple(recognizers)
        self._pseudonyms = pseudonyms
        self.ruleset = ruleset
        self.identifier = pseudonyms.of

    def find(self, text: str, place: Place = Place.CODE, path: str = "") -> list[Finding]:
        """Sorted disjoint findings, offsets in characters of ``text``.

        What was found is set aside and the rest is searched again, because a match may hide another that overlaps it.
        """
        if len(text) > MAX_CHARACTERS:
            raise Withheld("too-large")
        subject = Subject(text, place, path)
        found: list[Finding] = []
        for _ in range(_ROUNDS):
            more = self._search(subject)
            if not more:
                return subject.locate(found)
            found = resolve(found + more)
            subject.set_aside(more)
        raise Withheld("redaction-failed")

    def redact(self, text: str, place: Place = Place.CODE, path: str = "") -> str:
        """``text`` with identifiers in place of everything found; a second look at the result finds nothing."""
        for _ in range(_ROUNDS):
            found = self.find(text, place, path)
            text = Subject(text).text
            if not found:
                return text
            text = replace(text, path, found, self.identifier)
        raise Withheld("redaction-failed")

    def _search(self, subject: Subject) -> list[Finding]:
        try:
            found: list[Finding] = []
            for recognizer in self._recognizers:
                found += recognizer.find(subject)
            return resolve(found)
        except Exception:
            # Not chained: the cause's message and frames may hold the text itself.
            raise Withheld("redaction-failed") from None


def cache_dir() -> Path:
    """Where compiled databases lie (XDG Base Directory 0.8); they hold rules, never anything of a tenant's text."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path("~").expanduser() / ".cache") / "corpus"


@lru_cache(maxsize=1)
def _patterns() -> Engine:
    from corpus.redaction.engine import Engine
    from corpus.redaction.rule import builtin

    return Engine(builtin(), cache_dir())


def scanner(pseudonyms: Pseudonyms, known: People) -> Scanner:
    """A scanner over the project's rules and ``known`` people."""
    from corpus.redaction.engine import digest
    from corpus.redaction.recognizers import registry

    engine = _patterns()
    members = registry(engine, known).get_recognizers(language="en", all_fields=True)
    ruleset = hashlib.sha256(digest(engine.rules) + known.digest).hexdigest()[:16]
    return Scanner(members, pseudonyms, f"{RULESET}@{ruleset}")


def scanner_for(tenant: Name | None) -> Scanner:
    """The tenant's scanner, under its key (made on first use) and with its people; without a tenant under a key of this process alone.

    Raises :class:`~corpus.errors.BadInput` for a key or a list that cannot be read.
    """
    if tenant is None:
        return scanner(pseudonym.ephemeral(), People())
    return scanner(pseudonym.for_tenant(tenant), people.load(tenant))
