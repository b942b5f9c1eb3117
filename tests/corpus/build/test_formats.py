"""What each format makes of rows: as its consumer's schema has it, or left out and counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from corpus.build.files import FileType
from corpus.build.formats import layout
from corpus.build.formats.llama_factory import describe
from corpus.build.options import Options, size
from corpus.build.reasons import Reason
from corpus.build.recipes import RECIPES
from corpus.build.recipes.dpo import DpoRow
from corpus.build.recipes.kto import KtoRow
from corpus.build.recipes.sft import SftRow
from corpus.build.row import Provenance, Row
from corpus.build.turn import Function, Tool, ToolCall, Turn, Turns
from corpus.errors import BadInput
from tests.corpus.build.world import World, make, read_set, rows, tree

WHERE = Provenance(*(f"p{number}" for number in range(14)))


@pytest.fixture
def full(world: World) -> World:
    for number in range(3):
        world.evidence(world.edit(f"Greet number {number}\n"), "accepted")
    world.feedback("What is due on 2026-01-01?", "Nothing.", "The report.")
    world.called("Count the lines", ("Bash", {"command": "rm part"}), ("Bash", {"command": "wc -l part"}))
    world.called("Count them again", ("Read", {"path": "a", "limit": 3}), ("Read", {"path": "a", "limit": [1, 2]}))
    return world


def test_a_format_without_a_form_for_the_rows_says_which_have_one(full: World, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'openai' has no form for rows of 'kto': use trl or axolotl or llama-factory"):
        make(full, tmp_path / "out", "kto", options=Options(format="openai"))
    with pytest.raises(BadInput, match="no format 'parquet'"):
        make(full, tmp_path / "out", "kto", options=Options(format="parquet"))
    with pytest.raises(BadInput, match="reads no compressed lines"):
        make(full, tmp_path / "out", "kto", options=Options(format="llama-factory", file_type=FileType.JSONL_ZST))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", FileType)
def test_a_file_reads_back_as_its_rows_and_has_the_same_bytes_every_time(full: World, tmp_path: Path, kind: FileType) -> None:
    make(full, tmp_path / "lines", "sft", "kto", "pretrain")
    make(full, tmp_path / "one", "sft", "kto", "pretrain", options=Options(file_type=kind))
    make(full, tmp_path / "two", "sft", "kto", "pretrain", options=Options(file_type=kind))
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    for recipe in ("sft", "kto", "pretrain"):
        assert read_set(tmp_path / "one", recipe) == rows(tmp_path / "lines", recipe)


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(f"id-{name}", Function(name, arguments))


ASKED = Turn("user", "Count the lines.")
SESSION = (
    Turn("system", "Be brief."),
    ASKED,
    Turn("assistant", "", tool_calls=(call("Read", path="a"), call("Read", path="b"))),
    Turn("tool", "1", name="Read", tool_call_id="id-Read"),
    Turn("tool", "2", name="Read", tool_call_id="id-Read"),
)
TOOLS = (Tool("Read", (("path", "string"),)),)
REPLY = SftRow(SESSION, (Turn("assistant", "Three.", reasoning_content="1 + 2"),), TOOLS, "claude", "m", "4-5", WHERE)
GOOD, BAD = Turn("assistant", "wc -l"), Turn("assistant", "rm")
PAIR = DpoRow((ASKED,), (GOOD,), (BAD,), None, "tag", "inbox", "", "", WHERE)
VERDICT = KtoRow((ASKED,), (BAD,), False, None, "tag", "", "", WHERE)


def laid_out(name: str, recipe: str, row: Row) -> dict[str, Any] | Reason:
    return layout(RECIPES[recipe], name).render(row)


def plain(name: str, recipe: str, row: Row) -> dict[str, Any]:
    found = laid_out(name, recipe, row)
    assert not isinstance(found, Reason)
    values: dict[str, Any] = json.loads(orjson.dumps(found))
    return values


def test_openai_learns_the_completion_alone_and_gets_no_key_that_its_schema_lacks() -> None:
    row = plain("openai", "sft", REPLY)
    assert set(row) == {"messages", "tools"}
    assert [message.get("weight") for message in row["messages"]] == [None, None, 0, None, None, 1]
    allowed = {
        "system": {"role", "content", "name"},
        "user": {"role", "content", "name"},
        "assistant": {"role", "content", "name", "tool_calls", "weight"},
        "tool": {"role", "content", "tool_call_id"},
    }
    for message in row["messages"]:
        assert set(message) <= allowed[message["role"]]
    (called, _) = row["messages"][2]["tool_calls"]
    assert called == {"id": "id-Read", "type": "function", "function": {"name": "Read", "arguments": '{"path":"a"}'}}
    assert row["tools"][0]["function"]["name"] == "Read"
    assert "tools" not in plain("openai", "sft", SftRow((ASKED,), (GOOD,), None, "", "", "", WHERE))


CALLED = Turn("assistant", "", tool_calls=(call("Read"), call("Bash")))
READ, RUN = (Turn("tool", "1", tool_call_id=f"id-{name}") for name in ("Read", "Bash"))


@pytest.mark.parametrize(
    "prompt",
    [
        (ASKED, CALLED, READ),
        (ASKED, CALLED, READ, ASKED, RUN),
        (ASKED, CALLED, ASKED),
        (ASKED, READ),
        (ASKED, CALLED, READ, READ, RUN),
    ],
)
def test_openai_has_no_form_for_a_call_without_its_answer_or_an_answer_without_its_call(prompt: Turns) -> None:
    assert laid_out("openai", "sft", SftRow((ASKED, CALLED, RUN, READ), (GOOD,), None, "", "", "", WHERE)) is not Reason.NO_FORM
    assert laid_out("openai", "sft", SftRow(prompt, (GOOD,), None, "", "", "", WHERE)) is Reason.NO_FORM
    assert laid_out("openai", "dpo", DpoRow(prompt, (GOOD,), (BAD,), None, "", "", "", "", WHERE)) is Reason.NO_FORM


def test_openai_prefers_one_message_to_one_message() -> None:
    assert plain("openai", "dpo", PAIR) == {
        "input": {"messages": [{"role": "user", "content": "Count the lines."}]},
        "preferred_output": [{"role": "assistant", "content": "wc -l"}],
        "non_preferred_output": [{"role": "assistant", "content": "rm"}],
    }
    longer = DpoRow((ASKED,), (GOOD, ASKED, GOOD), (BAD,), None, "", "", "", "", WHERE)
    assert laid_out("openai", "dpo", longer) is Reason.NO_FORM


def test_axolotl_is_told_message_by_message_what_to_learn() -> None:
    row = plain("axolotl", "sft", REPLY)
    assert [message["training"] for message in row["messages"]] == [False] * 5 + [True]
    assert row["messages"][2]["tool_calls"][0]["function"] == {"name": "Read", "arguments": '{"path":"a"}'}
    assert (row["agent"], row["key"], row["created"]) == ("claude", "p0", "p13")


def test_axolotl_gets_of_pairs_and_verdicts_only_those_of_words() -> None:
    pair = plain("axolotl", "dpo", PAIR)
    assert (pair["messages"], pair["chosen"], pair["rejected"]) == (
        [{"role": "user", "content": "Count the lines."}],
        [{"role": "assistant", "content": "wc -l"}],
        [{"role": "assistant", "content": "rm"}],
    )
    verdict = plain("axolotl", "kto", VERDICT)
    assert {name: verdict[name] for name in ("system", "instruction", "completion", "label")} == {
        "system": "",
        "instruction": "Count the lines.",
        "completion": "rm",
        "label": False,
    }
    calls = Turn("assistant", "", tool_calls=(call("Read"),))
    assert laid_out("axolotl", "dpo", DpoRow((ASKED,), (GOOD,), (calls,), None, "", "", "", "", WHERE)) is Reason.NO_FORM
    assert laid_out("axolotl", "kto", KtoRow(SESSION, (GOOD,), True, TOOLS, "", "", "", WHERE)) is Reason.NO_FORM


def test_llama_factory_speakers_take_turns_and_a_call_is_json() -> None:
    row = plain("llama-factory", "sft", REPLY)
    assert row["system"] == "Be brief."
    assert [said["from"] for said in row["conversations"]] == ["human", "function_call", "observation", "gpt"]
    assert json.loads(row["conversations"][1]["value"]) == [{"name": "Read", "arguments": {"path": name}} for name in "ab"]
    assert row["conversations"][2]["value"] == "1\n2"
    assert row["conversations"][3]["value"] == "<think>\n1 + 2\n</think>\n\nThree."
    assert json.loads(row["tools"])[0]["name"] == "Read"
    spoken = Turn("assistant", "I look.", tool_calls=(call("Read"),))
    assert laid_out("llama-factory", "sft", SftRow((ASKED,), (spoken,), TOOLS, "", "", "", WHERE)) is Reason.NO_FORM, "words beside a call"
    assert laid_out("llama-factory", "sft", SftRow((ASKED, GOOD), (GOOD,), None, "", "", "", WHERE)) is Reason.NO_FORM, "two in a row"


def test_llama_factory_knows_each_file_and_what_it_is_for(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out", *RECIPES, options=Options(format="llama-factory", shard_bytes=1500))
    info = json.loads((tmp_path / "out/dataset_info.json").read_bytes())
    files = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").glob("*/*.jsonl")}
    assert {told["file_name"] for told in info.values()} == files
    assert info["sft_train_00000"]["formatting"] == "sharegpt"
    assert info["dpo_train_00000"]["ranking"] is True
    assert info["kto_train_00000"]["columns"]["kto_tag"] == "kto_tag"
    assert info["pretrain_train_00000"]["columns"] == {"prompt": "text"}
    for name, told in info.items():
        row = json.loads((tmp_path / "out" / told["file_name"]).read_text().splitlines()[0])
        assert set(told["columns"].values()) <= set(row)
        assert told == describe(RECIPES[name.split("_train")[0]].row_type, told["file_name"])
    assert "dataset: kto_train_00000" in (tmp_path / "out/README.md").read_text()


def test_what_a_format_has_no_place_for_is_left_out_and_counted(full: World, tmp_path: Path) -> None:
    (built,) = make(full, tmp_path / "out", "dpo", options=Options(format="axolotl")).sets
    assert (built.rows, built.dropped) == (1, {Reason.NO_FORM: 2})
    assert built.candidates == 3


@pytest.mark.parametrize(("text", "number"), [("500MB", 500_000_000), ("1 GB", 10**9), ("64MiB", 64 << 20), ("2k", 2000), ("77", 77)])
def test_a_size_is_said_as_people_say_it(text: str, number: int) -> None:
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "0", "-1MB", "1.5GB", "MB", "1XB", "9" * 20])
def test_what_is_no_size_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="--shard-size"):
        size(text)
