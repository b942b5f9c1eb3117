"""The table of expected bodies, by the shape of the repository and the commit object; every row through both backends."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from capture.git import run
from capture.git.history import current_branch
from capture.git.repository import open_repository

Row = tuple[str, dict[str, Any]]
BOTH = ["pygit2", "git"]


def _added(work: Any, name: str) -> tuple[dict[str, Any], str]:
    diff = f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+{name}\n"
    return work.file(name, "added", additions=1), diff


def _raw(work: Any, *, author: str = "A <a@b.test> 0 +0000", committer: str = "A <a@b.test> 0 +0000", rest: bytes = b"\nwork\n") -> str:
    tree = work.git("mktree", stdin=b"")
    return str(work.store(f"tree {tree}\nauthor {author}\ncommitter {committer}\n".encode() + rest))


def _person(name: str, email: str, time: str, tz: str) -> dict[str, str]:
    return {"name": name, "email": email, "time": time, "tz": tz}


def a_merge_against_its_first_parent(work: Any) -> Row:
    work.commit()
    work.git("checkout", "-q", "-b", "side")
    work.put("side.txt", "side.txt\n")
    side = work.commit()
    work.git("checkout", "-q", "main")
    work.put("main.txt", "main.txt\n")
    main = work.commit()
    work.git("merge", "-q", "--no-ff", "-m", "work", "side")
    file, diff = _added(work, "side.txt")
    return work.head(), work.expected([file], diff, [main, side])


def an_octopus(work: Any) -> Row:
    base = work.commit()
    tips = []
    for name in ("a.txt", "b.txt", "c.txt"):
        work.git("checkout", "-q", "-b", f"to-{name}", base)
        work.put(name, f"{name}\n")
        tips.append(work.commit())
    work.git("checkout", "-q", "main")
    work.put("main.txt", "main.txt\n")
    main = work.commit()
    work.git("merge", "-q", "-m", "work", *(f"to-{name}" for name in ("a.txt", "b.txt", "c.txt")))
    files, diffs = zip(*(_added(work, name) for name in ("a.txt", "b.txt", "c.txt")), strict=True)
    return work.head(), work.expected(list(files), "".join(diffs), [main, *tips])


def a_split_index(work: Any) -> Row:
    work.git("update-index", "--split-index")
    work.put("a.txt", "a.txt\n")
    commit = work.commit()
    assert list((work.at / ".git").glob("sharedindex.*"))
    file, diff = _added(work, "a.txt")
    return commit, work.expected([file], diff, [])


def a_sparse_index(work: Any) -> Row:
    work.put("in/a.txt", "a\n")
    work.put("out/deep/b.txt", "b\n")
    parent = work.commit()
    work.git("sparse-checkout", "init", "--cone", "--sparse-index")
    work.git("sparse-checkout", "set", "in")
    work.put("in/new.txt", "in/new.txt\n")
    work.git("add", "in/new.txt")
    work.git("commit", "-q", "-m", "work")
    assert work.git("ls-files", "--sparse", "out/") == "out/"
    file, diff = _added(work, "in/new.txt")
    return work.head(), work.expected([file], diff, [parent])


def a_detached_head(work: Any) -> Row:
    parent = work.commit()
    work.git("checkout", "-q", "--detach")
    work.put("a.txt", "a.txt\n")
    commit = work.commit()
    file, diff = _added(work, "a.txt")
    return commit, work.expected([file], diff, [parent], branch=None)


def an_orphan_branch(work: Any) -> Row:
    work.put("a.txt", "a.txt\n")
    work.commit()
    work.git("checkout", "-q", "--orphan", "pages/new")
    commit = work.commit()
    file, diff = _added(work, "a.txt")
    return commit, work.expected([file], diff, [], branch="pages/new")


def an_author_with_an_empty_name(work: Any) -> Row:
    commit = _raw(work, author=" <> 0 +0000", committer="Name only")
    author, committer = _person("", "", "1970-01-01T00:00:00Z", "+0000"), _person("person(Name only)", "", "1970-01-01T00:00:00Z", "+0000")
    return commit, work.expected([], "", [], author=author, committer=committer)


def a_program_under_a_name_and_under_an_address(work: Any) -> Row:
    commit = _raw(work, author="GitHub Action <a@b.test> 0 +0000", committer="A <7+acme-ci[bot]@users.noreply.github.com> 0 +0000")
    author = _person("person(github-actions[bot])", "email(a@b.test)", "1970-01-01T00:00:00Z", "+0000")
    mail = "email(7+acme-ci[bot]@users.noreply.github.com)"
    committer = _person("person(acme-ci[bot])", mail, "1970-01-01T00:00:00Z", "+0000")
    return commit, work.expected([], "", [], author=author, committer=committer)


def dates_before_1970(work: Any) -> Row:
    commit = _raw(work, author="A <a@b.test> -1 -0330", committer="A <a@b.test> -99999999999999 +1400")
    author = _person("person(A)", "email(a@b.test)", "1969-12-31T23:59:59Z", "-0330")
    committer = _person("person(A)", "email(a@b.test)", "0001-01-01T00:00:00Z", "+1400")
    return commit, work.expected([], "", [], author=author, committer=committer)


def dates_and_zones_beyond_all_calendars(work: Any) -> Row:
    commit = _raw(work, author="A <a@b.test> 999999999999999999 +051800", committer=f"A <a@b.test> {'9' * 5000} PST Robin was here")
    author = _person("person(A)", "email(a@b.test)", "9999-12-31T23:59:59Z", "+051800")
    committer = _person("person(A)", "email(a@b.test)", "1970-01-01T00:00:00Z", "+0000")
    return commit, work.expected([], "", [], author=author, committer=committer)


def a_message_in_another_encoding(work: Any) -> Row:
    commit = _raw(work, author="A <a@b.test> 0 +0000", rest="encoding koi8-r\n\nпривет\n".encode("koi8-r"))
    person = _person("person(A)", "email(a@b.test)", "1970-01-01T00:00:00Z", "+0000")
    return commit, work.expected([], "", [], author=person, committer=person, message="привет\n")


def a_message_in_no_encoding(work: Any) -> Row:
    commit = _raw(work, rest=b"encoding unpacks-itself\ngpgsig -----BEGIN\n parent of nobody\n\ncaf\xe9 \0 nul\n")
    person = _person("person(A)", "email(a@b.test)", "1970-01-01T00:00:00Z", "+0000")
    return commit, work.expected([], "", [], author=person, committer=person, message="café \0 nul\n")


ROWS = [
    a_merge_against_its_first_parent,
    an_octopus,
    a_split_index,
    a_sparse_index,
    a_detached_head,
    an_orphan_branch,
    an_author_with_an_empty_name,
    a_program_under_a_name_and_under_an_address,
    dates_before_1970,
    dates_and_zones_beyond_all_calendars,
    a_message_in_another_encoding,
    a_message_in_no_encoding,
]


@pytest.mark.parametrize("backend", BOTH)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_the_body_is_as_the_table_says(row: Any, backend: str, work: Any) -> None:
    commit, expected = row(work)
    branch = current_branch(run.git_dir(work.at))
    assert work.body(commit, backend, branch).model_dump() == {**expected, "backend": backend}


def test_a_repository_with_sha_256_is_read_through_git(tmp_path: Any, work_at: Any) -> None:
    work = work_at(tmp_path / "sha256").start("--object-format=sha256")
    work.put("a.txt", "one\n")
    parent = work.commit()
    work.git("mv", "a.txt", "b.txt")
    commit = work.commit()
    with open_repository(work.at) as repository:
        body = work.draft(repository, commit).render(work.scrub)
        root = work.draft(repository, parent).render(work.scrub)
    assert len(commit) == 64
    file = work.file("b.txt", "renamed", old_path="a.txt", before="one\n")
    diff = "diff --git a/a.txt b/b.txt\nrename from a.txt\nrename to b.txt\n"
    assert body.model_dump() == {**work.expected([file], diff, [parent]), "backend": "git"}
    assert root.files[0].additions == 1


@pytest.mark.parametrize("backend", BOTH)
def test_the_edge_of_a_shallow_clone_says_that_its_changes_are_missing(backend: str, work: Any, work_at: Any) -> None:
    work.put("a.txt", "a\n")
    parent = work.commit()
    work.put("b.txt", "b\n")
    commit = work.commit()
    shallow = work_at(work.at.parent / "shallow")
    work.git("clone", "-q", "--depth", "1", f"file://{work.at}", str(shallow.at))
    expected = work.expected([], "", [parent], changes_withheld="missing")
    assert shallow.body(commit, backend).model_dump() == {**expected, "backend": backend}


@pytest.mark.parametrize(("backend", "extension"), [("pygit2", False), ("git", False), ("git", True)])
def test_a_partial_clone_is_never_made_to_fetch(backend: str, extension: bool, work: Any, work_at: Any, guard_home: Any) -> None:
    work.git("config", "uploadpack.allowFilter", "true")
    work.put("a.txt", "one\n")
    parent = work.commit()
    work.put("a.txt", "two\n")
    work.put("b.txt", "two\nthree\n")
    commit = work.commit()
    partial = work_at(work.at.parent / "partial")
    work.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{work.at}", str(partial.at))
    if extension:
        partial.git("config", "extensions.partialClone", "origin")
    watched = guard_home / "trace"
    with (guard_home / ".gitconfig").open("a") as config:
        config.write(f"[trace2]\n\teventTarget = {watched}\n")
    # With the extension libgit2 does not open it, and what opens anything has to come to git by itself.
    with open_repository(partial.at) if extension else partial.open(backend) as repository:
        body = partial.draft(repository, commit).render(partial.scrub)
    files = [work.file("a.txt", "modified", withheld="missing"), work.file("b.txt", "added", withheld="missing")]
    assert body.model_dump() == {**work.expected(files, "", [parent]), "backend": backend}
    # git 2.45 and newer refuse by themselves; on older ones the trace would show the fetch that was tried.
    trace = watched.read_text() if watched.exists() else ""
    assert ("cat-file" in trace) == (backend == "git")
    assert '"fetch"' not in trace


@pytest.mark.parametrize("backend", BOTH)
def test_a_clone_without_trees_has_no_changes_to_tell(backend: str, work: Any, work_at: Any) -> None:
    work.git("config", "uploadpack.allowFilter", "true")
    work.put("a.txt", "one\n")
    parent = work.commit()
    work.put("a.txt", "two\n")
    commit = work.commit()
    partial = work_at(work.at.parent / "partial")
    work.git("clone", "-q", "--no-checkout", "--filter=tree:0", f"file://{work.at}", str(partial.at))
    expected = work.expected([], "", [parent], changes_withheld="missing")
    assert partial.body(commit, backend).model_dump() == {**expected, "backend": backend}


def test_the_draft_is_named_and_dated_by_its_commit(work: Any) -> None:
    commit = work.commit()
    with work.open() as repository:
        draft = work.draft(repository, commit)
    assert dataclasses.replace(draft, render=None) == dataclasses.replace(
        draft, names=(commit,), stem=commit, source_commit=commit, created="2026-01-02T03:04:05Z", session_id=None, render=None
    )
    assert str(draft.tuple_type) == "edit"
