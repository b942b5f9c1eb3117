"""A text searched in pieces gives what it gives whole, whatever was remembered of other versions."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.redaction.finding import Finding, Place, Subject
from corpus.redaction.people import People
from corpus.redaction.pieces import MARGIN, SPAN, Pieces, cuts
from corpus.redaction.pseudonym import Pseudonyms
from corpus.redaction.redactor import Scanner, scanner
from corpus.redaction.rule import builtin
from tests.corpus.redaction.conftest import PAIRS
from tests.corpus.redaction.made_up import like, private_key

RANDOM = random.Random(23)
SECRETS = [like(rule, RANDOM)[0] for rule in builtin()]
SECRETS += ["\n".join(private_key(RANDOM, lines=60)), "Ann Lee", "ann.lee@example.test"]
FILLER = [
    "def handler(request):\n    return respond(request, status=200)\n\n\n",
    "    for item in items:\n        total += item.price\n",
    "# A comment that says what the next function is for, in some words.\n",
    'x = "Zoë" + "\U0001f600" * 3\n',
    "}\n",
    "\n",
]
TEXTS = st.lists(st.one_of(st.sampled_from(FILLER).map(lambda text: text * 12), st.sampled_from(SECRETS)), max_size=24)
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def fresh() -> Scanner:
    return scanner(Pseudonyms(b"k"), People(PAIRS))


@pytest.fixture(scope="module")
def seasoned() -> Scanner:
    """A scanner that has seen, and goes on seeing, other texts."""
    return fresh()


@relaxed
@given(TEXTS, st.integers(0, 2**32))
def test_pieces_find_what_a_search_of_the_whole_finds(seasoned: Scanner, parts: list[str], seed: int) -> None:
    random.Random(seed).shuffle(parts)
    text = "\n".join(parts)
    whole = [(each.start, each.end) for each in seasoned.find(text, Place.CODE, "a.py")]
    assert [(each.start, each.end) for each in seasoned.find_in_version(text, "a.py")] == whole


@relaxed
@given(TEXTS, TEXTS)
def test_what_is_remembered_changes_nothing(seasoned: Scanner, first: list[str], second: list[str]) -> None:
    old, new = "\n".join(first + second), "\n".join([*first, "inserted = 1", *second])
    seasoned.redact_version(old, "a.py")
    assert seasoned.redact_version(new, "a.py") == fresh().redact_version(new, "a.py")


@relaxed
@given(TEXTS)
def test_redacted_in_pieces_nothing_is_found_again_either_way(seasoned: Scanner, parts: list[str]) -> None:
    redacted = seasoned.redact_version("\n".join(parts), "a.py")
    assert seasoned.find_in_version(redacted, "a.py") == []
    assert seasoned.find(redacted, Place.CODE, "a.py") == []


@relaxed
@given(st.lists(st.sampled_from([*FILLER, "x" * 5000, "\n" * 300]), max_size=200))
def test_cuts_cover_the_text_once_and_fall_after_line_ends(lines: list[str]) -> None:
    data = "".join(lines).encode()
    found = list(cuts(data))
    assert b"".join(data[start:end] for start, end in found) == data
    assert all(end == start for (_, end), (start, _) in pairwise(found))
    assert all(data[start - 1 : start] == b"\n" for start, _ in found[1:])


def test_an_edit_leaves_most_pieces_as_they_were() -> None:
    chosen = random.Random(5)
    lines = [f"def function_{number}(argument):\n    return argument * {chosen.random()}\n" for number in range(2000)]
    searched = []

    def search(subject: Subject) -> list[Finding]:
        searched.append(len(subject.data))
        return []

    pieces = Pieces(search)
    pieces.find(Subject("".join(lines), path="a.py"))
    first = sum(searched)
    searched.clear()
    lines[1000] = "def changed():\n    return 1\n"
    lines.insert(3, "import this\n")
    pieces.find(Subject("".join(lines), path="a.py"))
    assert 0 < sum(searched) < first / 5


def test_the_margin_holds_a_match_and_what_validators_look_at() -> None:
    near = [rule for rule in builtin() if rule.span <= SPAN]
    assert near
    assert MARGIN >= SPAN + 260  # an address looks 260 bytes back for the URL it may be part of
