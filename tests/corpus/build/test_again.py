"""What an earlier build, or one that was cut off, left is used again, and changes no byte of what is built."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from corpus.build import again, run
from corpus.build.desk import Desk
from corpus.build.files import FileType
from corpus.build.options import Options
from corpus.build.output import asides
from corpus.record import LinkKind
from corpus.store import add_tenant, init_root
from tests.corpus.build.grown import in_small_pieces
from tests.corpus.build.world import Change, World, make, tree

SMALL = Options(shard_bytes=3000)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_pieces(monkeypatch)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pieces that are made, as they are."""
    names: list[str] = []
    make_piece = Desk.make

    def noted(self: Desk, name: str, *more: Any) -> Any:
        names.append(name)
        return make_piece(self, name, *more)

    monkeypatch.setattr(Desk, "make", noted)
    return names


def grow(world: World, count: int, month: int = 5) -> None:
    for number in range(count):
        created = f"2026-{month:02d}-{1 + number // 20:02d}T00:{number % 20:02d}:00Z"
        world.edit(f"Change {month} {number}\n", [Change("a.py", "1\n", f"{month} {number}\n")], created=created)


def inodes(out: Path, recipe: str) -> set[int]:
    return {path.stat().st_ino for path in (out / recipe).iterdir()}


def test_after_growth_at_the_end_only_the_end_is_made_and_the_other_shards_are_the_same_files(
    world: World, tmp_path: Path, made: list[str]
) -> None:
    grow(world, 60)
    make(world, tmp_path / "out", "pretrain", "sft", options=SMALL)
    before, all_of_them = inodes(tmp_path / "out", "pretrain"), len(made)
    made.clear()
    grow(world, 2, month=6)
    make(world, tmp_path / "out", "pretrain", "sft", options=SMALL)
    now = inodes(tmp_path / "out", "pretrain")
    assert len(before) > 5
    assert len(before - now) <= 2, "all but those that have something of the last piece"
    assert all_of_them > 10
    assert len(set(made)) <= 6
    make(world, tmp_path / "afresh", "pretrain", "sft", options=SMALL)
    assert tree(tmp_path / "out") == tree(tmp_path / "afresh")


def test_a_build_of_the_same_makes_nothing(world: World, tmp_path: Path, made: list[str]) -> None:
    grow(world, 20)
    make(world, tmp_path / "out", "pretrain", "sft", options=SMALL)
    before = tree(tmp_path / "out")
    made.clear()
    make(world, tmp_path / "out", "pretrain", "sft", options=SMALL)
    assert made == []
    assert tree(tmp_path / "out") == before


def test_another_question_uses_nothing_of_an_earlier_answer(world: World, tmp_path: Path, made: list[str]) -> None:
    grow(world, 20)
    make(world, tmp_path / "out", "pretrain", options=SMALL)
    for asked in ({"where": ("cluster=payments",)}, {"options": Options(shard_bytes=2999)}, {"split": ("test=50",)}):
        made.clear()
        make(world, tmp_path / "out", "pretrain", **({"options": SMALL} | asked))
        assert made


STEPS = st.lists(
    st.tuples(st.sampled_from(["edit", "twin", "between", "revert", "accept", "feedback"]), st.integers(0, 5)), min_size=1, max_size=6
)


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rounds=st.lists(STEPS, min_size=2, max_size=3), kind=st.sampled_from(list(FileType)), near=st.booleans(), split=st.booleans())
def test_over_any_growth_a_build_over_the_earlier_one_is_one_made_afresh(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[tuple[str, int]]], kind: FileType, near: bool, split: bool
) -> None:
    top = tmp_path_factory.mktemp("grown")
    init_root(top / "root")
    add_tenant(top / "root", "acme")
    world, chance = World(top / "root"), Random(1)
    work = [world.edit(f"Change {number}\n", created=f"2026-05-{1 + number:02d}T00:00:00Z") for number in range(8)]
    asked: dict[str, Any] = {"options": Options(shard_bytes=1500, file_type=kind, near_percent=80 if near else None)}
    asked |= {"split": ("test=40",)} if split else {}
    said: set[tuple[str, int]] = set()
    for number, steps in enumerate(rounds):
        for step, where in steps:
            day = 1 + chance.randrange(8)
            if step == "edit":
                work.append(world.edit(f"Later {len(work)}\n", created=f"2026-06-{1 + where:02d}T00:00:00Z"))
            elif step == "twin":
                work.append(world.edit("Same\n", [Change("b.py", "1\n", "2\n")], created=f"2026-05-0{day}T06:00:{len(work):02d}Z"))
            elif step == "between":
                work.append(world.edit(f"Between {len(work)}\n", created=f"2026-05-0{day}T12:00:00Z"))
            elif step in ("revert", "accept") and (step, where) in said:
                continue
            elif step == "revert":
                world.link(LinkKind.REVERTED_BY, work[where], work[-1])
            elif step == "accept":
                world.evidence(work[where], "accepted")
            elif step == "feedback":
                world.feedback(f"Why {len(work)}?", "So", "Thus", created=f"2026-05-0{day}T00:00:00Z")
            said.add((step, where))
        make(world, top / "out", **asked)
        make(world, top / f"afresh{number}", **asked)
        assert tree(top / "out") == tree(top / f"afresh{number}")


@pytest.mark.parametrize("spoilt", ["a shard", "no shard", "notes", "no notes"])
def test_what_was_changed_since_is_made_again(world: World, tmp_path: Path, made: list[str], spoilt: str) -> None:
    grow(world, 30)
    out = tmp_path / "out"
    make(world, out, "pretrain", options=SMALL)
    before = tree(out)
    path = sorted((out / "pretrain").iterdir())[1] if "shard" in spoilt else out / again.AGAIN / "pretrain.arrows"
    data = path.read_bytes()
    path.unlink()
    if not spoilt.startswith("no"):
        path.write_bytes(data[:-100] + bytes(100))
    elif spoilt == "notes":
        path.write_bytes(data[: len(data) // 2])
    made.clear()
    make(world, out, "pretrain", options=SMALL)
    assert made
    assert tree(out) == before


def test_what_was_forgotten_since_is_in_nothing_that_is_used_again(world: World, tmp_path: Path) -> None:
    grow(world, 20)
    make(world, tmp_path / "out", "pretrain", options=SMALL)
    victim = world.appended[3]
    for path in world.root.rglob("*.jsonl"):
        if victim in path.read_text():
            path.unlink()
    make(world, tmp_path / "out", "pretrain", options=SMALL)
    assert not [name for name, data in tree(tmp_path / "out").items() if victim.encode() in data and name != "manifest.json"]
    assert not [name for name, data in tree(tmp_path / "out").items() if bytes.fromhex(victim) in data]


# Pieces are small in it too. It stops for good when so many records are done, or at so many calls into the system after it has selected.
CUT_OFF = """
import os, sys
from pathlib import Path
import pytest
from corpus.build import Request, build, run
from corpus.build.options import Options
from tests.corpus.build.grown import in_small_pieces
from tests.failing import killing_itself_at
root, out, call, record = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
in_small_pieces(pytest.MonkeyPatch())
stage, met = run.stage, []
def staged(*asked, **more):
    met.append(killing_itself_at(call))
    return stage(*asked, **more)
run.stage = staged
def seen(done, total):
    if done >= record:
        os._exit(9)
build(Request(root, "acme", ("pretrain", "sft"), options=Options(shard_bytes=3000)), out, seen=seen)
print(met[0]())
"""


def cut_off(world: World, out: Path, *, call: int = 1 << 30, record: int = 1 << 30) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CUT_OFF, str(world.root), str(out), str(call), str(record)]
    return subprocess.run(command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True)


def test_a_build_that_is_killed_anywhere_goes_on_from_there(world: World, tmp_path: Path) -> None:
    grow(world, 24)
    calls = int(cut_off(world, tmp_path / "whole").stdout)
    whole, out = tree(tmp_path / "whole"), tmp_path / "out"
    chance, killed, went_on = Random(5), 0, 0
    for _ in range(12):
        code = cut_off(world, out, call=chance.randrange(calls // 3, calls)).returncode
        assert code in (0, -9)
        killed += code != 0
        went_on += (asides(out)[0] / ".before").exists()
        if out.exists():
            assert tree(out) == whole
            shutil.rmtree(out)
    assert killed > 5
    assert went_on
    make(world, out, "pretrain", "sft", options=SMALL)
    assert tree(out) == whole
    assert not asides(out)[0].exists()


def test_a_killed_build_leaves_what_the_next_does_not_make(world: World, tmp_path: Path, made: list[str]) -> None:
    grow(world, 60)
    assert cut_off(world, tmp_path / "out", record=45).returncode == 9
    make(world, tmp_path / "out", "pretrain", "sft", options=SMALL)
    rest = len(set(made))
    made.clear()
    make(world, tmp_path / "afresh", "pretrain", "sft", options=SMALL)
    assert rest < len(set(made)) / 2
    assert tree(tmp_path / "out") == tree(tmp_path / "afresh")


def test_notes_hold_digests_of_those_whose_rows_are_capped(world: World, tmp_path: Path) -> None:
    for number in range(3):
        world.edit(f"Change {number}\n", [Change("src/told_to_nobody.py", "1\n", f"{number} more\n")], author=("Ada", "ada@example.org"))
    (built,) = make(world, tmp_path / "out", "sft", options=Options(max_per=("file=1", "author=2"))).sets
    assert (built.rows, built.dropped) == (1, {"capped": 2})
    notes = (tmp_path / "out" / again.AGAIN / "sft.arrows").read_bytes()
    assert b"told_to_nobody" not in notes
    assert b"ada@" not in notes


def test_what_answers_in_another_version_answers_anew(
    world: World, tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(world, 5)
    near = Options(near_percent=80)
    make(world, tmp_path / "out", "sft", options=near)
    real = run.version
    for name in ("datasketch", "orjson", "pyarrow"):
        made.clear()
        monkeypatch.setattr(run, "version", lambda asked, newer=name: f"{real(asked)}{'.1' if asked == newer else ''}")
        make(world, tmp_path / "out", "sft", options=near)
        assert made, name
