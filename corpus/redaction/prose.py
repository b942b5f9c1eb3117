"""What is searched for in prose alone: announced names, postal addresses and, with the ``ner`` extra, what its model knows."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from corpus.redaction import addresses, introduced, ner, ner_model, screen
from corpus.redaction.finding import Finding, Subject


class Finder(NamedTuple):
    """A recognizer's name, the entity types it can report, and the function that finds."""

    name: str
    entities: tuple[str, ...]
    find: Callable[[Subject], list[Finding]]


def finders(cache_dir: Path) -> list[Finder]:
    """The finders for prose; the model is loaded by the first text that may hold a name, its weights are kept under ``cache_dir``."""
    found = [
        Finder("postal addresses", (addresses.ENTITY,), addresses.find),
        Finder("introduced names", (introduced.ENTITY,), introduced.find),
    ]
    if ner_model.identity():
        found.append(Finder("names and places of prose", ner.ENTITIES, _finder(cache_dir).find))
    return found


def written() -> bytes:
    """What the finders are, for the ruleset's digest: it differs with the model, its version and its absence."""
    versions = f"addresses {addresses.VERSION} introduced {introduced.VERSION} screen {screen.VERSION} ner {ner.VERSION}"
    return f"{versions} {ner_model.identity() or 'no model'}".encode()


@cache
def _finder(cache_dir: Path) -> ner.NerFinder:
    return ner.NerFinder(lambda block: ner_model.load(cache_dir, os.getpid()).words(block))
