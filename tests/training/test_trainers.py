"""TRL's own trainers train on what a build writes: 20 steps each on the CPU, offline, on every row, and on the completion alone.

They run in a Python of their own, which has the CPU build of torch (requirements/train.txt): ``.ci/full`` makes it, or
``TRAINING_PYTHON`` names one.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from corpus.build.files import FileType
from corpus.build.options import Options
from tests.corpus.build.world import make
from tests.training.sets import filled, tokenizer

HERE = Path(__file__)
PYTHON = Path(os.environ.get("TRAINING_PYTHON") or HERE.parents[2] / ".venv-train/bin/python")

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not PYTHON.exists(), reason="no Python with trl and the CPU build of torch: .ci/full makes .venv-train"),
]

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
    place = tmp_path_factory.mktemp("trained")
    asked = [(case, str(kind)) for case in CASES for kind in KINDS]
    jobs = [
        {"directory": str(built / case / kind), "recipe": CASES[case][0], "trainer": CASES[case][1], "tokenizer": str(built / "tokenizer")}
        for case, kind in asked
    ]
    (place / "jobs.json").write_text(json.dumps(jobs))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))},
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(place),
        "HF_DATASETS_CACHE": str(place / "datasets"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "",
    }
    command = [str(PYTHON), str(HERE.with_name("steps.py")), str(place / "jobs.json"), str(place / "told.json")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(zip(asked, json.loads((place / "told.json").read_text()), strict=True))


def rows(directory: Path, recipe: str, split: str = "train") -> list[dict[str, Any]]:
    """The rows of one split, read by nobody's library but json."""
    shards = sorted((directory / recipe).glob(f"{split}-*.jsonl"))
    return [json.loads(line) for shard in shards for line in shard.read_bytes().splitlines()]


def told(turns: list[dict[str, Any]]) -> str:
    """What the chat template prints of turns, said once more in Python."""
    found = []
    for turn in turns:
        thought = f"({turn['reasoning_content']})" if turn.get("reasoning_content") else ""
        calls = "".join(
            f"<|call|>{call['function']['name']} {json.dumps(call['function']['arguments'], ensure_ascii=False)}"
            for call in turn.get("tool_calls", [])
        )
        found.append(f"<|{turn['role']}|>{thought}{turn['content']}{calls}<|end|>")
    return "".join(found)


def lesson(row: dict[str, Any]) -> dict[str, Any]:
    """What a trainer should read and learn of a row: each side's text before the answer, and the answer."""
    if "text" in row:  # of plain text everything is learned, and its end
        return {"sides": [["", f"{row['text']}<|end|>"]], "label": None}
    tools = "".join(f"<|tool|>{json.dumps(tool, ensure_ascii=False)}" for tool in row["tools"] or [])
    asked = f"{tools}{told(row['prompt'])}<|assistant|>"
    answers = [row["chosen"], row["rejected"]] if "chosen" in row else [row["completion"]]
    return {"sides": [[asked, told(answer).removeprefix("<|assistant|>")] for answer in answers], "label": row.get("label")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_twenty_steps_of_trl_lower_the_loss(trained: Trained, case: str, kind: str) -> None:
    found = trained[case, kind]
    assert found["steps"] == len(found["losses"]) == 20
    assert all(map(math.isfinite, found["losses"]))
    assert mean(found["losses"][-5:]) < 0.9 * mean(found["losses"][:5])
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
