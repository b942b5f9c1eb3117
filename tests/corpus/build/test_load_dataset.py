"""`datasets.load_dataset` reads every recipe in every format that has a form for it, in every kind of file: the very rows of each split."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus.build import Manifest
from corpus.build.files import FileType
from corpus.build.formats import FORMATS, layout
from corpus.build.options import Options
from corpus.build.recipes import RECIPES
from tests.corpus.build.world import World, make
from tests.training.sets import filled

HELD_OUT = "held_out"
SCRIPT = """
import json, sys
import datasets
datasets.disable_progress_bars()
found = {}
for directory in sys.argv[2:]:
    for name in datasets.get_dataset_config_names(directory):
        loaded = datasets.load_dataset(directory, name, streaming=sys.argv[1] == "streaming")
        found[f"{directory}/{name}"] = {
            split: {"rows": list(rows), "features": repr(rows.features), "shards": getattr(rows, "n_shards", None)}
            for split, rows in loaded.items()
        }
print(json.dumps(found))
"""
BUILDS = [
    (name, kind)
    for name in FORMATS
    for kind in FileType
    if (name, kind) != ("llama-factory", FileType.JSONL_ZST)  # reads none such
]


def recipes_of(name: str) -> list[str]:
    return [recipe.name for recipe in RECIPES.values() if FORMATS[name](recipe.row_type) is not None]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``<format>.<kind>``: every recipe that the format has a form for, in several shards and two splits."""
    place = tmp_path_factory.mktemp("sets")
    world = filled(place / "root", 6)
    for name, kind in BUILDS:
        done = build(world, place / f"{name}.{kind}", name, kind)
        assert {file.path.partition(".")[2] for each in done.sets for file in each.files} == {kind.value}
        assert all(len([file for file in each.files if "/train-" in file.path]) > 1 for each in done.sets)
    return place


def build(world: World, out: Path, name: str, kind: FileType) -> Manifest:
    options = Options(format=name, file_type=kind, shard_bytes=1000)
    return make(world, out, *recipes_of(name), options=options, split=(f"{HELD_OUT}=25",))


def load(how: str, built: Path, cache: Path) -> dict[tuple[str, str, str], dict[str, dict[str, Any]]]:
    """By format, kind of file and recipe, what is loaded of each split, in one process without a network."""
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(cache),
        "HF_DATASETS_CACHE": str(cache / "datasets"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "",
    }
    command = [sys.executable, "-c", SCRIPT, how, *(str(built / f"{name}.{kind}") for name, kind in BUILDS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    asked = {(name, kind.value, recipe): f"{built / f'{name}.{kind}'}/{recipe}" for name, kind in BUILDS for recipe in recipes_of(name)}
    assert sorted(found) == sorted(asked.values())
    return {key: found[place] for key, place in asked.items()}


@pytest.mark.parametrize("how", ["whole", pytest.param("streaming", marks=pytest.mark.full)])
def test_every_recipe_loads_in_every_format_and_kind_of_file_with_the_very_rows(built: Path, tmp_path: Path, how: str) -> None:
    loaded = load(how, built, tmp_path)
    for (name, kind, recipe), splits in loaded.items():
        columns = [column.name for column in layout(RECIPES[recipe], name).columns]
        assert sorted(splits) == [HELD_OUT, "train"], (name, kind, recipe)
        for split, found in splits.items():
            # Read by nothing but json: what is nested comes back as it is, and what is null as null.
            shards = sorted((built / f"{name}.jsonl" / recipe).glob(f"{split}-*"))
            written = [json.loads(line) for shard in shards for line in shard.read_bytes().splitlines()]
            assert found["rows"] == [dict.fromkeys(columns) | row for row in written], (name, kind, recipe, split)
            assert found["features"] == loaded[name, "jsonl", recipe]["train"]["features"], (name, kind, recipe, split)
            assert how == "whole" or found["shards"] == len(shards)


def test_calls_with_arguments_of_every_shape_are_among_those_rows(built: Path) -> None:
    text = "".join(path.read_text() for path in (built / "trl.jsonl/sft").iterdir())
    for shape in (
        '"edits":[]',
        '"new":null',
        '"arguments":{}',
        '[1,2.5,{"deep":{"er":[null,false,"x"]}}]',
        '"path":"2026-01-01T00:00:00.000Z"',
    ):
        assert shape in text
