"""Conditions on header fields."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.build.where import Condition, parse, parse_all
from corpus.errors import BadInput
from corpus.record import EvidenceClass, Header, RedactionClass, Scope, TupleType

HEADER = Header(
    tuple_type=TupleType.EDIT,
    doctrine_version=None,
    tenant="acme",
    moduleId="billing",
    cluster="payments",
    role="contributor",
    scope=Scope.ENGINEERING,
    redaction_class=RedactionClass.CLEAN,
    evidence_class=EvidenceClass.OBSERVED,
    source_commit=None,
    session_id=None,
    created="2026-05-15T09:30:00Z",
)
FREE = sorted(name for name, field in Header.model_fields.items() if field.annotation in (str, str | None))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("moduleId=billing", True),
        ("moduleId=bill", False),
        ("moduleId!=billing", False),
        ("moduleId!=tax", True),
        ("tuple_type=edit", True),
        ("tuple_type!=edit", False),
        ("doctrine_version=", True),
        ("doctrine_version!=", False),
        ("created=2026-05-15T09:30:00Z", True),
    ],
)
def test_a_condition_compares_the_whole_value_and_null_is_empty(text: str, holds: bool) -> None:
    assert parse(text).holds(HEADER) is holds


def test_an_unknown_field_is_answered_with_the_fields_there_are() -> None:
    with pytest.raises(BadInput) as caught:
        parse("module=billing")
    assert all(name in str(caught.value) for name in Header.model_fields)


def test_a_value_that_a_field_never_takes_is_answered_with_those_it_takes() -> None:
    with pytest.raises(BadInput, match="observed, accepted, verified, corrected, rejected"):
        parse("evidence_class=good")


@pytest.mark.parametrize("text", ["moduleId", "", "moduleId!billing", "moduleId>billing"])
def test_what_is_no_condition_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        parse(text)


@settings(deadline=None)
@given(st.sampled_from(FREE), st.booleans(), st.text())
def test_a_condition_survives_being_written_and_read(field: str, equal: bool, value: str) -> None:
    condition = Condition(field, equal, value)
    if not equal or not value.startswith("="):
        assert parse(str(condition)) == condition


@settings(deadline=None)
@given(st.permutations(["moduleId=a", "cluster!=b", "role=c", "moduleId=a"]))
def test_order_and_repetition_of_conditions_change_nothing(texts: list[str]) -> None:
    assert parse_all(texts) == parse_all(["cluster!=b", "moduleId=a", "role=c"])
