"""What belongs together, as expressions: a session with all that was made in it, a commit with what replaced or reverted it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus.record import LinkKind, TupleType

if TYPE_CHECKING:
    import ibis.expr.types as ir

LABELS = ("created", "cluster", "moduleId", "role", "doctrine_version")
"""What a link takes over from the record that it speaks of."""
NEEDED = ("source_commit", *LABELS)
OF_RECORDS = ("key", "split", "group")
OF_SESSIONS = ("session_id", "split", "group")
_JOINS = (LinkKind.SESSION_OF, LinkKind.SUPERSEDED_BY, LinkKind.REVERTED_BY, LinkKind.COMPLETES)


@dataclass(frozen=True, slots=True)
class Marked:
    """Which split things are in. ``records`` and ``sessions`` tell it of what has an edge, beside the number of its group
    (:data:`OF_RECORDS`, :data:`OF_SESSIONS`); ``assigned`` are the links that assign one (:data:`corpus.build.expression.ASSIGNED`)."""

    assigned: ir.Table
    records: ir.Table
    sessions: ir.Table


def named(records: ir.Table) -> ir.Table:
    """``records`` with ``session``: its id for each of its parts, null for every other record, which goes by its key."""
    import ibis

    part = records.tuple_type == TupleType.TRAJECTORY.value
    return records.mutate(session=part.ifelse(records.session_id, ibis.null("string")))


def edges(records: ir.Table, links: ir.Table) -> ir.Table:
    """``one`` and ``other`` that belong together, in no order: by links, by a header that names a session, and by one that names another
    record's commit. Each is a key, or a session where ``…_session`` is not null; ``…_us`` is when its work happened."""
    import ibis

    found = named(records)
    ends = found.select("key", "session", "created_us")
    joining = links.filter(links.link_kind.isin([kind.value for kind in _JOINS]) & links.link_to.notnull())
    linked = joining.select(one="link_from", other="link_to", at="created_us").distinct()
    for side in ("one", "other"):
        end = ends.select(on="key", **{f"{side}_session": "session", f"{side}_at": "created_us"})
        linked = linked.left_join(end, linked[side] == end.on).drop("on")
    # An end that is not kept any more still joins what is linked with it.
    told = linked.mutate(
        one_us=ibis.coalesce(linked.one_at, linked["at"]),
        other_us=ibis.coalesce(linked.other_at, linked["at"]),
    )
    nothing = ibis.null("string")
    of_session = records.filter((records.tuple_type != TupleType.TRAJECTORY.value) & records.session_id.notnull())
    in_session = of_session.mutate(
        one=of_session.key,
        one_session=nothing,
        one_us=of_session.created_us,
        other=of_session.key,
        other_session=of_session.session_id,
        other_us=of_session.created_us,
    )
    commits = records.filter(records.tuple_type == TupleType.EDIT.value)
    commits = commits.select(commit="source_commit", other="key", other_us="created_us")
    about = found.filter((found.tuple_type != TupleType.EDIT.value) & found.source_commit.notnull())
    about = about.select("source_commit", one="key", one_session="session", one_us="created_us")
    of_commit = about.inner_join(commits, about.source_commit == commits.commit).mutate(other_session=nothing)
    columns = [f"{side}{what}" for side in ("one", "other") for what in ("", "_session", "_us")]
    return told.select(*columns).union(in_session.select(*columns), of_commit.select(*columns), distinct=False)


def marks(assigned: ir.Table) -> ir.Table:
    """``(key, split)`` as split links say; what has several has none (``""``)."""
    said = assigned.filter(assigned.link_value.notnull())
    both = said.group_by("link_from").aggregate(low=said.link_value.min(), high=said.link_value.max())
    return both.select(key="link_from", split=(both.low == both.high).ifelse(both.low, ""))


def of_sessions(records: ir.Table, assigned: ir.Table) -> ir.Table:
    """As :func:`marks`, ``(session, split)`` of sessions: what is said of a part holds for all."""
    parts, told = named(records), marks(assigned)
    parts = parts.filter(parts.session.notnull()).select("session", part="key")
    said = parts.inner_join(told, parts.part == told.key)
    both = said.group_by("session").aggregate(low=said.split.min(), high=said.split.max())
    return both.select(session="session", split=(both.low == both.high).ifelse(both.low, ""))


def own(records: ir.Table, assigned: ir.Table) -> ir.Table:
    """``records`` with ``session`` and ``own_split``, what a link assigns it to by itself, or its session."""
    found, told, sessions = named(records), marks(assigned), of_sessions(records, assigned)
    told, sessions = told.select(told="key", told_split="split"), sessions.select(of="session", of_split="split")
    found = found.left_join(told, found.key == told.told).drop("told")
    found = found.left_join(sessions, found.session == sessions["of"]).drop("of")
    return found.mutate(own_split=found.session.isnull().ifelse(found.told_split, found.of_split)).drop("told_split", "of_split")


def linked_marks(records: ir.Table, links: ir.Table, assigned: ir.Table) -> ir.Table:
    """``(key, session, split)`` of what has an edge and was assigned one; a session as often as it has parts."""
    import ibis

    joined = edges(records, links)
    ends = joined.select(name="one", of="one_session").union(joined.select(name="other", of="other_session"), distinct=True)
    keys, sessions = ends.filter(ends["of"].isnull()), ends.filter(ends["of"].notnull())
    found = own(records, assigned)
    found = found.filter(found.own_split.notnull()).select("key", "session", split="own_split")
    alone, parts = found.filter(found.session.isnull()), found.filter(found.session.notnull())
    return ibis.union(alone.semi_join(keys, alone.key == keys.name), parts.semi_join(sessions, parts.session == sessions["of"]))


def split(records: ir.Table, marked: Marked) -> ir.Table:
    """``records`` with ``own_split``, ``split`` and, of what has an edge, ``group``."""
    import ibis

    found = own(records, marked.assigned)
    by_key = marked.records.select(on_key="key", key_split="split", key_group="group")
    by_session = marked.sessions.select(on_session="session_id", session_split="split", session_group="group")
    found = found.left_join(by_key, found.key == by_key.on_key).drop("on_key")
    found = found.left_join(by_session, found.session == by_session.on_session).drop("on_session")
    part = found.session.notnull()
    placed = part.ifelse(found.session_split, found.key_split)
    return found.mutate(split=ibis.coalesce(placed, found.own_split), group=part.ifelse(found.session_group, found.key_group))


def unassigned(records: ir.Table, marked: Marked) -> ir.Table:
    """The first record of everything without a split link of its own: its ``key``, ``session``, the ``split`` that its group has or null,
    ``group``, and :data:`LABELS`. What joins several splits is not among them."""
    import ibis

    found = split(records, marked)
    found = found.filter(found.own_split.isnull() & (ibis.coalesce(found.split, ibis.literal("none yet")) != ""))
    parts = found.filter(found.session.notnull())
    ranked = parts.mutate(rank=ibis.row_number().over(ibis.window(group_by=parts.session, order_by=[parts.created_us, parts.key])))
    columns = ("created_us", "key", "session", "split", "group", *LABELS)
    firsts = ranked.filter(ranked["rank"] == 0).select(*columns)
    alone = found.filter(found.session.isnull()).select(*columns)
    return alone.union(firsts, distinct=False).order_by("created_us", "key").drop("created_us")
