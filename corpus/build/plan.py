"""What is asked of an engine for one kind of selection: its tables, and the expressions over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from corpus.build import expression, groups
from corpus.build.where import Condition

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, slots=True)
class Asked:
    """Tables to fill (``undone`` from ``reverts``, ``placed`` from ``edges`` and ``marks``), and what is then asked of them.

    ``edges``, ``marks`` and ``unassigned`` are only for a selection with splits, ``gone`` for one of an earlier position.
    """

    records: ir.Table
    links: ir.Table
    undone: ir.Table
    logged: ir.Table
    placed: ir.Table
    reverts: ir.Table
    selection: ir.Table
    total: ir.Table
    gone: ir.Table
    splits: Grouped | None


@dataclass(frozen=True, slots=True)
class Grouped:
    """What is linked, the splits that were assigned to it, and what has none yet."""

    edges: ir.Table
    marks: ir.Table
    unassigned: ir.Table


@cache
def asked_of(conditions: tuple[Condition, ...], as_logged: bool, with_splits: bool) -> Asked:
    """The plan for these conditions, over everything that is kept or what the log knew, with splits or without."""
    extra = {condition.field for condition in conditions} | (set(groups.NEEDED) if with_splits else set())
    records = expression.table("records", (*expression.NEEDED, *sorted(extra - set(expression.NEEDED))))
    links = expression.table("links", expression.LINKS)
    undone = expression.table("undone", ("key",))
    logged = expression.table("logged", expression.LOGGED)
    placed = expression.table("placed", groups.PLACED)
    known, said = (expression.as_known(rows, logged) if as_logged else rows for rows in (records, links))
    return Asked(
        records,
        links,
        undone,
        logged,
        placed,
        expression.standing_links(said),
        expression.selection(known, said, undone, conditions, placed if with_splits else None),
        expression.total(known),
        expression.gone(logged, records, links),
        Grouped(groups.edges(known, said), groups.linked_marks(known, said), groups.unassigned(known, said, placed))
        if with_splits
        else None,
    )
