"""Objects that old or careless programs stored: both backends read them as git does."""

from __future__ import annotations

from typing import Any

import pytest

BOTH = ["pygit2", "git"]


def _tree(work: Any, *entries: tuple[str, str, str]) -> str:
    """A tree of ``(mode, name, id)``, stored as it stands."""
    return str(work.store(b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(ident) for mode, name, ident in entries), "tree"))


def _commit(work: Any, tree: str, *parents: str) -> str:
    named = "".join(f"parent {parent}\n" for parent in parents)
    return str(work.store(f"tree {tree}\n{named}author A <a@b.test> 0 +0000\ncommitter A <a@b.test> 0 +0000\n\nwork\n".encode()))


@pytest.mark.parametrize("backend", BOTH)
def test_modes_are_what_git_takes_them_for(backend: str, work: Any) -> None:
    one, two = work.store(b"one\n", "blob"), work.store(b"two\n", "blob")
    before = _tree(work, ("100644", "a", one), ("100644", "b", one), ("100644", "c", one), ("100644", "d", one))
    after = _tree(work, ("100664", "a", two), ("100777", "b", one), ("100664", "c", one), ("60000", "d", one))
    commit = _commit(work, after, _commit(work, before))
    files = [(file.path, file.status, file.mode) for file in work.body(commit, backend).files]
    assert files == [("a", "modified", "100644"), ("b", "modified", "100755"), ("d", "type-changed", "160000")]
    raw = work.git("diff-tree", "-r", "--no-commit-id", "--raw", commit).splitlines()
    assert [(line[-1], line.split()[1]) for line in raw] == [(path, mode) for path, _, mode in files]


@pytest.mark.parametrize("backend", BOTH)
@pytest.mark.parametrize("odd", ["PLANTED0123456789abcdef", "short", "upper"])
def test_a_parent_that_is_no_id_is_missing_and_not_repeated(backend: str, odd: str, work: Any) -> None:
    tree = _tree(work, ("100644", "a", work.store(b"one\n", "blob")))
    first = _commit(work, tree)
    parent = {"short": first[:12], "upper": first.upper()}.get(odd, odd)
    body = work.body(_commit(work, tree, parent), backend)
    assert (body.parents, body.changes_withheld, body.files) == ([], "missing", [])
