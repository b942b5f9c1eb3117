"""Commit objects are read as git reads them, malformed ones too."""

from __future__ import annotations

from typing import Any

import pytest

from capture.git.objects import Ident, parse_commit


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (b"A B <a@b.test> 12 +0530", Ident(b"A B", b"a@b.test", 12, "+0530")),
        (b"<a@b.test> -12 -0000", Ident(b"", b"a@b.test", -12, "-0000")),
        (b" <> 0 +0000", Ident(b"", b"", 0, "+0000")),
        (b"A <a@b.test>> 12 +0100", Ident(b"A", b"a@b.test", 12, "+0100")),
        (b"A <a@b.test> B> 12 +0100", Ident(b"A", b"a@b.test", 12, "+0100")),
        (b"A <a@b.test> 12", Ident(b"A", b"a@b.test", 12, "+0000")),
        (b"A <a@b.test> words a@b.test", Ident(b"A", b"a@b.test", 0, "+0000")),
        (b"A <a@b.test> 12 CET", Ident(b"A", b"a@b.test", 0, "+0000")),
        (b"A", Ident(b"A", b"", 0, "+0000")),
        (b"", Ident(b"", b"", 0, "+0000")),
    ],
)
def test_who_and_when_are_read_as_far_as_they_go_and_nothing_else_is_taken_for_a_zone(stored: bytes, read: Ident) -> None:
    assert parse_commit("0" * 40, b"tree x\nauthor " + stored + b"\n\nwords").author == read


def test_git_reads_the_same_name_address_and_date(work: Any) -> None:
    tree = work.git("mktree", stdin=b"")
    for author in ("A B <a@b.test> 12 +0530", " <> 0 +0000", "A <a@b.test>> 12 +0100", "A <a@b.test> B> 12 +0100"):
        raw = f"tree {tree}\nauthor {author}\ncommitter {author}\n\nwords\n".encode()
        ident = work.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw)
        name, email, date = work.git("log", "-1", "--no-mailmap", "--date=raw", "--format=%an%x00%ae%x00%ad", ident).split("\0")
        ours = parse_commit(ident, raw).author
        assert (name, email, date) == (ours.name.decode(), ours.email.decode(), f"{ours.seconds} {ours.tz}")
