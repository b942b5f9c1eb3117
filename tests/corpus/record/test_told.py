"""The short way to a header's values takes what the model takes, and nothing else."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from corpus.record import Header, Told, told

GOOD = {
    "tuple_type": "edit",
    "doctrine_version": None,
    "tenant": "acme",
    "moduleId": "billing",
    "cluster": "payments",
    "role": "contributor",
    "scope": "engineering",
    "redaction_class": "redacted",
    "evidence_class": "observed",
    "source_commit": "0" * 40,
    "session_id": None,
    "created": "2026-05-15T09:30:00Z",
}
ODD = (
    None, 0, 1, True, 1.5, "", "a", "A", "..", "a\n", "é", "link", "runtime", "withheld",
    "a" * 63, "a" * 64, "f" * 64, "F" * 64, "0" * 40 + "\n", "é" * 40,
    "2026-05-15T09:30:00Z\n", "2026-05-15T09:30:00+00:00", "٢026-05-15T09:30:00Z", "9999-99-99T99:99:99Z", "2016-12-31T23:59:60Z",
    [], ["a"], {}, {"a": 1},
)  # fmt: skip


def model_takes(header: object) -> tuple[object, ...] | None:
    try:
        return tuple(Header.model_validate(header).model_dump(mode="json").values())
    except ValidationError:
        return None


def told_takes(header: object) -> tuple[object, ...] | None:
    try:
        return tuple(told(header))
    except (ValueError, TypeError, KeyError):
        return None


def test_its_fields_are_the_models_in_order() -> None:
    assert Told._fields == tuple(Header.model_fields)
    assert told_takes(GOOD) == model_takes(GOOD) == tuple(GOOD.values())


@pytest.mark.parametrize("field", GOOD)
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_an_odd_value_is_taken_by_both_or_neither(field: str, value: object) -> None:
    assert told_takes(GOOD | {field: value}) == model_takes(GOOD | {field: value})


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*GOOD, "more"]), st.sampled_from(ODD) | st.text(max_size=9) | st.from_regex(r"[a-z0-9._-]{1,9}")),
    st.sets(st.sampled_from([*GOOD]), max_size=1),
)
def test_whatever_json_holds_is_taken_by_both_or_neither(changed: dict[str, object], left_out: set[str]) -> None:
    header = {name: value for name, value in (GOOD | changed).items() if name not in left_out}
    assert told_takes(header) == model_takes(header)


@pytest.mark.parametrize("header", [None, [], "header", 12, [*GOOD], orjson.loads(b"{}")])
def test_what_is_no_object_is_taken_by_neither(header: object) -> None:
    assert told_takes(header) is None
