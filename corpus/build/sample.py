"""A few records, or rows as a trainer sees them, chosen by hash: the same seed and records give the same sample."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from corpus.build import recipes
from corpus.build.filters import Branches
from corpus.build.gates import Gates
from corpus.build.options import DEFAULTS
from corpus.build.outcomes import outcomes
from corpus.build.quality.bots import ByBot
from corpus.build.quality.paths import ByUnwritten
from corpus.build.request import named_branches
from corpus.build.row import Row
from corpus.build.select import select
from corpus.build.where import parse_all
from corpus.record import Record
from corpus.store import Corpus


def _place(seed: int, key: str) -> bytes:
    """Where a record stands in the shuffle of a seed; no other record's coming or going changes it."""
    return hashlib.sha256(f"{seed}:{key}".encode()).digest()


def sample_records(root: Path, tenant: str, count: int, *, seed: int = 0, tuple_type: str | None = None) -> list[Record]:
    """At most ``count`` records, of one type if asked. Raises as :class:`corpus.store.Corpus` does, :class:`BadInput` for no such type."""
    wanted = parse_all(() if tuple_type is None else (f"tuple_type={tuple_type}",))
    with Corpus.open(root, tenant) as corpus:
        found = [entry for entry in corpus.entries() if all(condition.holds(entry.header) for condition in wanted.headers)]
        return [corpus.read(entry) for entry in sorted(found, key=lambda entry: _place(seed, entry.key))[:count]]


def sample_rows(root: Path, tenant: str, recipe: str, count: int, *, seed: int = 0) -> list[Row]:
    """At most ``count`` rows of a recipe, as a build of the whole tenant that asks for nothing else writes them,
    copies too. Raises :class:`BadInput` for an unknown recipe."""
    chosen = recipes.named([recipe])
    with Corpus.open(root, tenant) as corpus:
        shuffled = select(corpus, ()).sorted_by(partial(_place, seed))
        made = outcomes(corpus.read, chosen, shuffled, Branches(named_branches(root, tenant)))
        held, steps = Gates(), (ByUnwritten(DEFAULTS.generated), ByBot())

        def kept() -> Iterator[Row]:
            for _, _, record, row in made:
                if not isinstance(row, Row) or not isinstance(record, Record) or held(row) is not None:
                    continue
                if all(step.look(record, row) is None for step in steps):
                    yield row

        return list(islice(kept(), count))
