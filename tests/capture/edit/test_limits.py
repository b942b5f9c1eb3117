"""What an edit may hold and may cost: contents before, huge files, each blob read once."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_MEASURE = """
import json, resource, sys
from pathlib import Path
from capture.git import run
from capture.git.plumbing import PlumbingRepository
from capture.git.repository import open_repository
from capture.sources.edit import edit_draft
from corpus.names import Name
from corpus.redaction.draft import Label

class Scrub:
    def prose(self, text): return text
    path = person = email = prose
    def image(self, key, path, load): return load()

at, commit, backend = sys.argv[1:]
label = Label(Name("a"), Name("b"), Name("c"), Name("d"))
repository = open_repository(at) if backend == "pygit2" else PlumbingRepository(run.git_dir(at), run.common_dir(at), "sha1")
with repository:
    body = edit_draft(repository, commit, label, None).render(Scrub())
peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"files": [[file.path, file.withheld] for file in body.files], "mib": peak / 1024, "diff": body.diff}))
"""


def test_a_file_of_200_mb_is_withheld_and_never_read(work: Any) -> None:
    line = b"a line of text of which there are many\n"
    work.put("small.txt", line)
    work.put("moved.txt", line * (200_000_000 // len(line)))
    work.git("config", "core.bigFileThreshold", "1m")
    work.git("config", "core.compression", "1")
    work.commit()
    work.git("mv", "moved.txt", "huge.txt")
    with (work.at / "huge.txt").open("ab") as file:
        file.write(b"one more\n")
    work.put("small.txt", b"changed\n")
    commit = work.commit()
    for backend in ("pygit2", "git"):
        # Through a shell that forks: what is executed inherits the peak of who forked it, and the test runner is large.
        forked = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", _MEASURE, str(work.at), commit, backend]
        done = subprocess.run(forked, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        # Too large to be compared: what is one file to git is one gone and one come, both withheld, and the small one is whole.
        assert told["files"] == [["huge.txt", "too-large"], ["moved.txt", "too-large"], ["small.txt", None]]
        assert told["diff"].endswith("@@ -1 +1 @@\n-a line of text of which there are many\n+changed\n")
        assert told["mib"] < 400


def test_contents_before_stop_at_64_kib_a_file_and_256_kib_a_commit(work: Any) -> None:
    full, over = "x" * 63 + "\n", "é" * 32 + "\n"
    names = [f"{number}.txt" for number in range(6)]
    for name in names:
        work.put(name, full * 1024)
    work.put("over.txt", over * 1024)
    work.put("small.txt", "s\n")
    work.commit()
    for name in [*names, "over.txt", "small.txt"]:
        work.git("mv", name, f"new-{name}")
    body = work.body(work.commit())
    kept = [len(file.before or "") for file in body.files]
    assert kept == [65536] * 4 + [0] * 4
    assert [file.before_cut for file in body.files] == [False] * 4 + [True] * 4
    assert all(file.withheld is None for file in body.files)


def test_small_contents_are_kept_after_one_that_is_too_large(work: Any) -> None:
    work.put("a.txt", "é" * 32769)
    work.put("b.txt", "b\n")
    work.commit()
    work.put("a.txt", "a")
    work.put("b.txt", "c\n")
    assert [(file.before, file.before_cut) for file in work.body(work.commit()).files] == [(None, True), ("b\n", False)]


def test_without_contents_before_the_diff_is_the_same_and_what_was_left_out_is_said(work: Any) -> None:
    work.put("a.txt", "a\n")
    work.put("b.txt", "b\n")
    work.commit()
    work.put("a.txt", "b\n")
    work.git("rm", "-q", "b.txt")
    work.put("c.txt", "c\n")
    commit = work.commit()
    kept, left = work.body(commit), work.body(commit, with_before=False)
    assert left.diff == kept.diff
    assert [(file.before, file.before_cut) for file in left.files] == [(None, True), (None, True), (None, False)]


def test_a_file_only_renamed_is_not_read_when_its_content_is_not_kept(work: Any) -> None:
    work.put("a.txt", "a\n")
    work.commit()
    work.git("mv", "a.txt", "b.txt")
    commit = work.commit()
    work.body(commit, with_before=False)
    assert work.scrub.loaded == []
    work.body(commit)
    assert len(work.scrub.loaded) == 1


def test_a_blob_is_redacted_once_however_many_commits_touch_it(work: Any) -> None:
    commits = []
    for number in range(4):
        work.put("a.txt", f"{number}\n")
        commits.append(work.commit())
    for commit in commits:
        work.body(commit)
    assert len(work.scrub.loaded) == len(set(work.scrub.loaded)) == 4


def test_a_commit_of_hundreds_of_files_is_taken_whole(work: Any) -> None:
    for number in range(300):
        work.put(f"old/{number % 7}/{number}.txt", f"{number}\n{number * 7}\n")
    work.commit()
    work.git("mv", "old", "new")
    for number in range(0, 300, 2):
        work.put(f"new/{number % 7}/{number}.txt", f"{number}\nchanged\n")
    body = work.body(work.commit())
    status = [file.status for file in body.files]
    # As git beyond its rename limit: those that are identical are found, the others are not looked for.
    assert (status.count("renamed"), status.count("added"), status.count("deleted")) == (150, 150, 150)
    assert body.diff.count("\n") == 1000
    assert body.additions == body.deletions == 300
    assert body.lines_cut == 150 * 3 + 150 * 2 * 7 - 1000
