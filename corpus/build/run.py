"""The conductor of a build: select, read each record once, offer it to every recipe, write, and prove what was written."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus import __version__
from corpus.build import card, filters, formats, gates, manifest, recipes, side
from corpus.build.formats import Layout
from corpus.build.listing import listed
from corpus.build.manifest import BuiltSet, Manifest, OutputFile, Query
from corpus.build.options import DEFAULTS, Options
from corpus.build.output import check, stage
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe
from corpus.build.render import Shards
from corpus.build.row import Row
from corpus.build.select import Selected, select
from corpus.build.sieve import Sieve
from corpus.build.where import parse_all
from corpus.errors import BadInput
from corpus.record import Record, TrajectoryBody, TupleType
from corpus.store import Corpus, tenant_settings

Seen = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks of a build: names and texts as typed. ``all_branches`` sets aside the branches that manifests name, ``gates``
    change limits of :class:`corpus.build.gates.Gates`."""

    root: Path
    tenant: str
    recipes: tuple[str, ...]
    where: tuple[str, ...] = ()
    all_branches: bool = False
    gates: tuple[str, ...] = ()
    options: Options = DEFAULTS


class _Set:
    """One recipe's set while it grows."""

    def __init__(self, recipe: Recipe, records_in: int, shards: Shards, sieve: Sieve) -> None:
        self.recipe = recipe
        self._records_in = records_in
        self._shards = shards
        self._sieve = sieve
        self._dropped: Counter[Reason] = Counter()
        self._classes: Counter[str] = Counter()
        self._redactions: Counter[str] = Counter()
        self._rulesets: set[str] = set()
        self._members: list[tuple[str, str]] = []

    def offer(self, record: Record, outcome: Row | Reason) -> None:
        found = self._sieve(outcome) if isinstance(outcome, Row) else outcome
        if isinstance(found, Reason):
            self.drop(found)
            return
        self._shards.write(found)
        self._members.append((record.key, record.id))
        self._classes[record.header.redaction_class] += 1
        if self._members[-2:-1] != self._members[-1:]:  # a part of a session may be behind many rows, one after another
            self._redactions.update(record.redaction.counts)
        self._rulesets.add(record.redaction.ruleset)

    def drop(self, reason: Reason) -> None:
        self._dropped[reason] += 1

    def finish(self) -> BuiltSet:
        return BuiltSet(
            recipe=self.recipe.name,
            version=self.recipe.version,
            records_in=self._records_in,
            candidates=len(self._members) + self._dropped.total(),
            rows=len(self._members),
            dropped={reason: self._dropped[reason] for reason in Reason if reason in self._dropped},
            classes=dict(sorted(self._classes.items())),
            redactions=dict(sorted(self._redactions.items())),
            rulesets=tuple(sorted(self._rulesets)),
            files=self._shards.finish(),
            members=tuple(self._members),
        )


def outcomes(
    corpus: Corpus,
    chosen: Sequence[Recipe],
    selected: Collection[Selected],
    branches: filters.Branches,
    seen: Seen = lambda done, total: None,
) -> Iterator[tuple[Recipe, Record | None, Row | Reason]]:
    """What each recipe makes of each record, before duplicates. A record is read once, or not at all where its header says enough; the
    parts of a session are read as often as a recipe asks, where the first of them stands."""
    sessions = _sessions(selected)
    for done, item in enumerate(selected, 1):
        readers = [recipe for recipe in chosen if recipe.takes(item.tuple_type)]
        if item.left_out is not None:
            yield from ((recipe, None, item.left_out) for recipe in readers)
        elif item.tuple_type is TupleType.TRAJECTORY:
            if (parts := sessions.pop(item.session_id, None)) is not None:
                yield from _conversations(corpus, readers, parts)
        elif readers:
            record = item.read(corpus)
            reason = branches(record)
            yield from ((recipe, record, made) for recipe in readers for made in ([reason] if reason else _each(recipe.make(record))))
        seen(done, len(selected))


def _each(made: Row | Reason | Sequence[Row | Reason]) -> Sequence[Row | Reason]:
    return [made] if isinstance(made, Row | Reason) else made


def _sessions(selected: Collection[Selected]) -> dict[str | None, list[Selected]]:
    """The parts to be read, by session."""
    found: dict[str | None, list[Selected]] = {}
    for item in selected:
        if item.left_out is None and item.tuple_type is TupleType.TRAJECTORY:
            found.setdefault(item.session_id, []).append(item)
    return found


def _conversations(corpus: Corpus, readers: Sequence[Recipe], items: Sequence[Selected]) -> Iterator[tuple[Recipe, Record, Row | Reason]]:
    ordered = sorted(items, key=lambda item: _part(item.read(corpus))) if len(items) > 1 else items
    for recipe in readers:
        if recipe.converse is not None:
            yield from ((recipe, record, outcome) for record, outcome in recipe.converse(lambda: (item.read(corpus) for item in ordered)))


def _part(record: Record) -> int:
    return record.body.part if isinstance(record.body, TrajectoryBody) else 0


def named_branches(root: Path, tenant: str) -> dict[str, tuple[str, ...]]:
    """The branches that cluster manifests name, by cluster; a cluster whose manifest names none is not in it."""
    clusters = tenant_settings(root, tenant).clusters
    return {name: tuple(sorted(settings.branches)) for name, settings in sorted(clusters.items()) if settings.branches is not None}


def build(request: Request, out: Path, *, seen: Seen = lambda done, total: None) -> Manifest:
    """Build the sets into ``out`` and return what its ``manifest.json`` says. ``seen(done, total)`` is told of each record.

    Raises :class:`BadInput` for an unknown recipe, a condition that is none, a selection without a row, or an ``out`` that is not
    ours; :class:`Refused` at a boundary; :class:`Broken` where a stored record is damaged. Nothing is left behind then.
    """
    chosen = recipes.named(request.recipes)
    asked = parse_all(request.where)
    held = gates.parse(request.gates)
    layouts = {recipe.name: formats.layout(recipe, request.options.format, request.options.file_type) for recipe in chosen}
    with Corpus.open(request.root, request.tenant) as corpus:
        check(out, request.root, request.tenant)
        branches = {} if request.all_branches else named_branches(request.root, request.tenant)
        query = Query(
            tenant=request.tenant,
            where=asked.texts,
            recipes=tuple(sorted(recipe.name for recipe in chosen)),
            branches=branches,
            gates=str(held),
            options=request.options,
        )
        selected = select(corpus, asked.headers)
        if not len(selected):
            with_ = f" with {' and '.join(query.where)}" if query.where else ""
            raise BadInput(f"tenant {request.tenant!r} has no record{with_}: see 'corpus stats --tenant {request.tenant}'")
        with (
            listed(corpus, out) as built_now,
            stage(out, request.root, request.tenant) as directory,
            contextlib.ExitStack() as open_files,
        ):
            growing = {
                recipe.name: _Set(
                    recipe,
                    _read_by(recipe, selected),
                    _open(open_files, directory / recipe.name, layouts[recipe.name], request.options),
                    Sieve(layouts[recipe.name], asked, held),
                )
                for recipe in chosen
            }
            for recipe, record, outcome in outcomes(corpus, chosen, selected, filters.Branches(branches), seen):
                if record is not None:
                    growing[recipe.name].offer(record, outcome)
                elif isinstance(outcome, Reason):
                    growing[recipe.name].drop(outcome)
            sets = [built.finish() for built in growing.values()]
            if not any(built.rows for built in sets):
                raise BadInput(f"no row for {', '.join(_why(built) for built in sets)}: see 'corpus stats --tenant {request.tenant}'")
            text = card.render(query, recipes.RECIPES, layouts, sets).encode()
            (directory / card.NAME).write_bytes(text)
            readme = OutputFile(path=card.NAME, rows=0, size=len(text), sha256=hashlib.sha256(text).hexdigest())
            beside = side.write(directory, request.options.format, recipes.RECIPES, sets)
            done = Manifest(builder=__version__, query=query, sets=tuple(sets), card=readme, side=beside)
            (directory / manifest.NAME).write_bytes(done.data())
            built_now.append(done)
    return done


def _read_by(recipe: Recipe, selected: Collection[Selected]) -> int:
    return sum(recipe.takes(item.tuple_type) for item in selected)


def _open(stack: contextlib.ExitStack, directory: Path, layout: Layout, options: Options) -> Shards:
    shards = Shards(directory, layout.columns, kind=options.file_type, shard_bytes=options.shard_bytes)
    stack.callback(shards.close)
    return shards


def _why(built: BuiltSet) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in built.dropped.items())
    return f"{built.recipe} ({built.records_in} records read{f': {reasons}' if reasons else ''})"
