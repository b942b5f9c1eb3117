"""A few records, or rows as a trainer sees them, chosen by hash: the same seed and records give the same sample."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from corpus.build import recipes
from corpus.build.filters import Branches
from corpus.build.row import Row
from corpus.build.run import named_branches, outcomes
from corpus.build.select import Selected, select
from corpus.build.where import parse_all
from corpus.record import Record
from corpus.store import Corpus


def _shuffled(corpus: Corpus, seed: int, where: tuple[str, ...] = ()) -> list[Selected]:
    """The selected records in the order of a keyed hash of their keys, which no other record's coming or going changes."""
    found = select(corpus, parse_all(where))
    return sorted(found, key=lambda item: hashlib.sha256(f"{seed}:{item.entry.key}".encode()).digest())


def sample_records(root: Path, tenant: str, count: int, *, seed: int = 0, tuple_type: str | None = None) -> list[Record]:
    """At most ``count`` records, of one type if asked. Raises as :class:`corpus.store.Corpus` does, :class:`BadInput` for no such type."""
    where = () if tuple_type is None else (f"tuple_type={tuple_type}",)
    with Corpus.open(root, tenant) as corpus:
        return [corpus.read(item.entry) for item in _shuffled(corpus, seed, where)[:count]]


def sample_rows(root: Path, tenant: str, recipe: str, count: int, *, seed: int = 0) -> list[Row]:
    """At most ``count`` rows of a recipe, as a build of the whole tenant writes them. Raises :class:`BadInput` for an unknown recipe."""
    chosen = recipes.named([recipe])
    with Corpus.open(root, tenant) as corpus:

        def rows() -> Iterator[Row]:
            for _, _, outcome in outcomes(corpus, chosen, _shuffled(corpus, seed), Branches(named_branches(root, tenant))):
                if isinstance(outcome, Row):
                    yield outcome

        return list(islice(rows(), count))
