"""The engine's selection beside a plain one, record by record and link by link, over made-up corpora."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from corpus.build.reasons import Reason
from corpus.build.reverts import undone
from corpus.build.select import Gone, select
from corpus.build.where import Condition, parse_all
from corpus.errors import Refused
from corpus.record import EvidenceClass, Header, LinkKind, TupleType
from corpus.store import Happened, Logged
from corpus.store.index import schema, table_of
from corpus.store.lines import microseconds
from corpus.store.rows import Row

RANKS = list(EvidenceClass)


def row(name: str, kind: str, day: int, **more: str | None) -> Row:
    key = hashlib.sha256(name.encode()).hexdigest()
    created = f"{'1960' if day == 0 else '2026'}-05-{day + 1:02d}T00:00:00Z"
    told = dict.fromkeys(Row._fields, 0) | dict.fromkeys(("link_kind", "link_from", "link_to", "link_value", "source_commit", "session_id"))
    told |= {"key": key, "id": key[::-1], "created_us": microseconds(created), "created": created, "tuple_type": kind, "size": 1}
    told |= {"tenant": "acme", "moduleId": "m", "cluster": "c", "role": "r", "scope": "engineering", "doctrine_version": None}
    told |= {"redaction_class": "clean", "evidence_class": "observed"}
    return Row(**(told | more))  # type: ignore[arg-type]


class Held:
    """Rows of an index, as a corpus hands them out."""

    tenant = "acme"
    path = Path("/root/acme")

    def __init__(self, rows: Sequence[Row], log: Sequence[Logged] = ()) -> None:
        self.rows = rows
        self.log = log

    def position(self) -> int:
        return len(self.log)

    def logged(self) -> Iterator[Logged]:
        yield from self.log

    def select(self, where: None, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        table = table_of("acme", self.rows) if self.rows else schema("acme").empty_table()
        table = table.append_column("file", pa.array(["packs/p"] * len(self.rows), pa.string()))
        yield from table.select(list(columns)).to_batches(max_chunksize=3)


def plainly(rows: Sequence[Row], conditions: Sequence[Condition]) -> list[tuple[str, str, str | None]]:
    """``(key, evidence, left out)`` of what meets the conditions, worked out one record after another."""
    rows = sorted(rows, key=lambda one: (one.created_us, one.key))
    links = [one for one in rows if one.tuple_type == TupleType.LINK]
    reasons: dict[str, Reason] = {}
    for link in links:
        if link.link_kind == LinkKind.SUPERSEDED_BY:
            reasons[str(link.link_from)] = Reason.SUPERSEDED
        elif link.link_kind == LinkKind.COMPLETES and link.link_to:
            reasons[link.link_to] = Reason.COMPLETED
    reverts = [(str(one.link_from), one.link_to) for one in links if one.link_kind == LinkKind.REVERTED_BY and one.link_to]
    reasons |= dict.fromkeys(undone(reverts, reasons), Reason.REVERTED)
    known: dict[str, tuple[int, int]] = {}
    for link in links:
        key = str(link.link_from)
        if link.link_kind == LinkKind.EVIDENCE and link.link_value in RANKS:
            said = link.created_us, RANKS.index(EvidenceClass(link.link_value))
        elif link.link_kind == LinkKind.REVERTED_BY and reasons.get(key) is Reason.REVERTED:
            said = link.created_us, RANKS.index(EvidenceClass.REJECTED)
        else:
            continue
        known[key] = max(said, known.get(key, said))
    parts = [one for one in rows if one.tuple_type == TupleType.TRAJECTORY]
    sessions = {one.session_id: one.key for one in parts if one.key in reasons or one.key in known}
    found = []
    for one in rows:
        if one.tuple_type == TupleType.LINK:
            continue
        names = {one.key, sessions.get(one.session_id, one.key)} if one.tuple_type == TupleType.TRAJECTORY else {one.key}
        header = Header.model_validate({name: getattr(one, name) for name in Header.model_fields})
        said = [(one.created_us, RANKS.index(header.evidence_class)), *(known[name] for name in names if name in known)]
        evidence = RANKS[max(said)[1]]
        if all(condition.holds(header, evidence) for condition in conditions):
            reason = Reason.WITHHELD if one.redaction_class == "withheld" else None
            reason = reason or next((reasons[name] for name in sorted(names) if name in reasons), None)
            if reason is None and evidence is EvidenceClass.REJECTED and one.tuple_type != TupleType.FEEDBACK:
                reason = Reason.REJECTED
            found.append((one.key, evidence.value, reason and reason.value))
    return found


NAMES = st.sampled_from([f"record {number}" for number in range(7)])


@st.composite
def corpora(draw: st.DrawFn) -> list[Row]:
    rows = {}
    for number in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(["edit", "trajectory", "feedback"]))
        session = draw(st.sampled_from([None, "s1", "s2", ""]))
        redaction = draw(st.sampled_from(["clean", "clean", "redacted", "withheld"]))
        evidence = draw(st.sampled_from(RANKS))
        more = {"session_id": session, "redaction_class": redaction, "evidence_class": evidence.value}
        more |= draw(st.sampled_from([{}, {"moduleId": "m2"}, {"moduleId": "e", "role": "r2"}]))
        rows[f"record {number}"] = row(f"record {number}", kind, draw(st.integers(0, 5)), **more)
    for number in range(draw(st.integers(0, 9))):
        kind = draw(st.sampled_from([*LinkKind, "later-kind"]))
        ends = [hashlib.sha256(draw(NAMES).encode()).hexdigest() for _ in range(2)]
        value = draw(st.sampled_from([*RANKS, "odd", None]))
        to = ends[1] if draw(st.integers(0, 3)) else None
        name = f"link {number}"
        rows[name] = row(name, "link", draw(st.integers(0, 5)), link_kind=str(kind), link_from=ends[0], link_to=to, link_value=value)
    return draw(st.permutations(list(rows.values())))


CONDITIONS = ["evidence_class=accepted", "evidence_class!=observed", "moduleId in m,e", "created>=2026-05-03", "session_id=", "role!=r2"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpora(), st.lists(st.sampled_from(CONDITIONS), max_size=2))
@example([row("record 1", "edit", 0)], [])
def test_the_engine_selects_what_reading_record_by_record_does(rows: list[Row], texts: list[str]) -> None:
    conditions = parse_all(texts).headers
    found = [(one.key, one.evidence.value, one.left_out and one.left_out.value) for one in select(Held(rows), conditions)]  # type: ignore[arg-type]
    assert found == plainly(rows, conditions)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpora(), st.integers(0, 8), st.integers(0, 8))
def test_a_selection_is_cut_as_a_list_is_and_its_table_has_the_same_rows(rows: list[Row], start: int, stop: int) -> None:
    whole = select(Held(rows), ())  # type: ignore[arg-type]
    listed = list(whole)
    part = whole.cut(start, stop)
    assert list(part) == listed[start:stop]
    assert part.paths is whole.paths
    assert [one for one in listed if one.tuple_type is TupleType.TRAJECTORY] == list(whole.parts())
    assert list(whole.sorted_by(lambda key: key[::-1].encode())) == sorted(listed, key=lambda one: one.key[::-1])
    assert Counter(one.tuple_type for one in listed) == whole.types()
    for one, told in zip(part, part.table.to_pylist(), strict=True):
        assert (one.key, one.id) == (told["key"].hex(), told["id"].hex())
        assert (one.session_id, one.split, one.left_out) == (told["session_id"], told["split"], told["left_out"])
    assert all(len(column.chunks) <= 1 for column in whole.table.columns)


def test_a_row_of_another_tenant_stops_the_selection_whatever_its_index_says() -> None:
    rows = [row("record 1", "edit", 1), row("record 2", "edit", 2)._replace(tenant="globex")]
    with pytest.raises(Refused, match="packs/p"):
        select(Held(rows), ())  # type: ignore[arg-type]


def test_an_earlier_position_has_what_was_known_then_and_names_what_is_gone() -> None:
    grown, stays, lost, forgotten, late = (row(f"record {number}", "edit", number) for number in range(5))
    older = "0" * 64
    told = [(grown.key, older), (stays.key, stays.id), (lost.key, lost.id), (forgotten.key, forgotten.id)]
    log = [Logged(at, Happened.ADD, *each) for at, each in enumerate(told, 1)]
    log += [Logged(5, Happened.FORGET, forgotten.key, forgotten.id), Logged(6, Happened.REPLACE, grown.key, grown.id)]
    log += [Logged(7, Happened.ADD, late.key, late.id)]
    corpus = Held([grown, stays, late], log)

    def at(position: int) -> tuple[list[str], list[Gone]]:
        found = select(corpus, (), as_of=position)  # type: ignore[arg-type]
        return [one.key for one in found], list(found.gone)

    assert at(1) == ([], [Gone(grown.key, older, replaced=True)])
    assert at(4) == ([stays.key], [Gone(grown.key, older, True), Gone(lost.key, lost.id, False), Gone(forgotten.key, forgotten.id, False)])
    assert at(5) == ([stays.key], [Gone(grown.key, older, True), Gone(lost.key, lost.id, False)])
    assert at(6) == ([grown.key, stays.key], [Gone(lost.key, lost.id, False)])
    assert at(7)[0] == [grown.key, stays.key, late.key]
