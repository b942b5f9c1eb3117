"""Secrets and identities made up at run time, so that none stands in the repository."""

from __future__ import annotations

import random
import re
import string
from typing import Any

from corpus.redaction.rule import Rule

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
BASE64 = ALNUM + "+/"


def text(rng: random.Random, size: int, alphabet: str = ALNUM) -> str:
    return "".join(rng.choice(alphabet) for _ in range(size))


def private_key(rng: random.Random, kind: str = "RSA ", lines: int = 12) -> list[str]:
    """The lines of a PEM block."""
    dashes = "-" * 5
    body = [text(rng, 64, BASE64) for _ in range(lines)] + [text(rng, 30, BASE64) + "=="]
    return [f"{dashes}BEGIN {kind}PRIVATE KEY{dashes}", *body, f"{dashes}END {kind}PRIVATE KEY{dashes}"]


def card(rng: random.Random) -> str:
    digits = "4" + text(rng, 14, string.digits)
    total = sum(sum(divmod(int(each) * 2, 10)) if place % 2 == 0 else int(each) for place, each in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def iban(rng: random.Random) -> str:
    account = text(rng, 18, string.digits)
    check = 98 - int(account + "131400") % 97  # DE00 in digits
    return f"DE{check:02d}{account}"


def like(rule: Rule, rng: random.Random) -> tuple[str, str]:
    """``(text, its secret)``: a string that ``rule.body`` describes, made by walking the parsed pattern."""
    flags = re.IGNORECASE if rule.ignore_case else 0
    made = _walk(re._parser.parse(rule.body, flags), rng)  # type: ignore[attr-defined]
    match = re.search(rule.body, made, flags)
    assert match, (rule.id, made)
    return made, match["secret"] if "secret" in match.re.groupindex else match[0]


def _walk(parsed: Any, rng: random.Random) -> str:
    return "".join(_one(str(kind), value, rng) for kind, value in parsed)


def _one(kind: str, value: Any, rng: random.Random) -> str:
    if kind == "LITERAL":
        return chr(value)
    if kind == "IN":
        return chr(rng.choice(_members(value)))
    if kind in ("MAX_REPEAT", "MIN_REPEAT"):
        low, high, inner = value
        count = rng.randint(low, min(high, max(low, 4) + 20))
        return "".join(_walk(inner, rng) for _ in range(count))
    if kind == "SUBPATTERN":
        return _walk(value[-1], rng)
    if kind == "BRANCH":
        return _walk(rng.choice(value[1]), rng)
    if kind == "NOT_LITERAL":
        return rng.choice([each for each in ALNUM if ord(each) != value])
    assert kind == "AT", kind
    return " " if str(value) == "AT_BOUNDARY" else ""


def _members(parts: Any) -> list[int]:
    """The ASCII characters of a class; of a negated one, letters and digits."""
    members: set[int] = set()
    negated = False
    for kind, value in parts:
        if str(kind) == "NEGATE":
            negated = True
        elif str(kind) == "LITERAL":
            members.add(value)
        elif str(kind) == "RANGE":
            members.update(range(value[0], min(value[1], 126) + 1))
        else:
            known = {"CATEGORY_DIGIT": string.digits, "CATEGORY_WORD": ALNUM + "_", "CATEGORY_SPACE": " ", "CATEGORY_NOT_SPACE": ALNUM}
            members.update(map(ord, known[str(value)]))
    if negated:
        return sorted(set(map(ord, ALNUM)) - members) or [ord(" ")]
    return sorted(members)
