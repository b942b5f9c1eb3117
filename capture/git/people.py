"""Whose names a repository shows: those of its newest commits, and whoever would commit in it now."""

from __future__ import annotations

from pathlib import Path

from capture.git.run import git
from corpus.errors import SubstrateError

NEWEST = 500
"""Commits looked at; all of a history is when it is captured."""

_OWN = ("user.name", "user.email")


def people_of(at: Path) -> frozenset[tuple[str, str]]:
    """``(name, e-mail)`` of the authors and committers of a repository's newest commits, and of its user; nobody where it is gone."""
    found: set[tuple[str, str]] = set()
    try:
        log = ["log", "--no-show-signature", "-n", str(NEWEST), "--format=%an%n%ae%n%cn%n%ce"]
        told = git(log, cwd=at, ok_codes=(0, 128))  # 128: no commit yet
        lines = told.decode("utf-8", "replace").split("\n")  # a name may hold other breaks
        found.update(zip(lines[::2], lines[1::2], strict=False))
        # As configured: what git makes up where nothing is would be the name of an account.
        own = [git(["config", "--get", name], cwd=at, ok_codes=(0, 1)).decode("utf-8", "replace").strip() for name in _OWN]
        found.add((own[0], own[1]))
    except SubstrateError:
        pass
    return frozenset(found)
