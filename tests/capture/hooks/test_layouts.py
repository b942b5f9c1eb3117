"""Whatever a repository looks like: our hooks run in it, its own run as before, and uninstall restores every byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from capture.git.run import git_dir, hooks_dir
from capture.hooks.install import uninstall
from capture.hooks.report import report
from tests.capture.hooks.conftest import Layout, commit, enrol_here, entries, git, run, tracked_hooks


def _log(layout: Layout) -> str:
    """What the user's own hook saw (``$0|arguments|input``), with ``$0`` made absolute against where hooks run."""
    path = Path(os.environ["HOOK_LOG"])
    text = path.read_text() if path.exists() else ""
    path.unlink(missing_ok=True)
    return f"{layout.repo}/{text}" if text and not text.startswith("/") else text


def test_a_commit_is_spooled_and_the_hook_that_was_there_sees_no_difference(layout: Layout) -> None:
    commit(layout.repo)
    before = _log(layout)
    assert bool(before) is layout.hooked
    enrol_here(layout.repo)
    done = run("git", "commit", "--allow-empty", "-q", "-m", "captured", cwd=layout.repo)
    assert _log(layout) == before
    assert done.stdout + done.stderr == (b"to-out\nto-err\n" if layout.hooked else b"")
    found = entries()
    assert [(entry.hook, entry.whole) for entry in found] == [("post-commit", True)]
    assert os.path.realpath(found[0].git_dir) == os.path.realpath(git_dir(layout.repo))
    assert found[0].commit == git("rev-parse", "HEAD", cwd=layout.repo)


def test_an_amend_gives_old_and_new_and_the_hook_that_was_there_reads_the_same_input(layout: Layout) -> None:
    enrol_here(layout.repo)
    old = commit(layout.repo)
    _log(layout)
    git("commit", "-q", "--amend", "--allow-empty", "-m", "better", cwd=layout.repo)
    new = git("rev-parse", "HEAD", cwd=layout.repo)
    assert [entry.rewritten for entry in entries() if entry.hook == "post-rewrite"] == [((old, new),)]
    if (hooks_dir(layout.repo) / "post-rewrite").exists() and "post-rewrite|" in (log := _log(layout)):
        assert log.endswith(f"post-rewrite|amend|{old} {new}\n\n")


def test_uninstall_restores_every_byte(layout: Layout) -> None:
    before = layout.snapshot()
    enrol_here(layout.repo)
    assert layout.snapshot() != before
    uninstall(layout.repo)
    assert layout.snapshot() == before


def test_installing_twice_changes_nothing(layout: Layout) -> None:
    assert enrol_here(layout.repo).changed
    before = layout.snapshot()
    assert not enrol_here(layout.repo).changed
    assert layout.snapshot() == before


def test_status_proves_every_hook_without_running_the_users(layout: Layout) -> None:
    enrol_here(layout.repo)
    _log(layout)
    found = report(layout.repo)
    assert {proof.hook for proof in found.proofs if proof.proven} == {"post-commit", "post-merge", "post-rewrite", "post-applypatch"}
    assert found.troubles == ()
    assert _log(layout) == ""
    assert entries() == []


def test_the_work_tree_stays_clean(layout: Layout) -> None:
    before = git("status", "--porcelain", cwd=layout.repo)
    enrol_here(layout.repo)
    assert git("status", "--porcelain", cwd=layout.repo) == before


@pytest.mark.parametrize("again", [True, False], ids=["installed again", "uninstalled right away"])
def test_a_front_moves_with_its_repository_and_leaves_as_it_came(tmp_path: Path, again: bool) -> None:
    layout = tracked_hooks(tmp_path / "here")
    before = (layout.repo / ".git/config").read_bytes()
    enrol_here(layout.repo)
    moved = layout.repo.rename(tmp_path / "moved")
    if again:
        enrol_here(moved)
        assert hooks_dir(moved) == moved / ".git/capture/hooks"
        assert not layout.repo.exists()
    uninstall(moved)
    assert (moved / ".git/config").read_bytes() == before
    assert not (moved / ".git/capture").exists()
