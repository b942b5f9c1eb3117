"""A record's line is canonical, its id is the hash of its bytes, and nothing else reads as one."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import Broken
from corpus.names import check, slug
from corpus.record import (
    EvidenceClass,
    Header,
    LinkBody,
    LinkKind,
    RedactionClass,
    RedactionSummary,
    Scope,
    TupleType,
    dumps,
    key_of,
    line_id,
    parse_line,
    seal,
)

INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(codec="ascii"), max_size=8)
VALUES = st.recursive(st.none() | st.booleans() | INTEGERS | TEXT, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))


@given(VALUES)
def test_our_bytes_are_the_rfc_8785_form(value: Any) -> None:
    assert dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [2**53, -(2**53)])
def test_an_integer_that_json_readers_would_round_is_refused(value: int) -> None:
    with pytest.raises(TypeError):
        dumps(value)


def header(**changes: Any) -> Header:
    fields: dict[str, Any] = {
        "tuple_type": TupleType.LINK,
        "doctrine_version": None,
        "tenant": "acme",
        "moduleId": "billing",
        "cluster": "payments",
        "role": "contributor",
        "scope": Scope.ENGINEERING,
        "redaction_class": RedactionClass.CLEAN,
        "evidence_class": EvidenceClass.OBSERVED,
        "source_commit": None,
        "session_id": None,
        "created": "2026-01-02T03:04:05Z",
    }
    return Header(**(fields | changes))


def sealed(basis: str = "message") -> tuple[str, bytes]:
    body = LinkBody(kind=LinkKind.REVERTED_BY, **{"from": "a" * 64}, to="b" * 64, value=None, basis=basis)
    return seal(key_of("acme", "link", "x"), header(), RedactionSummary(ruleset="r@1", counts={"EMAIL_ADDRESS": 2}), body)


@given(TEXT)
def test_a_line_is_canonical_carries_its_own_hash_and_reads_back(basis: str) -> None:
    ident, line = sealed(basis)
    value = orjson.loads(line)
    assert line == rfc8785.dumps(value)
    assert b"\n" not in line
    del value["id"]
    assert ident == hashlib.sha256(rfc8785.dumps(value)).hexdigest()
    assert line_id(line) == (ident, ident, key_of("acme", "link", "x"))
    record = parse_line(line)
    assert (record.id, record.revision, record.body.model_dump()["basis"]) == (ident, 0, basis)
    assert len(value["header"]) == 12


@given(st.data())
def test_any_cut_or_changed_byte_is_broken(data: st.DataObject) -> None:
    _, line = sealed()
    at = data.draw(st.integers(0, len(line) - 1))
    with pytest.raises(Broken):
        parse_line(line[:at])
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != line[at]))
    with pytest.raises(Broken):
        parse_line(line[:at] + bytes([byte]) + line[at + 1 :])


def test_an_id_like_text_inside_a_body_is_not_taken_for_the_records_own() -> None:
    trap = f'","id":"{"0" * 64}","key":"{"0" * 64}","redaction":{{'
    ident, line = sealed(trap)
    assert line_id(line)[0] == line_id(line)[1] == ident


@pytest.mark.parametrize(
    ("field", "value"),
    [("source_commit", "HEAD"), ("source_commit", "a" * 41), ("created", "2026-01-02"), ("scope", "all"), ("unknown", "x")],
)
def test_a_header_holds_nothing_but_its_twelve_fields(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field):
        header(**{field: value})


@given(st.text())
def test_whatever_a_directory_is_called_its_slug_is_a_name(text: str) -> None:
    assert check("moduleId", slug(text)) == slug(text)
