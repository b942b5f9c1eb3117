"""Providers' tokens: how many kinds are known, and what keeps those that a name announces precise."""

from __future__ import annotations

import hashlib
import random
import runpy
from pathlib import Path

import pytest

from corpus.errors import BadInput
from corpus.redaction.redactor import Scanner
from corpus.redaction.rule import Rule, builtin, parse
from tests.corpus.redaction.made_up import HEX, text
from tests.corpus.redaction.test_rules import finds

HERE = Path(__file__).resolve().parents[3]
RULES = builtin()
NEAR = [rule for rule in RULES if rule.near]


def test_at_least_three_hundred_kinds_of_provider_tokens_are_known() -> None:
    tokens = {
        rule.pattern for rule in RULES if not rule.near and rule.entity_type in ("API_KEY", "WEBHOOK", "AWS_ACCESS_KEY", "PRIVATE_KEY")
    }
    assert len(tokens) + len(NEAR) >= 300
    assert len(tokens) >= 200


def test_the_page_of_rules_is_what_the_rules_say() -> None:
    made = runpy.run_path(str(HERE / "tools" / "redaction_rules_page.py"))["page"]()
    command = "run: .venv/bin/python tools/redaction_rules_page.py > docs/redaction-rules.md"
    assert (HERE / "docs" / "redaction-rules.md").read_text() == made, command


def rule(name: str) -> Rule:
    return next(each for each in RULES if each.id == name)


@pytest.mark.parametrize(
    "line",
    [
        'DATADOG_API_KEY="{}"',
        "datadog: {}\n",
        '"datadogKey": "{}"',
        "datadog.api_key = '{}'",
        "datadog['api-key'] => \"{}\"",
        'init("datadog", "{}")',
        "DD_API_KEY={}",
        '{{\\"datadog\\": \\"{}\\"}}',
    ],
)
def test_a_kind_without_a_prefix_is_found_behind_its_name(line: str) -> None:
    value = text(random.Random(line), 32, HEX)
    assert finds(rule("datadog-api-key"), line.format(value)) == [value]


@pytest.mark.parametrize(
    "line",
    [
        'datadog_commit_sha = "{}"',
        "datadog_id = '{}'",
        'datadogChecksum: "{}"',
        "datadog {}",
        "x = '{}'",
        'datadog = "{}0"',
        'datadog = "{}-0"',
        "datadog " + "and " * 12 + "= '{}'",
    ],
)
def test_a_digest_or_an_id_or_a_part_of_something_longer_is_no_such_kind(line: str) -> None:
    value = text(random.Random(line), 32, HEX)
    assert finds(rule("datadog-api-key"), line.format(value)) == []


def wallet_key(body: bytes) -> str:
    number = int.from_bytes(body + hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4], "big")
    made = ""
    while number:
        number, digit = divmod(number, 58)
        made = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[digit] + made
    return made


@pytest.mark.parametrize("tail", [b"", b"\x01"])
def test_a_wallet_key_counts_only_with_its_checksum(tail: bytes, rng: random.Random, plain: Scanner) -> None:
    for _ in range(20):
        key = wallet_key(b"\x80" + rng.randbytes(32) + tail)
        assert finds(rule("bitcoin-private-key"), f"key {key}\n") == [key]
        other = key[:20] + ("1" if key[20] != "1" else "2") + key[21:]
        assert finds(rule("bitcoin-private-key"), f"key {other}\n") == []
        assert key not in plain.redact(f"see {key}.")


def test_a_near_rule_must_name_what_it_stands_near() -> None:
    lines = "[[rule]]\nid = 'a'\nentity_type = 'X'\npattern = '[0-9]{9}'\nnear = true\n"
    assert parse(lines + "keywords = ['acme']", "f.toml")[0].near
    with pytest.raises(BadInput, match="near has no keywords"):
        parse(lines, "f.toml")
