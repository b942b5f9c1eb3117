"""Enrolment: one tenant a repository, kept whole, known by its common directory."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from capture import enrol
from capture.git.reflog import Mark, name_of
from capture.hooks.install import enrolled_as, install
from capture.span import Span
from corpus.errors import BadInput, Refused
from corpus.manifest import Manifest
from corpus.store import tenant_settings
from tests.capture.hooks.conftest import commit, enrol_here, git, new_repo, snapshot


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return new_repo(tmp_path / "My Repo")


def test_an_enrolment_is_read_back_as_it_was_saved(repo: Path) -> None:
    made = enrol_here(repo).enrolment
    odd = replace(
        made, branches=("main", "b\u00fccher"), worktree=None, pauses=(Span(1, 2, {}, {"logs/HEAD": Mark(3, "ab")}), Span(5, None, {}, {}))
    )
    enrol.save(odd)
    assert enrol.find(repo) == odd
    assert enrol.all_enrolments() == [odd]
    assert stat.S_IMODE(next(enrol.repos_dir().iterdir()).stat().st_mode) == 0o600


def test_it_knows_the_identity_the_tips_and_how_far_each_reflog_had_come(repo: Path) -> None:
    git("branch", "other", cwd=repo)
    first = commit(repo)
    git("tag", "-a", "-m", "x", "v1", cwd=repo)
    git("checkout", "-q", "--detach", cwd=repo)
    detached = commit(repo)
    made = enrol_here(repo).enrolment
    assert made.identity == {"robin.testperson@example.test"}
    assert {first, detached, git("rev-parse", "other", cwd=repo)} == made.start.tips
    assert set(made.start.marks) >= {name_of(log) for log in ("logs/HEAD", "logs/refs/heads/main", "logs/refs/heads/other")}
    assert made.start.marks[name_of("logs/HEAD")].size == (repo / ".git/logs/HEAD").stat().st_size


def test_every_worktree_and_the_git_directory_find_the_same_enrolment(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", tmp_path / "linked", cwd=repo)
    made = enrol_here(tmp_path / "linked").enrolment
    (repo / "deep").mkdir()
    for at in (repo, repo / "deep", tmp_path / "linked", repo / ".git", repo / ".git/worktrees/linked"):
        assert enrol.find(at) == made
    (tmp_path / "alias").symlink_to(repo)
    assert enrol.find(tmp_path / "alias") == made


def test_another_tenant_is_refused_before_anything_changes(repo: Path, guard_home: Path) -> None:
    enrol_here(repo, "acme")
    before = snapshot(repo, guard_home)
    with pytest.raises(Refused, match=r"acme.*uninstall"):
        enrol_here(repo, "globex")
    assert snapshot(repo, guard_home) == before


def test_the_same_tenant_again_updates_the_label_and_keeps_the_start(repo: Path) -> None:
    first = enrol_here(repo).enrolment
    commit(repo)
    second = enrol_here(repo, cluster="other").enrolment
    assert second.label.cluster == "other"
    assert (second.start, second.enrolled_at) == (first.start, first.enrolled_at)


def test_a_root_in_the_work_tree_is_refused_unless_the_tree_ignores_it(repo: Path) -> None:
    label = enrolled_as(repo, None, tenant="acme", cluster="c", role=None, module=None)
    before = snapshot(repo)
    with pytest.raises(Refused, match="work tree"):
        install(repo, root=repo / "corpus", label=label)
    assert snapshot(repo) == before
    (repo / ".gitignore").write_text("corpus/\n")
    install(repo, root=repo / "corpus", label=label)
    assert (repo / "corpus/root.toml").is_file()


def test_a_root_in_another_worktree_of_the_repository_is_refused_as_well(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", tmp_path / "linked", cwd=repo)
    label = enrolled_as(repo, None, tenant="acme", cluster="c", role=None, module=None)
    with pytest.raises(Refused, match="work tree"):
        install(repo, root=tmp_path / "linked/corpus", label=label)


def test_a_label_comes_from_options_then_the_manifest_then_the_repository(repo: Path) -> None:
    manifest = Manifest(cluster="payments", module="billing", doctrine_version="v1", branches=["main"])
    label = enrolled_as(repo, manifest, tenant="acme", cluster=None, role="reviewer", module=None)
    assert (label.cluster, label.module_id, label.role, label.doctrine_version) == ("payments", "billing", "reviewer", "v1")
    assert enrolled_as(repo, None, tenant="acme", cluster="x", role=None, module=None).module_id == "my-repo"
    with pytest.raises(BadInput, match="--cluster"):
        enrolled_as(repo, None, tenant="acme", cluster=None, role=None, module=None)
    done = install(repo, root=repo.parent / "root", label=label, manifest=manifest)
    assert done.enrolment.branches == ("main",)
    assert tenant_settings(repo.parent / "root", "acme").clusters["payments"].branches == ("main",)


def test_a_repository_that_was_moved_goes_on_where_it_was_enrolled(repo: Path, tmp_path: Path) -> None:
    first = enrol_here(repo).enrolment
    moved = repo.rename(tmp_path / "elsewhere")
    commit(moved)
    again = enrol_here(moved).enrolment
    assert (again.common_dir, again.worktree) == (moved / ".git", moved)
    assert (again.start, again.enrolled_at) == (first.start, first.enrolled_at)
    assert enrol.all_enrolments() == [again]


def test_a_clone_of_one_that_is_gone_is_a_new_one(repo: Path, tmp_path: Path) -> None:
    enrol_here(repo)
    git("clone", "-q", repo.rename(tmp_path / "elsewhere"), tmp_path / "other", cwd=tmp_path)
    other = enrol_here(tmp_path / "other").enrolment
    assert len(enrol.all_enrolments()) == 2
    assert other.common_dir == tmp_path / "other/.git"


def test_a_bare_repository_is_known_by_its_name(repo: Path, tmp_path: Path) -> None:
    git("clone", "-q", "--bare", repo, tmp_path / "Tool.git", cwd=tmp_path)
    made = enrol_here(tmp_path / "Tool.git").enrolment
    assert (made.worktree, made.label.module_id) == (None, "tool")


def test_an_enrolment_that_is_half_a_file_is_one_clear_line(repo: Path) -> None:
    enrol_here(repo)
    path = next(enrol.repos_dir().iterdir())
    path.write_text(path.read_text()[:50])
    with pytest.raises(BadInput, match="not JSON"):
        enrol.find(repo)
    assert enrol.all_enrolments() == []
    path.write_text("{}")
    with pytest.raises(BadInput, match="not an enrolment"):
        enrol.find(repo)


def test_a_pause_begins_once_and_ends_once(repo: Path) -> None:
    made = enrol_here(repo).enrolment
    paused = enrol.pause(made)
    assert (made.paused, paused.paused, enrol.pause(paused)) == (False, True, paused)
    resumed = enrol.resume(paused)
    assert (resumed.paused, enrol.resume(resumed), len(enrol.pause(resumed).pauses)) == (False, resumed, 2)


def test_a_span_knows_what_time_lies_in_it() -> None:
    running, over = Span(100, None, {}, {}), Span(100, 200, {}, {})
    assert [running.covers_time(when) for when in (99, 100, 10**10)] == [False, True, True]
    assert [over.covers_time(when) for when in (99, 100, 200, 201)] == [False, True, True, False]


def test_a_repository_whose_person_has_no_identity_yet_can_be_enrolled(repo: Path, guard_home: Path) -> None:
    (guard_home / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    assert enrol_here(repo).enrolment.identity == frozenset()
