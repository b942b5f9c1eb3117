"""A recipe of another package is found by its entry point and works in every way that ours do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from corpus.build.recipes import RECIPES, named
from corpus.errors import BadInput
from tests.corpus.build.world import World, make, rows

HERE = Path(__file__).parents[3]
PAGE = (HERE / "docs" / "adding-a-recipe.md").read_text()


def installed(site: Path, name: str, module: str, point: str) -> None:
    """A package as an installer lays it down: a module, and metadata with an entry point."""
    site.mkdir(exist_ok=True)
    (site / f"{name}.py").write_text(module)
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[trajectory_substrate.recipes]\n{point}\n")


def corpus(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(HERE), os.environ.get("PYTHONPATH", "")])}
    return subprocess.run([sys.executable, "-m", "corpus", *words], env=environment, capture_output=True, text=True, check=False)


def test_the_recipe_on_the_page_is_found_and_builds_samples_and_loads_in_other_formats(world: World, tmp_path: Path) -> None:
    (module,) = (text.split("\n```")[0] for text in PAGE.split("```python\n")[1:2])
    points = tomllib.loads(PAGE.split("```toml\n")[1].split("\n```")[0])["project"]["entry-points"]["trajectory_substrate.recipes"]
    assert points == {"subjects": "my_package.subjects:RECIPE"}
    installed(tmp_path / "site", "my_package", module, "subjects = my_package:RECIPE")
    world.edit("Say hello\n\nBecause hi is short.\n")
    out = tmp_path / "out"
    done = corpus(
        tmp_path / "site",
        "build",
        "--tenant",
        "acme",
        "--root",
        str(world.root),
        "--recipe",
        "subjects",
        "--format",
        "axolotl",
        "--out",
        str(out),
    )
    assert done.returncode == 0, done.stderr
    (row,) = rows(out, "subjects")
    assert [message["content"] for message in row["messages"]][1] == "Say hello"
    assert json.loads((out / "manifest.json").read_bytes())["sets"][0]["recipe"] == "subjects"
    seen = corpus(tmp_path / "site", "sample", "--tenant", "acme", "--root", str(world.root), "--recipe", "subjects")
    assert "Say hello" in seen.stdout


def test_a_recipe_that_cannot_be_loaded_is_named_and_the_others_work(world: World, tmp_path: Path) -> None:
    installed(tmp_path / "site", "broken_package", "raise RuntimeError('no')", "mine = broken_package:RECIPE")
    installed(tmp_path / "site", "odd_package", "RECIPE = 'no recipe'", "odd = odd_package:RECIPE")
    world.edit()
    words = ("--tenant", "acme", "--root", str(world.root), "--out", str(tmp_path / "out"))
    done = corpus(tmp_path / "site", "build", "--recipe", "mine", *words)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "broken_package: its recipe 'mine' cannot be loaded (RuntimeError)" in done.stderr
    assert "odd_package: its recipe 'odd' cannot be loaded (TypeError)" in done.stderr
    assert corpus(tmp_path / "site", "build", "--recipe", "sft", *words).returncode == 0


def test_a_name_of_ours_is_not_taken_over(world: World, tmp_path: Path) -> None:
    module = "from dataclasses import replace\nfrom corpus.build.recipes import sft\nRECIPE = replace(sft.RECIPE, version=99)\n"
    installed(tmp_path / "site", "other", module, "sft = other:RECIPE")
    world.edit()
    done = corpus(
        tmp_path / "site", "build", "--tenant", "acme", "--root", str(world.root), "--recipe", "sft", "--out", str(tmp_path / "out")
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out/manifest.json").read_bytes())["sets"][0]["version"] == RECIPES["sft"].version


def test_an_unknown_recipe_is_bad_input_that_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="use one of pretrain, sft, sft-blocks, commit-message, dpo, kto"):
        named(["stf"])


def test_a_commit_message_is_asked_for_from_the_whole_change(world: World, tmp_path: Path) -> None:
    world.edit("Say hello\n\nBecause hi is short.\n\nReviewed-by: somebody\n")
    world.edit("Cut", lines_cut=4)
    world.edit("\n")
    (built,) = make(world, tmp_path / "out", "commit-message").sets
    (row,) = rows(tmp_path / "out", "commit-message")
    assert row["prompt"][0]["content"].startswith("Write the commit message of this change.\n\ndiff --git a/greet.py b/greet.py\n")
    assert row["completion"] == [{"role": "assistant", "content": "Say hello\n\nBecause hi is short."}]
    assert built.dropped == {"empty-message": 1, "diff-cut": 1}


def test_another_release_of_the_package_makes_all_rows_anew(world: World, tmp_path: Path) -> None:
    (module,) = (text.split("\n```")[0] for text in PAGE.split("```python\n")[1:2])
    world.edit("Say hello\n\nBecause hi is short.\n")
    made_of = []
    for release in ("1.0", "1.1"):
        site = tmp_path / release
        installed(site, "my_package", module, "subjects = my_package:RECIPE")
        metadata = site / "my_package-1.0.dist-info" / "METADATA"
        metadata.write_text(metadata.read_text().replace("Version: 1.0", f"Version: {release}"))
        words = ("--tenant", "acme", "--root", str(world.root), "--recipe", "subjects", "--out", str(tmp_path / "out"))
        done = corpus(site, "build", *words)
        assert done.returncode == 0, done.stderr
        made_of += [file["of"] for file in json.loads((tmp_path / "out" / "manifest.json").read_bytes())["sets"][0]["files"]]
    assert len(set(made_of)) == 2
