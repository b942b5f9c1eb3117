"""Counting without writing, and settings from a file: what a person sees before a build and what its manifest quotes."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from corpus.build.funnel import funnel, steps
from corpus.build.request import Request
from corpus.cli import group
from corpus.errors import BadInput
from corpus.record import LinkKind
from tests.corpus.build.world import World, make, tree


@pytest.fixture
def full(world: World) -> World:
    work = [world.edit(created=f"2026-05-0{day}T00:00:00Z") for day in (1, 2, 3)]
    world.edit(parents=2)
    world.edit(module="tax")
    world.feedback(corrected=None)
    world.link(LinkKind.SUPERSEDED_BY, work[0], work[1])
    return world


def test_a_dry_run_counts_what_the_build_then_makes_and_writes_nothing(full: World, tmp_path: Path) -> None:
    before = tree(tmp_path)
    found = funnel(Request(full.root, "acme", ("sft", "dpo"), ("moduleId=billing",)))
    assert tree(tmp_path) == before
    assert (found.records, found.selected) == (6, 5)
    done = make(full, tmp_path / "out", "sft", "dpo", where=("moduleId=billing",))
    for counted, built in zip(found.sets, done.sets, strict=True):
        assert counted == built.model_copy(update={"files": (), "beside": ()})
        told = steps(counted)
        assert [step.left for step in told][-1] == built.rows
        assert [(step.name, step.less) for step in told if step.less] == list(built.dropped.items())
        for earlier, step in pairwise(told[1:]):
            assert earlier.left - step.less == step.left


def test_the_command_prints_the_funnel_as_a_table_and_as_json(full: World) -> None:
    asked = ["build", "--tenant", "acme", "--recipe", "sft", "--dry-run", "--root", str(full.root)]
    table = CliRunner().invoke(group, asked)
    assert "records 6, selected 6" in table.output
    assert "superseded" in table.output
    told = json.loads(CliRunner().invoke(group, [*asked, "--json"]).output)
    assert told["sets"][0]["steps"][-1] == {"name": "rows", "less": 0, "left": 3}


def test_settings_of_a_file_are_the_commands_and_are_quoted(full: World, tmp_path: Path) -> None:
    settings = tmp_path / "build.toml"
    text = 'tenant = "acme"\nrecipe = ["sft"]\nwhere = "moduleId=tax"\nall_branches = true\n'
    text += 'file-type = "jsonl.zst"\ngate = { empty = "off" }\n'
    settings.write_text(text)
    command = [sys.executable, "-m", "corpus", "build", "--config", str(settings), "--root", str(full.root)]
    subprocess.run([*command, "--out", str(tmp_path / "out")], check=True, capture_output=True)
    told = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert told["query"]["config"] == text
    assert (told["query"]["where"], told["query"]["recipes"]) == (["moduleId=tax"], ["sft"])
    assert "empty=off" in told["query"]["gates"]
    assert told["sets"][0]["files"][0]["path"].endswith(".jsonl.zst")
    subprocess.run([*command, "--where", "moduleId=billing", "--out", str(tmp_path / "out")], check=True, capture_output=True)
    assert json.loads((tmp_path / "out/manifest.json").read_bytes())["query"]["where"] == ["moduleId=billing"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recipes = 1", "no setting 'recipes'"),
        ("tenant = ", "is not TOML"),
        ("dry-run = 1", "true or false"),
        ("format = ['trl']", "one text or number"),
    ],
)
def test_what_is_no_setting_is_bad_input(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "build.toml").write_text(text)
    result = CliRunner().invoke(group, ["build", "--config", str(tmp_path / "build.toml")])
    assert isinstance(result.exception, BadInput)
    assert said in str(result.exception)


def test_a_build_without_a_directory_says_what_is_missing(full: World) -> None:
    result = CliRunner().invoke(group, ["build", "--tenant", "acme", "--recipe", "sft", "--root", str(full.root)])
    assert result.exit_code == 2
    assert "--out" in result.output
