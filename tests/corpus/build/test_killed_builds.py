"""A build is killed after something was forgotten while it lived: what it leaves of that goes with the next that comes by."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from corpus.build import Request, build
from corpus.build.listing import listed
from corpus.build.output import asides
from corpus.forgetting import builds
from corpus.forgetting.run import plan_of_keys
from corpus.store import Corpus
from corpus.store.builds import Begun
from tests.corpus.build.world import World, make, tree
from tests.failing import Rewound, boundaries, struck

# Forgets its first record when the last was read, as somebody else would.
MEANWHILE = """
import sys
from pathlib import Path
from corpus.build import Request, build
from corpus.forgetting import builds
from corpus.forgetting.run import plan_of_keys
from corpus.store import Corpus
root, out, key = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
forgotten = []
def seen(done, total):
    if done == total and not forgotten:
        forgotten.append(key)
        with Corpus.open(root, "acme") as corpus:
            corpus.forget(plan_of_keys(corpus, {key}).wanted)
            builds.forget(corpus, {key}, keep=False)
            corpus.forgotten()
try:
    build(Request(root, "acme", ("pretrain",)), out, seen=seen)
except BaseException as error:
    print(error)
"""


def forget(world: World, key: str) -> list[builds.Held]:
    with Corpus.open(world.root, "acme") as corpus:
        corpus.forget(plan_of_keys(corpus, {key}).wanted)
        done = builds.forget(corpus, {key}, keep=False)
        corpus.forgotten()
    return done


def holding(place: Path, key: str) -> set[str]:
    """The directories below ``place`` in which something of a record stands."""
    return {name.split("/")[0] for name, data in tree(place).items() if key.encode() in data}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("everywhere", [False, pytest.param(True, marks=pytest.mark.full)], ids=["some", "all"])
def test_what_a_killed_build_leaves_of_what_was_forgotten_goes_with_the_next(world: World, tmp_path: Path, everywhere: bool) -> None:
    key, other, _ = (world.edit() for _ in range(3))
    sets = tmp_path / "built"
    sets.mkdir()
    command = [sys.executable, "-c", MEANWHILE, str(world.root), str(sets / "one"), key]
    again = Rewound(tmp_path, tmp_path.with_name(f"{tmp_path.name}-kept"))
    met = boundaries(command, "rename,renameat,unlink,unlinkat,rmdir,fsync", re.compile(""), tmp_path.with_name(f"{tmp_path.name}-trace"))
    left = set()
    after = [met[at + 1] for at, (call, _) in enumerate(met) if call == "rename"]  # when a shard is whole, and when the build stands
    for call, number in met if everywhere else after:
        again()
        assert struck(command, call, number).returncode < 0
        before = holding(sets, key)
        with Corpus.open(world.root, "acme") as corpus:
            forgotten = bool(corpus.tombstones.digest)
            if corpus.forgetting() is not None:
                continue  # killed at forgetting itself, which the next forgetting goes on with
        if forgotten:
            left |= before
            build(Request(world.root, "acme", ("sft",)), sets / "two")
            assert holding(sets, key) <= {"one"}
            forget(world, other)
            assert holding(sets, key) == set()
    assert left == {".one.building", "one"}


def test_a_build_that_stands_unlisted_goes_when_something_else_is_forgotten_but_not_one_that_holds_nothing_forgotten(
    world: World, tmp_path: Path
) -> None:
    key, other = world.edit(), world.edit()
    make(world, tmp_path / "holds", "pretrain")
    forget_from_records(world, key)
    make(world, tmp_path / "clean", "pretrain")
    for path in (world.root / "acme/builds").iterdir():
        path.unlink()
    world.edit()
    with Corpus.open(world.root, "acme") as corpus:
        for name in ("holds", "clean"):
            corpus.begin_build(os.path.realpath(tmp_path / name), "")
        (held,) = builds.forget(corpus, {"ab" * 32}, keep=False)
        assert (held.build.outs, held.records) == ((os.path.realpath(tmp_path / "holds"),), 1)
    assert not (tmp_path / "holds").exists()
    assert (tmp_path / "clean").exists()
    forget(world, other)
    assert not (tmp_path / "clean").exists()


def forget_from_records(world: World, key: str) -> None:
    with Corpus.open(world.root, "acme") as corpus:
        corpus.forget(plan_of_keys(corpus, {key}).wanted)
        corpus.forgotten()


def test_what_a_killed_build_left_stays_while_nothing_was_forgotten(world: World, tmp_path: Path) -> None:
    world.edit()
    half = tmp_path / ".half.building/pretrain/part-train-00000"
    half.parent.mkdir(parents=True)
    half.touch()
    with Corpus.open(world.root, "acme") as corpus:
        corpus.begin_build(os.path.realpath(tmp_path / "half"), corpus.tombstones.digest)
    make(world, tmp_path / "one", "sft")
    assert half.exists()
    forget_from_records(world, world.edit())
    make(world, tmp_path / "two", "sft")
    assert not half.exists()


@pytest.mark.parametrize("name", [".mine.building", ".mine.replaced"])
def test_a_users_own_directory_of_such_a_name_is_never_cleared(world: World, tmp_path: Path, name: str) -> None:
    key = world.edit()
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.txt").touch()
    with Corpus.open(world.root, "acme") as corpus:
        corpus.begin_build(os.path.realpath(tmp_path / "mine"), "")
    forget(world, key)
    world.edit()
    make(world, tmp_path / "one", "sft")
    assert (tmp_path / name / "thesis.txt").exists()


def test_a_build_that_a_killed_one_had_set_aside_comes_back_when_something_else_is_forgotten(world: World, tmp_path: Path) -> None:
    world.edit(cluster="front")
    build(Request(world.root, "acme", ("pretrain",), ("cluster=front",)), tmp_path / "out")
    before = tree(tmp_path / "out")
    (tmp_path / "out").rename(asides(tmp_path / "out")[1])
    with Corpus.open(world.root, "acme") as corpus:
        corpus.begin_build(os.path.realpath(tmp_path / "out"), "")
    forget(world, world.edit())
    assert tree(tmp_path / "out") == before


def test_who_comes_while_a_build_lives_does_not_end_what_it_began(world: World, tmp_path: Path) -> None:
    out = os.path.realpath(tmp_path / "sets")
    with Corpus.open(world.root, "acme") as corpus:
        assert corpus.begin_build(out, "then")
        assert not corpus.begin_build(out, "now")
        with pytest.raises(ValueError, match="somebody"), listed(corpus, tmp_path / "sets"):
            raise ValueError("somebody writes there")
        assert corpus.builds_begun() == [Begun(out, "then")]


def test_what_an_earlier_version_noted_is_where_a_build_was_begun(world: World, tmp_path: Path) -> None:
    (world.root / "acme/builds").mkdir(mode=0o700)
    (world.root / f"acme/builds/{'ab' * 32}.begun").write_bytes(os.fsencode(tmp_path / "sets"))
    with Corpus.open(world.root, "acme") as corpus:
        assert corpus.builds_begun() == [Begun(str(tmp_path / "sets"), "")]
