"""Messages, times and trailers: what git stores becomes text, and never an error."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from capture.git.objects import parse_commit
from capture.sources.text import decode, is_skipped, moment, trailers


@given(st.integers())
def test_every_second_becomes_a_time_that_a_header_takes(seconds: int) -> None:
    text = moment(seconds)
    read = datetime.fromisoformat(text)
    assert text.endswith("Z")
    assert len(text) == 20
    if -62_135_596_800 <= seconds <= 253_402_300_799:
        assert round((read - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) == seconds
    else:
        assert text in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
        assert (seconds < 0) == text.startswith("0001")


@given(
    st.binary(),
    st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["utf-16", "utf-7", "idna", "unicode_escape", "latin-1", "zlib"])),
)
def test_any_bytes_in_any_encoding_become_text_that_json_holds(data: bytes, encoding: str | None) -> None:
    orjson.dumps(decode(data, encoding))


def test_a_message_is_read_by_its_header_then_as_utf_8_then_as_latin_1() -> None:
    assert decode("привет".encode("cp1251"), "windows-1251") == "привет"
    assert decode("привет".encode(), None) == "привет"
    assert decode("привет".encode(), "no-such") == "привет"
    assert decode(b"caf\xe9", None) == "café"
    assert decode(b"caf\xe9", "utf-8") == "café"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_a_commit(raw: bytes) -> None:
    commit = parse_commit("0" * 40, raw)
    moment(commit.author.seconds)
    assert commit.author.tz[0] in "+-"


_TRAILER_LINES = st.sampled_from(
    [
        "Capture: skip",
        "capture : SKIP ",
        "Capture:",
        "Signed-off-by: A <a@b.test>",
        "words",
        "more words",
        " folded",
        "",
        "key-1: v",
        "# note",
        "(cherry picked from commit 12)",
        "not a key: v",
        "---",
        "Capture:skip",
    ]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@example(["", "capture : SKIP ", " folded"])
@example(["", "Capture: skip", *["words"] * 4, "(cherry picked from commit 12)"])
@given(st.lists(_TRAILER_LINES, max_size=8))
def test_trailers_are_those_that_git_finds(lines: list[str]) -> None:
    message = "\n".join(["subject", *lines]) + "\n"
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse", "--no-divider"], input=message.encode(), capture_output=True, check=True
    ).stdout.decode()
    told = [tuple(part.strip() for part in line.split(":", 1)) for line in done.splitlines() if ":" in line]
    assert trailers(message) == told


@pytest.mark.parametrize(
    ("message", "skipped"),
    [
        ("Fix\n\nCapture: skip\n", True),
        ("Fix\n\nbody\n\nSigned-off-by: A <a@b.test>\ncapture: Skip", True),
        ("Fix\n\nCapture: skip\n\nmore words\n", False),
        ("Capture: skip\n", False),
        ("Fix\n\nCapture: skipped\n", False),
        ("Fix: words about\nCapture: skip in the body\n", False),
        ("", False),
    ],
)
def test_a_commit_is_skipped_by_its_trailer_and_nothing_else(message: str, skipped: bool) -> None:
    assert is_skipped(message) is skipped
