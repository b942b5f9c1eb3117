"""What each recipe makes of a record, and what it turns away."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from corpus.build import RECIPES
from corpus.build.reasons import SENTENCES, Reason
from corpus.build.recipes.sft import instruction
from corpus.build.row import Provenance, columns
from corpus.record import Header
from tests.corpus.build.world import Change, World, make, rows

DIFF = "diff --git a/greet.py b/greet.py\n--- a/greet.py\n+++ b/greet.py\n@@ -1 +1 @@\n-print('hi')\n+print('hello 0')\n"


def test_pretrain_is_message_and_diff_as_a_dolma_document(world: World, tmp_path: Path) -> None:
    key = world.edit("Say hello\n\nBecause hi is short.\n")
    make(world, tmp_path / "out", "pretrain")
    (row,) = rows(tmp_path / "out", "pretrain")
    assert list(row) == ["id", "text", "source", "added", "created", "metadata"]
    assert row["id"] == key
    assert row["text"] == f"Say hello\n\nBecause hi is short.\n\n{DIFF}"
    assert row["source"] == "acme/payments/billing"
    assert row["created"] == row["added"] == "2026-05-15T09:30:00.000Z"
    assert all(isinstance(value, str) for value in row["metadata"].values())


def test_sft_asks_with_the_files_before_and_answers_with_the_diff(world: World, tmp_path: Path) -> None:
    world.edit("Say hello\n\nSigned-off-by: Somebody <x@example.test>\n")
    make(world, tmp_path / "out", "sft")
    (row,) = rows(tmp_path / "out", "sft")
    assert row["prompt"] == [{"role": "user", "content": "Say hello\n\ngreet.py\n```python\nprint('hi')\n```"}]
    assert row["completion"] == [{"role": "assistant", "content": DIFF}]


def test_a_diff_that_sft_teaches_applies_to_the_files_that_it_shows(world: World, tmp_path: Path) -> None:
    before = "".join(f"line {number}\n" for number in range(40))
    changes = [
        Change("a.py", before, before.replace("line 20", "mail: dev.one@example.org").replace("line 3\n", "")),
        Change("new.py", None, "print('new')\n"),
        Change("old.py", "print('old')\n", None),
    ]
    world.edit("Three kinds of change", changes)
    make(world, tmp_path / "out", "sft")
    (row,) = rows(tmp_path / "out", "sft")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_text(before)
    (tree / "old.py").write_text("print('old')\n")
    patch = row["completion"][0]["content"]
    subprocess.run(["git", "apply", "--unsafe-paths", "-"], cwd=tree, input=patch, text=True, check=True)
    assert sorted(path.name for path in tree.iterdir()) == ["a.py", "new.py"]
    assert "line 3\n" not in (tree / "a.py").read_text()
    asked = row["prompt"][0]["content"]
    assert before in asked
    assert "new.py (new file)" in asked
    assert "print('new')" not in asked, "the answer is not in the question"


def test_a_fence_is_longer_than_any_in_the_file(world: World, tmp_path: Path) -> None:
    world.edit("Tidy", [Change("a.md", "````\ncode\n````\n", "gone\n")])
    make(world, tmp_path / "out", "sft")
    assert "a.md\n`````\n````\ncode\n````\n`````" in rows(tmp_path / "out", "sft")[0]["prompt"][0]["content"]


def test_a_binary_file_is_named_in_the_prompt_and_nothing_of_it_shown(world: World, tmp_path: Path) -> None:
    logo = Change("logo.png", "x\n", "y\n", withheld="binary")
    world.edit("New logo", [logo, Change("a.py", "1\n", "2\n")])
    make(world, tmp_path / "out", "sft")
    assert "logo.png (binary not shown)" in rows(tmp_path / "out", "sft")[0]["prompt"][0]["content"]


def test_dpo_prefers_the_correction(world: World, tmp_path: Path) -> None:
    world.feedback("List files", "del *", "ls")
    make(world, tmp_path / "out", "dpo")
    (row,) = rows(tmp_path / "out", "dpo")
    assert row["prompt"] == [{"role": "user", "content": "List files"}]
    assert row["chosen"] == [{"role": "assistant", "content": "ls"}]
    assert row["rejected"] == [{"role": "assistant", "content": "del *"}]
    assert row["constraint_violation_tag"] == "unspecified"


SAME = [Change("a.py", "1\n", "1\n")]
TURNED_AWAY: list[tuple[str, str, Reason, dict[str, Any]]] = [
    ("sft", "edit", Reason.MERGE, {"parents": 2}),
    ("sft", "edit", Reason.EMPTY_MESSAGE, {"message": " \n"}),
    ("sft", "edit", Reason.EMPTY_DIFF, {"changes": SAME}),
    ("sft", "edit", Reason.EMPTY_DIFF, {"changes": [Change("a.bin", "1\n", "2\n", withheld="binary")]}),
    ("sft", "edit", Reason.DIFF_CUT, {"lines_cut": 3}),
    ("sft", "edit", Reason.BEFORE_CUT, {"changes": [Change("a.py", "1\n", "2\n", before_cut=True)]}),
    ("sft", "edit", Reason.FILE_WITHHELD, {"changes": [Change("a.c", "1\n", "2\n", withheld="undecodable"), Change("b.c", "1\n", "2\n")]}),
    ("sft", "edit", Reason.WITHHELD, {"message": None}),
    ("pretrain", "edit", Reason.MERGE, {"parents": 3}),
    ("pretrain", "edit", Reason.EMPTY_DIFF, {"changes": SAME}),
    ("pretrain", "edit", Reason.WITHHELD, {"message": None}),
    ("dpo", "feedback", Reason.NO_CORRECTION, {"corrected": None}),
    ("dpo", "feedback", Reason.EQUAL_SIDES, {"rejected": "ls", "corrected": " ls\n"}),
    ("dpo", "feedback", Reason.EMPTY_SIDE, {"corrected": " "}),
    ("dpo", "feedback", Reason.EMPTY_SIDE, {"prompt": "\n"}),
    ("dpo", "feedback", Reason.TURN_ORDER, {"prompt_role": "assistant"}),
    ("dpo", "feedback", Reason.TURN_ORDER, {"answer_role": "user"}),
]


@pytest.mark.parametrize(("recipe", "kind", "reason", "given"), TURNED_AWAY)
def test_what_teaches_nothing_is_left_out_with_its_reason(
    world: World, tmp_path: Path, recipe: str, kind: str, reason: Reason, given: dict[str, Any]
) -> None:
    getattr(world, kind)(**given)
    good = getattr(world, kind)(created="2027-01-01T00:00:00Z")
    (built,) = make(world, tmp_path / "out", recipe).sets
    assert built.dropped == {reason: 1}
    assert [key for key, _ in built.members] == [good]


def test_pretrain_keeps_a_cut_diff_and_a_commit_without_a_message(world: World, tmp_path: Path) -> None:
    world.edit(lines_cut=5)
    world.edit("", created="2026-05-17T00:00:00Z")
    (built,) = make(world, tmp_path / "out", "pretrain").sets
    assert built.rows == 2
    assert rows(tmp_path / "out", "pretrain")[1]["text"].startswith("diff --git ")


@pytest.mark.parametrize(("recipe", "kind"), [("pretrain", "edit"), ("sft", "edit"), ("dpo", "feedback")])
def test_a_row_that_repeats_an_earlier_one_is_a_duplicate(world: World, tmp_path: Path, recipe: str, kind: str) -> None:
    given: dict[str, Any] = {"changes": [Change("a.py", "1\n", "2\n")]} if kind == "edit" else {}
    later = getattr(world, kind)(created="2026-06-02T00:00:00Z", **given)
    earlier = getattr(world, kind)(created="2026-06-01T00:00:00Z", **given)
    (built,) = make(world, tmp_path / "out", recipe).sets
    assert built.dropped == {Reason.DUPLICATE: 1}
    assert [key for key, _ in built.members] == [earlier]
    assert later != earlier


@pytest.mark.parametrize(
    ("message", "request_text"),
    [
        ("Fix\n\nBody.\n\nSigned-off-by: A <a@b.test>\nReviewed-by: B\n", "Fix\n\nBody."),
        ("Fix\n\n(cherry picked from commit 0123abcd)\n", "Fix"),
        ("Fix\n\nNote: this matters.\nand goes on.", "Fix\n\nNote: this matters.\nand goes on."),
        ("fix: the thing", "fix: the thing"),
        ("Fix\n\nCo-authored-by: A\n <a@b.test>\n", "Fix"),
        ("\n\n", ""),
    ],
)
def test_trailers_are_no_part_of_the_request(message: str, request_text: str) -> None:
    assert instruction(message) == request_text


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_a_row_has_the_columns_that_its_card_declares(world: World, tmp_path: Path, recipe: Any) -> None:
    world.edit()
    world.feedback()
    make(world, tmp_path / "out", recipe.name)
    row = rows(tmp_path / "out", recipe.name)[0]
    assert list(row) == [column.name for column in columns(recipe.row_type)]
    provenance = row.get("metadata", row)
    assert {"key", "id", *Header.model_fields} <= provenance.keys()
    assert set(Provenance._fields) == {"key", "id", *Header.model_fields}
    assert provenance["doctrine_version"] == provenance["session_id"] == ""


def test_every_reason_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
