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
    """Tables to fill (``undone`` from ``reverts``), and what is then asked of them. ``assigned`` are the links that assign a split.

    ``splits`` is only for a selection with splits, ``gone`` for one of an earlier position.
    """

    records: ir.Table
    links: ir.Table
    assigned: ir.Table
    undone: ir.Table
    logged: ir.Table
    reverts: ir.Table
    selection: ir.Table
    total: ir.Table
    gone: ir.Table | None
    splits: Grouped | None


@dataclass(frozen=True, slots=True)
class Grouped:
    """What is linked, the splits that were assigned to it, the tables to fill from both, and what has no split yet."""

    edges: ir.Table
    marks: ir.Table
    records: ir.Table
    sessions: ir.Table
    unassigned: ir.Table


@cache
def asked_of(conditions: tuple[Condition, ...], as_logged: bool, with_splits: bool) -> Asked:
    """The plan for these conditions, over everything that is kept or what the log knew, with splits or without."""
    named = ("id",) if as_logged else ()
    extra = {condition.field for condition in conditions} | set(named) | (set(groups.NEEDED) if with_splits else set())
    records = expression.table("records", (*expression.NEEDED, *sorted(extra - set(expression.NEEDED))))
    links = expression.table("links", (*expression.LINKS, *named))
    assigned = expression.table("assigned", (*expression.ASSIGNED, *(("key", "id") if as_logged else ())))
    undone = expression.table("undone", ("key",))
    logged = expression.table("logged", expression.LOGGED)
    known, said, given = (expression.as_known(rows, logged) if as_logged else rows for rows in (records, links, assigned))
    marked = groups.Marked(given, expression.table("of_records", groups.OF_RECORDS), expression.table("of_sessions", groups.OF_SESSIONS))
    return Asked(
        records,
        links,
        assigned,
        undone,
        logged,
        expression.standing_links(said),
        expression.selection(known, said, undone, conditions, marked if with_splits else None),
        expression.total(known),
        expression.gone(logged, records, links, assigned) if as_logged else None,
        Grouped(
            groups.edges(known, said),
            groups.linked_marks(known, said, given),
            marked.records,
            marked.sessions,
            groups.unassigned(known, marked),
        )
        if with_splits
        else None,
    )
