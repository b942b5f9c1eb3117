"""TRL's own trainers train on what a build writes: 20 steps each on the CPU, offline, on every row, and on the completion alone."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from corpus.build.files import FileType
from corpus.build.options import Options
from tests.corpus.build.world import make
from tests.training.apart import needs, run
from tests.training.lessons import lesson, rows
from tests.training.sets import filled, tokenizer

pytestmark = [pytest.mark.full, needs("trl")]

CASES = {
    "pretrain": ("pretrain", "sft", ""),
    "sft of commits": ("sft", "sft", "tuple_type=edit"),
    "sft of sessions": ("sft", "sft", "tuple_type=trajectory"),
    "sft-blocks": ("sft-blocks", "sft", ""),
    "commit-message": ("commit-message", "sft", ""),
    "dpo": ("dpo", "dpo", ""),
    "kto": ("kto", "kto", ""),
}
"""By name: the recipe, the trainer and which records."""
Trained = dict[tuple[str, str], dict[str, Any]]

PLAIN = "as it comes"
KINDS = [PLAIN, *FileType]
"""Besides, each kind of file with token counts and a split of its own for evaluation."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``<case>/<kind>``: each case's set in each kind of file, and the tokenizer beside them."""
    place = tmp_path_factory.mktemp("sets")
    world, tokens = filled(place / "root"), tokenizer(place / "tokenizer")
    for case, (recipe, _, where) in CASES.items():
        wanted = (where,) if where else ()
        (place / case).mkdir()
        make(world, place / case / PLAIN, recipe, where=wanted)
        for kind in FileType:
            options = Options(format="trl", file_type=kind, shard_bytes=4000, tokenizer_at=tokens)
            make(world, place / case / kind, recipe, where=wanted, options=options, split=("test=25",))
    return place


@pytest.fixture(scope="module")
def trained(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """What the trainers told of each set, in one process, for importing them takes longer than the steps."""
    asked = [(case, str(kind)) for case in CASES for kind in KINDS]
    jobs = [
        {"directory": str(built / case / kind), "recipe": CASES[case][0], "trainer": CASES[case][1], "tokenizer": str(built / "tokenizer")}
        for case, kind in asked
    ]
    return dict(zip(asked, run("steps.py", jobs, tmp_path_factory.mktemp("trained")), strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_twenty_steps_of_trl_lower_the_loss(trained: Trained, case: str, kind: str) -> None:
    found = trained[case, kind]
    assert found["steps"] == len(found["losses"]) == 20
    assert all(map(math.isfinite, found["losses"]))
    assert mean(found["losses"][10:]) < 0.9 * mean(found["losses"][:10]), "halves, for a batch of KTO may hold good answers alone"
    assert kind == PLAIN or math.isfinite(found["eval_loss"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_every_row_is_trained_on_whole_and_nothing_but_its_completion_is_learned(
    built: Path, trained: Trained, case: str, kind: str
) -> None:
    found = trained[case, kind]
    lines = built / case / (kind if kind == PLAIN else FileType.JSONL)
    written = {split: rows(lines, CASES[case][0], split) for split in ("train", "test")}
    assert found["rows"] == {split: len(each) for split, each in written.items() if each}
    assert ("test" in found["rows"]) is (kind != PLAIN)
    assert (found["prepared"], found["unseen"]) == (len(written["train"]), 0)
    assert found["learned"] == [lesson(row) for row in written["train"]]


@pytest.mark.parametrize("kind", FileType)
@pytest.mark.parametrize("case", CASES)
def test_a_row_has_as_many_tokens_as_the_build_counted(built: Path, trained: Trained, case: str, kind: str) -> None:
    counted = [row["tokens"] for row in rows(built / case / FileType.JSONL, CASES[case][0])]
    assert "tokens" in trained[case, kind]["columns"]
    # Of plain text the trainer learns that it ends, which the text itself does not say.
    assert trained[case, kind]["lengths"] == [count + (case == "pretrain") for count in counted]


def test_the_rejected_side_is_never_the_chosen_one_nor_a_copy_with_blank_space(built: Path) -> None:
    for row in rows(built / "dpo" / PLAIN, "dpo"):
        chosen, rejected = ("".join(json.dumps(row[side]).split()) for side in ("chosen", "rejected"))
        assert chosen != rejected
