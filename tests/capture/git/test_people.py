"""Whose names a repository shows, as git has them."""

from __future__ import annotations

from typing import Any

import pytest

from capture.git.people import people_of


@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\x0b"])
def test_a_name_with_an_odd_break_in_it_shifts_nobody(work: Any, odd: str) -> None:
    work.commit(a__txt="a\n")
    name = f"Zzyx{odd}Qwv"
    told = {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": "one@example.org",
        "GIT_COMMITTER_NAME": "Vvwq",
        "GIT_COMMITTER_EMAIL": "two@example.org",
    }
    work.git("commit", "-q", "--allow-empty", "-m", "more", **told)
    assert {(name, "one@example.org"), ("Vvwq", "two@example.org")} <= people_of(work.at)
