"""Conditions on header fields."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.build.where import FIELDS, Condition, Operator, parse, parse_all
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
        ("created=2026-05-15", False),
        ("created>=2026-05-15", True),
        ("created>2026-05-15", False),
        ("created<=2026-05", True),
        ("created<2026-05-15T09:30", False),
        ("created<2026-05-15T09:30:01Z", True),
        ("moduleId in tax, billing", True),
        ("moduleId in tax,bill", False),
        ("doctrine_version in v1,", True),
        ("tuple_type in edit,feedback", True),
    ],
)
def test_a_condition_compares_the_whole_value_and_null_is_empty(text: str, holds: bool) -> None:
    assert parse(text).holds(HEADER) is holds


def test_an_unknown_field_is_answered_with_the_fields_there_are() -> None:
    with pytest.raises(BadInput) as caught:
        parse("module=billing")
    assert all(name in str(caught.value) for name in FIELDS)


def test_a_value_that_a_field_never_takes_is_answered_with_those_it_takes() -> None:
    with pytest.raises(BadInput, match="observed, accepted, verified, corrected, rejected"):
        parse("evidence_class=good")


ODD = [
    "moduleId",
    "",
    "moduleId!billing",
    "moduleId>billing",
    "created>=May",
    "created>=2026-5",
    "created<2026-13",
    "created>=2026-02-30",
    "tuple_type in edit,commit",
    "in a,b",
]


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_condition_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        parse(text)


@settings(deadline=None)
@given(st.sampled_from(FREE), st.sampled_from([Operator.EQUAL, Operator.UNEQUAL]), st.text())
def test_a_condition_survives_being_written_and_read(field: str, operator: Operator, value: str) -> None:
    condition = Condition(field, operator, (value,))
    assert parse(str(condition)) == condition


@settings(deadline=None)
@given(st.permutations(["moduleId=a", "cluster!=b", "role=c", "moduleId=a", "model=m"]))
def test_order_and_repetition_of_conditions_change_nothing(texts: list[str]) -> None:
    assert parse_all(texts) == parse_all(["cluster!=b", "model=m", "moduleId=a", "role=c"])
