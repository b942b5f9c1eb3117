"""Opening repositories, and what both backends say of the same objects."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from capture.git import run
from capture.git.objects import Missing
from capture.git.plumbing import PlumbingRepository
from capture.git.repository import Repository, open_repository
from corpus.errors import BadInput, Refused, SubstrateError


def _open(work: Any, backend: str) -> Repository:
    if backend == "pygit2":
        return open_repository(work.at)
    return PlumbingRepository(run.git_dir(work.at), run.common_dir(work.at), "sha1")


def _one_line(error: pytest.ExceptionInfo[SubstrateError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_a_repository_is_found_from_below_from_a_linked_work_tree_and_from_its_git_directory(work: Any, tmp_path: Path) -> None:
    commit = work.commit(a__txt="a\n")
    (work.at / "deep/er").mkdir(parents=True)
    work.git("worktree", "add", "-q", str(tmp_path / "linked"))
    for at in (work.at, work.at / "deep/er", tmp_path / "linked", work.at / ".git", work.at / ".git/worktrees/linked"):
        with open_repository(at) as repository:
            assert repository.commit(commit).id == commit
            assert repository.git_dir == run.git_dir(at)


def test_inherited_git_variables_do_not_lead_elsewhere(work: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = work.commit()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "nowhere"))
    for backend in ("pygit2", "git"):
        with _open(work, backend) as repository:
            assert repository.commit(commit).id == commit


def test_no_repository_is_bad_input(tmp_path: Path) -> None:
    for at in (tmp_path, tmp_path / "not there"):
        with pytest.raises(BadInput) as error:
            open_repository(at)
        assert str(at) in _one_line(error)


def test_a_format_that_neither_can_read_is_bad_input(work: Any) -> None:
    work.commit()
    work.git("config", "core.repositoryFormatVersion", "1")
    work.git("config", "extensions.fromTheFuture", "true")
    with pytest.raises(BadInput) as error:
        open_repository(work.at)
    assert "newer git" in _one_line(error)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_repository_of_someone_else_is_refused_with_the_way_to_trust_it(work: Any) -> None:
    work.commit()
    for at, directories, files in os.walk(work.at):
        for name in [".", *directories, *files]:
            os.chown(os.path.join(at, name), 12345, 12345)
    with pytest.raises(Refused) as error:
        open_repository(work.at)
    assert f"safe.directory {work.at}" in _one_line(error)


def test_a_reftable_repository_is_read_where_git_can(work: Any, tmp_path: Path) -> None:
    try:
        run.git(["init", "-q", "--ref-format=reftable", str(tmp_path / "tables")], cwd=tmp_path)
    except SubstrateError:
        pytest.skip("this git has no reftable (2.45 and newer do)")
    work.at = tmp_path / "tables"
    commit = work.commit(a__txt="a\n")
    with open_repository(work.at) as repository:
        assert [change.path for change in repository.changes(repository.commit(commit))] == [b"a.txt"]


@pytest.mark.parametrize("backend", ["pygit2", "git"])
def test_an_object_that_is_not_there_or_of_another_kind_is_missing(work: Any, backend: str) -> None:
    commit = work.commit(a__txt="a\n")
    blob, tree = work.git("rev-parse", "HEAD:a.txt"), work.git("rev-parse", "HEAD^{tree}")
    with _open(work, backend) as repository:
        for ident in ("1" * 40, "1" * 64, "main", "", f"{blob}\n{blob}", blob):
            with pytest.raises(Missing):
                repository.commit(ident)
        for ident in ("1" * 40, "", tree, commit):
            with pytest.raises(Missing):
                repository.blob(ident)
        with pytest.raises(Missing):
            repository.size("1" * 40)
        assert (repository.size(blob), repository.blob(blob)) == (2, b"a\n")


@pytest.mark.parametrize("backend", ["pygit2", "git"])
def test_a_tree_that_is_not_there_is_missing_and_the_next_commit_is_read(work: Any, backend: str) -> None:
    (work.at / "deep").mkdir()
    (work.at / "deep/a.txt").write_text("a\n")
    broken = work.commit()
    tree = work.git("rev-parse", "HEAD:deep")
    (work.at / "deep/a.txt").unlink()
    work.commit(b__txt="b\n")
    last = work.commit(b__txt="c\n")
    (work.at / ".git/objects" / tree[:2] / tree[2:]).unlink()
    with _open(work, backend) as repository:
        with pytest.raises(Missing):
            repository.changes(repository.commit(broken))
        assert [change.path for change in repository.changes(repository.commit(last))] == [b"b.txt"]


def test_git_that_died_of_a_question_answers_the_next(work: Any) -> None:
    commit = work.commit(a__txt="a\n", b__txt="b\n")
    broken = work.git("rev-parse", "HEAD:a.txt")
    path = work.at / ".git/objects" / broken[:2] / broken[2:]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")
    with _open(work, "git") as repository:
        with pytest.raises(Missing):
            repository.blob(broken)
        assert repository.blob(work.git("rev-parse", "HEAD:b.txt")) == b"b\n"
        assert len(repository.changes(repository.commit(commit))) == 2


def test_many_changes_are_read_to_the_last(work: Any) -> None:
    names = [f"{'long name ' * 20}{number}__txt" for number in range(500)]
    commit = work.commit(**{name: f"{name}\n" for name in names})
    with _open(work, "git") as repository:
        found = repository.changes(repository.commit(commit))
    assert sorted(change.path.decode() for change in found) == sorted(name.replace("__", ".") for name in names)


def test_nothing_of_the_repositorys_own_configuration_changes_what_git_reads(work: Any) -> None:
    work.commit(a__txt="a\nb\nc\n")
    work.commit(b__txt="a\nb\nc\n", a__txt=None)
    work.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},lib")
    work.git("commit", "-q", "--amend", "-m", "work")
    commit = work.git("rev-parse", "HEAD")
    other = work.git("commit-tree", f"{commit}^{{tree}}", "-m", "other")
    work.git("replace", commit, other)
    work.git("config", "diff.ignoreSubmodules", "all")
    work.git("config", "diff.renames", "false")
    found = {}
    for backend in ("pygit2", "git"):
        with _open(work, backend) as repository:
            found[backend] = repository.changes(repository.commit(commit))
    assert found["git"] == found["pygit2"]
    assert [change.status.value for change in found["git"]] == ["renamed", "added"]


def test_closing_ends_every_process_and_leaves_no_directory(work: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = work.commit(a__txt="a\n")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    repository = _open(work, "git")
    repository.changes(repository.commit(commit))
    assert list(tmp_path.glob("capture-git-*"))
    repository.close()
    repository.close()
    assert not list(tmp_path.glob("capture-git-*"))
