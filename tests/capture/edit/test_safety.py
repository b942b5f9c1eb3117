"""Through the real gate: a private key does not reach the record, wherever its lines fall."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from capture.git.repository import open_repository
from capture.sources.edit import edit_draft
from corpus.names import Name
from corpus.redaction.draft import Label
from corpus.redaction.gate import Redactor

LABEL = Label(Name("acme"), Name("payments"), Name("billing"), Name("contributor"))


@pytest.fixture(scope="module")
def key() -> list[str]:
    """A private key's lines, made now."""
    body = base64.b64encode(os.urandom(48 * 26)).decode()
    kind = "RSA PRIVATE" + " KEY-----"
    return [f"-----BEGIN {kind}", *(body[at : at + 64] for at in range(0, len(body), 64)), f"-----END {kind}"]


def _text(*parts: list[str]) -> str:
    return "".join(f"{line}\n" for part in parts for line in part)


def _filler(count: int, word: str = "line") -> list[str]:
    return [f"{word} {number}" for number in range(count)]


def _admitted(work: Any, at: Path) -> bytes:
    with open_repository(at) as repository:
        return Redactor.for_tenant(Name("acme")).admit(edit_draft(repository, work.head(), LABEL, "main")).line


def _no_trace(key: list[str], line: bytes) -> None:
    for part in key[1:-1]:
        for start in range(0, len(part) - 16, 16):
            assert part[start : start + 16].encode() not in line


def test_a_key_whose_begin_line_lies_outside_every_hunk(work: Any, key: list[str]) -> None:
    work.put("settings.txt", _text(key, _filler(3)))
    work.commit()
    # The last lines change: the hunk's context reaches into the body of the key and not to its first line.
    work.put("settings.txt", _text(key[:-1], ["x"], key[-1:], _filler(2)))
    work.commit()
    _no_trace(key, _admitted(work, work.at))


def test_a_key_whose_body_is_edited_in_the_middle(work: Any, key: list[str]) -> None:
    work.put("settings.txt", _text(_filler(30), key, _filler(30)))
    work.commit()
    other = [*key[:12], key[12][::-1], *key[13:]]
    work.put("settings.txt", _text(_filler(30), other, _filler(30)))
    work.commit()
    line = _admitted(work, work.at)
    _no_trace(key, line)
    _no_trace(other, line)
    assert line.count(b"REDACTED_PRIVATE_KEY_") >= 2


def test_a_key_that_crosses_line_1000(work: Any, key: list[str]) -> None:
    work.put("settings.txt", _text(_filler(990), key, _filler(30, "after")))
    work.commit()
    line = _admitted(work, work.at)
    _no_trace(key, line)
    assert b"REDACTED_PRIVATE_KEY_" in line


def test_a_key_and_an_address_in_message_path_and_branch(work: Any, key: list[str]) -> None:
    address = "dana.planted" + "@" + "mail.example"
    work.put(f"{address}/notes.txt", f"{address}\n")
    work.commit(f"Ask {address}\n\n{_text(key)}")
    with open_repository(work.at) as repository:
        draft = edit_draft(repository, work.head(), LABEL, f"for/{address}")
        line = Redactor.for_tenant(Name("acme")).admit(draft).line
    _no_trace(key, line)
    assert address.encode() not in line
    assert b"Robin Testperson" not in line
    assert b"robin.testperson" not in line


def test_an_admitted_record_says_its_counts_and_is_clean_without_any(work: Any, key: list[str]) -> None:
    work.put("a.txt", "nothing to find\n")
    work.commit()
    assert b'"redaction_class":"clean"' in _admitted(work, work.at)
    work.put("a.txt", _text(key))
    work.commit()
    assert b'"redaction_class":"redacted"' in _admitted(work, work.at)
