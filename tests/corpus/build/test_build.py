"""A whole build: counts that add up, digests that hold, and the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.build.assembly import Assembly
from corpus.build.files import FileType
from corpus.build.manifest import read
from corpus.build.options import Options
from corpus.build.reasons import Reason
from corpus.build.row import Column
from corpus.errors import BadInput, Broken, Refused
from tests.corpus.build.world import Change, World, WritesHere, make, rows, tree


@pytest.fixture
def full(world: World) -> World:
    """A little of everything that a build treats differently."""
    for day in range(1, 6):
        world.edit(f"Change {day}\n", created=f"2026-05-0{day}T00:00:00Z")
    world.edit(parents=2, created="2026-01-01T00:00:00Z")
    world.edit("Mail dev.two@example.org about it\n", created="2026-04-01T00:00:00Z")
    world.edit(message=None)
    world.edit(changes=[Change("a", "1\n", "1\n")])
    world.feedback()
    world.feedback(corrected=None)
    world.feedback("Where?", "There", "Here", created="2026-04-01T00:00:00Z")
    return world


def test_records_in_are_rows_and_what_was_dropped(full: World, tmp_path: Path) -> None:
    done = make(full, tmp_path / "out")
    found = {built.recipe: built for built in done.sets}
    assert {name: built.records_in for name, built in found.items()} == {"pretrain": 9, "sft": 9, "dpo": 3}
    for name, built in found.items():
        assert built.records_in == built.candidates == built.rows + sum(built.dropped.values())
        assert list(built.dropped) == [reason for reason in Reason if reason in built.dropped]
        written = rows(tmp_path / "out", name)
        assert built.rows == len(written) == len(built.members) == sum(file.rows for file in built.files) == sum(built.classes.values())
        assert [(row.get("metadata", row)["key"], row.get("metadata", row)["id"]) for row in written] == list(built.members)
    assert found["sft"].redactions == {"EMAIL_ADDRESS": 1}


def test_the_manifest_holds_the_digest_of_every_other_file(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out")
    files = tree(tmp_path / "out")
    told = json.loads(files.pop("manifest.json"))
    listed = [told["card"], *told["side"], *(file for built in told["sets"] for file in (*built["files"], *built["beside"]))]
    assert {file["path"]: (file["size"], file["sha256"]) for file in listed} == {
        name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()
    }


def test_the_card_says_what_was_left_out_and_redacted(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| sft | 9 | 9 | 6 | 3 |" in card
    assert "| sft | withheld | 1 |" in card
    assert "| dpo | no-correction | 1 |" in card
    assert "| pretrain | EMAIL_ADDRESS | 1 |" in card


def test_nothing_that_was_asked_begins_a_line_of_the_card(full: World, tmp_path: Path) -> None:
    full.branches("payments", "main", "odd`name")
    make(full, tmp_path / "out", where=("moduleId!=a`\n---\nconfigs: []",))
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Records: `moduleId!=a --- configs: []`, ordered" in card
    assert "`main`, `oddname`" in card
    assert card.splitlines().count("---") == 2


def test_building_again_elsewhere_gives_the_same_bytes_whatever_clock_zone_locale_and_order(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "first")
    # The same records, put there in the opposite order, under other file times.
    engineering = full.root / "acme/engineering"
    held = {path: path.read_bytes() for path in sorted(engineering.rglob("*.jsonl"))}
    for path in held:
        path.unlink()
    for path, data in reversed(held.items()):
        path.write_bytes(data)
        os.utime(path, (0, 0))
    script = (
        "import sys; from pathlib import Path; from corpus.build import Request, build\n"
        "build(Request(Path(sys.argv[1]), 'acme', ('dpo', 'sft', 'pretrain', 'sft')), Path(sys.argv[2]))"
    )
    environment = {**os.environ, "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7", "COLUMNS": "40"}
    command = [sys.executable, "-W", "error", "-c", script, str(full.root), str(tmp_path / "second")]
    subprocess.run(command, env=environment, check=True, umask=0o077)
    assert tree(tmp_path / "first") == tree(tmp_path / "second")


def test_one_file_of_many_records_builds_as_many_files_do(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "loose")
    place = full.root / "acme/engineering/payments"
    loose = sorted(place.iterdir())
    data = b"".join(path.read_bytes() for path in reversed(loose))
    for path in loose:
        path.unlink()
    (place / f"bulk-{'0' * 32}.jsonl").write_bytes(data)
    make(full, tmp_path / "bulk")
    assert tree(tmp_path / "loose") == tree(tmp_path / "bulk")


def test_large_sets_are_cut_into_shards_that_read_as_one(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "one", "sft")
    (built,) = make(full, tmp_path / "many", "sft", options=Options(shard_bytes=600)).sets
    names = [file.path for file in built.files]
    assert len(names) > 2
    assert names == [f"sft/train-{number:05d}-of-{len(names):05d}.jsonl" for number in range(len(names))]
    assert rows(tmp_path / "one", "sft") == rows(tmp_path / "many", "sft")
    assert {file.name for file in (tmp_path / "many/sft").iterdir()} == {name.removeprefix("sft/") for name in names}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.text(max_size=300), st.booleans()))), st.integers(1, 800))
def test_shards_hold_every_line_that_stays_once_and_only_the_last_is_short(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[list[tuple[str, bool]]], limit: int
) -> None:
    top = tmp_path_factory.mktemp("shards")

    shards = Assembly(top / "set", "set", "train", Options(shard_bytes=limit), WritesHere(FileType.JSONL, (Column("text"),)))
    kept = []
    for number, texts in enumerate(pieces):
        lines = [(orjson.dumps({"text": text}) + b"\n", stays) for text, stays in texts]
        (top / str(number)).write_bytes(b"".join(line for line, _ in lines))
        shards.add(str(number), top / str(number), [(len(line), stays) for line, stays in lines])
        kept += [line for line, stays in lines if stays]
    files = shards.finish()
    data = [(top / file.path).read_bytes() for file in files]
    assert b"".join(data) == b"".join(kept)
    assert all(len(shard) >= limit for shard in data[:-1])
    assert [(file.size, file.rows) for file in files] == [(len(shard), shard.count(b"\n")) for shard in data]
    assert [path.name for path in top.iterdir()] == (["set"] if kept else [])


def test_a_recipe_without_rows_makes_no_directory_and_no_config(world: World, tmp_path: Path) -> None:
    world.edit()
    done = make(world, tmp_path / "out")
    assert [(built.recipe, built.rows) for built in done.sets] == [("pretrain", 1), ("sft", 1), ("dpo", 0)]
    assert not (tmp_path / "out/dpo").exists()
    assert "config_name: dpo" not in (tmp_path / "out/README.md").read_text()


def test_no_row_at_all_is_bad_input_that_says_why_and_leaves_nothing(world: World, tmp_path: Path) -> None:
    world.edit(parents=2)
    with pytest.raises(BadInput, match="1 merge"):
        make(world, tmp_path / "new" / ".." / "out", "sft")
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_an_unknown_recipe_is_answered_with_those_there_are(world: World, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="pretrain, sft, sft-blocks, commit-message, dpo, kto"):
        make(world, tmp_path / "out", "rlhf")


def test_an_unknown_tenant_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="globex"):
        make(World(world.root, "globex"), tmp_path / "out")


def test_a_damaged_record_stops_the_build_and_the_earlier_one_stays(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out")
    full.edit()  # so that there is something to make
    before = tree(tmp_path / "out")
    victim = max((full.root / "acme/engineering/payments").iterdir())
    victim.write_bytes(victim.read_bytes().replace(b"Change", b"Chance").replace(b"hello", b"hallo"))
    with pytest.raises(Broken):
        make(full, tmp_path / "out")
    assert tree(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "root"]


def test_a_cluster_called_members_without_branches_leaves_the_manifest_whole(full: World, tmp_path: Path) -> None:
    full.branches("members")
    made = make(full, tmp_path / "out", "pretrain", "sft")
    assert made.query.branches == {"members": ()}
    assert read(tmp_path / "out/manifest.json") == made
