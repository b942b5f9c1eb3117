from __future__ import annotations

import ast
import json
import random
import site
import tomllib
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.redaction.finding import IDENTIFIER, Finding, Place, Subject, resolve
from corpus.redaction.people import People
from corpus.redaction.pseudonym import Pseudonyms
from corpus.redaction.redactor import Scanner, scanner
from corpus.redaction.rule import builtin
from tests.corpus.redaction.conftest import PAIRS
from tests.corpus.redaction.made_up import card, iban, like, private_key

RANDOM = random.Random(11)
SECRETS = [like(rule, RANDOM)[0] for rule in builtin()]
SECRETS += [
    card(RANDOM),
    iban(RANDOM),
    "\n".join(private_key(RANDOM, lines=2)),
    "Ann Lee",
    "Zoë Krüger",
    "ann.lee@example.test",
    "/home/mbrown/x",
]
# By index: the repr of a strategy over all of them is longer than hypothesis likes.
SECRET = st.integers(0, len(SECRETS) - 1).map(lambda at: SECRETS[at])
ODD = [
    "e\u0301",
    "\U0001f600",
    "\r\n",
    "\0",
    "\ud800",
    "\udfff",
    "\\n",
    '"',
    "'",
    "\\",
    "=",
    ":",
    " ",
    "password",
    "@",
    "Mark ",
    "Signed-off-by: ",
]
PIECES = st.lists(st.one_of(SECRET, st.sampled_from(ODD), st.text(max_size=6)), max_size=12)
relaxed = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def known() -> Scanner:
    return scanner(Pseudonyms(b"k" * 32), People(PAIRS))


@relaxed
@given(pieces=PIECES, place=st.sampled_from(Place), path=st.sampled_from(["", "a.py", "a.json", "a.toml", "a.yml", ".env"]))
def test_redacting_twice_changes_nothing_and_a_second_look_finds_nothing(
    known: Scanner, pieces: list[str], place: Place, path: str
) -> None:
    once = known.redact("".join(pieces), place, path)
    assert known.find(once, place, path) == []
    assert known.redact(once, place, path) == once
    once.encode()


@relaxed
@given(pieces=PIECES)
def test_offsets_count_characters(known: Scanner, pieces: list[str]) -> None:
    text = "".join(pieces) + ' <é\U0001f600 e\u0301> mail someone.new@mail.example.test, "\U0001f600'
    found = known.find(text)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(before.end <= after.start for before, after in pairwise(found))
    last = found[-1]
    assert text[last.start : last.end].endswith("someone.new@mail.example.test")


@relaxed
@given(
    prefix=st.text(st.sampled_from("ab é\U0001f600\u0301\r\n\0\ud800"), max_size=20),
    suffix=st.text(st.sampled_from(" \u0301\U0001f600\ud800\n"), max_size=5),
)
def test_everything_but_the_finding_stays(known: Scanner, prefix: str, suffix: str) -> None:
    redacted = known.redact(f"{prefix} mail-{SECRETS.index('Ann Lee')} ann.lee@example.test {suffix}")
    clean = "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in prefix)
    assert redacted.startswith(clean + " mail-")
    assert len(IDENTIFIER.findall(redacted)) == 1


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([int(card(RANDOM)), -int(card(RANDOM)), float(card(RANDOM)), 1.5]),
        SECRET,
        PIECES.map(lambda pieces: "".join(each for each in pieces if not any("\ud800" <= one <= "\udfff" for one in each))),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["password", "token", "n", "phone", "e-mail"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@relaxed
@given(value=VALUES, indent=st.sampled_from([None, 2]), ascii_only=st.booleans(), path=st.sampled_from(["a.json", ""]))
def test_json_still_parses_into_the_same_shape(known: Scanner, value: Any, indent: int | None, ascii_only: bool, path: str) -> None:
    text = json.dumps([value], indent=indent, ensure_ascii=ascii_only)
    for document in (text, json.dumps({"inner": text})):
        assert shape(json.loads(known.redact(document, Place.CODE, path))) == shape(json.loads(document))


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {"?": [shape(each) for each in value.values()]}
    return [shape(each) for each in value] if isinstance(value, list) else "."


@relaxed
@given(values=st.lists(st.one_of(SECRET, st.integers(), st.sampled_from([int(card(RANDOM))])), max_size=4))
def test_python_and_toml_still_parse(known: Scanner, values: list[Any]) -> None:
    source = (
        "".join(
            f"password_{at} = {value!r}\nx = [-{value!r}, f({value!r})]\ny = b{value!a}\n"
            if isinstance(value, str)
            else f"n = -{abs(value)}\nm = [{abs(value)}]\n"
            for at, value in enumerate(values)
        )
        .replace("-'", "'")
        .replace('-"', '"')
        .replace("b'REDACTED", "b'")
    )
    ast.parse(source)
    ast.parse(known.redact(source, Place.CODE, "a.py"))
    toml = "".join(
        f"k{at} = {json.dumps(value) if isinstance(value, str) else value}\n" for at, value in enumerate(values) if "\x7f" not in str(value)
    )
    if all(not isinstance(value, int) or abs(value) < 2**63 for value in values):
        tomllib.loads(toml)
        tomllib.loads(known.redact(toml, Place.CODE, "a.toml"))


PARSERS: dict[str, Callable[[str], object]] = {".py": ast.parse, ".json": json.loads, ".toml": tomllib.loads}


def test_installed_sources_still_parse(known: Scanner) -> None:
    """A sample of the packages around the tests: real code that nobody wrote for a redactor."""
    files = sorted(file for folder in site.getsitepackages() for suffix in PARSERS for file in Path(folder).rglob(f"*{suffix}"))
    checked = broken = 0
    for file in random.Random(5).sample(files, min(150, len(files))):
        if file.stat().st_size > 200_000:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                text = file.read_text("utf-8")
                PARSERS[file.suffix](text)
            except (ValueError, SyntaxError):
                continue
            checked += 1
            try:
                PARSERS[file.suffix](known.redact(text, Place.CODE, file.name))
            except (ValueError, SyntaxError):
                broken += 1
    assert checked > 100
    assert broken <= checked / 1000


def test_a_finding_that_cuts_a_character_is_widened_to_it() -> None:
    subject = Subject("\u00e9\U0001f600\u00e9")
    cut = [Finding(3, 5, "X", 1.0, "x")]
    assert [(each.start, each.end) for each in subject.locate(cut)] == [(1, 2)]
    subject.set_aside(cut)
    assert subject.data.decode() == "\u00e9" + "\x01" * 4 + "\u00e9"


def test_overlapping_findings_become_one_named_after_the_surest() -> None:
    found = resolve([Finding(5, 9, "B", 0.9, "b"), Finding(0, 6, "A", 0.5, "a", value="v"), Finding(9, 12, "C", 0.1, "c")])
    assert found == [Finding(0, 9, "B", 0.9, "b"), Finding(9, 12, "C", 0.1, "c")]
