"""What belongs together, as expressions: a session with all that was made in it, a commit with what replaced or reverted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpus.record import LinkKind, TupleType

if TYPE_CHECKING:
    import ibis.expr.types as ir

LABELS = ("created", "cluster", "moduleId", "role", "doctrine_version")
"""What a link takes over from the record that it speaks of."""
NEEDED = ("source_commit", *LABELS)
PLACED = ("name", "group", "split")
_JOINS = (LinkKind.SESSION_OF, LinkKind.SUPERSEDED_BY, LinkKind.REVERTED_BY, LinkKind.COMPLETES)


def named(records: ir.Table) -> ir.Table:
    """``records`` with ``name``: the session's for each of its parts, else the record's key."""
    import ibis

    part = (records.tuple_type == TupleType.TRAJECTORY.value) & records.session_id.notnull()
    return records.mutate(name=part.ifelse(ibis.literal("session ") + records.session_id, records.key))


def edges(records: ir.Table, links: ir.Table) -> ir.Table:
    """:class:`corpus.build.splits.Edge`: by links, by a header that names a session, and by one that names another record's commit."""
    import ibis

    ends = named(records).select("key", "name", "created_us")
    ends = ends.group_by("key").aggregate(name=ends.name.max(), us=ends.created_us.max())
    joining = links.filter(links.link_kind.isin([kind.value for kind in _JOINS]) & links.link_to.notnull())
    linked = joining.select(a="link_from", b="link_to", at="created_us").distinct()
    for side in ("a", "b"):
        found = ends.select(on="key", **{f"{side}_name": "name", f"{side}_us": "us"})
        linked = linked.left_join(found, linked[side] == found.on).drop("on")
    # An end that is not kept any more still joins what is linked with it.
    told = linked.select(
        one=ibis.coalesce(linked.a_name, linked.a),
        other=ibis.coalesce(linked.b_name, linked.b),
        one_us=ibis.coalesce(linked.a_us, linked["at"]),
        other_us=ibis.coalesce(linked.b_us, linked["at"]),
    )
    of_session = records.filter((records.tuple_type != TupleType.TRAJECTORY.value) & records.session_id.notnull())
    in_session = of_session.select(
        one="key", other=ibis.literal("session ") + of_session.session_id, one_us="created_us", other_us="created_us"
    )
    commits = records.filter(records.tuple_type == TupleType.EDIT.value).select(commit="source_commit", commit_key="key", us="created_us")
    about = records.filter((records.tuple_type != TupleType.EDIT.value) & records.source_commit.notnull())
    of_commit = named(about).inner_join(commits, about.source_commit == commits.commit)
    of_commit = of_commit.select(one="name", other="commit_key", one_us="created_us", other_us="us")
    together = told.union(in_session, of_commit, distinct=True)
    return together.filter(together.one != together.other).order_by("one", "other", "one_us", "other_us")


def marks(records: ir.Table, links: ir.Table) -> ir.Table:
    """``(name, split)`` as split links say; what has several has none (``""``)."""
    said = links.filter((links.link_kind == LinkKind.SPLIT.value) & links.link_value.notnull())
    ends = named(records).select("key", "name")
    found = said.inner_join(ends, said.link_from == ends.key).select(name=ends.name, value=said.link_value)
    both = found.group_by("name").aggregate(low=found.value.min(), high=found.value.max())
    return both.select(name="name", split=(both.low == both.high).ifelse(both.low, ""))


def linked_marks(records: ir.Table, links: ir.Table) -> ir.Table:
    """The marks of what has an edge."""
    joined = edges(records, links)
    names = joined.select(joined_name="one").union(joined.select(joined_name="other"), distinct=True)
    told = marks(records, links)
    return told.semi_join(names, told.name == names.joined_name).order_by("name")


def split(records: ir.Table, links: ir.Table, placed: ir.Table) -> ir.Table:
    """``records`` with ``split`` and, where there is none yet, ``group``; ``placed`` tells both for what has an edge."""
    import ibis

    found = named(records)
    groups = placed.select(placed_name="name", placed_group="group", placed_split="split")
    told = marks(records, links).select(marked_name="name", marked_split="split")
    found = found.left_join(groups, found.name == groups.placed_name).drop("placed_name")
    found = found.left_join(told, found.name == told.marked_name).drop("marked_name")
    value = ibis.coalesce(found.placed_split, found.marked_split)
    group = value.isnull().ifelse(ibis.coalesce(found.placed_group, found.name), ibis.null("string"))
    return found.mutate(split=value, group=group)


def unassigned(records: ir.Table, links: ir.Table, placed: ir.Table) -> ir.Table:
    """The first record of everything without a split link of its own: its ``key``, the ``split`` that its group has or null, ``group``, and
    :data:`LABELS`. What joins several splits is not among them."""
    import ibis

    told = marks(records, links).select(marked_name="name")
    found = split(records, links, placed)
    found = found.anti_join(told, found.name == told.marked_name)
    found = found.filter(ibis.coalesce(found.split, ibis.literal("none yet")) != "")
    first = ibis.window(group_by=found.name, order_by=[found.created_us, found.key])
    ranked = found.mutate(rank=ibis.row_number().over(first))
    return ranked.filter(ranked["rank"] == 0).order_by("created_us", "key").select("key", "split", "group", *LABELS)
