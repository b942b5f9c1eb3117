"""Search/replace blocks: whoever applies them, as their form says, gets the very contents after the commit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.build.recipes.sft_blocks import blocks
from corpus.record import FileChange
from tests.corpus.build.world import Change, World, make, rows, unified

BLOCK = re.compile(r"(?P<path>[^\n]+)\n<<<<<<< SEARCH\n(?P<search>(?:[^\n]*\n)*?)=======\n(?P<replace>(?:[^\n]*\n)*?)>>>>>>> REPLACE\n\n?")


def apply(answer: str, tree: dict[str, str]) -> dict[str, str]:
    """What an editor does with the answer: nothing but the form of blocks is known here."""
    after, at = dict(tree), 0
    while at < len(answer):
        block = BLOCK.match(answer, at)
        assert block, answer[at:]
        at = block.end()
        before = after.get(block["path"], "")
        if block["search"]:
            assert block["search"] in before
            after[block["path"]] = before.replace(block["search"], block["replace"], 1)
        else:
            assert before == ""
            after[block["path"]] = block["replace"]
    return after


def change(path: str, before: str | None) -> FileChange:
    values = {
        "path": path,
        "old_path": None,
        "status": "added" if before is None else "modified",
        "mode": "100644",
        "old_mode": "000000" if before is None else "100644",
        "language": None,
        "before": before,
        "before_cut": False,
        "additions": 1,
        "deletions": 1,
        "withheld": None,
    }
    return FileChange.model_validate(values)


# Few kinds of line, so that the same text stands in many places.
CONTENT = st.lists(st.sampled_from(["a", "b", "", "  a", "ba", "a\r", "-a", "+b", "@@ -1 +1 @@", "diff --git a/x b/x"]), max_size=40).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


@st.composite
def small_edits(draw: st.DrawFn) -> tuple[str, str]:
    """A file that says the same again and again, and a line of it changed here and there."""
    before = draw(st.lists(st.sampled_from(["a", "b"]), min_size=10, max_size=60))
    after = list(before)
    for at in draw(st.sets(st.integers(0, len(before) - 1), min_size=1, max_size=3)):
        after[at] = draw(st.sampled_from(["c", "a\na", "b"]))
    return "".join(f"{line}\n" for line in before), "".join(f"{line}\n" for line in after)


@given(
    st.lists(
        (st.tuples(st.none() | CONTENT, CONTENT) | small_edits()).filter(lambda pair: (pair[0] or "") != pair[1]), min_size=1, max_size=3
    )
)
def test_blocks_make_what_the_commit_made(pairs: list[tuple[str | None, str]]) -> None:
    tree = {f"{number}.py": before for number, (before, _) in enumerate(pairs) if before is not None}
    files = [change(f"{number}.py", before) for number, (before, _) in enumerate(pairs)]
    answer = blocks(files, "".join(unified(f"{number}.py", before, after) for number, (before, after) in enumerate(pairs)))
    assert answer is not None
    assert apply(answer, tree) == {f"{number}.py": after for number, (_, after) in enumerate(pairs)}


def test_a_commit_is_asked_as_sft_asks_and_answered_in_blocks(world: World, tmp_path: Path) -> None:
    world.edit(
        "Say hello\n", [Change("greet.py", "import os\nprint('hi')\n", "import os\nprint('hello')\n"), Change("new.py", None, "new = 1\n")]
    )
    make(world, tmp_path / "out", "sft", "sft-blocks")
    (row,), (diff,) = rows(tmp_path / "out", "sft-blocks"), rows(tmp_path / "out", "sft")
    assert row["prompt"][0]["content"] == diff["prompt"][0]["content"] + "\n\nAnswer with search/replace blocks."
    assert apply(row["completion"][0]["content"], {"greet.py": "import os\nprint('hi')\n"}) == {
        "greet.py": "import os\nprint('hello')\n",
        "new.py": "new = 1\n",
    }


@pytest.mark.parametrize(
    "changes",
    [
        [Change("a.py", "1\n", None)],
        [Change("a.rst", "Title\n=======\n", "Name\n=======\n")],
        [Change("a.py", "1\n", "<<<<<<< SEARCH\n")],
        [Change("a.py", "1\n", "2\n"), Change("a.bin", "1\n", "2\n", withheld="binary")],
    ],
)
def test_what_blocks_cannot_say_gives_no_row(world: World, tmp_path: Path, changes: list[Change]) -> None:
    world.edit("Change", changes)
    world.edit("Another")
    (built,) = make(world, tmp_path / "out", "sft-blocks").sets
    assert (built.rows, built.dropped) == (1, {"not-blocks": 1})


@pytest.mark.parametrize(
    ("more", "before", "diff"),
    [
        ({"status": "renamed", "old_path": "b.py"}, "1\n", unified("a.py", "1\n", "2\n")),
        ({"mode": "100755"}, "1\n", unified("a.py", "1\n", "2\n")),
        ({"mode": "120000", "old_mode": "120000"}, "1\n", unified("a.py", "1\n", "2\n")),
        ({}, "1", "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-1\n\\ No newline at end of file\n+2\n"),
        ({}, "1\n", "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-1\n+2\n\\ No newline at end of file\n"),
        ({}, "3\n", unified("a.py", "1\n", "2\n")),
        ({"path": '"caf\\303.py"'}, "1\n", unified("a.py", "1\n", "2\n")),
    ],
)
def test_a_move_a_mode_a_missing_end_or_a_diff_of_something_else_is_none(more: dict[str, object], before: str, diff: str) -> None:
    assert blocks([change("a.py", before).model_copy(update=more)], diff) is None
