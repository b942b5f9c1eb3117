"""Authors that are programs stay told from people, and a person who calls themselves one stays hidden."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.names import Name
from corpus.record import EditBody, Signature, TupleType, parse_line
from corpus.redaction import Redactor
from corpus.redaction.draft import Draft, Label, Scrub
from corpus.redaction.programs import MARK, called, stand_in, stands

IDENTIFIER = r"REDACTED_PERSON_[0-9a-f]{12}"
APP = "1234+{}@users.noreply.github.com"


def made(name: str) -> str:
    return "REDACTED_PERSON_0123456789ab"


@pytest.mark.parametrize(
    ("name", "address", "kept"),
    [
        ("dependabot[bot]", APP.format("dependabot[bot]"), "dependabot[bot]"),
        ("github-actions", APP.format("github-actions[bot]"), "github-actions[bot]"),
        ("GitHub  Action", "action@forge.test", "github-actions[bot]"),
        ("Renovate Bot", "bot@forge.test", "renovate[bot]"),
        ("Our Release Job", APP.format("acme-release[bot]"), f"{made('')}[bot]"),
        ("acme-release[bot]", "x@forge.test", f"{made('')}[bot]"),
        ("Ann Lee [BOT]", "ann@forge.test", f"{made('')}[bot]"),
        ("ann-lee[bot]", "ann@forge.test", f"{made('')}[bot]"),
        ("deploy", "project_12_bot_0a1b@noreply.forge.test", f"{made('')}[bot]"),
        ("Ann Lee", "ann@forge.test", made("")),
        ("Ann Lee", "1234+ann-lee@users.noreply.github.com", made("")),
        ("Ann Botha", "ann+[bot]@forge.test", made("")),
        ("", "", ""),
    ],
)
def test_only_a_listed_program_keeps_its_name_and_any_other_a_mark(name: str, address: str, kept: str) -> None:
    assert stand_in(called(name, address), made) == kept


@given(st.text(max_size=30), st.sampled_from(["", "[bot]", "[BOT] ", "@users.noreply.github.com"]), st.text(max_size=30))
def test_nothing_of_a_name_that_is_not_on_the_list_is_left(name: str, end: str, address: str) -> None:
    found = stand_in(called(f"Ann {name}{end}", f"{address}{end}"), made)
    assert found.removesuffix(MARK) == made("")
    assert stands(found)
    assert stand_in(found, lambda each: each) == found, "a record searched again stays as it is"


def test_a_name_that_only_resembles_a_listed_one_may_not_stand() -> None:
    assert all(map(stands, ("dependabot[bot]", made(""), f"{made('')}[bot]")))
    assert not any(map(stands, ("Dependabot[bot]", "dependabot", "ann[bot]", "dependabot[bot]\n", f"x{made('')}[bot]", "")))


def edit(name: str, address: str, scrubbed: bool = True) -> Draft:
    def render(scrub: Scrub) -> EditBody:
        kept = scrub.person(called(name, address)) if scrubbed else name
        who = Signature(name=kept, email=scrub.email(address), time="2026-05-15T09:30:00Z", tz="+0000")
        return EditBody(
            message=scrub.prose("Bump"), withheld=None, author=who, committer=who, parents=[], branch=None, files=[], diff="",
            lines_cut=0, additions=0, deletions=0, backend="git",
        )  # fmt: skip

    label = Label(Name("acme"), Name("payments"), Name("billing"), Name("contributor"))
    return Draft(TupleType.EDIT, label, (name,), "stem", "2026-05-15T09:30:00Z", render)


@pytest.mark.parametrize(
    ("name", "kept"), [("dependabot[bot]", r"dependabot\[bot\]"), ("ann-lee[bot]", rf"{IDENTIFIER}\[bot\]"), ("Ann Lee", IDENTIFIER)]
)
def test_the_gate_keeps_the_mark_and_replaces_the_address_and_searching_again_changes_nothing(name: str, kept: str) -> None:
    gate = Redactor.for_tenant(Name("acme"))
    admitted = gate.admit(edit(name, "49699333+dependabot[bot]@users.noreply.github.com" if "dep" in name else "ann.lee@example.test"))
    assert admitted.let_by is None
    record = parse_line(admitted.line)
    assert isinstance(record.body, EditBody)
    assert re.fullmatch(kept, record.body.author.name)
    assert re.fullmatch(r"REDACTED_EMAIL_ADDRESS_[0-9a-f]{12}", record.body.author.email)
    again = gate.again(record)
    assert (again.found, again.newer) == ((), None)


def test_a_name_that_did_not_come_out_of_the_gate_is_not_believed_for_its_mark() -> None:
    admitted = Redactor.for_tenant(Name("acme")).admit(edit("ann-lee[bot]", "ann.lee@example.test", scrubbed=False))
    assert admitted.let_by is not None
    assert b"ann-lee" not in admitted.line
