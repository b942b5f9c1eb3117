"""What each recipe makes of each record that was selected: rows, or why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from corpus.build import filters
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe
from corpus.build.row import Row
from corpus.build.select import Selected, Selection
from corpus.record import Record, TrajectoryBody, TupleType

Read = Callable[[Selected], Record]
Seen = Callable[[int, int], None]


class Outcome(NamedTuple):
    """What a recipe made of a record, and the split it is in; ``record`` is what was selected where its header said enough."""

    recipe: Recipe
    split: str
    record: Record | Selected
    made: Row | Reason


def outcomes(read: Read, chosen: Sequence[Recipe], selected: Selection, branches: filters.Branches) -> Iterator[Outcome]:
    """What each recipe makes of each record, before duplicates. A record is read once, or not at all where its header says enough; the
    parts of a session are read as often as a recipe asks, where the first of them stands."""
    sessions = _sessions(selected)
    readers_of = {kind: [recipe for recipe in chosen if recipe.takes(kind)] for kind in TupleType}
    for item in selected:
        readers = readers_of[item.tuple_type]
        if item.left_out is not None:
            yield from (Outcome(recipe, item.split, item, item.left_out) for recipe in readers)
        elif item.tuple_type is TupleType.TRAJECTORY:
            if (parts := sessions.pop(item.session_id, None)) is not None:
                yield from _conversations(read, readers, parts)
        elif readers:
            record = item.read(read)
            reason = branches(record)
            for recipe in readers:
                made = reason or recipe.make(record)
                if isinstance(made, (Row, Reason)):  # a union would be made anew each time
                    yield Outcome(recipe, item.split, record, made)
                else:
                    yield from (Outcome(recipe, item.split, record, one) for one in made)


def _sessions(selected: Selection) -> dict[str | None, list[Selected]]:
    """The parts to be read, by session."""
    found: dict[str | None, list[Selected]] = {}
    if TupleType.TRAJECTORY not in selected.types():
        return found
    for item in selected.parts():
        if item.left_out is None:
            found.setdefault(item.session_id, []).append(item)
    return found


def _conversations(read: Read, readers: Sequence[Recipe], items: Sequence[Selected]) -> Iterator[Outcome]:
    ordered = sorted(items, key=lambda item: _part(item.read(read))) if len(items) > 1 else items
    for recipe in readers:
        if recipe.converse is not None:
            told = recipe.converse(lambda: (item.read(read) for item in ordered))
            yield from (Outcome(recipe, items[0].split, record, made) for record, made in told)


def _part(record: Record) -> int:
    return record.body.part if isinstance(record.body, TrajectoryBody) else 0
