"""The conductor of a build: select, read each record once, offer it to every recipe, write, and prove what was written."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from corpus import __version__
from corpus.build import card, filters, formats, gates, manifest, recipes, side, splits
from corpus.build.assign import assign
from corpus.build.dropped import Dropped
from corpus.build.formats import Layout
from corpus.build.growing import Growing
from corpus.build.listing import listed
from corpus.build.manifest import BuiltSet, Manifest, OutputFile, Query
from corpus.build.outcomes import Seen, outcomes
from corpus.build.output import check, stage
from corpus.build.position import fix, select_at
from corpus.build.quality.steps import Tools
from corpus.build.recipe import Recipe
from corpus.build.render import Shards
from corpus.build.request import Request, query_of
from corpus.build.select import Selection, select
from corpus.build.sieve import Sieve
from corpus.build.where import parse_all
from corpus.errors import BadInput
from corpus.store import Corpus


def build(request: Request, out: Path, *, seen: Seen = lambda done, total: None) -> Manifest:
    """Build the sets into ``out`` and return what its ``manifest.json`` says. ``seen(done, total)`` is told of each record.

    First what has no split yet gets one, where splits are asked for, and the log is brought up to what is kept; but with ``as_of``, which
    adds no record and nothing to the log. Every build is listed in the corpus, so that forgetting finds it. Raises :class:`BadInput` for an
    unknown recipe, a condition that is none, a position not reached, a selection without a row, or an ``out`` that is not ours;
    :class:`Refused` at a boundary; :class:`Broken` where a stored record is damaged. Nothing is left behind then.
    """
    query = query_of(request)
    with Corpus.open(request.root, request.tenant) as corpus:
        check(out, request.root, request.tenant)
        if request.as_of is not None:
            return make(corpus, request.root, query, request.as_of, out, seen=seen)
        if query.split is not None:
            fix(corpus)  # so that the links follow in the log what they are about
            assign(corpus, splits.parse(query.split))
        position = fix(corpus)
        selected = select_at(corpus, parse_all(query.where).headers, position, splits_of(query))
        return write(corpus, request.root, query, position, selected, out, seen=seen)


def make(corpus: Corpus, root: Path, query: Query, position: int, out: Path, *, seen: Seen = lambda done, total: None) -> Manifest:
    """The sets that ``query`` asks for, of what the log knew at ``position``; only the list of builds grows. Raises as :func:`build`."""
    selected = select(corpus, parse_all(query.where).headers, as_of=position, splits=splits_of(query))
    return write(corpus, root, query, position, selected, out, seen=seen)


def write(corpus: Corpus, root: Path, query: Query, position: int, selected: Selection, out: Path, *, seen: Seen) -> Manifest:
    """The sets of what was selected, their card and their manifest. Raises as :func:`build`."""
    with listed(corpus, out) as built_now, stage(out, root, query.tenant) as directory:
        sets = sets_of(corpus, query, selected, directory, seen)
        if not any(built.rows for built in sets):
            raise BadInput(f"no row for {', '.join(_why(built) for built in sets)}: see 'corpus stats --tenant {query.tenant}'")
        text = card.render(query, recipes.known(), layouts_of(query), sets).encode()
        (directory / card.NAME).write_bytes(text)
        readme = OutputFile(path=card.NAME, rows=0, size=len(text), sha256=hashlib.sha256(text).hexdigest())
        beside = side.write(directory, query, recipes.known(), layouts_of(query), sets)
        done = Manifest(builder=__version__, query=query, position=position, sets=tuple(sets), card=readme, side=beside, gone=selected.gone)
        with open(directory / manifest.NAME, "wb") as file:
            done.write(file)
        built_now.append(done)
    return done


def sets_of(corpus: Corpus, query: Query, selected: Selection, directory: Path | None, seen: Seen) -> list[BuiltSet]:
    """The sets, written into ``directory``, or only counted without one. Raises :class:`BadInput` where nothing was selected."""
    if not len(selected):
        with_ = f" with {' and '.join(query.where)}" if query.where else ""
        raise BadInput(f"tenant {query.tenant!r} has no record{with_}: see 'corpus stats --tenant {query.tenant}'")
    chosen, asked, held = recipes.named(query.recipes), parse_all(query.where), gates.parse(query.gates.split(", "))
    layouts, tools, kinds = layouts_of(query), Tools.of(query.options), selected.types()
    with contextlib.ExitStack() as open_files:

        def growing(recipe: Recipe) -> Growing:
            layout, options = layouts[recipe.name], query.options

            def shards(split: str) -> Shards:
                assert directory is not None  # noqa: S101 - asked for only where there is one
                made = Shards(directory / recipe.name, layout.columns, kind=options.file_type, split=split, shard_bytes=options.shard_bytes)
                open_files.callback(made.close)
                return made

            records_in = sum(count for kind, count in kinds.items() if recipe.takes(kind))
            sieve = Sieve(layout, asked, held, options, tools)
            if directory is None:
                return Growing(recipe, records_in, None, None, sieve)
            dropped = Dropped(directory, recipe.name, keep=options.keep_dropped)
            open_files.callback(dropped.close)
            return Growing(recipe, records_in, shards, dropped, sieve)

        sets = {recipe.name: growing(recipe) for recipe in chosen}
        for recipe, split, record, made in outcomes(corpus, chosen, selected, filters.Branches(query.branches), seen):
            sets[recipe.name].offer(split, record, made)
        return [one.finish() for one in sets.values()]


def splits_of(query: Query) -> splits.Splits | None:
    return None if query.split is None else splits.parse(query.split)


def layouts_of(query: Query) -> dict[str, Layout]:
    """How the rows of each recipe are laid out. Raises :class:`BadInput` where the format has no form for them."""
    options, counted = query.options, query.options.tokenizer is not None
    chosen = recipes.named(query.recipes)
    return {recipe.name: formats.layout(recipe, options.format, options.file_type, counted=counted) for recipe in chosen}


def _why(built: BuiltSet) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in built.dropped.items())
    return f"{built.recipe} ({built.records_in} records read{f': {reasons}' if reasons else ''})"
