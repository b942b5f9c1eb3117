"""The conductor of a build: select, read each record once, offer it to every recipe, write, and prove what was written."""

from __future__ import annotations

import contextlib
import hashlib
import unicodedata
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from corpus import __version__
from corpus.build import card, gates, manifest, recipes, room, side, splits
from corpus.build.again import Again, Notes
from corpus.build.assembly import Assembly
from corpus.build.assign import assign
from corpus.build.desk import WORK, Bench, layouts_of, made_of
from corpus.build.dropped import Dropped
from corpus.build.growing import Growing, Written
from corpus.build.listing import listed
from corpus.build.maker import Maker
from corpus.build.manifest import BuiltSet, Manifest, OutputFile, Query
from corpus.build.options import Options
from corpus.build.outcomes import Seen
from corpus.build.output import check, stage
from corpus.build.piece import pieces
from corpus.build.position import fix, select_at
from corpus.build.request import Request, query_of
from corpus.build.select import Selection, select
from corpus.build.sieve import among
from corpus.build.team import Team, workers_for
from corpus.build.where import parse_all
from corpus.errors import BadInput
from corpus.record import dumps
from corpus.store import Corpus


def build(request: Request, out: Path, *, workers: int | None = 1, seen: Seen = lambda done, total: None) -> Manifest:
    """Build the sets into ``out`` and return what its ``manifest.json`` says. ``seen(done, total)`` is told of each record.

    First what has no split yet gets one, where splits are asked for, and the log is brought up to what is kept; but with ``as_of``, which
    adds no record and nothing to the log. Every build is listed in the corpus, so that forgetting finds it. ``workers`` processes make
    the rows, with ``None`` one a core where there is enough to do. They start afresh, so a script that asks for them does it below
    ``if __name__ == "__main__"`` (:mod:`multiprocessing`, "Safe importing of main module"). Raises :class:`BadInput` for an unknown recipe,
    a condition that is none, a position not reached, a selection without a row, or an ``out`` that is not ours; :class:`Refused` at a
    boundary; :class:`Broken` where a stored record is damaged. Nothing is left behind then.
    """
    query = query_of(request)
    with Corpus.open(request.root, request.tenant) as corpus:
        check(out, request.root, request.tenant)
        if request.as_of is not None:
            return make(corpus, request.root, query, request.as_of, out, workers=workers, afresh=False, seen=seen)
        if query.split is not None:
            fix(corpus)  # so that the links follow in the log what they are about
            assign(corpus, splits.parse(query.split))
        position = fix(corpus)
        with team_for(corpus, bench := Bench(request.root, query), workers) as team:
            chosen = partial(select_at, corpus, parse_all(query.where).headers, position, splits_of(query))
            return write(corpus, team, bench, position, chosen, out, seen)


def make(
    corpus: Corpus, root: Path, query: Query, position: int, out: Path, *, workers: int | None = 1, afresh: bool, seen: Seen
) -> Manifest:
    """The sets that ``query`` asks for, of what the log knew at ``position``; only the list of builds grows. With ``afresh`` nothing of an
    earlier build is used again. Raises as :func:`build`."""
    with team_for(corpus, bench := Bench(root, query), workers) as team:
        chosen = partial(select, corpus, parse_all(query.where).headers, as_of=position, splits=splits_of(query))
        return write(corpus, team, bench, position, chosen, out, seen, afresh=afresh)


def team_for(corpus: Corpus, bench: Bench, workers: int | None) -> Team:
    """Those who make the rows: so many as are asked for, or as there is work for."""
    return Team(bench, workers or workers_for(corpus.packed_bytes()))


def write(
    corpus: Corpus, team: Team, bench: Bench, position: int, chosen: Callable[[], Selection], out: Path, seen: Seen, *, afresh: bool = False
) -> Manifest:
    """The sets of what is selected, their card and their manifest. Raises as :func:`build`."""
    query = bench.query
    use_again = not afresh and not query.options.keep_dropped  # the text of what was left out is not kept for later
    with contextlib.ExitStack() as stack:
        built_now = stack.enter_context(listed(corpus, out))  # first, for what is forgotten after it is seen to be
        selected = [chosen()]
        gone = selected[0].gone
        place = stack.enter_context(stage(out, bench.root, query.tenant, goes_on=use_again))
        stack.callback(team.end)  # before what was made is put in place, or cleared: nobody writes there then
        directory = place.directory
        room.check(directory, selected[0], query)
        again = Again(place.directory, place.target, query.recipes) if use_again else None
        sets = sets_of(team, bench, selected.pop(), directory, again, seen)
        if not any(built.rows for built in sets):
            raise BadInput(f"no row for {', '.join(_why(built) for built in sets)}: see 'corpus stats --tenant {query.tenant}'")
        text = card.render(query, recipes.known(), layouts_of(query), sets).encode()
        (directory / card.NAME).write_bytes(text)
        readme = OutputFile(path=card.NAME, rows=0, size=len(text), sha256=hashlib.sha256(text).hexdigest())
        beside = side.write(directory, query, recipes.known(), layouts_of(query), sets)
        done = Manifest(builder=__version__, query=query, position=position, sets=tuple(sets), card=readme, side=beside, gone=gone)
        with open(directory / manifest.NAME, "wb") as file:
            done.write(file)
        built_now.append(done)
    return done


def sets_of(team: Team, bench: Bench, selected: Selection, directory: Path | None, again: Again | None, seen: Seen) -> list[BuiltSet]:
    """The sets, written into ``directory``, or only counted without one; with what there is to be used ``again``. Raises :class:`BadInput`
    where nothing was selected."""
    query = bench.query
    if not len(selected):
        with_ = f" with {' and '.join(query.where)}" if query.where else ""
        raise BadInput(f"tenant {query.tenant!r} has no record{with_}: see 'corpus stats --tenant {query.tenant}'")
    kinds, held = selected.types(), gates.parse(query.gates.split(", "))
    maker = Maker(team, directory, again)
    with contextlib.ExitStack() as open_files:
        sets: dict[str, Growing] = {}
        for recipe in recipes.named(query.recipes):
            records_in = sum(count for kind, count in kinds.items() if recipe.takes(kind))
            written = None if directory is None else _written(recipe.name, directory, query.options, maker, open_files)
            sets[recipe.name] = Growing(recipe, records_in, among(held, query.options), written)
        done, total = 0, len(selected)
        for piece, made in maker.over(pieces(selected, asked_of(query))):
            for name, offers in made.items():
                sets[name].take(piece.name, offers)
            done += len(piece.selected)
            seen(done, total)
        del selected, piece, made  # the table of what was selected goes before the sets are finished, not after
        return [one.finish() for one in sets.values()]


def _written(recipe: str, directory: Path, options: Options, maker: Maker, open_files: contextlib.ExitStack) -> Written:
    (directory / WORK).mkdir(exist_ok=True)
    dropped = Dropped(directory, recipe, keep=options.keep_dropped)
    open_files.callback(dropped.close)
    notes = None
    if not options.keep_dropped:
        notes = maker.notes[recipe] = Notes(directory, recipe)
        open_files.callback(notes.close)

    def assembly(split: str) -> Assembly:
        return Assembly(directory / recipe, recipe, split, options, maker)

    return Written(assembly, dropped, notes, lambda piece, split: made_of(directory, piece, recipe, split))


def asked_of(query: Query) -> bytes:
    """What decides about the rows of a record besides the record: all that is asked, and which versions answer."""
    versions = {recipe.name: [recipe.version, recipes.package_of(recipe.name)] for recipe in recipes.named(query.recipes)}
    libraries = ["orjson", "pyarrow", "zstandard"]
    libraries += ["datasketch"] if query.options.near_percent is not None else []
    libraries += ["jinja2", "tokenizers"] if query.options.tokenizer is not None else []
    answers = [versions, *map(version, libraries), unicodedata.unidata_version]  # the last says what a word is
    return dumps([query.model_dump(mode="json", exclude={"config"}), __version__, *answers])


def splits_of(query: Query) -> splits.Splits | None:
    return None if query.split is None else splits.parse(query.split)


def _why(built: BuiltSet) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in built.dropped.items())
    return f"{built.recipe} ({built.records_in} records read{f': {reasons}' if reasons else ''})"
