"""MLCommons' own code validates the Croissant metadata of every recipe in every format and kind of file, and reads rows by it.

It runs in a Python of its own (requirements/croissant.txt): ``.ci/full`` makes it, or ``CROISSANT_PYTHON`` names one.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from corpus.build.files import FileType
from corpus.build.formats import FORMATS
from corpus.build.options import Options
from corpus.build.recipes import RECIPES
from tests.corpus.build.world import World, make

PYTHON = Path(os.environ.get("CROISSANT_PYTHON") or Path(__file__).parents[3] / ".venv-croissant/bin/python")
# It raises for an error; what it only warns of (no licence, no date of publication) is its owner's to say. It reads no compressed lines,
# and of values that are neither text nor a structure of texts it makes bytes or fails: with Parquet they are text.
SCRIPT = """
import json, logging, sys
import mlcroissant
logging.disable(logging.CRITICAL)
for path in sys.argv[1:]:
    dataset = mlcroissant.Dataset(jsonld=f"{path}/croissant.json")
    names = [one.uuid for one in dataset.metadata.record_sets]
    read = not path.endswith("zst") and (path.endswith("parquet") or "dolma" in path or "llama" in path)
    print(json.dumps([names, [len(list(dataset.records(name))) for name in names] if read else None]))
"""

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not PYTHON.exists(), reason="no Python with mlcroissant: .ci/full makes .venv-croissant"),
]


def validated(*directories: Path) -> subprocess.CompletedProcess[str]:
    words = [str(PYTHON), "-W", "ignore", "-c", SCRIPT, *map(str, directories)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_the_validator_of_croissant_accepts_every_build_and_reads_its_rows(world: World, tmp_path: Path) -> None:
    for number in range(3):
        world.evidence(world.edit(f"Change {number}\n"), "accepted")
    world.feedback()
    world.called("Count the lines", ("Bash", {"command": "rm part"}), ("Bash", {"command": "wc -l part"}))
    made = {}
    for kind in FileType:
        for name, form in FORMATS.items():
            if (name, kind) != ("llama-factory", FileType.JSONL_ZST):
                able = [recipe.name for recipe in RECIPES.values() if form(recipe.row_type) is not None]
                options = Options(format=name, file_type=kind, shard_bytes=3000, license="CC-BY-4.0")
                made[tmp_path / f"{name}.{kind}"] = make(world, tmp_path / f"{name}.{kind}", *able, split=("test=30",), options=options)
    done = validated(*made)
    assert done.returncode == 0, done.stderr[-2000:]
    for (directory, manifest), line in zip(made.items(), done.stdout.splitlines(), strict=True):
        names, counts = json.loads(line)
        assert names == [built.recipe for built in manifest.sets if built.rows], directory.name
        assert counts in (None, [built.rows for built in manifest.sets if built.rows]), directory.name


def test_it_looks(world: World, tmp_path: Path) -> None:
    world.edit()
    make(world, tmp_path / "out", "pretrain")
    told = (tmp_path / "out/croissant.json").read_text()
    (tmp_path / "out/croissant.json").write_text(told.replace('"pretrain-files"', '"no-files"', 1))
    assert validated(tmp_path / "out").returncode != 0
