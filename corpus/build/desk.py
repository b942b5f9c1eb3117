"""Where rows are made and shards are written: in this process, or in each of several that share a build."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from corpus.build import filters, formats, gates, recipes
from corpus.build.formats import Layout
from corpus.build.manifest import OutputFile, Query
from corpus.build.offers import Offering, Offers
from corpus.build.outcomes import Read, outcomes
from corpus.build.quality.step import Left
from corpus.build.quality.steps import Tools
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe
from corpus.build.render import Job, write
from corpus.build.select import Selected, Selection
from corpus.build.sieve import Sieve, among
from corpus.build.where import parse_all
from corpus.store import Corpus

WORK = ".work"
"""The directory, below the one that a build is made in, of what is made of pieces until it is in shards."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a desk needs to know: where the corpus lies, and what is asked of it."""

    root: Path
    query: Query


class Desk:
    """One process's. A context manager."""

    def __init__(self, bench: Bench) -> None:
        query = bench.query
        self._options = query.options
        self._recipes = recipes.named(query.recipes)
        self._branches = filters.Branches(query.branches)
        self._layouts = layouts_of(query)
        asked, held, tools = parse_all(query.where), gates.parse(query.gates.split(", ")), Tools.of(query.options)
        self._sieves = {one.name: Sieve(self._layouts[one.name], asked, held, query.options, tools) for one in self._recipes}
        self._steps = len(among(held, query.options))
        self._stack = contextlib.ExitStack()
        self._corpus = self._stack.enter_context(Corpus.open(bench.root, query.tenant))
        self._read: Read | None = None

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def make(self, name: str, selected: Selection, directory: Path | None, only: str | None = None) -> dict[str, Offers]:
        """What each recipe, or ``only`` one, by name, makes of the piece ``name``; lines go to files named after it, for a build that
        is made in ``directory``. Raises :class:`Broken` and :class:`Refused` as reading does."""
        with contextlib.ExitStack() as stack:
            chosen = [one for one in self._recipes if only in (None, one.name)]
            offering = {one.name: self._offering(name, one, directory, stack) for one in chosen}
            if self._read is None:  # once, after the selection: a piece begins in the frame that the one before it ends in
                self._read = self._stack.enter_context(self._corpus.reading())
            for recipe, split, record, made in outcomes(self._read, chosen, selected, self._branches):
                offer, sieve = offering[recipe.name], self._sieves[recipe.name]
                if isinstance(made, Reason):
                    offer.leave(record, Left(made), None)
                elif not isinstance(record, Selected):
                    found = sieve(record, made)
                    if isinstance(found, Left):
                        offer.leave(record, found, made)
                    else:
                        offer.take(split, record, made, found)
            return {recipe: offer.finish() for recipe, offer in offering.items()}

    def _offering(self, name: str, recipe: Recipe, directory: Path | None, stack: contextlib.ExitStack) -> Offering:
        counted = self._options.tokenizer is not None

        def place(split: str) -> Path:
            assert directory is not None  # noqa: S101 - asked for only where there is one
            return made_of(directory, name, recipe.name, split)

        kind, columns = self._options.file_type, self._layouts[recipe.name].columns
        where = None if directory is None else place
        offering = Offering(where, kind, columns, steps=self._steps, counted=counted, tell=self._options.keep_dropped)
        stack.callback(offering.close)
        return offering

    def write(self, job: Job) -> OutputFile:
        """The shard that a job asks for."""
        layout = self._layouts[job.recipe]
        return write(job, self._options.file_type, layout.columns)


def made_of(directory: Path, piece: str, recipe: str, split: str) -> Path:
    """The file of the lines that a recipe made of a piece for a split; of what may have to be told with ``""`` for it."""
    return directory / WORK / f"{piece}-{recipe}-{split}"


def layouts_of(query: Query) -> dict[str, Layout]:
    """How the rows of each recipe are laid out. Raises :class:`BadInput` where the format has no form for them."""
    options, counted = query.options, query.options.tokenizer is not None
    chosen = recipes.named(query.recipes)
    return {recipe.name: formats.layout(recipe, options.format, options.file_type, counted=counted) for recipe in chosen}
