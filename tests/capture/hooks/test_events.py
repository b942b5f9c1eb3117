"""What git does and which entries come of it; git 2.39 and newer agree on these."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture.hooks.pausing import pause, resume
from tests.capture.hooks.conftest import clear, commit, enrol_here, entries, git, new_repo, run


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """``main`` and ``side`` have one commit each since they parted; nothing is spooled yet."""
    made = new_repo(tmp_path / "r")
    enrol_here(made)
    git("branch", "side", cwd=made)
    _add(made, "ours")
    git("checkout", "-q", "side", cwd=made)
    _add(made, "theirs")
    git("checkout", "-q", "main", cwd=made)
    clear()
    return made


def _add(repo: Path, name: str) -> None:
    (repo / name).write_text(name + "\n")
    git("add", name, cwd=repo)
    git("commit", "-q", "-m", name, cwd=repo)


def _hooks() -> list[str]:
    assert all(entry.whole for entry in entries())
    return [entry.hook for entry in entries()]


def _head(repo: Path) -> str:
    return git("rev-parse", "HEAD", cwd=repo)


def test_a_merge_commit_and_a_fast_forward_spool_post_merge(repo: Path) -> None:
    git("merge", "-q", "--no-edit", "side", cwd=repo)
    assert _hooks() == ["post-merge"]
    assert entries()[0].commit == _head(repo)
    clear()
    git("checkout", "-q", "side", cwd=repo)
    git("merge", "-q", "--ff-only", "main", cwd=repo)
    assert _hooks() == ["post-merge"]


def test_a_cherry_pick_and_a_revert_spool_post_commit(repo: Path) -> None:
    git("cherry-pick", "side", cwd=repo)
    git("revert", "--no-edit", "HEAD", cwd=repo)
    assert _hooks() == ["post-commit", "post-commit"]
    assert entries()[-1].commit == _head(repo)


def test_am_spools_post_applypatch(repo: Path, tmp_path: Path) -> None:
    git("format-patch", "-q", "-1", "-o", tmp_path / "patches", "side", cwd=repo)
    git("am", "-q", *(tmp_path / "patches").iterdir(), cwd=repo)
    assert _hooks() == ["post-applypatch"]
    assert entries()[0].commit == _head(repo)


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_a_rebase_spools_one_entry_that_names_all_it_made(repo: Path, backend: str) -> None:
    _add(repo, "more")
    clear()
    old = git("rev-list", "--reverse", "side..main", cwd=repo).split()
    git("rebase", "-q", backend, "side", cwd=repo)
    new = git("rev-list", "--reverse", "side..main", cwd=repo).split()
    assert _hooks() == ["post-rewrite"]
    assert entries()[0].rewritten == tuple(zip(old, new, strict=True))


def test_a_rebase_of_more_than_a_pipe_holds_is_named_whole(repo: Path) -> None:
    tree = git("rev-parse", "HEAD^{tree}", cwd=repo)
    tip = _head(repo)
    for number in range(60):
        tip = git("commit-tree", tree, "-p", tip, "-m", str(number), cwd=repo)
    git("reset", "-q", "--hard", tip, cwd=repo)
    git("rebase", "-q", "--keep-empty", "side", cwd=repo)
    assert len(entries()[0].rewritten) == 61


@pytest.mark.parametrize("state", ["loose", "packed", "detached", "slashes"])
def test_the_hint_is_the_commit_or_empty(repo: Path, state: str) -> None:
    if state == "detached":
        git("checkout", "-q", "--detach", cwd=repo)
    elif state == "slashes":
        git("checkout", "-q", "-b", "feature/of/mine", cwd=repo)
    made = commit(repo)
    assert entries()[0].commit == made
    if state == "packed":
        git("pack-refs", "--all", cwd=repo)
        clear()
        run(repo / ".git/hooks/post-commit", cwd=repo)
        assert entries()[0].commit is None


def test_nothing_is_spooled_while_the_repository_or_everything_is_paused(repo: Path) -> None:
    for where in (repo, None):
        pause(where)
        commit(repo)
        assert entries() == []
        resume(where)
        commit(repo)
        assert len(entries()) == 1
        clear()


def test_a_commit_from_a_directory_below_is_spooled_for_the_repository(repo: Path) -> None:
    (repo / "deep/er").mkdir(parents=True)
    git("commit", "-q", "--allow-empty", "-m", "deep", cwd=repo / "deep/er")
    assert entries()[0].git_dir == repo / ".git"
