"""The scrubber of a record that is searched again: it notes what it finds, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.redaction.draft import Form, Withheld
from corpus.redaction.finding import IDENTIFIER, Finding, Place
from corpus.redaction.redactor import Scanner
from corpus.redaction.second import Passed

_PLACES = {Form.PROSE: Place.PROSE, Form.REASONING: Place.PROSE, Form.SYSTEM: Place.PROSE, Form.PATH: Place.PATH}


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """Something that a stored text still held: the field with its indices, where it stood there in characters (null where only the field is
    known), and the entity and rule it was found by. Never the text."""

    field: str
    start: int | None
    end: int | None
    entity_type: str
    rule: str


class Texts:
    """Hands each text to ``passed``, which the second pass asks about later, and holds what comes back against it."""

    def __init__(self, passed: Passed, scanner: Scanner) -> None:
        self.scanner = scanner
        self.found: dict[Found, None] = {}
        self._passed = passed

    def prose(self, field: str, text: str) -> str:
        return self._held(field, text, self._passed.prose(text), Place.PROSE)

    def code(self, field: str, text: str) -> str:
        return self._held(field, text, self._passed.code(text, ""), Place.CODE)

    def path(self, field: str, text: str) -> str:
        return self._held(field, text, self._passed.path(text), Place.PATH)

    def person(self, field: str, text: str) -> str:
        return self._held(field, text, self._passed.person(text), Place.PROSE)

    def email(self, field: str, text: str) -> str:
        return self._held(field, text, self._passed.email(text), Place.PROSE)

    def several(self, texts: Sequence[tuple[str, Form, str]]) -> list[str | Withheld]:
        """As :meth:`Scrub.several`, each with its field."""
        made = self._passed.several([(form, text) for _, form, text in texts])
        return [
            each if isinstance(each, Withheld) else self._held(field, text, each, _PLACES.get(form, Place.CODE))
            for (field, form, text), each in zip(texts, made, strict=True)
        ]

    def images(self, field: str, hashes: Sequence[str]) -> list[str]:
        kept = self._passed.image_hashes(hashes)
        if len(kept) < len(hashes):
            self.found[Found(field, None, None, "IMAGE", "policy")] = None
        return kept

    def keep(self, image: str) -> None:
        """An image that was searched line for line."""
        self._passed.keep(image)

    def told(self, field: str, found: Finding, span: tuple[int, int] | None) -> None:
        start, end = span or (None, None)
        self.found[Found(field, start, end, found.entity_type, found.rule)] = None

    def _held(self, field: str, text: str, made: str, place: Place) -> str:
        if made == text:
            return made
        try:
            standing = self.scanner.find(text, place)
        except Withheld:
            standing = []
        for each in standing:
            self.told(field, each, (each.start, each.end))
        if not standing:
            self._differing(field, text, made)
        return made

    def _differing(self, field: str, text: str, made: str) -> None:
        """What is not found in the text as it stands: inside of JSON's escapes, by where a path leads, or by the policy."""
        first = next((at for at, (one, other) in enumerate(zip(text, made, strict=False)) if one != other), min(len(text), len(made)))
        new = [each[1] for each in IDENTIFIER.finditer(made) if each[0] not in text]
        self.found[Found(field, first, len(text), new[0] if new else "", "not-as-it-stands")] = None
