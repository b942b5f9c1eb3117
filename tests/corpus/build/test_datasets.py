"""`datasets.load_dataset` reads a build as it lies, without a network, with the columns TRL's trainers expect.

The shapes are those of TRL's page "Dataset formats": conversational prompt-completion (SFTTrainer) and conversational preference with
an explicit prompt (DPOTrainer); a message is `{role, content}`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus.build.options import Options
from tests.corpus.build.world import World, make, rows

SCRIPT = """
import json, sys
import datasets
datasets.disable_progress_bars()
found = {}
for name in datasets.get_dataset_config_names(sys.argv[1]):
    loaded = datasets.load_dataset(sys.argv[1], name)
    assert list(loaded) == ["train"], list(loaded)
    table = loaded["train"].data.table
    found[name] = {"rows": loaded["train"].to_list(), "types": {field.name: str(field.type) for field in table.schema}}
print(json.dumps(found))
"""


def load(directory: Path, cache: Path) -> dict[str, Any]:
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(cache),
        "HF_DATASETS_CACHE": str(cache / "datasets"),
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(directory)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def loaded(world: World, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    for _ in range(3):
        world.edit()
    # Content that looks like a time, which a loader that guesses types would turn into one.
    world.feedback("2026-01-01T00:00:00.000Z", "2026-01-01", "2026-01-02 and not before")
    make(world, tmp_path / "out", options=Options(shard_bytes=600))
    return tmp_path / "out", load(tmp_path / "out", tmp_path / "cache")


MESSAGES = "list<element: extension<arrow.json>>"


def test_each_set_loads_with_trl_and_dolma_columns_and_the_very_rows(loaded: tuple[Path, dict[str, Any]]) -> None:
    directory, sets = loaded
    assert sets.keys() == {"pretrain", "sft", "dpo"}
    for name, found in sets.items():
        written = rows(directory, name)
        assert found["rows"] == written
    types = {name: {column: kind.replace("item:", "element:") for column, kind in found["types"].items()} for name, found in sets.items()}
    assert {column: types["sft"][column] for column in ("prompt", "completion")} == dict.fromkeys(("prompt", "completion"), MESSAGES)
    assert [types["dpo"][column] for column in ("prompt", "chosen", "rejected")] == [MESSAGES] * 3
    assert {types["pretrain"][column] for column in ("id", "text", "source", "added", "created")} == {"string"}
    flat = {column: kind for name in ("sft", "dpo") for column, kind in types[name].items() if kind != MESSAGES}
    assert flat.pop("tools") == "extension<arrow.json>"
    assert set(flat.values()) == {"string"}
    for row in sets["sft"]["rows"]:
        assert [turn["role"] for turn in row["prompt"] + row["completion"]] == ["user", "assistant"]
    for row in sets["dpo"]["rows"]:
        assert row["prompt"][-1]["role"] == "user"
        assert row["chosen"][0]["role"] == "assistant"


def test_a_set_built_again_in_the_same_place_loads_with_its_new_rows(world: World, tmp_path: Path) -> None:
    world.feedback("What is due?", "Nothing.", "The report.")
    make(world, tmp_path / "out", "dpo")
    assert len(load(tmp_path / "out", tmp_path / "cache")["dpo"]["rows"]) == 1
    world.feedback("And what else?", "Nothing.", "The slides.")
    make(world, tmp_path / "out", "dpo")
    assert load(tmp_path / "out", tmp_path / "cache")["dpo"]["rows"] == rows(tmp_path / "out", "dpo")
