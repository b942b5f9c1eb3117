"""Canaries: made-up secrets and identities, each planted once, and what of each must be found nowhere afterwards."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from corpus.redaction.finding import Place
from corpus.redaction.people import People
from corpus.redaction.pseudonym import Pseudonyms
from corpus.redaction.redactor import Scanner, scanner
from corpus.redaction.rule import builtin
from tests.corpus.redaction.made_up import card, iban, like, text

Person = tuple[str, str]
WRAPPINGS = ("plain", "base64", "hex", "percent")
PLACES = {
    "message": Place.PROSE,
    "author name": Place.PATH,
    "author email": Place.PATH,
    "committer name": Place.PATH,
    "committer email": Place.PATH,
    "branch": Place.PATH,
    "path": Place.PATH,
    "old path": Place.PATH,
    "content before": Place.CODE,
    "content after": Place.CODE,
    "tag": Place.PATH,
    "note": Place.PROSE,
    "prompt": Place.PROSE,
    "rejected": Place.PROSE,
    "corrected": Place.PROSE,
    "reason": Place.PROSE,
    "id": Place.PROSE,
}
PERSONAL = frozenset({"author name", "author email", "committer name", "committer email"})
"""Whatever stands there becomes an identifier, and notes, tags and the ids of pairs are not kept: no rule needs to know it."""
KEPT_NOWHERE = frozenset({"tag", "note", "id"})
_FITS = {
    Place.PROSE: re.compile(r"[^\x00\r]{1,4000}", re.DOTALL),
    Place.CODE: re.compile(r"[^\x00\r]{1,4000}", re.DOTALL),
    Place.PATH: re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_+=%-]|[.@](?=[A-Za-z0-9])){1,180}(?<!lock)"),
}


@dataclass(frozen=True, slots=True)
class Canary:
    """``planted`` is the text that stands in ``place``; ``needle`` is the part of it that must be nowhere."""

    kind: str
    place: str
    wrapping: str
    planted: str
    needle: str


def people(count: int, rng: random.Random) -> list[Person]:
    """Names that no word list holds, each with an address."""
    found = []
    for _ in range(count):
        first, last = ("".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(4)).capitalize() for _ in range(2))
        found.append((f"{first} {last}", f"{first}.{last}@mail{rng.randint(10, 99)}.example.test".lower()))
    return found


class Planter:
    """Makes canaries; the engine itself says which wrappings it sees through."""

    def __init__(self, known: list[Person], rng: random.Random) -> None:
        self._rng = rng
        self._scanner: Scanner = scanner(Pseudonyms(b"c" * 32), People(tuple(sorted(known))))
        self.kinds: dict[str, Callable[[Person], tuple[str, str]]] = {
            "email": lambda who: (who[1], who[1]),
            "person": lambda who: (who[0], who[0]),
            "card": lambda who: _itself(card(rng)),
            "iban": lambda who: _itself(iban(rng)),
            "phone": lambda who: _itself(f"+44 20 7{text(rng, 3, '1234567890')} {text(rng, 4, '1234567890')}"),
            "url": lambda who: _inside("https://deploy:{}@db.example.test/x", text(rng, 20)),
            "password": lambda who: _inside('password = "{}"', text(rng, 18)),
            "bearer": lambda who: _inside("Authorization: Bearer {}", text(rng, 32)),
        }
        for rule in builtin():
            self.kinds[f"rule {rule.id}"] = lambda who, rule=rule: like(rule, rng)  # type: ignore[misc]
        self.unsupported: dict[str, int] = {}
        self.never: set[str] = set()

    def canaries(self, count: int, who: Callable[[int], Person]) -> Iterator[Canary]:
        """``count`` canaries, going round places, kinds and wrappings; ``who(n)`` is the person the nth is about if it is about one."""
        made = number = 0
        kinds, places = list(self.kinds), list(PLACES)
        while made < count:
            place = places[number % len(places)]
            kind = kinds[(number // len(places) + number) % len(kinds)]
            wrapping = WRAPPINGS[(number // 3) % len(WRAPPINGS)]
            canary = self._one(kind, place, wrapping, who(made))
            number += 1
            if canary is not None:
                made += 1
                yield canary

    def _one(self, kind: str, place: str, wrapping: str, who: Person) -> Canary | None:
        for _ in range(20):
            sample, secret = self.kinds[kind](who)
            if len(secret) < 8 or not _FITS[PLACES[place]].fullmatch(sample):
                continue
            planted, needle = wrap(sample, secret, wrapping)
            if not _FITS[PLACES[place]].fullmatch(planted):
                continue
            if place in PERSONAL | KEPT_NOWHERE or self._sees(planted, needle, PLACES[place]):
                return Canary(kind, place, wrapping, planted, needle)
            if wrapping != "plain":
                self.unsupported[wrapping] = self.unsupported.get(wrapping, 0) + 1
                return None
            if PLACES[place] is not Place.PATH:
                self.never.add(kind)
        return None

    def _sees(self, planted: str, needle: str, place: Place) -> bool:
        line = f"see {planted} here"
        at = line.index(needle)
        return any(each.start < at + len(needle) and at < each.end for each in self._scanner.find(line, place))


def _itself(value: str) -> tuple[str, str]:
    return value, value


def _inside(template: str, value: str) -> tuple[str, str]:
    return template.format(value), value


def wrap(sample: str, secret: str, wrapping: str) -> tuple[str, str]:
    """``sample`` in a wrapping, and the part of it that is made of ``secret`` alone."""
    raw, inner = sample.encode(), secret.encode()
    at = raw.index(inner)
    if wrapping == "hex":
        return raw.hex(), inner.hex()
    if wrapping == "percent":
        return "".join(f"%{byte:02X}" for byte in raw), "".join(f"%{byte:02X}" for byte in inner)
    if wrapping == "base64":
        first, last = -(-at // 3), (at + len(inner)) // 3
        return base64.b64encode(raw).decode(), base64.b64encode(raw).decode()[first * 4 : last * 4]
    return sample, secret
