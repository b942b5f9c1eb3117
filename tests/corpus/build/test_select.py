"""Which records a build looks at: order, conditions, links, branches, and one tenant only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from corpus.build.reasons import Reason
from corpus.errors import BadInput, Refused
from corpus.record import LinkKind
from tests.corpus.build.world import World, make, rows, tree


def keys(world: World, out: Path, **asked: object) -> list[str]:
    (built,) = make(world, out, "sft", **asked).sets
    return [key for key, _ in built.members]


def test_rows_are_in_the_order_of_the_work(world: World, tmp_path: Path) -> None:
    times = ["2026-05-03T00:00:00Z", "1969-12-31T23:59:59Z", "2026-05-01T00:00:00Z", "0999-01-01T00:00:00Z"]
    made = {time: world.edit(created=time) for time in times}
    assert keys(world, tmp_path / "out") == [made[time] for time in sorted(times)]


def test_conditions_are_all_met(world: World, tmp_path: Path) -> None:
    world.edit(module="tax")
    wanted = world.edit(module="tax", cluster="front")
    world.edit(cluster="front")
    assert keys(world, tmp_path / "out", where=("moduleId=tax", "cluster!=payments")) == [wanted]


def test_a_model_is_asked_for_by_row_and_what_is_not_asked_for_is_counted(world: World, tmp_path: Path) -> None:
    one = world.feedback("One?", model="m-1")
    two = world.feedback("Two?", model="m-2")
    unsaid = world.feedback("Unsaid?")
    for text, wanted in (("model=m-1", [one]), ("model!=m-1", [two, unsaid]), ("model in m-2,m-1", [one, two]), ("model=", [unsaid])):
        (built,) = make(world, tmp_path / "out", "dpo", where=(text,)).sets
        assert sorted(key for key, _ in built.members) == sorted(wanted)
        assert built.dropped == {Reason.NOT_ASKED: 3 - len(wanted)}


def test_a_selection_without_records_says_so_and_leaves_nothing(world: World, tmp_path: Path) -> None:
    world.edit()
    with pytest.raises(BadInput, match="moduleId=nothing"):
        make(world, tmp_path / "out", where=("moduleId=nothing",))
    assert not (tmp_path / "out").exists()


def test_what_was_replaced_or_reverted_is_left_out(world: World, tmp_path: Path) -> None:
    old, new, bad, revert = (world.edit(created=f"2026-05-0{day}T00:00:00Z") for day in (1, 2, 3, 4))
    world.link(LinkKind.SUPERSEDED_BY, old, new)
    world.link(LinkKind.REVERTED_BY, bad, revert)
    (built,) = make(world, tmp_path / "out", "sft").sets
    assert [key for key, _ in built.members] == [new, revert]
    assert built.dropped == {Reason.SUPERSEDED: 1, Reason.REVERTED: 1}


def test_a_revert_that_was_reverted_counts_no_more(world: World, tmp_path: Path) -> None:
    work, revert, again = (world.edit(created=f"2026-05-0{day}T00:00:00Z") for day in (1, 2, 3))
    world.link(LinkKind.REVERTED_BY, work, revert)
    world.link(LinkKind.REVERTED_BY, revert, again)
    assert keys(world, tmp_path / "out") == [work, again]


def test_reverts_in_a_ring_end(world: World, tmp_path: Path) -> None:
    one, two = world.edit(), world.edit()
    world.link(LinkKind.REVERTED_BY, one, two)
    world.link(LinkKind.REVERTED_BY, two, one)
    (built,) = make(world, tmp_path / "out", "sft").sets
    assert built.rows + sum(built.dropped.values()) == 2


def test_only_the_branches_that_the_manifest_names_unless_asked(world: World, tmp_path: Path) -> None:
    on_main = world.edit()
    on_side = world.edit(branch="side", created="2026-05-20T00:00:00Z")
    detached = world.edit(branch=None, created="2026-05-21T00:00:00Z")
    elsewhere = world.edit(branch="side", cluster="front", created="2026-05-22T00:00:00Z")
    world.branches("payments", "main", "release")
    (built,) = make(world, tmp_path / "out", "sft").sets
    assert [key for key, _ in built.members] == [on_main, elsewhere]
    assert built.dropped == {Reason.BRANCH: 2}
    assert "release" in (tmp_path / "out" / "README.md").read_text()
    assert keys(world, tmp_path / "all", all_branches=True) == [on_main, on_side, detached, elsewhere]


def test_nothing_of_another_tenant_is_in_any_file(world: World, tmp_path: Path) -> None:
    other = world.other("globex")
    ours = [world.edit("canary of acme"), world.feedback("canary of acme?")]
    theirs = [other.edit("canary of globex"), other.feedback("canary of globex?")]
    for mine, out, yes, no in ((world, "a", "acme", "globex"), (other, "g", "globex", "acme")):
        make(mine, tmp_path / out)
        data = b"".join(tree(tmp_path / out).values())
        assert f"canary of {yes}".encode() in data
        assert no.encode() not in data
    found = {row["key"] for recipe in ("sft", "dpo") for row in rows(tmp_path / "a", recipe)}
    assert found == set(ours)
    assert not found & set(theirs)


def test_a_record_of_another_tenant_in_the_directory_stops_the_build(world: World, tmp_path: Path) -> None:
    other = world.other("globex")
    world.edit()
    other.edit()
    (stray,) = (world.root / "globex/engineering/payments").iterdir()
    (world.root / "acme/engineering/payments" / stray.name).write_bytes(stray.read_bytes())
    with pytest.raises(Refused, match="globex"):
        make(world, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_selection_imports_neither_pandas_nor_what_evaluates_expressions_over_files(world: World) -> None:
    work, revert = world.edit(), world.edit()
    world.link(LinkKind.REVERTED_BY, work, revert)
    code = """
import sys
from pathlib import Path
from corpus.build.select import select
from corpus.build.splits import parse
from corpus.build.where import parse_all
from corpus.store import Corpus
with Corpus.open(Path(sys.argv[1]), "acme") as corpus:
    asked = parse_all(["evidence_class in rejected,observed", "created>=2020"]).headers
    assert len(list(select(corpus, asked, splits=parse(["test=10"])))) == 2
assert not {"pandas", "pyarrow.dataset"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(world.root)], check=True)
