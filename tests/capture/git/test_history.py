"""Revisions, ranges and the branch that each commit is counted to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from capture.git import run
from capture.git.history import current_branch, is_range, labelled, resolve, rev_list
from corpus.errors import BadInput


def _named(work: Any, revisions: list[str] | None = None) -> list[tuple[str, str | None]]:
    return [(at.id, at.branch) for at in labelled(work.at, revisions)]


def test_a_revision_is_resolved_as_git_does(work: Any) -> None:
    first, second = work.commit(), work.commit()
    work.git("tag", "-a", "v1", "-m", "one", first)
    assert [resolve(work.at, name) for name in ("HEAD", "v1", "HEAD~1", second[:10])] == [second, first, first, second]


@pytest.mark.parametrize("revision", ["no-such", "HEAD^9", "--all", "-n1", "", "HEAD:a.txt", "1" * 40, "a\0b"])
def test_an_unknown_revision_is_bad_input_in_one_line(work: Any, revision: str) -> None:
    work.commit(a__txt="a\n")
    with pytest.raises(BadInput, match="unknown revision") as error:
        resolve(work.at, revision)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("revision", ["no-such..HEAD", "--output=x", "no-such"])
def test_an_unknown_range_is_bad_input(work: Any, revision: str) -> None:
    work.commit()
    with pytest.raises(BadInput):
        list(rev_list(work.at, [revision]))
    with pytest.raises(BadInput):
        labelled(work.at, [revision])


@pytest.mark.parametrize(
    ("revision", "several"), [("HEAD", False), ("a..b", True), ("a...b", True), ("v1.0", False), ("x^!", True), ("x^-", True)]
)
def test_a_range_is_told_from_a_revision(revision: str, several: bool) -> None:
    assert is_range(revision) is several


def test_history_comes_oldest_first_and_parents_before_children(work: Any) -> None:
    ids = [work.commit() for _ in range(3)]
    work.git("checkout", "-q", "-b", "side", ids[0])
    side = work.commit()
    work.git("merge", "-q", "--no-ff", "-m", "merge", "main")
    merge = work.git("rev-parse", "HEAD")
    order = list(rev_list(work.at))
    assert sorted(order) == sorted([*ids, side, merge])
    assert order[0] == ids[0]
    assert order[-1] == merge
    assert order.index(ids[1]) < order.index(ids[2])
    assert list(rev_list(work.at, [f"{ids[0]}..main"])) == ids[1:]


def test_stashes_and_notes_are_not_history(work: Any) -> None:
    commit = work.commit(a__txt="a\n")
    work.git("notes", "add", "-m", "a note")
    (work.at / "a.txt").write_text("b\n")
    work.git("stash", "-q")
    assert list(rev_list(work.at)) == [commit]


def test_an_empty_repository_has_no_history(work: Any) -> None:
    assert list(rev_list(work.at)) == []
    assert labelled(work.at) == []
    assert current_branch(run.git_dir(work.at)) == "main"


def test_a_commit_is_counted_to_the_first_branch_that_contains_it(work: Any) -> None:
    base = work.commit()
    work.git("branch", "aaa")
    main = work.commit()
    work.git("checkout", "-q", "-b", "zzz", base)
    late = work.commit()
    work.git("checkout", "-q", "aaa")
    early = work.commit()
    work.git("merge", "-q", "--no-ff", "-m", "merge", "zzz")
    merge = work.git("rev-parse", "HEAD")
    work.git("checkout", "-q", "--detach", "main")
    loose = work.commit()
    work.git("tag", "kept", loose)
    expected = {base: "main", main: "main", late: "aaa", early: "aaa", merge: "aaa", loose: None}
    assert dict(_named(work)) == expected
    assert [at for at, _ in _named(work)] == list(rev_list(work.at))
    assert dict(_named(work, [f"{base}..aaa"])) == {late: "aaa", early: "aaa", merge: "aaa"}


def test_the_remotes_default_branch_comes_first_and_remote_names_are_left_out(work: Any, tmp_path: Path) -> None:
    base = work.commit()
    work.git("branch", "-m", "main", "develop")
    work.git("branch", "main")
    work.git("checkout", "-q", "-b", "feature/x")
    feature = work.commit()
    work.git("checkout", "-q", "develop")
    work.git("clone", "-q", str(work.at), str(tmp_path / "clone"))
    work.at = tmp_path / "clone"
    work.git("checkout", "-q", "-b", "aaa")
    assert dict(_named(work)) == {base: "develop", feature: "feature/x"}


def test_a_commit_that_no_ref_reaches_is_listed_without_a_branch(work: Any) -> None:
    base = work.commit()
    gone = work.commit()
    work.git("reset", "-q", "--hard", base)
    assert _named(work, [f"{base}..{gone}"]) == [(gone, None)]


def test_the_current_branch_is_heads_or_the_one_being_rebased(work: Any) -> None:
    work.commit(a__txt="a\n")
    work.git("checkout", "-q", "-b", "topic/é")
    work.commit(a__txt="b\n")
    work.git("checkout", "-q", "main")
    work.commit(a__txt="c\n")
    work.git("checkout", "-q", "topic/é")
    git_dir = run.git_dir(work.at)
    assert current_branch(git_dir) == "topic/é"
    with pytest.raises(AssertionError, match=r"CONFLICT|could not apply"):
        work.git("rebase", "main")
    assert not (git_dir / "HEAD").read_text().startswith("ref:")
    assert current_branch(git_dir) == "topic/é"
    work.git("rebase", "--abort")
    work.git("checkout", "-q", "--detach")
    assert current_branch(git_dir) is None
    with pytest.raises(BadInput):
        current_branch(work.at)
