"""axolotl's and LLaMA-Factory's own loaders read what a build writes, as its card says, and learn what the rows teach and nothing else.

What each row teaches is known from the same rows in TRL's columns.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corpus.build.files import FileType
from corpus.build.options import Options
from tests.corpus.build.world import make
from tests.training.apart import needs, run
from tests.training.lessons import lesson, rows
from tests.training.sets import filled, tokenizer

pytestmark = pytest.mark.full

RECIPES = ("pretrain", "sft", "sft-blocks", "commit-message", "dpo", "kto")
MODEL = {
    "model_type": "llama",
    "vocab_size": 600,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 4096,
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``<format>.<kind of file>``, all recipes in each, some rows held out; ``trl.jsonl`` beside them, and a tokenizer as ``model``."""
    place = tmp_path_factory.mktemp("sets")
    world = filled(place / "root")
    (tokenizer(place / "model") / "config.json").write_text(json.dumps(MODEL))
    for name, kind in [("trl", FileType.JSONL), *(("axolotl", kind) for kind in FileType), *(("llama-factory", kind) for kind in LINES)]:
        options = Options(format=name, file_type=kind, shard_bytes=4000)
        make(world, place / f"{name}.{kind}", *RECIPES, options=options, split=("held_out=25",))
    return place


LINES = (FileType.JSONL, FileType.PARQUET)
"""What LLaMA-Factory reads."""


def told(program: str, format_name: str, kinds: tuple[FileType, ...], built: Path, place: Path) -> dict[tuple[str, str], Any]:
    asked = [(recipe, str(kind)) for recipe in RECIPES for kind in kinds]
    jobs = [{"directory": str(built / f"{format_name}.{kind}"), "recipe": recipe, "model": str(built / "model")} for recipe, kind in asked]
    return dict(zip(asked, run(program, jobs, place), strict=True))


@pytest.fixture(scope="module")
def axolotl(built: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Any]:
    return told("axolotl_reads.py", "axolotl", tuple(FileType), built, tmp_path_factory.mktemp("axolotl"))


@needs("axolotl")
@pytest.mark.parametrize("kind", FileType)
@pytest.mark.parametrize("recipe", RECIPES)
def test_axolotl_learns_what_the_rows_teach(built: Path, axolotl: dict[tuple[str, str], Any], recipe: str, kind: str) -> None:
    taught = rows(built / "trl.jsonl", recipe)
    if recipe == "dpo":
        taught = [row for row in taught if not row["tools"]]
        expected = [[asked, chosen, rejected] for (asked, chosen), (_, rejected) in (lesson(row)["sides"] for row in taught)]
    elif recipe == "kto":
        taught = [row for row in taught if not row["tools"]]
        expected = [[chatml(row["prompt"]), f"{row['completion'][0]['content']}<|im_end|>", row["label"]] for row in taught]
    else:
        expected = [lesson(row)["sides"][0] for row in taught]
    assert taught
    assert sorted(axolotl[recipe, kind]) == sorted(expected)


def chatml(prompt: list[dict[str, Any]]) -> str:
    return "".join(f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n" for turn in prompt) + "<|im_start|>assistant\n"


@pytest.fixture(scope="module")
def llama_factory(built: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Any]:
    return told("llama_factory_reads.py", "llama-factory", LINES, built, tmp_path_factory.mktemp("llama_factory"))


@needs("llamafactory")
@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("recipe", RECIPES)
def test_llama_factory_learns_what_the_rows_teach(built: Path, llama_factory: dict[tuple[str, str], Any], recipe: str, kind: str) -> None:
    found = llama_factory[recipe, kind]
    taught = [row for row in rows(built / "trl.jsonl", recipe) if has_a_form(row)]
    assert any(row.get("tools") for row in taught) is (recipe in ("sft", "dpo", "kto"))
    assert found["made"] == len(taught)
    for row, made in zip(taught, found["rows"], strict=True):
        if recipe == "pretrain":
            assert (made["prompt"], made["response"]) == ([{"role": "user", "content": row["text"]}], [])
            continue
        assert [(said["role"], content(said)) for said in made["prompt"]] == talk(row["prompt"])
        assert [(said["role"], content(said)) for said in made["response"]] == answers(row)
        assert json.loads(made["tools"] or "null") == (row["tools"] and [tool["function"] for tool in row["tools"]])
    for row, learned in zip(taught, found["learned"] or [], strict=bool(found["learned"])):
        (turn,) = row["completion"]
        if not turn.get("tool_calls"):
            assert learned.rstrip("\n") == f"{turn['content']}<|im_end|>".rstrip("\n")
        for call in turn.get("tool_calls", []):
            assert call["function"]["name"] in learned
            assert json.dumps(call["function"]["arguments"], ensure_ascii=False) in learned


def has_a_form(row: dict[str, Any]) -> bool:
    """Whether no call of it has words beside it."""
    turns = [turn for side in ("prompt", "completion", "chosen", "rejected") for turn in row.get(side, [])]
    return not any(turn.get("tool_calls") and turn["content"] for turn in turns)


def talk(turns: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    roles = {"user": "user", "tool": "observation", "assistant": "assistant"}
    return [
        ("function", [call["function"] for call in turn["tool_calls"]])
        if turn.get("tool_calls")
        else (roles[turn["role"]], turn["content"])
        for turn in turns
    ]


def content(said: dict[str, Any]) -> Any:
    """What is said; calls as values, in a list even where there is one."""
    if said["role"] != "function":
        return said["content"]
    calls = json.loads(said["content"])
    return calls if isinstance(calls, list) else [calls]


def answers(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """One answer, the better before the worse, or a good one before nothing and nothing before a bad one."""
    if "chosen" in row:
        return [*talk(row["chosen"]), *talk(row["rejected"])]
    if "label" in row:
        nothing = ("assistant", "")
        return [*talk(row["completion"]), nothing] if row["label"] else [nothing, *talk(row["completion"])]
    return talk(row["completion"])
