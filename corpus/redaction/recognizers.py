"""The project's recognizers, as Presidio knows them: members of a registry, each with the entities it can report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.recognizer_registry import RecognizerRegistry

from corpus.redaction import keys, names, prose
from corpus.redaction.engine import Engine
from corpus.redaction.finding import Finding, Place, Subject, resolve
from corpus.redaction.people import People

# Presidio tells every recognizer it loads; a hook's log is no place for that.
logging.getLogger("presidio-analyzer").addHandler(logging.NullHandler())


class Recognizer(EntityRecognizer):  # type: ignore[misc, unused-ignore]
    """A Presidio recognizer over a function that finds; ``find`` is the hot path, ``analyze`` the same for Presidio's own engine."""

    name: str

    def __init__(self, name: str, entities: Sequence[str], find: Callable[[Subject], list[Finding]], place: Place = Place.CODE) -> None:
        self.find = find
        self._place = place
        super().__init__(supported_entities=sorted(set(entities)), name=name)

    def load(self) -> None:
        """Nothing to fetch: rules and lists come with the constructor."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Findings as Presidio's results, offsets in characters, of the asked ``entities`` (all when empty)."""
        subject = Subject(text, self._place)
        metadata = {RecognizerResult.RECOGNIZER_NAME_KEY: self.name}
        return [
            RecognizerResult(each.entity_type, each.start, each.end, each.score, recognition_metadata=metadata)
            for each in subject.locate(resolve(self.find(subject)))
            if not entities or each.entity_type in entities
        ]


def registry(
    engine: Engine, people: People, finders: Sequence[prose.Finder] = (), everywhere: Sequence[prose.Finder] = ()
) -> RecognizerRegistry:
    """A registry of this project's recognizers and none of Presidio's stock ones, which are not made for code.

    ``finders`` are for prose, ``everywhere`` are further ones for code too.
    """
    in_prose = [Recognizer(each.name, each.entities, each.find, Place.PROSE) for each in finders]
    return RecognizerRegistry(recognizers=[_patterns(engine), _keys(), _people(people), *in_prose, *_further(everywhere)])


def apart(
    near: Engine, far: Engine, people: People, also_near: Sequence[prose.Finder] = (), also_far: Sequence[prose.Finder] = ()
) -> tuple[list[Recognizer], list[Recognizer]]:
    """The same recognizers, those that may search a text in pieces and those that need the whole of it."""
    return [_patterns(near), _people(people), *_further(also_near)], [_patterns(far), _keys(), *_further(also_far)]


def _patterns(engine: Engine) -> Recognizer:
    return Recognizer("patterns", [rule.entity_type for rule in engine.rules], engine.find)


def _keys() -> Recognizer:
    return Recognizer("private keys", [keys.ENTITY], keys.find)


def _people(people: People) -> Recognizer:
    return Recognizer("people", [names.PERSON, names.EMAIL], names.NameFinder(people).find)


def _further(finders: Sequence[prose.Finder]) -> list[Recognizer]:
    return [Recognizer(each.name, each.entities, each.find) for each in finders]
