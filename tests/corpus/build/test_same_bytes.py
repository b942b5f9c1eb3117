"""The same bytes however the records lie: in what files, in what order, loose or packed; and every count adds up."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from corpus.record import LinkKind
from corpus.store import Corpus
from tests.corpus.build.world import Change, World, make, rows, tree

ASKED = ("pretrain", "sft", "kto", "dpo")
SPLIT = ("test=40",)


@pytest.fixture
def full(world: World) -> World:
    """Work, what became of it, and twins that differ in nothing but their names."""
    work = [world.edit(f"Change {day}\n", created=f"2026-05-0{1 + day // 2}T00:00:00Z") for day in range(6)]
    twins = [world.edit("Same\n", [Change("a.py", "1\n", "2\n")], created="2026-05-02T00:00:00Z") for _ in range(3)]
    world.link(LinkKind.REVERTED_BY, work[0], work[1])
    world.link(LinkKind.SUPERSEDED_BY, work[2], work[3])
    world.evidence(twins[0], "accepted")
    world.evidence(work[4], "verified")
    waiting, whole = world.feedback(corrected=None), world.feedback("Where?", "There", "Here")
    world.link(LinkKind.COMPLETES, whole, waiting)
    make(world, world.root.parent / "assigned", *ASKED, split=SPLIT)  # so that the links lie among what is moved about
    return world


@settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 1 << 32), packed=st.booleans())
def test_where_and_in_which_order_records_lie_changes_no_byte(full: World, tmp_path: Path, seed: int, packed: bool) -> None:
    make(full, tmp_path / "first", *ASKED, split=SPLIT)
    moved = World(tmp_path / f"moved-{seed}-{packed}")
    shutil.copytree(full.root, moved.root)
    home, chance = moved.root / "acme", Random(seed)
    for place in sorted(path for path in (home / "engineering").iterdir() if path.is_dir()):
        lines = [line for path in sorted(place.iterdir()) for line in path.read_bytes().splitlines(keepends=True)]
        for path in list(place.iterdir()):
            path.unlink()
        chance.shuffle(lines)
        for number in range(3):
            (place / f"bulk-{number:032x}.jsonl").write_bytes(b"".join(lines[number::3]))
    if packed:
        with Corpus.open(moved.root, "acme") as corpus:
            corpus.pack()
    make(moved, tmp_path / "second", *ASKED, split=SPLIT)
    assert tree(tmp_path / "first") == tree(tmp_path / "second")


def test_every_count_adds_up_to_the_rows_and_each_row_leads_to_its_record(full: World, tmp_path: Path) -> None:
    done = make(full, tmp_path / "out", *ASKED, split=SPLIT)
    with Corpus.open(full.root, "acme") as corpus:
        for built in done.sets:
            written = rows(tmp_path / "out", built.recipe)
            assert built.candidates == built.rows + sum(built.dropped.values())
            assert built.rows == len(written) == sum(built.splits.values()) == len(built.members)
            for row, (key, ident) in zip(written, built.members, strict=True):
                told = row.get("metadata", row)
                record = corpus.get(told["key"])
                assert (record.key, record.id) == (key, ident) == (told["key"], told["id"])
                assert record.header.source_commit == (told["source_commit"] or None)
