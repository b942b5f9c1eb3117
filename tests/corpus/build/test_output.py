"""The directory of a build: never half there, never over what is not ours."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.build.options import Options
from corpus.build.output import stage
from corpus.errors import BadInput, Failed, Refused
from tests.corpus.build.world import World, make, tree


@pytest.fixture
def built(world: World, tmp_path: Path) -> Path:
    world.edit()
    make(world, tmp_path / "out", "sft")
    return tmp_path / "out"


def test_an_earlier_build_is_replaced_whole(world: World, built: Path) -> None:
    world.edit()
    make(world, built, "pretrain")
    assert sorted(tree(built)) == [
        ".again/pretrain.arrows",
        "README.md",
        "charts/pretrain-length.svg",
        "charts/pretrain-month.svg",
        "croissant.json",
        "manifest.json",
        "pretrain/train-00000-of-00001.jsonl",
    ]
    assert sorted(path.name for path in built.parent.iterdir()) == ["out", "root"]


def test_an_empty_directory_is_as_good_as_none(world: World, tmp_path: Path) -> None:
    world.edit()
    (tmp_path / "out").mkdir()
    make(world, tmp_path / "out", "sft")
    assert (tmp_path / "out/manifest.json").exists()


def write(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda out: write(out / "notes.txt"), "notes.txt"),
        (lambda out: write(out / "sft/extra.jsonl"), "extra.jsonl"),
        (lambda out: (out / "manifest.json").unlink(), "not an earlier build"),
        (lambda out: write(out / "manifest.json"), "not an earlier build"),
        (lambda out: (out / "link").symlink_to("/"), "link"),
    ],
)
def test_what_is_not_an_earlier_build_is_left_alone(world: World, built: Path, spoil: Callable[[Path], None], words: str) -> None:
    spoil(built)
    before = tree(built)
    with pytest.raises(BadInput, match=words):
        make(world, built, "sft")
    assert tree(built) == before


def test_a_file_in_the_way_is_bad_input(world: World, tmp_path: Path) -> None:
    world.edit()
    (tmp_path / "out").write_text("mine")
    with pytest.raises(BadInput, match="is a file"):
        make(world, tmp_path / "out", "sft")


def test_a_missing_parent_is_bad_input(world: World, tmp_path: Path) -> None:
    world.edit()
    with pytest.raises(BadInput, match="make it first"):
        make(world, tmp_path / "no" / "out", "sft")


def test_a_build_never_replaces_another_tenants(world: World, built: Path) -> None:
    other = world.other("globex")
    other.edit()
    before = tree(built)
    with pytest.raises(Refused, match="acme"):
        make(other, built, "sft")
    assert tree(built) == before


def test_a_build_never_goes_into_the_corpus(world: World) -> None:
    world.edit()
    with pytest.raises(Refused, match="inside the corpus"):
        make(world, world.root / "acme" / "out", "sft")
    with pytest.raises(Refused, match="inside the corpus"):
        make(world, world.root, "sft")


def test_a_link_to_a_directory_keeps_pointing_at_the_build(world: World, tmp_path: Path) -> None:
    world.edit()
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to("far")
    make(world, tmp_path / "near", "sft")
    assert (tmp_path / "near").is_symlink()
    assert (tmp_path / "far/manifest.json").exists()


def test_two_builds_of_one_directory_do_not_mix(world: World, built: Path) -> None:
    aside = built.with_name(".out.building")
    aside.mkdir()
    fd = os.open(aside, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        with pytest.raises(Failed, match="another build"):
            make(world, built, "sft")
    finally:
        os.close(fd)
    make(world, built, "sft")


@pytest.mark.parametrize("stand", [lambda path: path.write_text("mine"), lambda path: path.symlink_to("/")])
def test_what_stands_where_a_build_is_made_is_bad_input_and_left_alone(world: World, built: Path, stand: Callable[[Path], object]) -> None:
    aside = built.with_name(".out.building")
    stand(aside)
    before = aside.lstat()
    with pytest.raises(BadInput, match=r"\.out\.building stands in the way"):
        make(world, built, "sft")
    assert aside.lstat() == before


def test_what_a_killed_build_left_is_never_taken_for_a_build_and_goes_with_the_next(world: World, built: Path) -> None:
    before = tree(built)
    script = (
        "import os, signal, sys; from pathlib import Path; from corpus.build import Request, build\n"
        "seen = lambda done, total: os.kill(os.getpid(), signal.SIGKILL)\n"
        "build(Request(Path(sys.argv[1]), 'acme', ('sft',)), Path(sys.argv[2]), seen=seen)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(world.root), str(built)], check=False)
    assert done.returncode == -9
    assert tree(built) == before
    assert built.with_name(".out.building").exists()
    make(world, built, "sft")
    assert tree(built) == before
    assert not built.with_name(".out.building").exists()


@pytest.mark.parametrize("name", [".out.building", ".out.replaced"])
@pytest.mark.parametrize("there", [True, False])
def test_a_users_own_directory_of_such_a_name_is_left_alone(world: World, built: Path, name: str, there: bool) -> None:
    if not there:
        built.rename(built.with_name("elsewhere"))
    mine = built.with_name(name)
    mine.mkdir()
    write(mine / "sft/thesis.txt")
    with pytest.raises(BadInput, match=r"thesis\.txt.*move it away"):
        make(world, built, "sft")
    assert (mine / "sft/thesis.txt").read_text() == "{}"
    assert built.exists() is there


def test_a_build_that_cannot_be_moved_into_place_puts_the_earlier_one_back(
    world: World, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(built)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name.endswith(".building"):
            raise RuntimeError
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    world.edit()
    with pytest.raises(RuntimeError):
        make(world, built, "sft")
    assert tree(built) == before
    assert sorted(path.name for path in built.parent.iterdir()) == ["out", "root"]


def test_an_earlier_build_that_a_killed_one_had_set_aside_comes_back(world: World, built: Path) -> None:
    before = tree(built)
    built.rename(built.with_name(".out.replaced"))
    with pytest.raises(BadInput):
        make(world, built, "dpo")
    assert tree(built) == before


@pytest.mark.parametrize("keep_dropped", [False, True])
def test_an_interrupt_leaves_what_the_next_build_goes_on_from_and_nothing_else(world: World, tmp_path: Path, keep_dropped: bool) -> None:
    world.edit()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(world, tmp_path / "out", "sft", seen=stop, options=Options(keep_dropped=keep_dropped))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root"] if keep_dropped else [".out.building", "root"]
    make(world, tmp_path / "out", "sft")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "root"]
    make(world, tmp_path / "afresh", "sft")
    assert tree(tmp_path / "out") == tree(tmp_path / "afresh")


def test_what_appears_in_the_directory_meanwhile_is_not_lost(world: World, built: Path) -> None:
    with pytest.raises(BadInput, match="late"), stage(built, world.root, "acme"):
        write(built / "late")
    assert (built / "late").exists()
