"""Everything behind the gate for one tenant: searches a text with every recognizer, and replaces what they find until nothing is left."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from corpus.names import Name
from corpus.redaction import people, pseudonym
from corpus.redaction.bounds import bounded
from corpus.redaction.draft import Withheld
from corpus.redaction.finding import Finding, Place, Subject, resolve
from corpus.redaction.people import People
from corpus.redaction.pieces import SPAN, Pieces
from corpus.redaction.policy import Switches
from corpus.redaction.pseudonym import Pseudonyms
from corpus.redaction.replace import apply, edits
from corpus.xdg import cache_dir

if TYPE_CHECKING:
    from corpus.redaction.cache import Cache, Rounds
    from corpus.redaction.engine import Engine
    from corpus.redaction.policy import Policy
    from corpus.redaction.rule import Rule
    from corpus.redaction.tombstone import Tombstoned

RULESET = "builtin"
# Larger texts are withheld: one text is held in memory several times over while it is searched.
MAX_CHARACTERS = 64 * 1024 * 1024
# Searching a shorter one again costs hardly more than asking the cache.
SMALLEST = 512
_ROUNDS = 8


class Scanner:
    """Finds and replaces. Raises :class:`Withheld` (``redaction-failed``, ``too-large``, ``too-slow``, ``too-much-memory``) instead of
    ever letting a text by unsearched."""

    def __init__(
        self,
        recognizers: Sequence[Any],
        pseudonyms: Pseudonyms,
        ruleset: str,
        *,
        near: Sequence[Any] = (),
        far: Sequence[Any] | None = None,
        policy: Policy | None = None,
        cache: Cache | None = None,
    ) -> None:
        """``near`` and ``far`` are the recognizers again, shared out by whether they may search in pieces (default: none may).

        What ``policy`` lets stand is not found; ``cache`` remembers what was replaced in longer texts.
        """
        self._cache = cache
        self._policy = policy
        self._recognizers = tuple(recognizers)
        self._far = self._recognizers if far is None else tuple(far)
        self._pieces = Pieces(partial(self._rounds, tuple(near)))
        self.ruleset = ruleset
        self.identifier = pseudonyms.of
        self.pseudonyms = pseudonyms
        self.switches = policy.trajectory if policy is not None else Switches()

    @bounded
    def find(self, text: str, place: Place = Place.CODE, path: str = "") -> list[Finding]:
        """Sorted disjoint findings, offsets in characters of ``text``.

        What was found is set aside and the rest is searched again, because a match may hide another that overlaps it.
        """
        if len(text) > MAX_CHARACTERS:
            raise Withheld("too-large")
        subject = Subject(text, place, path)
        return subject.locate(self._rounds(self._recognizers, subject))

    @bounded
    def find_in_version(self, text: str, path: str) -> list[Finding]:
        """As :meth:`find`, for the content of a file of which other versions are searched too: what they share is searched once."""
        if len(text) > MAX_CHARACTERS:
            raise Withheld("too-large")
        subject = Subject(text, Place.CODE, path)
        far = self._rounds(self._far, subject)
        return subject.locate(resolve(far + self._pieces.find(subject)))

    @bounded
    def redact(self, text: str, place: Place = Place.CODE, path: str = "") -> str:
        """``text`` with identifiers in place of everything found; a second look at the result finds nothing."""
        return self._replaced(text, path, place.value, lambda text: self.find(text, place, path))

    @bounded
    def redact_version(self, text: str, path: str) -> str:
        """As :meth:`redact`, by :meth:`find_in_version`."""
        return self._replaced(text, path, "version", lambda text: self.find_in_version(text, path))

    def close(self) -> None:
        """Write to disk what is to be remembered; it can be used again."""
        if self._cache is not None:
            self._cache.close()

    def _replaced(self, text: str, path: str, how: str, find: Callable[[str], list[Finding]]) -> str:
        text = text if text.isascii() else Subject(text).text
        if self._cache is None or len(text) < SMALLEST:
            return _after(text, self._edits(text, path, find))
        name = self._cache.name(f"{how} {path}", text)
        known = self._cache.get(name)
        if known is None:
            try:
                known = self._edits(text, path, find)
            except Withheld as reason:
                if reason.lasting:
                    self._cache.put(name, reason)
                raise
            self._cache.put(name, known)
        if isinstance(known, Withheld):
            raise known
        return _after(text, known)

    def _edits(self, text: str, path: str, find: Callable[[str], list[Finding]]) -> Rounds:
        rounds: Rounds = []
        for _ in range(_ROUNDS):
            found = find(text)
            if not found:
                return rounds
            rounds.append(edits(text, path, found, self.identifier))
            text = apply(text, rounds[-1])
        raise Withheld("redaction-failed", lasting=True)

    def _rounds(self, recognizers: Sequence[Any], subject: Subject) -> list[Finding]:
        """What ``recognizers`` find in bytes; ``subject`` is left with all of it set aside."""
        found: list[Finding] = []
        for _ in range(_ROUNDS):
            more = self._search(recognizers, subject)
            if not more:
                return found
            found = resolve(found + more)
            subject.set_aside(more)
        raise Withheld("redaction-failed", lasting=True)

    def _search(self, recognizers: Sequence[Any], subject: Subject) -> list[Finding]:
        try:
            found: list[Finding] = []
            for recognizer in recognizers:
                found += recognizer.find(subject)
            if self._policy is not None:
                found = [each for each in found if self._policy.replaces(subject, each)]
            return resolve(found)
        except TimeoutError:
            raise Withheld("too-slow") from None
        except MemoryError:
            raise Withheld("too-much-memory") from None
        except Exception:
            # Not chained: the cause's message and frames may hold the text itself.
            raise Withheld("redaction-failed") from None


def _after(text: str, rounds: Rounds) -> str:
    for made in rounds:
        text = apply(text, made)
    return text


@lru_cache(maxsize=8)
def _patterns(own: tuple[Rule, ...]) -> tuple[Engine, Engine, Engine]:
    """Engines of all rules, of those that may search in pieces, and of the others."""
    from corpus.redaction.engine import Engine
    from corpus.redaction.rule import builtin

    rules = [*builtin(), *own]
    near = [rule for rule in rules if rule.span <= SPAN]
    far = [rule for rule in rules if rule.span > SPAN]
    return Engine(rules, cache_dir()), Engine(near, cache_dir()), Engine(far, cache_dir())


def scanner(pseudonyms: Pseudonyms, known: People, tenant: Name | None = None, *, cached: bool = False, hiding: str = "") -> Scanner:
    """A scanner over the project's rules, ``known`` people, the user's own rules and the tenant's, under the tenant's policy.

    With ``cached`` what it replaces is remembered on disk, under the tenant's key; ``hiding`` tells apart who is hidden.
    Raises :class:`~corpus.errors.BadInput` for a rule or a policy that cannot be used.
    """
    from corpus.redaction import cache, keys, members, names, own, policy, prose, sql, wrapped
    from corpus.redaction.engine import digest

    users = own.load(tenant, cache_dir())
    engine, near, far = _patterns(users.rules)
    written = (digest((*engine.rules, *wrapped.RULES)), users.digest, known.digest, prose.written())
    in_prose = prose.finders(cache_dir())
    entities = {keys.ENTITY, names.PERSON, names.EMAIL, *(rule.entity_type for rule in engine.rules)}
    for finder in (*users.finders, *in_prose):
        entities.update(finder.entities)
    obeyed = policy.load(tenant, entities) if tenant else policy.Policy()
    inner = [engine.find, keys.find, sql.find, names.NameFinder(known).find, *(each.find for each in users.finders)]
    insides = prose.Finder("wrapped", tuple(entities), wrapped.Wrapped([obeyed.over(find) for find in inner], cache_dir()).find)
    rows = prose.Finder("rows of sql", (sql.ENTITY,), sql.find)
    in_files = prose.in_files(cache_dir())
    everyone = members.whole(engine, known, in_prose, (in_files, insides, rows, *users.finders))
    in_pieces, whole = members.apart(near, far, known, (insides,), (in_files, rows, *users.finders))
    ruleset = f"{RULESET}@{hashlib.sha256(b''.join((*written, obeyed.digest))).hexdigest()[:16]}"
    kept = cache.for_tenant(tenant, pseudonyms, ruleset + hiding) if tenant and cached else None
    return Scanner(everyone, pseudonyms, ruleset, near=in_pieces, far=whole, policy=obeyed, cache=kept)


def scanner_for(tenant: Name | None, *, cached: bool = False, forgotten: Tombstoned | None = None) -> Scanner:
    """The tenant's scanner, under its key (made on first use) and with its people, those hidden who opted out; without a tenant under a key
    of this process alone.

    Raises :class:`~corpus.errors.BadInput` for a key or a list that cannot be read.
    """
    if tenant is None:
        return scanner(pseudonym.ephemeral(), People())
    pseudonyms = pseudonym.for_tenant(tenant)
    if forgotten is None or not forgotten.digest:
        return scanner(pseudonyms, people.load(tenant), tenant, cached=cached)
    from corpus.redaction.tombstone import Marks

    bears, person = forgotten.bears, Marks(pseudonyms).person
    hiding = pseudonyms.hiding(lambda identifier: bears([person(identifier)]))
    return scanner(hiding, people.load(tenant), tenant, cached=cached, hiding=f" {forgotten.digest}")
