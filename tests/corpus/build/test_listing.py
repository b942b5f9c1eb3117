"""Builds are known to the corpus that they were made of: those that stand, those that were killed, and none of what was forgotten."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from corpus.build import Request, build
from corpus.build.listing import listed
from corpus.build.options import Options
from corpus.build.output import stage
from corpus.errors import BadInput, Failed
from corpus.forgetting import builds
from corpus.forgetting.run import plan_of_keys
from corpus.store import Build, Corpus, Keys, add_tenant, init_root
from corpus.store.builds import Begun
from tests.corpus.build.world import World, tree


@pytest.fixture
def world(tmp_path: Path) -> World:
    init_root(tmp_path / "root")
    add_tenant(tmp_path / "root", "acme")
    made = World(tmp_path / "root")
    made.edit()
    made.edit()
    return made


def make(world: World, out: Path, **more: str) -> None:
    build(Request(world.root, "acme", ("pretrain",), tuple(f"{field}={value}" for field, value in more.items())), out)


def test_a_build_is_listed_with_its_records_and_every_place_it_was_written_to(world: World, tmp_path: Path) -> None:
    for name in ("one", "two", "one"):
        make(world, tmp_path / name)
    manifest = hashlib.sha256((tmp_path / "one/manifest.json").read_bytes()).hexdigest()
    with Corpus.open(world.root, "acme") as corpus:
        (known,) = corpus.builds()
        assert (known.manifest, known.recipes, known.forgotten) == (manifest, ("pretrain",), 0)
        assert known.outs == tuple(os.path.realpath(tmp_path / name) for name in ("one", "two"))
        assert corpus.in_build(known, world.appended) == 2
        assert corpus.in_build(known, ["ab" * 32]) == 0
        assert corpus.builds_begun() == []
    assert str(tmp_path).encode() not in b"".join(tree(tmp_path / "one").values())


def test_a_record_whose_row_was_left_out_and_kept_is_found_and_all_of_the_build_goes(world: World, tmp_path: Path) -> None:
    left_out = world.edit(parents=2)
    build(Request(world.root, "acme", ("sft",), options=Options(keep_dropped=True)), tmp_path / "sets")
    assert any(left_out in path.read_text() for path in (tmp_path / "sets/dropped/sft").iterdir())
    with Corpus.open(world.root, "acme") as corpus:
        (held,) = builds.forget(corpus, [left_out], keep=False)
        assert [became for _, became in held.became] == [builds.Became.REMOVED]
    assert not (tmp_path / "sets").exists()


def test_a_build_that_comes_to_nothing_is_not_listed(world: World, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        make(world, tmp_path / "none", cluster="nowhere")
    with Corpus.open(world.root, "acme") as corpus:
        assert corpus.builds() == []
        assert corpus.builds_begun() == []


def test_a_build_that_may_hold_what_was_forgotten_stays_begun_until_it_is_gone(world: World, tmp_path: Path) -> None:
    out, before = os.path.realpath(tmp_path / "sets"), "the tombstones of before"
    with Corpus.open(world.root, "acme") as corpus:
        corpus.begin_build(out, before)
        held = Keys.of(bytes.fromhex("".join(world.appended)))
        assert not corpus.list_build(Build("ab" * 32, ("pretrain",), (out,)), held, before)
        assert (corpus.builds(), corpus.builds_begun()) == ([], [Begun(out, before)])


def test_what_is_forgotten_while_a_build_is_made_is_in_no_build(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = builds.forget, []

    def meanwhile(done: int, total: int) -> None:
        if done == total and not seen:
            with Corpus.open(world.root, "acme") as corpus:
                corpus.forget(plan_of_keys(corpus, {world.appended[0]}).wanted)
                seen.extend(real(corpus, {world.appended[0]}, keep=False))
                corpus.forgotten()

    with pytest.raises(Failed, match="build it again"):
        build(Request(world.root, "acme", ("pretrain",)), tmp_path / "sets", seen=meanwhile)
    assert not (tmp_path / "sets").exists()
    make(world, tmp_path / "sets")
    with Corpus.open(world.root, "acme") as corpus:
        assert [corpus.in_build(one, world.appended) for one in corpus.builds()] == [1]


def test_a_build_that_was_killed_is_found_whether_it_stands_or_not(world: World, tmp_path: Path) -> None:
    make(world, tmp_path / "sets")
    for path in (world.root / "acme/builds").iterdir():
        path.unlink()  # as if it had been killed before it was listed
    aside = tmp_path / ".half.building"
    (aside / "pretrain").mkdir(parents=True)
    (aside / "pretrain/part-train-00000").write_text("half a row")
    with Corpus.open(world.root, "acme") as corpus:
        for name in ("sets", "half"):
            corpus.begin_build(os.path.realpath(tmp_path / name), "")
        (held,) = builds.forget(corpus, world.appended[:1], keep=False)
        assert held.became == ((os.path.realpath(tmp_path / "sets"), builds.Became.REMOVED),)
        (known,) = corpus.builds()
        assert known.forgotten == 1
    assert not (tmp_path / "sets").exists()
    assert not aside.exists()


def test_looking_at_what_would_go_lists_nothing_and_ends_nothing(world: World, tmp_path: Path) -> None:
    make(world, tmp_path / "sets")
    out = os.path.realpath(tmp_path / "sets")
    for path in (world.root / "acme/builds").iterdir():
        path.unlink()
    with Corpus.open(world.root, "acme") as corpus:
        corpus.begin_build(out, "")
        before = tree(world.root)
        assert [(build.outs, count) for build, count in builds.holding(corpus, world.appended)] == [((out,), 2)]
        assert plan_of_keys(corpus, world.appended[:1]).builds[0][1:] == (1, (out,))
        assert tree(world.root) == before


def test_a_build_that_lives_stays_begun_whatever_is_forgotten_meanwhile(world: World, tmp_path: Path) -> None:
    make(world, tmp_path / "sets")
    out = os.path.realpath(tmp_path / "sets")
    with Corpus.open(world.root, "acme") as corpus, stage(tmp_path / "sets", world.root, "acme"):
        corpus.begin_build(out, "")
        builds.forget(corpus, ["ab" * 32], keep=False)
        assert corpus.builds_begun() == [Begun(out, "")]


def test_a_build_that_is_interrupted_once_it_stands_stays_begun(world: World, tmp_path: Path) -> None:
    make(world, tmp_path / "sets")
    with Corpus.open(world.root, "acme") as corpus:
        with pytest.raises(KeyboardInterrupt), listed(corpus, tmp_path / "sets"):
            raise KeyboardInterrupt
        assert corpus.builds_begun() == [Begun(os.path.realpath(tmp_path / "sets"), "")]


def test_a_directory_that_a_later_build_fills_is_left_alone(world: World, tmp_path: Path) -> None:
    make(world, tmp_path / "sets")
    world.edit(cluster="front")
    make(world, tmp_path / "sets", cluster="front")
    before = tree(tmp_path / "sets")
    with Corpus.open(world.root, "acme") as corpus:
        (held,) = builds.forget(corpus, world.appended[:1], keep=False)
        assert [became for _, became in held.became] == [builds.Became.REPLACED]
    assert tree(tmp_path / "sets") == before
