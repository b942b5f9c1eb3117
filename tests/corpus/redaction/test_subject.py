"""A person is found under every spelling that is known of them, and nobody else's work is taken for theirs."""

from __future__ import annotations

import pytest

from corpus.errors import BadInput
from corpus.names import check
from corpus.redaction import Redactor, people
from corpus.redaction.pseudonym import for_tenant
from corpus.redaction.subject import known_as
from tests.corpus.store.making import draft

ACME = check("tenant", "acme")
PAIRS = [
    ("Annika Lindqvist", "annika@kontor.test"),
    ("Annika M. Lindqvist", "annika@kontor.test"),
    ("Annika Lindqvist", "lindqvist@home.test"),
    ("Annika Lindqvist", "noreply@forge.test"),
    ("Boris Vandermeer", "noreply@forge.test"),
    ("Boris Vandermeer", "boris@kontor.test"),
    ("Adam Lindqvist", "adam@kontor.test"),
    ("build bot", "annika@kontor.test"),
    ("boris", "boris@other.test"),
    ("boris", "boris@third.test"),
]


@pytest.fixture(autouse=True)
def known() -> None:
    people.remember(ACME, PAIRS)
    for_tenant(ACME)


def test_without_the_tenants_key_nobody_is_looked_for_in_vain() -> None:
    with pytest.raises(BadInput, match="no pseudonym key"):
        known_as(check("tenant", "other"), "annika@kontor.test")


@pytest.mark.parametrize(
    "asked", ["annika@kontor.test", "Annika@Kontor.test", "lindqvist@home.test", "annika  lindqvist", "Annika M. Lindqvist"]
)
def test_each_way_to_name_somebody_means_the_same_person(asked: str) -> None:
    found = known_as(ACME, asked)
    assert found.names == ("Annika Lindqvist", "Annika M. Lindqvist")
    assert found.addresses == ("annika@kontor.test", "lindqvist@home.test")
    assert {"Lindqvist, Annika", "annika.lindqvist", "Annika"} <= found.spellings
    assert not {"Lindqvist", "lindqvist", "alindqvist", "build bot", "noreply@forge.test"} & found.spellings  # others are called so too


@pytest.mark.parametrize(
    "text",
    [
        "Annika Lindqvist wrote it",
        "as Lindqvist, Annika said",
        "ask annika lindqvist about it",
        "ask annika.lindqvist about it",
        "write to Annika@kontor.test",
        "what @annika said",
        "see /home/annika/work",
        "Then Annika left it as it was.",
    ],
)
def test_what_the_gate_makes_of_every_spelling_is_looked_for(text: str) -> None:
    line = Redactor.for_tenant(ACME).admit(draft("x", text=text)).line.decode()
    assert "REDACTED_" in line
    assert any(each in line for each in known_as(ACME, "annika@kontor.test").identifiers())
    assert not any(each in line for each in known_as(ACME, "boris@kontor.test").identifiers())


def test_an_identifier_is_looked_for_as_whatever_a_rule_may_have_taken_it_for() -> None:
    made = for_tenant(ACME).of("HOST", "annika")
    assert made not in known_as(ACME, "annika@kontor.test").identifiers()
    assert made in known_as(ACME, "annika@kontor.test").identifiers(["HOST"])


def test_somebody_who_is_on_no_list_is_looked_for_as_they_were_named() -> None:
    assert {"Zoltan Kiraly", "Kiraly, Zoltan", "zoltan.kiraly"} <= known_as(ACME, "Zoltan Kiraly").spellings
    assert "zoltan@kontor.test" in known_as(ACME, "zoltan@kontor.test").spellings


def test_the_address_of_a_role_is_nobodys_alone() -> None:
    found = known_as(ACME, "noreply@forge.test")
    assert (found.names, found.addresses) == ((), ("noreply@forge.test",))


@pytest.mark.parametrize("asked", ["", "  ", "lindqvist", "boris"])
def test_one_word_that_names_nobody_or_several_is_refused(asked: str) -> None:
    with pytest.raises(BadInput, match="--subject"):
        known_as(ACME, asked)
