"""Splits: what belongs together stays together, what was assigned stays assigned, and nothing is in two."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.build.funnel import funnel
from corpus.build.manifest import Manifest
from corpus.build.reasons import Reason
from corpus.build.rebuild import rebuild
from corpus.build.request import Request
from corpus.build.splits import ACROSS, Edge, parse, place
from corpus.errors import BadInput
from corpus.record import LinkKind
from tests.corpus.build.world import World, make, rows, tree

ASKED = ("test=40", "validation=20")


def by_split(world: World, out: Path, *recipes: str, split: tuple[str, ...] = ASKED, **more: object) -> dict[str, str]:
    """The split of each record that is behind a row."""
    done: Manifest = make(world, out, *(recipes or ("pretrain",)), split=split, **more)
    found: dict[str, str] = {}
    for built in done.sets:
        at = 0
        for name, count in built.splits.items():
            for key, _ in list(built.members)[at : at + count]:
                assert found.setdefault(key, name) == name
            at += count
        assert at == built.rows
    return found


def corpus_of(world: World, count: int = 14) -> list[str]:
    return [world.edit(f"Change {number}\n", created=f"2026-05-{number + 1:02d}T00:00:00Z") for number in range(count)]


@pytest.mark.parametrize(
    ("texts", "percent"),
    [
        (["test=10"], ["test=10"]),
        (["validation=0.50", "test=10.0"], ["test=10", "validation=0.5"]),
        (["train=80", "test=20"], ["test=20"]),
    ],
)
def test_splits_are_named_with_percents_and_train_has_the_rest(texts: list[str], percent: list[str]) -> None:
    assert list(parse(texts).texts) == percent


ODD = ["test", "test=0", "test=100", "Test=5", "a-b=5", "test=NaN", "a=60 b=50", "train=50 a=20", "a=5 a=6"]


@pytest.mark.parametrize("texts", [text.split() for text in ODD])
def test_what_is_no_split_is_bad_input(texts: list[str]) -> None:
    with pytest.raises(BadInput, match="--split"):
        parse(texts)


def test_about_as_many_groups_are_chosen_as_was_asked_for() -> None:
    splits = parse(["test=10", "validation=25"])
    chosen = [splits.choose(f"group {number}") for number in range(4000)]
    assert 320 < chosen.count("test") < 480
    assert 880 < chosen.count("validation") < 1120


@given(st.text(max_size=12), st.sampled_from([["test=10", "validation=25"], ["a=33.333333", "b=33.333333"], ["train=80", "test=20"]]))
def test_a_group_is_chosen_for_by_where_its_hash_stands_among_the_percents(group: str, texts: list[str]) -> None:
    splits = parse(texts)
    at = Decimal(int.from_bytes(hashlib.sha256(f"split:{group}".encode()).digest()[:8])) * 100 / (1 << 64)
    upto = accumulate(percent for _, percent in splits.percent)
    expected = next((name for (name, _), most in zip(splits.percent, upto, strict=True) if at < most), "train")
    assert splits.choose(group) == expected


NAMES = st.sampled_from("abcdefgh")
EDGES = st.builds(lambda one, other, us: Edge(one, other, us, us + 1), NAMES, NAMES, st.integers(0, 3))


@given(st.lists(EDGES, max_size=9), st.dictionaries(NAMES, st.sampled_from(["train", "test", "validation"])), st.randoms())
def test_nothing_that_is_linked_is_in_two_splits_and_what_was_assigned_is_never_in_another(edges, marks, chance) -> None:  # type: ignore[no-untyped-def]
    found = {one.name: one for one in place(edges, marks)}
    for edge in edges:
        one, other = found[edge.one], found[edge.other]
        assert one.group == other.group
        assert one.split == other.split or ACROSS in (one.split, other.split)
    for name, value in marks.items():
        assert name not in found or found[name].split in (value, ACROSS)
    mixed = list(edges)
    chance.shuffle(mixed)
    assert place(mixed, marks) == place(edges, marks)


def test_files_and_card_are_split_by_split_and_load_as_they_are_named(world: World, tmp_path: Path) -> None:
    keys = corpus_of(world)
    found = by_split(world, tmp_path / "out", "sft")
    assert set(found) == set(keys)
    names = sorted({path.name.split("-")[0] for path in (tmp_path / "out/sft").iterdir()})
    assert names == sorted(set(found.values()))
    assert len(names) > 1
    card = (tmp_path / "out/README.md").read_text()
    for name in names:
        assert f'  - split: {name}\n    path: "sft/{name}-*.jsonl"\n' in card
    told = json.loads((tmp_path / "out/manifest.json").read_bytes())["query"]["split"]
    assert told == ["test=40", "validation=20"]
    assert [row["key"] for row in rows(tmp_path / "out", "sft")] == [key for name in names for key in keys if found[key] == name]


def test_what_is_linked_is_in_one_split_and_what_comes_later_follows_it(world: World, tmp_path: Path) -> None:
    keys = corpus_of(world, 12)
    for old, new in zip(keys[::2], keys[1::2], strict=True):
        world.link(LinkKind.REVERTED_BY, old, new)
    before = by_split(world, tmp_path / "out", "pretrain", where=("created>=2026",))
    again = [world.edit(f"Again {number}\n", created=f"2026-06-{number + 1:02d}T00:00:00Z") for number in range(6)]
    for revert, later in zip(keys[1::2], again, strict=True):
        world.link(LinkKind.REVERTED_BY, revert, later)
    after = by_split(world, tmp_path / "out", "pretrain")
    for number, later in enumerate(again):
        assert after[later] == before[keys[2 * number + 1]]
        assert after[keys[2 * number]] == after[later]  # stands again


def test_splits_stay_as_the_corpus_grows_and_whatever_is_asked_for_later(world: World, tmp_path: Path) -> None:
    corpus_of(world, 8)
    before = by_split(world, tmp_path / "out")
    more = [world.edit(f"More {number}\n", created=f"2025-05-{number + 1:02d}T00:00:00Z") for number in range(6)]
    after = by_split(world, tmp_path / "out", split=("test=99",))
    assert {key: after[key] for key in before} == before
    assert {after[key] for key in more} == {"test"}


def test_what_joins_two_splits_is_in_none_and_is_counted(world: World, tmp_path: Path) -> None:
    keys = corpus_of(world, 12)
    before = by_split(world, tmp_path / "out")
    one = keys[0]
    other = next(key for key in keys if before[key] != before[one])
    newcomer = world.edit("Joins both\n", created="2026-06-01T00:00:00Z")
    world.link(LinkKind.SESSION_OF, one, newcomer)
    world.link(LinkKind.SESSION_OF, newcomer, other)
    assert by_split(world, tmp_path / "out") == before
    (built,) = make(world, tmp_path / "out", "pretrain", split=ASKED).sets
    assert built.dropped == {Reason.ACROSS_SPLITS: 1}
    assert newcomer in [key for key, _ in make(world, tmp_path / "one", "pretrain").sets[0].members]


def test_only_a_build_assigns_and_all_that_look_at_the_past_write_nothing(world: World, tmp_path: Path) -> None:
    corpus_of(world, 6)
    unassigned = make(world, tmp_path / "plain", "pretrain")
    request = Request(world.root, "acme", ("pretrain",), split=ASKED)
    before = kept_in(world)
    (counted,) = funnel(request).sets
    would_be = by_split(world, tmp_path / "past", as_of=unassigned.position)
    assert kept_in(world) == before
    assert by_split(world, tmp_path / "out") == would_be
    assert counted.splits == make(world, tmp_path / "out", "pretrain", split=ASKED).sets[0].splits
    kept = kept_in(world)
    world.edit("Later\n", created="2026-06-01T00:00:00Z")
    assert rebuild(world.root, tmp_path / "out/manifest.json", tmp_path / "again").same
    assert {name: data for name, data in kept_in(world).items() if name in kept} == kept


def kept_in(world: World) -> dict[str, bytes]:
    """What is in the corpus, but for the list of builds, in which every build stands."""
    return {name: data for name, data in tree(world.root).items() if not name.startswith("acme/builds/")}
