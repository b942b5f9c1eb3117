"""The same bytes in whatever order records came and lie in packs, and in whatever process a build runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from corpus.build import Request, funnel
from corpus.build.options import Options
from corpus.names import check
from corpus.redaction import Redactor
from corpus.redaction.draft import Draft
from corpus.store import Corpus, add_tenant, init_root
from tests.corpus.build.grown import Grown, in_small_pieces
from tests.corpus.build.world import World, make, tree

ALL = ("pretrain", "sft", "commit-message", "dpo", "kto")
SPLIT = ("test=30", "validation=20")
CHOSEN = Options(near_percent=70, max_per=("file=9",), weights=("moduleId=billing:0.9",), shard_bytes=2000, keep_dropped=True)


def root_at(home: Path) -> World:
    root = Path(tempfile.mkdtemp(dir=home)) / "root"
    init_root(root)
    add_tenant(root, "acme")
    return World(root)


def drafts(home: Path, seed: object) -> list[Draft]:
    """Work and all that is linked with it, none of it forgotten or replaced: what comes in another order is the same corpus."""
    made = Grown(root_at(home), Random(str(seed)))
    kinds = [made.near] * 6 + [made.work, made.copy, made.copy, made.overtaken, made.overtaken, made.turned_down]
    for kind in [*kinds, made.session, made.session, made.pair, made.completed, made.accepted, made.withheld, made.unwritten]:
        kind()
    return list(made.world.drafts.values())


def landed(home: Path, told: Sequence[Draft], seal: Callable[[Corpus, int], None]) -> World:
    """A corpus of ``told``, appended one by one; ``seal(corpus, at)`` is called before each."""
    world, gate = root_at(home), Redactor.for_tenant(check("tenant", "acme"))
    with Corpus.open(world.root, "acme") as corpus:
        for at, draft in enumerate(told):
            seal(corpus, at)
            assert corpus.append(gate.admit(draft))
        seal(corpus, len(told))
    return world


def _loose(corpus: Corpus, at: int) -> None:
    """Nothing is packed."""


def _half(corpus: Corpus, at: int) -> None:
    if at == 20:
        corpus.pack()


def _packs(corpus: Corpus, at: int) -> None:
    if at % 15 == 14:
        corpus.pack()


def _anew(corpus: Corpus, at: int) -> None:
    """Packs of several ages, and then all of it sealed anew."""
    _packs(corpus, at)
    if at >= 40:
        corpus.repack()


@settings(
    max_examples=1,
    derandomize=True,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.parametrize("seal", [_loose, _half, _packs, _anew])
@given(st.integers(0, 1 << 32))
def test_the_order_in_which_records_came_and_their_packs_change_no_byte(
    tmp_path: Path, seal: Callable[[Corpus, int], None], seed: int
) -> None:
    told = drafts(tmp_path, seed)
    first = landed(tmp_path, told, _loose)
    shuffled = Random(f"{seal.__name__} {seed}").sample(told, len(told))
    second = landed(tmp_path, shuffled, seal)
    done = make(first, first.root.parent / "out", *ALL, split=SPLIT, options=CHOSEN)
    make(second, second.root.parent / "out", *ALL, split=SPLIT, options=CHOSEN)
    assert tree(first.root.parent / "out") == tree(second.root.parent / "out")
    assert min(built.rows for built in done.sets) > 0
    # What is assigned stays, and a pack more or less is none of a build's business.
    with Corpus.open(second.root, "acme") as corpus:
        corpus.repack()
    make(second, second.root.parent / "again", *ALL, split=SPLIT, options=CHOSEN)
    assert tree(second.root.parent / "again") == tree(first.root.parent / "out")


@pytest.mark.parametrize(("most", "workers"), [(1, 1), (5000, 1), (5000, 2)])
def test_neither_pieces_nor_the_number_of_workers_change_a_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, workers: int
) -> None:
    world = landed(tmp_path, drafts(tmp_path, "workers"), _half)
    make(world, tmp_path / "whole", *ALL, split=SPLIT, options=CHOSEN)
    in_small_pieces(monkeypatch, most)
    done = make(world, tmp_path / "cut", *ALL, split=SPLIT, options=CHOSEN, workers=workers)
    whole, cut = tree(tmp_path / "whole"), tree(tmp_path / "cut")
    for built in (whole, cut):  # what a shard was made of is told by pieces
        built["manifest.json"] = re.sub(rb'"of":"[0-9a-f]*"', b"", built["manifest.json"])
    assert whole == cut
    asked = Request(world.root, "acme", ALL, options=CHOSEN, split=SPLIT)
    for counted, built in zip(funnel(asked, workers=workers).sets, done.sets, strict=True):
        assert counted == built.model_copy(update={"files": (), "beside": ()})


class Around(NamedTuple):
    """What a process inherits, and what stands besides on its command line and is to change nothing: the number of workers, say."""

    environment: dict[str, str]
    words: tuple[str, ...] = ()


AROUND = {
    "plain": Around({"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}),
    "a day ahead, in no Unicode": Around(
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONHASHSEED": "1"}
    ),
    "half an hour, in Turkish": Around({"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "4294967295"}),
}


def test_no_byte_depends_on_time_zone_locale_or_hash_seed(tmp_path: Path) -> None:
    world = landed(tmp_path, drafts(tmp_path, "processes"), _half)
    out = world.root.parent / "out"
    asked = ["--near-duplicates", "0.7", "--max-per", "file=9", "--shard-size", "2000", "--keep-dropped"]
    asked += [word for recipe in ALL for word in ("--recipe", recipe)] + [word for split in SPLIT for word in ("--split", split)]
    command = [sys.executable, "-m", "corpus", "build", "--tenant", "acme", "--root", str(world.root), "--out", str(out), *asked]
    found = {}
    for name, around in AROUND.items():
        environment = {**os.environ, **around.environment}
        subprocess.run([*command, *around.words], env=environment, cwd=tmp_path, check=True, capture_output=True)
        found[name] = tree(out)
    first = found.pop("plain")
    assert len(first) > 15
    differing = {(name, path) for name, each in found.items() for path in first.keys() | each if each.get(path) != first.get(path)}
    assert not differing
