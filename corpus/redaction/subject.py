"""One person, by every spelling under which the tenant's redaction may have met them, and the identifiers that these became.

Who is asked for by an address goes by every name beside it, and by a name of several words has every address beside that. What is a
role's (``noreply@``, ``build bot``) is several people's and joins nobody. A single word (a first name, a login) is theirs only while nobody
else on the tenant's list may be called by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass

from corpus.errors import BadInput
from corpus.names import Name
from corpus.redaction import people, pseudonym
from corpus.redaction.people import Pair, People
from corpus.redaction.pseudonym import Pseudonyms, normal
from corpus.redaction.wordlist import wordlist

ENTITIES = frozenset({"PERSON", "EMAIL_ADDRESS"})


@dataclass(frozen=True)
class Subject:
    """``asked`` is how the person was named; ``names`` and ``addresses`` are those they go by, ``spellings`` all that is looked for."""

    asked: str
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    spellings: frozenset[str]
    pseudonyms: Pseudonyms

    def identifiers(self, entities: Iterable[str] = ENTITIES) -> frozenset[str]:
        """Those of every spelling, as any of ``entities``: another rule may have taken for something else what stands for a person."""
        plain = self.pseudonyms.plain
        forms = {form for spelling in self.spellings for form in (spelling, spelling.lower(), spelling.title(), spelling.upper())}
        return frozenset(plain(entity, form) for entity in entities for form in forms)

    @property
    def own(self) -> frozenset[str]:
        """The identifiers that stand for this person where an author stands."""
        plain = self.pseudonyms.plain
        named = {plain("PERSON", name) for name in self.names if name}
        return frozenset(named | {plain("EMAIL_ADDRESS", address) for address in self.addresses if address})


def known_as(tenant: Name, asked: str) -> Subject:
    """The person whom ``asked`` (an e-mail address, or a name) names. Raises :class:`BadInput` where it is neither, or only one word that
    stands for nobody, or for several people; and where the tenant's key is not here, without which nobody can be found."""
    said = " ".join(asked.split())
    everybody = people.load(tenant)
    if not said:
        raise BadInput("--subject is empty: give an e-mail address or a name")
    pairs = _pairs(said, everybody.pairs)
    if not pairs:
        if "@" not in said and " " not in said:
            raise BadInput(f"--subject {said[:80]!r} is one word and nobody's name here: give an e-mail address or a whole name")
        pairs = {("", said) if "@" in said else (said, "")}
    mine = People(tuple(sorted(pairs)))
    others = People(tuple(pair for pair in everybody.pairs if pair not in pairs and (pair[0], "") not in pairs))
    names = _distinct((name for name, _ in pairs), "PERSON")
    addresses = _distinct((address for _, address in pairs), "EMAIL_ADDRESS")
    if "@" not in said and " " not in said and len(addresses) > 1:
        raise BadInput(f"--subject {said[:80]!r} is the name of {len(addresses)} here: give an e-mail address")
    theirs = {*others.logins, *others.derived, *(word.lower() for word in others.words)}
    alone = {each for each in (*mine.logins, *mine.derived, *mine.words) if each.lower() not in theirs}
    single = {name for name in names if " " in name or not _called(name, others)}
    return Subject(asked, names, addresses, frozenset({*addresses, *single, *mine.names, *alone}), pseudonym.existing(tenant))


def _pairs(said: str, pairs: Iterable[Pair]) -> set[Pair]:
    """Those of the list that are about the person: by address or name first, then whatever shares an address or a whole name with these."""
    if "@" in said and _role(said):
        return {("", said)}
    # What is a role's stays behind: it says nothing of who used it.
    persons = {(name, "" if _role(address) else address) for name, address in People(tuple(pairs)).persons} - {("", "")}
    names, addresses = {normal("PERSON", said)}, {normal("EMAIL_ADDRESS", said)}
    found: set[Pair] = set()
    while more := {pair for pair in persons if _shares(pair, names, addresses)} - found:
        found |= more
        names |= {normal("PERSON", name) for name, _ in more if len(name.split()) > 1}
        addresses |= {normal("EMAIL_ADDRESS", address) for _, address in more if address}
    return found


def _role(address: str) -> bool:
    """Whether an address is a role's: a word of its local part says so."""
    return bool(set(re.split(r"[._+-]", address.rpartition("@")[0].lower())) & wordlist("roles.txt"))


def _shares(pair: Pair, names: Set[str], addresses: Set[str]) -> bool:
    return normal("PERSON", pair[0]) in names or normal("EMAIL_ADDRESS", pair[1]) in addresses


def _called(name: str, others: People) -> bool:
    """Whether somebody else goes by a name of one word."""
    said = normal("PERSON", name)
    return any(said == normal("PERSON", other) or said in normal("PERSON", other).split() for other, _ in others.pairs)


def _distinct(values: Iterable[str], entity: str) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for value in sorted(filter(None, values)):
        found.setdefault(normal(entity, value), value)
    return tuple(found.values())
