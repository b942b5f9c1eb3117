"""Frameworks that write over hooks, people who edit them, and hooks directories that many repositories share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from capture.hooks import shell
from capture.hooks.install import uninstall
from capture.hooks.report import report
from corpus.errors import BadInput
from tests.capture.hooks.conftest import clear, commit, enrol_here, entries, git, hook, new_repo, run, snapshot, tracked_hooks

FRAMEWORK = Path(sys.executable).with_name("pre-commit")
CONFIG = """repos:
- repo: local
  hooks:
  - {id: say, name: say, entry: sh -c 'echo ran >>said', language: system, stages: [post-commit], always_run: true, pass_filenames: false}
"""
needs_framework = pytest.mark.skipif(not FRAMEWORK.exists(), reason="pre-commit is not installed beside this Python")


def _framework(repo: Path, *args: str) -> None:
    (repo / ".pre-commit-config.yaml").write_text(CONFIG)
    run(FRAMEWORK, *args, "--hook-type", "post-commit", cwd=repo)


def _said(repo: Path) -> int:
    return len((repo / "said").read_text().splitlines()) if (repo / "said").exists() else 0


def _all_proven(repo: Path) -> bool:
    return all(proof.proven for proof in report(repo).proofs)


@needs_framework
def test_pre_commit_that_was_there_first_runs_as_before_and_is_restored(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "r")
    _framework(repo, "install")
    before = snapshot(repo / ".git/hooks")
    enrol_here(repo)
    commit(repo)
    assert (_said(repo), len(entries())) == (1, 1)
    uninstall(repo)
    assert snapshot(repo / ".git/hooks") == before


@needs_framework
def test_pre_commit_that_comes_later_keeps_ours_and_both_can_go_in_any_order(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "r")
    before = snapshot(repo / ".git/hooks")
    enrol_here(repo)
    _framework(repo, "install")
    commit(repo)
    assert (_said(repo), len(entries())) == (1, 1)
    clear()
    assert not _all_proven(repo)
    enrol_here(repo)
    assert _all_proven(repo)
    commit(repo)
    assert (_said(repo), len(entries())) == (2, 1)
    uninstall(repo)
    _framework(repo, "uninstall")
    assert snapshot(repo / ".git/hooks") == before


@needs_framework
def test_pre_commit_that_goes_takes_our_block_along_and_install_puts_it_back(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "r")
    _framework(repo, "install")
    enrol_here(repo)
    _framework(repo, "uninstall")
    found = {proof.hook: proof.trouble for proof in report(repo).proofs if not proof.proven}
    assert list(found) == ["post-commit"]
    assert "missing" in found["post-commit"]
    enrol_here(repo)
    assert _all_proven(repo)


def test_a_hook_that_is_written_over_shows_in_status_and_install_heals_it(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "r")
    enrol_here(repo)
    hook(repo / ".git/hooks/post-commit", "#!/bin/sh\necho theirs\n")
    found = {proof.hook: proof.trouble for proof in report(repo).proofs if not proof.proven}
    assert list(found) == ["post-commit"]
    assert "overwritten" in found["post-commit"]
    assert enrol_here(repo).changed
    assert _all_proven(repo)
    uninstall(repo)
    assert (repo / ".git/hooks/post-commit").read_text() == "#!/bin/sh\necho theirs\n"


def test_a_hook_that_ends_before_our_block_is_not_taken_for_proven(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "r")
    enrol_here(repo)
    path = repo / ".git/hooks/post-commit"
    path.write_text(path.read_text().replace("#!/bin/sh\n", "#!/bin/sh\nexit 0\n", 1))
    path = repo / ".git/hooks/post-merge"
    path.chmod(0o644)
    found = {proof.hook: proof.trouble for proof in report(repo).proofs if not proof.proven}
    assert set(found) == {"post-commit", "post-merge"}
    assert "without reaching" in found["post-commit"]
    assert "not executable" in found["post-merge"]


def test_lines_added_to_a_file_of_ours_run_after_install_again_and_stay_after_uninstall(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "r")
    enrol_here(repo)
    path = repo / ".git/hooks/post-commit"
    path.write_text(path.read_text() + "echo mine\n")
    enrol_here(repo)
    done = run("git", "commit", "-q", "--allow-empty", "-m", "x", cwd=repo)
    assert done.stderr + done.stdout == b"mine\n"
    assert len(entries()) == 1
    uninstall(repo)
    assert path.read_text().endswith("echo mine\n")
    assert not shell.has_block(path.read_bytes())


def test_lines_changed_around_our_block_stay_after_uninstall(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "r")
    path = hook(repo / ".git/hooks/post-commit", "#!/bin/sh\necho one\n")
    enrol_here(repo)
    path.write_text(path.read_text().replace("echo one", "echo two"))
    uninstall(repo)
    assert path.read_text() == "#!/bin/sh\necho two\n"


def test_a_hooks_path_set_after_ours_is_kept_and_install_goes_into_it(tmp_path: Path) -> None:
    repo = tracked_hooks(tmp_path / "place").repo
    enrol_here(repo)
    assert "capture" in git("config", "core.hooksPath", cwd=repo)
    git("config", "core.hooksPath", tmp_path / "new", cwd=repo)
    (tmp_path / "new").mkdir()
    assert not _all_proven(repo)
    enrol_here(repo)
    assert _all_proven(repo)
    uninstall(repo)
    assert git("config", "core.hooksPath", cwd=repo) == str(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    assert not (repo / ".git/capture").exists()


def test_a_configuration_edited_since_keeps_the_edit_and_gets_its_hooks_path_back(tmp_path: Path) -> None:
    repo = tracked_hooks(tmp_path / "place").repo
    enrol_here(repo)
    git("config", "user.nickname", "robin", cwd=repo)
    uninstall(repo)
    assert git("config", "core.hooksPath", cwd=repo) == ".githooks"
    assert git("config", "user.nickname", cwd=repo) == "robin"


def test_a_hook_that_is_added_to_a_tracked_directory_later_runs(tmp_path: Path) -> None:
    repo = tracked_hooks(tmp_path / "place").repo
    enrol_here(repo)
    hook(repo / ".githooks/pre-commit", "#!/bin/sh\necho refused >&2\nexit 3\n")
    done = run("git", "commit", "-q", "--allow-empty", "-m", "x", cwd=repo, check=False)
    assert (done.returncode, done.stderr) == (1, b"refused\n")


def test_a_hooks_path_from_an_included_file_is_one_clear_line_and_nothing_stays(tmp_path: Path) -> None:
    repo = tracked_hooks(tmp_path / "place").repo
    git("config", "--unset", "core.hooksPath", cwd=repo)
    (tmp_path / "more").write_text("[core]\n\thooksPath = .githooks\n")
    git("config", "include.path", tmp_path / "more", cwd=repo)
    before = (repo / ".git/config").read_bytes()
    with pytest.raises(BadInput, match="included"):
        enrol_here(repo)
    assert (repo / ".git/config").read_bytes() == before


def test_a_shared_directory_keeps_our_block_until_the_last_repository_goes(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    hook(shared / "post-merge", "#!/bin/sh\n:\n")
    before = snapshot(shared)
    git("config", "--global", "core.hooksPath", shared, cwd=tmp_path)
    one, two = new_repo(tmp_path / "one"), new_repo(tmp_path / "two")
    enrol_here(one)
    enrol_here(two)
    uninstall(one)
    commit(one)
    assert entries() == []
    commit(two)
    assert len(entries()) == 1
    uninstall(two)
    assert snapshot(shared) == before


def test_a_linked_worktree_with_hooks_of_its_own_gets_the_block_too(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "r")
    git("config", "core.hooksPath", ".hk", cwd=repo)
    (repo / ".git/info/exclude").write_text(".hk\n")
    git("worktree", "add", "-q", tmp_path / "linked", cwd=repo)
    for tree in (repo, tmp_path / "linked"):
        (tree / ".hk").mkdir()
    enrol_here(repo)
    commit(tmp_path / "linked")
    assert len(entries()) == 1


def test_uninstall_works_where_the_repository_is_gone_and_says_so_where_nothing_is_enrolled(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "r")
    enrol_here(repo)
    repo.rename(tmp_path / "moved")
    uninstall(repo)
    with pytest.raises(BadInput, match="not enrolled"):
        uninstall(repo)
    with pytest.raises(BadInput, match="not enrolled"):
        report(tmp_path / "moved")
