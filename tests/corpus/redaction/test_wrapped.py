"""What base64, hex and percent escapes wrap, alone and in each other; and ordinary runs that look like them."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from corpus.redaction.redactor import Scanner
from tests.corpus.redaction.made_up import card, private_key, text


def b64(plain: str) -> str:
    return base64.b64encode(plain.encode()).decode()


def percent(plain: str) -> str:
    return "".join(f"%{each:02X}" for each in plain.encode())


WRAPS: dict[str, Callable[[str], str]] = {
    "base64": b64,
    "base64url": lambda plain: base64.urlsafe_b64encode(plain.encode()).decode().rstrip("="),
    "hex": lambda plain: plain.encode().hex(),
    "HEX": lambda plain: plain.encode().hex().upper(),
    "percent": percent,
    "quoted": lambda plain: quote(plain, safe=""),
    "base64 twice": lambda plain: b64(b64(plain)),
    "hex of base64": lambda plain: b64(plain).encode().hex(),
    "percent of base64": lambda plain: percent(b64(plain)),
}
KINDS: dict[str, Callable[[random.Random], str]] = {
    "token": lambda rng: "gh" + "p_" + text(rng, 36),
    "mail": lambda rng: text(rng, 9).lower() + "@mail.example.test",
    "json": lambda rng: json.dumps({"user": "me", "password": text(rng, 14)}),
    "card": card,
    "url": lambda rng: f"postgres://app:{text(rng, 14)}@db.internal:5432/app",
    "key": lambda rng: "\n".join(private_key(rng)),
    "environment": lambda rng: f"REGION=eu\nDB_PASSWORD={text(rng, 12)}\n",
    "words and é": lambda rng: f"für {text(rng, 6).lower()} ist das café: api_key = '{text(rng, 20)}3a9'",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrap", WRAPS)
def test_a_wrapped_secret_is_found_in_its_wrapping(wrap: str, kind: str, plain: Scanner) -> None:
    rng = random.Random(wrap + kind)
    for frame in ('x = "{}"\n', "see {} there", '{{"data": "{}"}}', "\\n{}\\n", "?q={}&n=1"):
        if wrap == "base64 twice" and kind == "card":
            continue  # sixteen digits leave no text long enough
        wrapped = WRAPS[wrap](KINDS[kind](rng))
        redacted = plain.redact(frame.format(wrapped))
        assert "REDACTED_" in redacted
        if wrap != "quoted":
            assert wrapped not in redacted
        assert plain.find(redacted) == []


@pytest.mark.parametrize(
    "ordinary",
    [
        b64("The quick brown fox jumps over the lazy dog, and says so."),
        b64(json.dumps({"version": 3, "sources": ["a.js", "b.js"], "names": [], "mappings": "AAAA"})),
        "sha512-" + base64.b64encode(hashlib.sha512(b"x").digest()).decode(),
        hashlib.sha256(b"x").hexdigest(),
        "The%20quick%20brown%20fox%20jumps%3F",
        "https://host.example.test/a%20b/c%2Fd?next=%2Fhome%2Fpage",
        "VGhpc0lzQVZlcnlMb25nQ2FtZWxDYXNlTmFtZQ",
        "averylongidentifierwithoutanyseparators = CONSTANT_NAMES_ARE_LONG_SOMETIMES",
        base64.b64encode(random.Random(5).randbytes(4000)).decode(),
    ],
)
def test_ordinary_runs_stay(ordinary: str, plain: Scanner) -> None:
    assert plain.find(f"x = '{ordinary}'\n") == []


def test_an_image_stays_and_the_same_run_elsewhere_does_not(plain: Scanner) -> None:
    run = b64("<svg><text>someone@mail.example.test</text></svg>")
    assert plain.find(f'<img src="data:image/svg+xml;base64,{run}">') == []
    (found,) = plain.find(f'x = "{run}"')
    assert (found.start, found.end) == (5, 5 + len(run))
    assert found.rule == "base64/email"


def test_of_percent_escapes_only_what_wraps_the_secret_is_replaced(plain: Scanner) -> None:
    line = "?next=%2Fhome%3Fmail%3Dsomeone%40mail.example.test%26x%3D1&y=2"
    (found,) = plain.find(line)
    assert line[found.start : found.end] == "someone%40mail.example.test"


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_a_secret_in_json_inside_json_is_found(levels: int, plain: Scanner, rng: random.Random) -> None:
    secret = text(rng, 16)
    line = json.dumps({"password": secret, "n": 1})
    for _ in range(levels):
        line = json.dumps({"body": line})
    redacted = plain.redact(line, path="a.json")
    assert secret not in redacted
    inner = redacted
    for _ in range(levels):
        inner = json.loads(inner)["body"]
    assert json.loads(inner)["n"] == 1


@pytest.mark.parametrize("unit", ["QUJD", "QUJDé", "QQ==QUJD", "6162", "%41", "%41/", "QUJD" * 5 + "\n", b64("password: ")])
def test_time_stays_linear_over_wrappings(unit: str, plain: Scanner) -> None:
    def seconds(size: int) -> float:
        data = unit * (size // len(unit))
        begun = time.process_time()
        plain.find(data)
        return time.process_time() - begun

    seconds(1000)
    assert seconds(320_000) < 24 * max(seconds(40_000), 0.01)
