"""What lies where a build looks for something to use again, and is not what a build of this user left, is not taken."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.build import again, mine
from corpus.build.options import Options
from corpus.build.output import asides
from tests.corpus.build.grown import in_small_pieces
from tests.corpus.build.test_again import cut_off, grow
from tests.corpus.build.world import World, make, tree

SMALL = Options(shard_bytes=3000)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_pieces(monkeypatch)


def elsewhere(path: Path) -> Path:
    return path.parents[2] / f"elsewhere-{path.name}"


def linked(path: Path) -> None:
    """As one who has moved it to another disk leaves it."""
    path.rename(elsewhere(path))
    path.symlink_to(elsewhere(path))


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def hollow(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("become", [linked, piped, hollow])
@pytest.mark.parametrize("what", ["shard", "notes"])
def test_only_plain_files_are_used_again(world: World, tmp_path: Path, become: Callable[[Path], None], what: str) -> None:
    grow(world, 20)
    out = tmp_path / "out"
    make(world, out, "pretrain", options=SMALL)
    before = tree(out)
    become(sorted((out / "pretrain").iterdir())[1] if what == "shard" else out / again.AGAIN / "pretrain.arrows")
    make(world, out, "pretrain", options=SMALL)
    assert not [path for path in out.rglob("*") if path.is_symlink()]
    assert tree(out) == before


def test_a_manifest_that_names_a_file_elsewhere_shares_none_with_it(world: World, tmp_path: Path) -> None:
    grow(world, 20)
    out, other = tmp_path / "out", tmp_path / "other"
    make(world, out, "pretrain", options=SMALL)
    shutil.copytree(out, other)
    manifest = out / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"path":"pretrain/', '"path":"../other/pretrain/'))
    shutil.rmtree(out / "pretrain")
    make(world, out, "pretrain", options=SMALL)
    assert {path.stat().st_nlink for path in (*out.rglob("*"), *other.rglob("*")) if path.is_file()} == {1}
    assert tree(out) == tree(other)


@pytest.mark.parametrize("spoil", ["notes", "names"])
def test_what_a_killed_build_left_and_somebody_spoilt_is_not_used(world: World, tmp_path: Path, spoil: str) -> None:
    grow(world, 40)
    out = tmp_path / "out"
    assert cut_off(world, out, record=30).returncode == 9
    left = asides(out)[0] / again.AGAIN
    if spoil == "notes":
        data, key = bytearray((left / "pretrain.arrows").read_bytes()), bytes.fromhex(world.appended[5])
        at = data.find(key)
        assert at > 0
        data[at : at + 64] = bytes(64)  # a page that was not on the disk when the power failed
        (left / "pretrain.arrows").write_bytes(data)
    else:
        lines = (left / "pretrain.shards").read_text()
        (left / "pretrain.shards").write_text(
            lines.replace('"path":"part-train-00001"', '"path":".."').replace("part-train-00002", "part-train-00000")
        )
    make(world, out, "pretrain", "sft", options=SMALL)
    make(world, tmp_path / "afresh", "pretrain", "sft", options=SMALL)
    assert tree(out) == tree(tmp_path / "afresh")


def test_what_another_user_put_there_is_not_used(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(world, 20)
    out = tmp_path / "out"
    make(world, out, "pretrain", options=SMALL)
    before, inodes = tree(out), {path.stat().st_ino for path in out.rglob("*")}
    monkeypatch.setattr(mine, "geteuid", lambda: os.getuid() + 1)
    make(world, out, "pretrain", options=SMALL)
    assert tree(out) == before
    assert inodes.isdisjoint(path.stat().st_ino for path in out.rglob("*"))


def test_of_a_hundred_thousand_shards_a_killed_build_may_have_left_some(world: World, tmp_path: Path) -> None:
    grow(world, 3)
    out = tmp_path / "out"
    left = asides(out)[0] / "pretrain"
    left.mkdir(parents=True)
    for name in ("part-train-100000", "train-100000-of-100001.jsonl"):
        (left / name).touch()
    make(world, out, "pretrain")
    assert not asides(out)[0].exists()


def test_a_gap_in_what_killed_builds_left_is_no_obstacle(world: World, tmp_path: Path) -> None:
    grow(world, 3)
    out = tmp_path / "out"
    aside = asides(out)[0]
    (aside / ".before" / "1" / ".again").mkdir(parents=True)
    (aside / "README.md").touch()
    make(world, out, "pretrain")
    assert not aside.exists()
