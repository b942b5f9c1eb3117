"""The selection as one Ibis expression over records and links: what is known of each record now, what overtook it, and in which order.

No table has data: an engine (:mod:`corpus.build.engine`) compiles the expression and runs it. Hashes compare as bytes, times as integers,
and every order is total, so that no engine's own order decides anything. What is only handed on stays out: a record is known by ``n``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from corpus.build import groups
from corpus.build.reasons import Reason
from corpus.build.splits import ACROSS
from corpus.build.where import Condition, Operator
from corpus.record import EvidenceClass, LinkKind, RedactionClass, TupleType

if TYPE_CHECKING:
    import ibis.expr.types as ir

CLASSES = tuple(EvidenceClass)
"""Weakest first: where two are known since the same moment, the later in this list holds."""
RANK = {value: rank for rank, value in enumerate(CLASSES)}
_SHIFT = 8
"""Time and rank as one integer, ``created_us * 8 + rank``: year 9999 still fits 63 bits."""

REASONS = tuple(Reason)

NEEDED = ("n", "key", "created_us", "tuple_type", "redaction_class", "evidence_class", "session_id")
LINKS = ("key", "created_us", "link_kind", "link_from", "link_to", "link_value")
ASSIGNED = ("link_from", "link_value")
"""Of the links that assign a split, which are as many as the records: they stand in a table of their own."""
LOGGED = ("n", "kind", "key", "id")
_INTEGERS = {"created_us", "n", "group"}
_HASHES = {"key", "id", "link_from", "link_to"}


def table(name: str, columns: Iterable[str]) -> ir.Table:
    """A table without data, to be found by its name: hashes are bytes, all else text or integers of 64 bits."""
    import ibis

    kinds = {column: "int64" if column in _INTEGERS else "binary" if column in _HASHES else "string" for column in columns}
    return ibis.table(kinds, name=name)


def known_at(logged: ir.Table) -> ir.Table:
    """What the log knew at its end: the last ``(n, key, id)`` of each key that was not forgotten."""
    import ibis

    last = logged.mutate(rank=ibis.row_number().over(ibis.window(group_by=logged.key, order_by=logged.n.desc())))
    return last.filter((last["rank"] == 0) & (last.kind != "forget")).select("n", "key", "id")


def gone(logged: ir.Table, *kept: ir.Table) -> ir.Table:
    """What the log knew and is not ``kept`` any more, by position: ``key``, ``id`` and ``replaced``, whether another version is here."""
    import ibis

    known = known_at(logged)
    here = ibis.union(*(rows.select("key", now="id") for rows in kept), distinct=False)
    found = known.left_join(here, known.key == here.key).select(n=known.n, key=known.key, id=known.id, now=here.now)
    missing = found.filter(found.now.isnull() | (found.now != found.id))
    return missing.mutate(replaced=missing.now.notnull()).order_by("n").select("key", "id", "replaced")


def reverted(links: ir.Table) -> ir.Table:
    """The reverts: ``link_from`` was undone by ``link_to``."""
    return links.filter((links.link_kind == LinkKind.REVERTED_BY.value) & links.link_to.notnull())


def chained(links: ir.Table) -> ir.Table:
    """The ``key`` of work with a revert that was itself reverted: whether it stands is for :mod:`corpus.build.reverts` to say."""
    found = reverted(links)
    undone = found.select(undone="link_from").distinct()
    return found.semi_join(undone, found.link_to == undone.undone).select(key="link_from").distinct()


def standing_links(links: ir.Table) -> ir.Table:
    """The reverts that are part of a chain, and what else overtakes that work, in the order of the links."""
    import ibis

    found, chains = reverted(links), chained(links)
    ends = found.semi_join(chains, found.link_from == chains.key).select(key="link_to")
    names = ibis.union(chains, ends, distinct=True)
    reverts = found.semi_join(names, found.link_from == names.key)
    others = links.filter(links.link_kind == LinkKind.SUPERSEDED_BY.value)
    others = others.semi_join(names, others.link_from == names.key)
    completed = links.filter((links.link_kind == LinkKind.COMPLETES.value) & links.link_to.notnull())
    completed = completed.semi_join(names, completed.link_to == names.key)
    told = [each.select("created_us", "key", "link_kind", "link_from", "link_to") for each in (reverts, others, completed)]
    return told[0].union(*told[1:]).order_by("created_us", "key")


def as_known(rows: ir.Table, logged: ir.Table) -> ir.Table:
    """Of records or links what the log knew at its end, as it was then."""
    known = known_at(logged)
    return rows.semi_join(known, [rows.key == known.key, rows.id == known.id])


def selection(
    records: ir.Table, links: ir.Table, undone: ir.Table, conditions: Sequence[Condition], splits: groups.Marked | None = None
) -> ir.Table:
    """``n``, ``evidence`` (a rank), ``left_out`` (a place in :data:`REASONS`, or null), ``split`` and ``group``, ordered by
    ``(created_us, key)``.

    ``undone`` has the keys of work in a chain of reverts that one of them takes out (:mod:`corpus.build.reverts`), ``splits`` what is
    assigned: without it there are none.
    """
    import ibis

    nothing = {"split": ibis.null("string"), "group": ibis.null("int64")}
    records = records.mutate(**nothing) if splits is None else groups.split(records, splits)
    overtaken = _overtaken(links, undone)
    known_of = _known(links, overtaken)
    first = _first_parts(records, overtaken, known_of)
    found = _joined(records, overtaken, known_of, first)
    return _judged(found, conditions).order_by("n").select("n", "evidence", "left_out", "split", "group")


def total(records: ir.Table) -> ir.Table:
    """How many records there are to select from: one row, ``records``."""
    return records.aggregate(records=records.count())


def _overtaken(links: ir.Table, undone: ir.Table) -> ir.Table:
    """``(name, reason)``, one a key: of what replaced or completed it the latest link says, else a revert."""
    import ibis

    replaced = links.filter(links.link_kind == LinkKind.SUPERSEDED_BY.value)
    completed = links.filter((links.link_kind == LinkKind.COMPLETES.value) & links.link_to.notnull())
    said = ibis.union(
        replaced.select(name="link_from", since="created_us", by="key", reason=_why(Reason.SUPERSEDED)),
        completed.select(name="link_to", since="created_us", by="key", reason=_why(Reason.COMPLETED)),
        distinct=False,
    )
    newest = ibis.window(group_by=said.name, order_by=[said.since.desc(), said.by.desc()])
    ranked = said.mutate(rank=ibis.row_number().over(newest))
    last = ranked.filter(ranked["rank"] == 0).select("name", "reason")
    reverts, chains = reverted(links), chained(links)
    plain = reverts.anti_join(chains, reverts.link_from == chains.key).select(key="link_from")
    taken_out = ibis.union(undone, plain, distinct=True)
    taken_out = taken_out.anti_join(last, taken_out.key == last.name).select(name="key", reason=_why(Reason.REVERTED))
    return ibis.union(last, taken_out, distinct=False)


def _why(reason: Reason) -> ir.IntegerScalar:
    import ibis

    return ibis.literal(REASONS.index(reason), "int8")


def _known(links: ir.Table, overtaken: ir.Table) -> ir.Table:
    """``(name, said)``: the newest evidence of a key, time and rank as one integer; a revert that stands is a rejection."""
    import ibis

    evidence = links.filter((links.link_kind == LinkKind.EVIDENCE.value) & links.link_value.isin(list(map(str, CLASSES))))
    reverts = links.filter(links.link_kind == LinkKind.REVERTED_BY.value)
    undone = overtaken.filter(overtaken.reason == _why(Reason.REVERTED))
    reverts = reverts.semi_join(undone, reverts.link_from == undone.name)
    said = ibis.union(
        evidence.select(name="link_from", said=evidence.created_us * _SHIFT + _rank(evidence.link_value)),
        reverts.select(name="link_from", said=reverts.created_us * _SHIFT + RANK[EvidenceClass.REJECTED]),
        distinct=False,
    )
    return said.group_by("name").aggregate(said=said.said.max())


def _rank(column: ir.StringColumn) -> ir.IntegerColumn:
    import ibis

    return ibis.cases(*((column == value.value, rank) for value, rank in RANK.items()), else_=0).cast("int64")


def _first_parts(records: ir.Table, overtaken: ir.Table, known: ir.Table) -> ir.Table:
    """``(session, first)``: the part of a session that links name, since what they say of it holds for all of its parts."""
    import ibis

    named = ibis.union(overtaken.select("name"), known.select("name"), distinct=True)
    parts = records.filter(records.tuple_type == TupleType.TRAJECTORY.value)
    parts = parts.semi_join(named, parts.key == named.name)
    last = ibis.window(group_by=parts.session_id, order_by=[parts.created_us.desc(), parts.key.desc()])
    ranked = parts.mutate(rank=ibis.row_number().over(last))
    return ranked.filter(ranked["rank"] == 0).select(session=_session(ranked.session_id), first=ranked.key)


def _session(column: ir.StringColumn) -> ir.StringColumn:
    """A session's name, never null; none that has one begins with a blank."""
    return column.fill_null(" ")


def _joined(records: ir.Table, overtaken: ir.Table, known: ir.Table, first: ir.Table) -> ir.Table:
    """Records beside what links say of each and, for a part, of its session's named part."""
    import ibis

    is_part = records.tuple_type == TupleType.TRAJECTORY.value
    keyed = records.mutate(session=is_part.ifelse(_session(records.session_id), ibis.null("string")))
    found = _beside(keyed, "session", first, "session", first="first")
    for on, which in (("key", "own"), ("first", "whole")):
        found = _beside(found, on, overtaken, "name", **{f"{which}_reason": "reason"})
        found = _beside(found, on, known, "name", **{f"{which}_said": "said"})
    return found


def _beside(found: ir.Table, on: str, other: ir.Table, named: str, **columns: str) -> ir.Table:
    """``found`` with columns of ``other``, under new names, where its ``named`` is ``found``'s ``on``."""
    right = other.select(joined_on=named, **columns)
    return found.left_join(right, found[on] == right["joined_on"]).drop("joined_on")


def _judged(found: ir.Table, conditions: Sequence[Condition]) -> ir.Table:
    """Each record with what is known of it (``evidence``), if that meets the conditions, and why it is left out, if it is."""
    import ibis

    header = found.created_us * _SHIFT + _rank(found.evidence_class)
    said = ibis.greatest(header, found.own_said.fill_null(header), found.whole_said.fill_null(header))
    known = found.mutate(evidence=said & (_SHIFT - 1))
    for condition in conditions:
        known = known.filter(_holds(known, condition))
    own_first = known["first"].isnull() | (known.key <= known["first"])
    marked = own_first.ifelse(ibis.coalesce(known.own_reason, known.whole_reason), ibis.coalesce(known.whole_reason, known.own_reason))
    turned_down = (known.evidence == RANK[EvidenceClass.REJECTED]) & (known.tuple_type != TupleType.FEEDBACK.value)
    reason = ibis.cases(
        (known.redaction_class == RedactionClass.WITHHELD.value, _why(Reason.WITHHELD)),
        (marked.notnull(), marked),
        (turned_down, _why(Reason.REJECTED)),
        (known.split == ACROSS, _why(Reason.ACROSS_SPLITS)),
    )
    return known.mutate(left_out=reason, evidence=known.evidence.cast("int8"))


def _holds(known: ir.Table, condition: Condition) -> ir.BooleanValue:
    """A condition as :meth:`Condition.matches` decides it."""
    value = condition.values[0]
    if condition.field == "evidence_class":
        ranks = [RANK[EvidenceClass(each)] for each in condition.values]
        held = known.evidence.isin(ranks)
        return ~held if condition.operator is Operator.UNEQUAL else held
    column = known[condition.field].fill_null("")
    head = column.left(len(value))
    match condition.operator:
        case Operator.EQUAL | Operator.IN:
            return column.isin(list(condition.values))
        case Operator.UNEQUAL:
            return column != value
        case Operator.LESS:
            return head < value
        case Operator.AT_MOST:
            return head <= value
        case Operator.MORE:
            return head > value
        case Operator.AT_LEAST:
            return head >= value
