"""The dataset card: a stranger reads in it what is in the sets, and the Hub's own code reads what it files them under."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus.build import choices, licence
from corpus.build.manifest import Query
from corpus.build.options import Options
from corpus.build.quality.bots import Bots
from corpus.build.quality.paths import Unwritten
from corpus.build.request import Request, query_of
from corpus.errors import BadInput
from tests.corpus.build.world import World, make, rows

SCRIPT = """
import json, sys
from importlib import resources
from huggingface_hub import DatasetCard
found = DatasetCard.load(sys.argv[1]).data.to_dict()
sizes = json.loads((resources.files("datasets.utils.resources") / "size_categories.json").read_text())
print(json.dumps({"data": found, "sizes": sizes}))
"""


@pytest.fixture
def full(world: World) -> World:
    judged = [world.edit(f"Change {number}\n", created=f"2026-05-{number + 1:02d}T00:00:00Z") for number in range(4)]
    world.evidence(judged[0], "accepted")
    world.feedback(model="gpt-5")
    world.feedback("How do I list more?", "dir", "ls -a")
    return world


def card(out: Path) -> str:
    return (out / "README.md").read_text()


def query(world: World, **options: Any) -> Query:
    return query_of(Request(world.root, world.tenant, ("sft",), options=Options(**options)))


def test_the_hubs_own_code_reads_what_the_card_says_of_itself(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out", "sft", "sft-blocks", "dpo", options=Options(license="CC-BY-4.0", file_type="parquet"))
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
    words = [sys.executable, "-c", SCRIPT, str(tmp_path / "out/README.md")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    told = found["data"]
    assert told["pretty_name"] == "acme: sft, sft-blocks, dpo"
    assert (told["license"], told["language"], told["task_categories"]) == ("cc-by-4.0", ["code"], ["text-generation"])
    assert (told["source_datasets"], told["tags"]) == (["original"], ["trl"])
    assert told["size_categories"] == ["n<1K"]
    assert set(told["size_categories"]) <= set(found["sizes"])
    files = [{"split": "train", "path": "sft-blocks/train-*.parquet"}]
    blocks = told["configs"][1]
    assert (blocks["config_name"], blocks["data_files"]) == ("sft-blocks", files)
    assert [each["config_name"] for each in told["dataset_info"]] == ["sft", "sft-blocks", "dpo"]


def test_the_lines_that_load_the_sets_are_python(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out", "sft-blocks", "dpo")
    tree = ast.parse(card(tmp_path / "out").split("```python\n")[1].partition("```")[0])
    assert [each.targets[0].id for each in tree.body if isinstance(each, ast.Assign)] == ["sft_blocks", "dpo"]  # type: ignore[attr-defined]


def test_the_lines_that_load_the_sets_name_the_form_that_the_rows_have(full: World, tmp_path: Path) -> None:
    for name, form in ((None, "trl"), ("axolotl", "axolotl")):
        make(full, tmp_path / "out", "sft", options=Options(format=name))
        (line,) = (line for line in card(tmp_path / "out").splitlines() if line.startswith("sft = load_dataset("))
        assert line.endswith(f"(for {form})")


def test_the_card_and_the_manifest_count_who_made_the_rows_and_what_is_known_of_them(full: World, tmp_path: Path) -> None:
    done = make(full, tmp_path / "out", "pretrain", "sft", "dpo")
    pretrain, sft, dpo = done.sets
    assert sft.evidence == {"accepted": 1, "observed": 3}
    assert (dpo.evidence, dpo.models, dpo.agents) == ({"corrected": 2}, {"": 1, "gpt-5": 1}, {"": 2})
    assert (pretrain.agents, pretrain.models) == ({}, {})
    said = card(tmp_path / "out")
    assert "| dpo | model | `gpt-5` | 1 |" in said
    assert "| dpo | model | nobody named | 1 |" in said
    assert "| pretrain |  | its rows have no such columns | 4 |" in said
    assert "| sft | accepted | 1 | a person let it stand |" in said
    without = make(full, tmp_path / "without", "dpo", where=("model=",))
    assert (without.sets[0].models, "gpt-5" in card(tmp_path / "without")) == ({"": 1}, False)
    assert [row["model"] for row in rows(tmp_path / "without", "dpo")] == [""]


def test_every_choice_is_a_sentence_and_what_was_not_asked_for_is_named(world: World, tmp_path: Path) -> None:
    tests = tmp_path / "exam.txt"
    tests.write_text("one two three four five six seven eight nine")
    said = list(
        choices.sentences(
            query(
                world,
                generated=Unwritten.ANY,
                bots=Bots.KEEP,
                exclude_paths=("docs/**", "a`|b"),
                exclude_licenses=("GPL-*", "agpl-3.0-only"),
                weights=("model=qwen:7b:0.125", "cluster=docs:1"),
                near_percent=85,
                max_per=("file=3", "author=50"),
                decontaminate_at=(tests,),
                tokenizer="sha256:0123",
                min_tokens=8,
                max_tokens=4096,
            )
        )
    )
    assert "Commits are left out if any of their files is generated, vendored, minified or a lock file." in said
    assert "Commits whose author is a program are taken as any other." in said
    assert "Commits that touch one of these paths are left out whole: `a|b`, `docs/**`." in said
    assert any(each.startswith("Commits that touch a file which says") and each.endswith(": `agpl-3.0-only`, `GPL-*`.") for each in said)
    assert (
        "Of the records there are taken: 100 % of those with cluster `docs`, 12.5 % of those with model `qwen:7b`; of all others each."
        in said
    )
    assert any("similarity of 0.85" in each for each in said)
    assert "No more rows than 50 of one author, 3 of one file; the first in the order of the work stay." in said
    assert any("`exam.txt sha256:" in each for each in said)
    assert any("`sha256:0123`" in each and "fewer than 8 tokens or of more than 4096 tokens" in each for each in said)
    assert not any(each.startswith("Not asked for") for each in said)
    plain = list(choices.sentences(query(world)))
    assert "Commits whose author is a program are left out." in plain
    assert plain[-1] == (
        "Not asked for: paths to leave out, licences to leave out, weights, texts to decontaminate against, a tokenizer, near duplicates, "
        "caps."
    )


def test_a_pattern_with_a_bar_breaks_no_table(world: World, tmp_path: Path) -> None:
    world.feedback(model="a|b")
    make(world, tmp_path / "out", "dpo")
    assert r"| dpo | model | `a\|b` | 1 |" in card(tmp_path / "out")


def test_what_lies_beside_the_sets_is_told_where_it_lies_there(full: World, tmp_path: Path) -> None:
    for _ in range(2):
        full.feedback("Which day is it?", "No.", "Monday.")
    make(full, tmp_path / "out", "sft", "dpo", options=Options(keep_dropped=True))
    said = card(tmp_path / "out")
    assert "`charts/`: 4 pictures" in said
    assert "`dropped/`: what was left out" in said
    assert "`aliases/`" in said
    assert {each.name for each in (tmp_path / "out").iterdir() if each.is_dir()} == {"sft", "dpo", "charts", "dropped", "aliases"}
    make(full, tmp_path / "plain", "sft")
    assert not any(folder in card(tmp_path / "plain") for folder in ("`dropped/`", "`aliases/`"))


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (None, []),
        ("MIT", ["license: mit"]),
        ("CC-BY-SA-4.0", ["license: cc-by-sa-4.0"]),
        ("acme-internal-1", ["license: other", "license_name: acme-internal-1"]),
    ],
)
def test_a_licence_is_one_the_hub_knows_or_another_with_its_name(given: str | None, lines: list[str]) -> None:
    assert list(licence.lines(given)) == lines


@pytest.mark.parametrize("text", ["", "MIT\nlicense: x", "a b", "-x", "x" * 65])
def test_a_licence_that_is_no_identifier_is_bad_input(world: World, text: str) -> None:
    with pytest.raises(BadInput, match="--license"):
        query(world, license=text)


def test_nobodys_word_makes_a_licence(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out", "sft")
    assert "## Licence\n\nNot stated." in card(tmp_path / "out")
    assert "\nlicense:" not in card(tmp_path / "out")


@pytest.mark.parametrize(
    ("split", "near", "limit"),
    [((), None, "one split, `train`"), (("test=40",), None, "may still hold similar text"), (("test=40",), 80, "in one of them alone")],
)
def test_the_limits_say_what_splits_keep_apart(full: World, tmp_path: Path, split: tuple[str, ...], near: int | None, limit: str) -> None:
    make(full, tmp_path / "out", "sft", split=split, options=Options(near_percent=near))
    limits = card(tmp_path / "out").rpartition("## Known limits")[2]
    told = ["one split, `train`", "may still hold similar text", "in one of them alone"]
    assert [each for each in told if each in limits] == [limit]
