"""The table of expected bodies, by what a commit's files hold; every row through both backends."""

from __future__ import annotations

from typing import Any

import pytest

Row = tuple[str, dict[str, Any]]
EXE = "100755"
LINK = "120000"
SUBMODULE = "160000"
NONE = "000000"


def a_root_commit(work: Any) -> Row:
    work.put("app/main.py", "print(1)\n")
    commit = work.commit()
    diff = "diff --git a/app/main.py b/app/main.py\nnew file mode 100644\n--- /dev/null\n+++ b/app/main.py\n@@ -0,0 +1 @@\n+print(1)\n"
    return commit, work.expected([work.file("app/main.py", "added", language="Python", additions=1)], diff, [])


def nothing_but_a_message(work: Any) -> Row:
    parent = work.commit()
    commit = work.commit("only words")
    return commit, work.expected([], "", [parent], message="only words\n")


def a_new_empty_file(work: Any) -> Row:
    work.write(empty__txt="")
    commit = work.commit()
    return commit, work.expected([work.file("empty.txt", "added")], "diff --git a/empty.txt b/empty.txt\nnew file mode 100644\n", [])


def a_deleted_file(work: Any) -> Row:
    work.write(a__txt="one\ntwo\n")
    parent = work.commit()
    work.git("rm", "-q", "a.txt")
    commit = work.commit()
    diff = "diff --git a/a.txt b/a.txt\ndeleted file mode 100644\n--- a/a.txt\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n"
    return commit, work.expected([work.file("a.txt", "deleted", before="one\ntwo\n", deletions=2)], diff, [parent])


def mode_only(work: Any) -> Row:
    work.write(run__sh="true\n")
    parent = work.commit()
    work.git("update-index", "--chmod=+x", "run.sh")
    work.git("commit", "-q", "-m", "work")
    file = work.file("run.sh", "modified", mode=EXE, language="Shell", before="true\n")
    return work.head(), work.expected([file], "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n", [parent])


def a_rename_with_a_change(work: Any) -> Row:
    lines = [f"line {number}\n" for number in range(8)]
    work.put("old name.txt", "".join(lines))
    parent = work.commit()
    work.git("mv", "old name.txt", "new.txt")
    work.write(new__txt="".join([*lines[:7], "last\n"]))
    commit = work.commit()
    diff = (
        "diff --git a/old name.txt b/new.txt\nrename from old name.txt\nrename to new.txt\n--- a/old name.txt\t\n+++ b/new.txt\n"
        "@@ -5,4 +5,4 @@ line 3\n line 4\n line 5\n line 6\n-line 7\n+last\n"
    )
    file = work.file("new.txt", "renamed", old_path="old name.txt", before="".join(lines), additions=1, deletions=1)
    return commit, work.expected([file], diff, [parent])


def a_copy_of_a_file_that_changed(work: Any) -> Row:
    work.write(a__txt="one\ntwo\nthree\n")
    parent = work.commit()
    work.write(a__txt="one\ntwo\nthree\nfour\n", b__txt="one\ntwo\nthree\n")
    commit = work.commit()
    before = "one\ntwo\nthree\n"
    diff = (
        "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,4 @@\n one\n two\n three\n+four\n"
        "diff --git a/a.txt b/b.txt\ncopy from a.txt\ncopy to b.txt\n"
    )
    files = [work.file("a.txt", "modified", before=before, additions=1), work.file("b.txt", "copied", old_path="a.txt", before=before)]
    return commit, work.expected(files, diff, [parent])


def a_symlink_that_points_elsewhere(work: Any) -> Row:
    (work.at / "link").symlink_to("here.py")
    parent = work.commit()
    (work.at / "link").unlink()
    (work.at / "link").symlink_to("there.py")
    commit = work.commit()
    diff = (
        "diff --git a/link b/link\n--- a/link\n+++ b/link\n@@ -1 +1 @@\n"
        "-here.py\n\\ No newline at end of file\n+there.py\n\\ No newline at end of file\n"
    )
    file = work.file("link", "modified", mode=LINK, old_mode=LINK, language=None, before="here.py", additions=1, deletions=1)
    return commit, work.expected([file], diff, [parent])


def a_file_that_became_a_symlink(work: Any) -> Row:
    work.write(a__txt="text\n")
    parent = work.commit()
    (work.at / "a.txt").unlink()
    (work.at / "a.txt").symlink_to("b.txt")
    commit = work.commit()
    diff = (
        "diff --git a/a.txt b/a.txt\ndeleted file mode 100644\n--- a/a.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-text\n"
        "diff --git a/a.txt b/a.txt\nnew file mode 120000\n--- /dev/null\n+++ b/a.txt\n"
        "@@ -0,0 +1 @@\n+b.txt\n\\ No newline at end of file\n"
    )
    file = work.file("a.txt", "type-changed", mode=LINK, language=None, before="text\n", additions=1, deletions=1)
    return commit, work.expected([file], diff, [parent])


def a_submodule_bump(work: Any) -> Row:
    one, two = "1" * 40, "2" * 40
    work.git("update-index", "--add", "--cacheinfo", f"{SUBMODULE},{one},lib")
    work.git("commit", "-q", "-m", "work")
    parent = work.head()
    work.git("update-index", "--cacheinfo", f"{SUBMODULE},{two},lib")
    work.git("commit", "-q", "-m", "work")
    diff = f"diff --git a/lib b/lib\n--- a/lib\n+++ b/lib\n@@ -1 +1 @@\n-Subproject commit {one}\n+Subproject commit {two}\n"
    file = work.file("lib", "modified", mode=SUBMODULE, old_mode=SUBMODULE, language=None, additions=1, deletions=1)
    return work.head(), work.expected([file], diff, [parent])


def an_lfs_pointer(work: Any) -> Row:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    work.write(model__bin=pointer)
    commit = work.commit()
    lines = "".join(f"+{line}\n" for line in pointer.splitlines())
    diff = f"diff --git a/model.bin b/model.bin\nnew file mode 100644\n--- /dev/null\n+++ b/model.bin\n@@ -0,0 +1,3 @@\n{lines}"
    return commit, work.expected([work.file("model.bin", "added", language=None, additions=3)], diff, [])


def a_path_that_is_not_utf_8(work: Any) -> Row:
    blob = work.store(b"x\n", "blob")
    tree = work.git("mktree", "-z", stdin=b"100644 blob %s\tcaf\xe9.txt\0" % blob.encode())
    commit = work.git("commit-tree", tree, "-m", "work")
    name = '"caf\\351.txt"'
    diff = 'diff --git "a/caf\\351.txt" "b/caf\\351.txt"\nnew file mode 100644\n--- /dev/null\n+++ "b/caf\\351.txt"\n@@ -0,0 +1 @@\n+x\n'
    return commit, work.expected([work.file(name, "added", additions=1)], diff, [])


def paths_that_git_quotes(work: Any) -> Row:
    for name in ('"q".txt', "tab\there.txt", "é.txt"):
        work.put(name, "x\n")
    commit = work.commit()
    sections = "".join(
        f"diff --git {quote}a/{name}{quote} {quote}b/{name}{quote}\nnew file mode 100644\n"
        f"--- /dev/null\n+++ {quote}b/{name}{quote}\n@@ -0,0 +1 @@\n+x\n"
        for name, quote in (('\\"q\\".txt', '"'), ("tab\\there.txt", '"'), ("é.txt", ""))
    )
    names = ('"\\"q\\".txt"', "tab\there.txt", "é.txt")
    return commit, work.expected([work.file(name, "added", additions=1) for name in names], sections, [])


def content_that_is_not_utf_8(work: Any) -> Row:
    work.write(latin__txt=b"caf\xe9\n", plain__txt="x\n")
    commit = work.commit()
    diff = "diff --git a/plain.txt b/plain.txt\nnew file mode 100644\n--- /dev/null\n+++ b/plain.txt\n@@ -0,0 +1 @@\n+x\n"
    files = [work.file("latin.txt", "added", withheld="undecodable"), work.file("plain.txt", "added", additions=1)]
    return commit, work.expected(files, diff, [])


def a_binary_file(work: Any) -> Row:
    work.write(a__png=b"\x89PNG\0\1", b__txt="x\n")
    parent = work.commit()
    work.write(a__png=b"\x89PNG\0\2", b__txt="y\n")
    commit = work.commit()
    files = [
        work.file("a.png", "modified", language=None, withheld="binary"),
        work.file("b.txt", "modified", before="x\n", additions=1, deletions=1),
    ]
    return commit, work.expected(files, "diff --git a/b.txt b/b.txt\n--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-x\n+y\n", [parent])


def a_byte_order_mark(work: Any) -> Row:
    work.write(a__txt=b"\xef\xbb\xbfx\n")
    commit = work.commit()
    diff = "diff --git a/a.txt b/a.txt\nnew file mode 100644\n--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+\ufeffx\n"
    return commit, work.expected([work.file("a.txt", "added", additions=1)], diff, [])


def crlf_line_ends(work: Any) -> Row:
    work.write(a__txt=b"one\r\ntwo\r\n")
    parent = work.commit()
    work.write(a__txt=b"one\r\n2\r\n")
    commit = work.commit()
    file = work.file("a.txt", "modified", before="one\r\ntwo\r\n", additions=1, deletions=1)
    diff = "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\r\n-two\r\n+2\r\n"
    return commit, work.expected([file], diff, [parent])


def no_newline_at_the_end(work: Any) -> Row:
    work.write(a__txt="one\ntwo")
    parent = work.commit()
    work.write(a__txt="one\ntwo\n", b__txt="new")
    commit = work.commit()
    diff = (
        "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+two\n"
        "diff --git a/b.txt b/b.txt\nnew file mode 100644\n--- /dev/null\n+++ b/b.txt\n@@ -0,0 +1 @@\n+new\n\\ No newline at end of file\n"
    )
    files = [work.file("a.txt", "modified", before="one\ntwo", additions=1, deletions=1), work.file("b.txt", "added", additions=1)]
    return commit, work.expected(files, diff, [parent])


def a_diff_of_1001_lines(work: Any) -> Row:
    work.write(a__txt="".join(f"{number}\n" for number in range(996)), b__txt="")
    commit = work.commit()
    lines = "".join(f"+{number}\n" for number in range(995))
    diff = f"diff --git a/a.txt b/a.txt\nnew file mode 100644\n--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1,996 @@\n{lines}"
    files = [work.file("a.txt", "added", additions=996), work.file("b.txt", "added")]
    return commit, work.expected(files, diff, [], lines_cut=3)


def a_missing_blob(work: Any) -> Row:
    work.write(a__txt="gone\n", b__txt="here\n")
    commit = work.commit()
    blob = work.git("rev-parse", "HEAD:a.txt")
    (work.at / ".git/objects" / blob[:2] / blob[2:]).unlink()
    diff = "diff --git a/b.txt b/b.txt\nnew file mode 100644\n--- /dev/null\n+++ b/b.txt\n@@ -0,0 +1 @@\n+here\n"
    return commit, work.expected([work.file("a.txt", "added", withheld="missing"), work.file("b.txt", "added", additions=1)], diff, [])


def a_file_that_cannot_be_made_safe(work: Any) -> Row:
    work.write(a__txt="UNSAFE\n", b__txt="x\n")
    commit = work.commit("UNSAFE words")
    diff = "diff --git a/b.txt b/b.txt\nnew file mode 100644\n--- /dev/null\n+++ b/b.txt\n@@ -0,0 +1 @@\n+x\n"
    files = [work.file("a.txt", "added", withheld="redaction-failed"), work.file("b.txt", "added", additions=1)]
    return commit, work.expected(files, diff, [], message=None, withheld="redaction-failed")


def a_secret_everywhere(work: Any) -> Row:
    secret = f"PLANTED{'0f' * 8}"
    work.put(f"{secret}.py", f"key = '{secret}'\n")
    parent = work.commit()
    work.put(f"{secret}.py", f"key = '{secret}'\nmore\n")
    commit = work.commit(f"use {secret}")
    name = "REDACTED_PLANTED.py"
    before = "key = 'REDACTED_PLANTED'\n"
    diff = f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1 +1,2 @@\n {before}+more\n"
    file = work.file(name, "modified", language="Python", before=before, additions=1)
    return commit, work.expected([file], diff, [parent], message="use REDACTED_PLANTED\n")


ROWS = [
    a_root_commit,
    nothing_but_a_message,
    a_new_empty_file,
    a_deleted_file,
    mode_only,
    a_rename_with_a_change,
    a_copy_of_a_file_that_changed,
    a_symlink_that_points_elsewhere,
    a_file_that_became_a_symlink,
    a_submodule_bump,
    an_lfs_pointer,
    a_path_that_is_not_utf_8,
    paths_that_git_quotes,
    content_that_is_not_utf_8,
    a_binary_file,
    a_byte_order_mark,
    crlf_line_ends,
    no_newline_at_the_end,
    a_diff_of_1001_lines,
    a_missing_blob,
    a_file_that_cannot_be_made_safe,
    a_secret_everywhere,
]


@pytest.mark.parametrize("backend", ["pygit2", "git"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_the_body_is_as_the_table_says(row: Any, backend: str, work: Any) -> None:
    commit, expected = row(work)
    assert work.body(commit, backend).model_dump() == {**expected, "backend": backend}
