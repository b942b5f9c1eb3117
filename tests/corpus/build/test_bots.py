"""Commits that programs made are left out of sets and counted, unless they are asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus.build import sample_rows
from corpus.build.options import Options
from corpus.build.quality.bots import Bots
from tests.corpus.build.world import World, make, rows

DEPENDABOT = ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com")
OURS = ("Nightly job", "77+acme-nightly[bot]@users.noreply.github.com")


@pytest.fixture
def busy(world: World) -> World:
    world.edit("Bump a package\n", author=DEPENDABOT)
    world.edit("Update the catalogue\n", author=OURS)
    world.edit("Greet\n", author=("Ann Lee", "ann.lee@example.test"))
    world.feedback()
    return world


def test_commits_of_programs_are_left_out_by_default_and_counted(busy: World, tmp_path: Path) -> None:
    done = make(busy, tmp_path / "out", "pretrain", "dpo", options=Options(keep_dropped=True))
    pretrain, dpo = done.sets
    assert (pretrain.rows, pretrain.dropped) == (1, {"bot": 2})
    assert (dpo.rows, dpo.dropped) == (1, {})
    lines = [json.loads(line) for line in (tmp_path / "out/dropped/pretrain").glob("*.jsonl").__next__().read_bytes().splitlines()]
    assert {line["reason"] for line in lines} == {"bot"}
    assert sorted(line["detail"].startswith("REDACTED_PERSON_") and line["detail"].endswith("[bot]") for line in lines) == [False, True]
    assert "dependabot[bot]" in {line["detail"] for line in lines}
    assert "| pretrain | bot | 2 | a program made the commit" in (tmp_path / "out/README.md").read_text()


def test_a_sample_shows_no_row_of_theirs(busy: World) -> None:
    assert [row.where().key for row in sample_rows(busy.root, busy.tenant, "sft", 9)] == busy.appended[2:3]


def test_they_are_rows_where_they_are_asked_for(busy: World, tmp_path: Path) -> None:
    done = make(busy, tmp_path / "out", "pretrain", options=Options(bots=Bots.KEEP))
    assert (done.sets[0].rows, done.sets[0].dropped) == (3, {})
    assert done.query.options.bots is Bots.KEEP
    busy.edit("Bump another package\n", author=DEPENDABOT)
    one_each = Options(bots=Bots.KEEP, max_per=("author=1",))
    assert make(busy, tmp_path / "capped", "pretrain", options=one_each).sets[0].dropped == {"capped": 1}
    assert len(rows(tmp_path / "capped", "pretrain")) == 3
