"""Renames and copies are those that git finds, whichever backend reads."""

from __future__ import annotations

import random
from typing import Any

import pytest

from capture.git import renames, run
from capture.git.objects import Change, Status, change
from capture.git.plumbing import PlumbingRepository
from capture.git.repository import open_repository


def _pairs(work: Any, commit: str) -> set[tuple[str, bytes | None, bytes]]:
    with open_repository(work.at) as repository:
        found = repository.changes(repository.commit(commit))
    with PlumbingRepository(run.git_dir(work.at), run.common_dir(work.at), "sha1") as plumbing:
        assert plumbing.changes(plumbing.commit(commit)) == found
    return {(at.status.value[0].upper(), at.old_path, at.path) for at in found}


def _gits(work: Any, commit: str) -> set[tuple[str, bytes | None, bytes]]:
    fields = run.git(["diff-tree", "-r", "-z", "-M", "-C", "--no-commit-id", "--name-status", commit], cwd=work.at).split(b"\0")[:-1]
    found = set()
    while fields:
        status = fields.pop(0).decode()[0]
        old = fields.pop(0) if status in "RC" else None
        found.add((status, old, fields.pop(0)))
    return found


def _text(seed: int, lines: int = 40) -> list[str]:
    made = random.Random(seed)
    return [f"{made.randrange(10**9)} {made.randrange(10**9)}\n" for _ in range(lines)]


def test_renames_and_copies_are_what_git_says(work: Any) -> None:
    texts = [_text(seed) for seed in range(6)]
    work.commit(**{f"f{number}__txt": "".join(text) for number, text in enumerate(texts)})
    commit = work.commit(
        f0__txt=None,
        moved0__txt="".join(texts[0]),
        f1__txt=None,
        moved1__txt="".join(texts[1][:30] + _text(91, 10)),
        f2__txt=None,
        other2__txt="".join(texts[2][:10] + _text(92, 30)),
        f3__txt="".join(texts[3] + ["more\n"]),
        copied3__txt="".join(texts[3]),
        f4__txt="".join(texts[4] + ["more\n"]),
        copied4__txt="".join([*texts[4][5:], "much\n"]),
        crlf5__txt="".join(texts[5]).replace("\n", "\r\n"),
        f5__txt=None,
    )
    found = _pairs(work, commit)
    assert found == _gits(work, commit)
    assert sorted(status for status, _, _ in found) == sorted("RRRCCMMAD")


def test_a_file_that_went_to_two_places_is_one_rename_and_copies(work: Any) -> None:
    work.commit(a__txt="".join(_text(1)))
    commit = work.commit(a__txt=None, b__txt="".join(_text(1)), c__txt="".join(_text(1)))
    found = _pairs(work, commit)
    assert found == _gits(work, commit)
    assert sorted(status for status, _, _ in found) == ["C", "R"]


def test_a_rename_keeps_the_base_name_where_there_is_a_choice(work: Any) -> None:
    for name in ("one", "two"):
        (work.at / name).mkdir()
        (work.at / name / f"{name}.txt").write_text("same\n")
    work.commit()
    (work.at / "moved").mkdir()
    for name in ("one", "two"):
        (work.at / name / f"{name}.txt").rename(work.at / "moved" / f"{name}.txt")
    commit = work.commit()
    assert _pairs(work, commit) == {("R", b"one/one.txt", b"moved/one.txt"), ("R", b"two/two.txt", b"moved/two.txt")}


def _many(count: int) -> list[Change]:
    gone = [change(b"a%05d" % number, ("100644", f"{number:040x}"), None) for number in range(count)]
    come = [change(b"b%05d" % number, None, ("100644", f"{number + (number % 2) * count:040x}")) for number in range(count)]
    return gone + come


def test_beyond_the_limit_only_identical_files_are_paired_and_none_is_read() -> None:
    def unread(blob: str) -> int:
        raise AssertionError("read")

    found = renames.find(_many(4000), unread, unread)  # type: ignore[arg-type]
    assert [at.status for at in found].count(Status.RENAMED) == 2000


@pytest.mark.parametrize("size", [0, renames.MAX_BLOB + 1])
def test_empty_and_large_blobs_are_not_read(size: int) -> None:
    def load(blob: str) -> bytes:
        raise AssertionError("read")

    found = renames.find([change(b"a", ("100644", "1" * 40), None), change(b"b", None, ("100644", "2" * 40))], lambda blob: size, load)
    assert [at.status for at in found] == [Status.DELETED, Status.ADDED]


def test_a_symlink_is_no_copy_of_a_file_with_the_same_bytes(work: Any) -> None:
    work.commit(a__txt="target")
    (work.at / "link").symlink_to("target")
    commit = work.commit(a__txt=None)
    assert _pairs(work, commit) == {("D", None, b"a.txt"), ("A", None, b"link")} == _gits(work, commit)
