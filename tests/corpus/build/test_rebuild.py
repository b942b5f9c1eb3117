"""A build is of one position of the log: asked for again, it is the same, or says what is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from corpus.build.manifest import Manifest, read
from corpus.build.members import Members
from corpus.build.rebuild import Given, Rebuilt, members_lost, rebuild
from corpus.build.request import Request
from corpus.build.run import build
from corpus.errors import BadInput, Broken
from corpus.record import LinkKind, dumps
from corpus.store import Corpus, add_tenant, init_root
from tests.corpus.build.world import Change, World, make, rows, tree


def again(world: World, first: Path, out: Path) -> Rebuilt:
    return rebuild(world.root, first / "manifest.json", out)


def kept(world: World) -> dict[str, bytes]:
    """All but the list of builds, on which every one is, so that forgetting finds it."""
    return {name: data for name, data in tree(world.root).items() if not name.endswith(".lock") and "/builds/" not in name}


def test_what_came_later_changes_neither_rows_nor_files(world: World, tmp_path: Path) -> None:
    work = [world.edit(created=f"2026-05-0{day}T00:00:00Z") for day in (1, 2, 3)]
    world.feedback()
    first = make(world, tmp_path / "first")
    world.edit(created="2026-05-02T12:00:00Z")
    world.evidence(work[0], "accepted")
    world.link(LinkKind.REVERTED_BY, work[1], work[2])
    make(world, tmp_path / "later")
    before = kept(world)
    done = again(world, tmp_path / "first", tmp_path / "again")
    assert done.same
    assert done.files == 4 + len(first.side)
    assert tree(tmp_path / "again") == tree(tmp_path / "first")
    assert kept(world) == before
    with Corpus.open(world.root, "acme") as corpus:
        assert str(tmp_path / "again") in [out for one in corpus.builds() for out in one.outs], "forgetting finds what was made again too"
    assert make(world, tmp_path / "as-of", as_of=first.position) == first
    assert rows(tmp_path / "later", "sft") != rows(tmp_path / "first", "sft")


@pytest.mark.parametrize("packed", [False, True])
def test_a_record_that_is_gone_is_named_and_everything_else_is_there(world: World, tmp_path: Path, packed: bool) -> None:
    keep, lose = world.edit(), world.edit(created="2026-05-16T00:00:00Z")
    first = make(world, tmp_path / "first", "sft")
    (path,) = (path for path in world.root.rglob("*.jsonl") if lose in path.read_text())
    path.unlink()
    if packed:
        with Corpus.open(world.root, "acme") as corpus:
            corpus.pack()
    done = again(world, tmp_path / "first", tmp_path / "again")
    assert [(one.key, one.fate) for one in done.missing] == [(lose, "missing")]
    beside = ["charts/sft-length.svg", "charts/sft-month.svg", "croissant.json"]
    assert sorted(one.path for one in done.differences) == ["README.md", *beside, "sft/train-00000-of-00001.jsonl"]
    assert [row["key"] for row in rows(tmp_path / "again", "sft")] == [keep]
    told = json.loads((tmp_path / "again/manifest.json").read_bytes())
    assert told["gone"] == [{"key": lose, "id": dict(first.sets[0].members)[lose], "replaced": False}]


def test_a_manifest_is_canonical_and_reads_back_as_it_was_written_whatever_its_texts_hold(world: World, tmp_path: Path) -> None:
    world.edit()
    world.feedback()
    odd = '# "members":[] and \\"members\\":[]\n'
    done = build(Request(world.root, "acme", ("sft", "dpo"), config=odd), tmp_path / "out")
    data = (tmp_path / "out/manifest.json").read_bytes()
    assert dumps(json.loads(data)) + b"\n" == data
    assert read(tmp_path / "out/manifest.json") == done
    assert done.query.config == odd


def test_a_position_that_the_log_has_not_reached_is_bad_input(world: World, tmp_path: Path) -> None:
    world.edit()
    with pytest.raises(BadInput, match="the log of tenant 'acme' is at 0"):
        make(world, tmp_path / "out", as_of=1)
    assert make(world, tmp_path / "out").position == 1


def test_a_manifest_whose_members_were_changed_is_broken(world: World, tmp_path: Path) -> None:
    world.edit()
    world.edit(created="2026-05-16T00:00:00Z")
    make(world, tmp_path / "first", "sft")
    path = tmp_path / "first/manifest.json"
    told = json.loads(path.read_bytes())
    told["sets"][0]["members"].reverse()
    path.write_text(json.dumps(told))
    with pytest.raises(Broken, match="sft"):
        again(world, tmp_path / "first", tmp_path / "again")


def test_a_build_is_not_made_again_over_itself(world: World, tmp_path: Path) -> None:
    world.edit()
    make(world, tmp_path / "first", "sft")
    before = tree(tmp_path / "first")
    with pytest.raises(BadInput, match="another directory"):
        again(world, tmp_path / "first", tmp_path / "x" / ".." / "first")
    assert tree(tmp_path / "first") == before


def test_the_command_ends_with_one_where_something_differs(world: World, tmp_path: Path) -> None:
    lose = world.edit()
    world.edit(created="2026-05-16T00:00:00Z")
    make(world, tmp_path / "first", "sft")
    where = ["--root", str(world.root), "--out", str(tmp_path / "again")]
    asked = [sys.executable, "-m", "corpus", "rebuild", str(tmp_path / "first/manifest.json"), *where, "--json"]
    assert subprocess.run(asked, capture_output=True).returncode == 0
    (path,) = (path for path in world.root.rglob("*.jsonl") if lose in path.read_text())
    path.unlink()
    done = subprocess.run(asked, capture_output=True)
    assert done.returncode == 1
    assert [one["key"] for one in json.loads(done.stdout)["missing"]] == [lose]


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], phases=(Phase.explicit, Phase.generate)
)
@given(st.lists(st.sampled_from(["edit", "feedback", "evidence", "revert", "build"]), min_size=3, max_size=6))
def test_every_build_can_be_made_again_whatever_followed(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    top = tmp_path_factory.mktemp("steps")
    init_root(top / "root")
    add_tenant(top / "root", "acme")
    world = World(top / "root")
    work = [world.edit()]
    built: list[Path] = []
    said: set[tuple[str, str]] = set()
    for number, step in enumerate([*steps, "build"]):
        created = f"2026-05-{28 - number:02d}T00:00:00Z"
        about = (step, work[-1])
        if step == "edit":
            work.append(world.edit(created=created))
        elif step == "feedback":
            world.feedback(f"{number}?", created=created)
        elif step == "evidence" and about not in said:
            world.evidence(work[-1], "accepted")
        elif step == "revert" and about not in said and len(work) > 1:
            world.link(LinkKind.REVERTED_BY, work[-2], work[-1])
        elif step == "build":
            built.append(top / f"built-{number}")
            make(world, built[-1], "pretrain", "kto", "dpo")
        said.add(about)
    for first in built:
        assert again(world, first, top / "again").same
        assert tree(top / "again") == tree(first)


def test_a_test_file_that_the_build_did_not_use_is_refused(world: World, tmp_path: Path) -> None:
    world.edit()
    make(world, tmp_path / "first", "sft")
    (tmp_path / "more.txt").write_text("one two three four five six seven eight nine")
    with pytest.raises(BadInput, match=r"did not use the test file more\.txt"):
        rebuild(world.root, tmp_path / "first/manifest.json", tmp_path / "again", given=Given(decontaminate_at=(tmp_path / "more.txt",)))
    assert not (tmp_path / "again").exists()


def test_a_list_of_copies_that_was_changed_is_a_difference(world: World, tmp_path: Path) -> None:
    for day in (1, 2):
        world.edit("Once\n", [Change("a", "1\n", "2\n")], created=f"2026-05-0{day}T00:00:00Z")
    first = make(world, tmp_path / "first", "sft")
    (listed,) = (file for file in first.sets[0].beside if file.path.startswith("aliases/"))
    manifest = tmp_path / "first/manifest.json"
    manifest.write_text(manifest.read_text().replace(listed.sha256, "0" * 64))
    done = again(world, tmp_path / "first", tmp_path / "again")
    assert [(one.path, one.now) for one in done.differences] == [(listed.path, listed.sha256)]


SOME = [(f"{number % 4:064x}", f"{number:064x}") for number in range(12)]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(SOME)), min_size=2, max_size=2), st.lists(st.lists(st.sampled_from(SOME)), min_size=2, max_size=2))
def test_what_is_lost_is_named_once_however_many_rows_it_was_behind_and_in_whichever_set(
    anything: Manifest, before: list[list[tuple[str, str]]], now: list[list[tuple[str, str]]]
) -> None:
    first, second = (
        anything.model_copy(update={"sets": tuple(anything.sets[0].model_copy(update={"members": Members(one)}) for one in sets)})
        for sets in (before, now)
    )
    assert members_lost(first, second) == sorted({pair for one in before for pair in one} - {pair for one in now for pair in one})


@pytest.fixture
def anything(world: World, tmp_path: Path) -> Manifest:
    world.edit()
    return make(world, tmp_path / "out", "sft")
