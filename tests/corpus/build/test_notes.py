"""What a card tells trainers with a configuration of their own is true of the files there are, also where none are to be trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from corpus.build.manifest import Manifest
from corpus.build.options import Options
from tests.corpus.build.world import World, make


def notes(out: Path) -> list[dict[str, Any]]:
    """The blocks of YAML in the card's text."""
    return [yaml.safe_load(block.partition("```")[0]) for block in (out / "README.md").read_text().split("```yaml\n")[1:]]


def files(done: Manifest, split: str) -> list[str]:
    return [file.path for built in done.sets for file in built.files if file.path.startswith(f"{built.recipe}/{split}-")]


@pytest.mark.parametrize("name", ["axolotl", "llama-factory"])
def test_a_note_names_the_rows_to_train_on_and_there_is_none_where_all_are_held_out(world: World, tmp_path: Path, name: str) -> None:
    for number in range(9):
        world.edit(f"Change {number}\n", created=f"2026-05-{number + 1:02d}T00:00:00Z")
    done = make(world, tmp_path / "out", "sft", split=("test=50",), options=Options(format=name, shard_bytes=900))
    assert set(done.sets[0].splits) == {"test", "train"}
    (note,) = notes(tmp_path / "out")
    if name == "axolotl":
        assert [each["split"] for each in note["datasets"]] == ["train"]
    else:
        info = json.loads((tmp_path / "out/dataset_info.json").read_bytes())
        assert [info[each]["file_name"] for each in note["dataset"].split(",")] == files(done, "train") != []
        assert sorted(each["file_name"] for each in info.values()) == sorted(file.path for file in done.sets[0].files)
    where = (_of(tmp_path / "out", "test"),)
    held_out = make(world, tmp_path / "held", "sft", split=("test=50",), where=where, options=Options(format=name))
    assert set(held_out.sets[0].splits) == {"test"}
    card = (tmp_path / "held/README.md").read_text()
    assert notes(tmp_path / "held") == []
    assert "`sft` has no row in `train`: all are held out." in card
    assert 'load_dataset(DIR, "sft", split="test")' in card


def _of(out: Path, split: str) -> str:
    """A condition that only the records of ``split`` meet."""
    rows = [json.loads(line) for path in sorted((out / "sft").glob(f"{split}-*")) for line in path.read_bytes().splitlines()]
    return f"source_commit in {','.join(row['source_commit'] for row in rows)}"
