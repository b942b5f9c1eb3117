"""Bundles: what leaves one machine and comes into another, whole, once, and as it was."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.errors import BadInput, Refused
from corpus.names import check
from corpus.redaction.pseudonym import for_tenant
from corpus.redaction.tombstone import Marks
from corpus.store import Corpus, Tombstone, Wanted, add_tenant, init_root
from corpus.store.bundle import BundleFile
from tests.corpus.store.making import make_root, record

NAMES = [f"r{number}" for number in range(12)]


def root_with(path: Path, versions: Iterable[tuple[str, int]], *, packed: bool = True) -> Path:
    """A root that holds each name at a revision."""
    make_root(path)
    with Corpus.open(path, "acme") as corpus:
        for name, revision in versions:
            corpus.replace(record(name, revision=revision, text=f"revision {revision}"))
        if packed:
            corpus.pack()
    return path


def export(root: Path, out: Path) -> Path:
    with Corpus.open(root, "acme") as corpus:
        corpus.export(out)
    return out


def take_in(root: Path, bundle: Path, *, merge: bool = True) -> tuple[int, int]:
    with Corpus.open(root, "acme") as corpus:
        done = corpus.take_in(bundle, merge=merge)
        return done.added, done.replaced


def lines(root: Path) -> dict[str, bytes]:
    with Corpus.open(root, "acme") as corpus:
        return {entry.key: corpus.read_line(entry) for entry in corpus.entries()}


def intact(root: Path) -> None:
    with Corpus.open(root, "acme") as corpus:
        found = corpus.verify()
    assert (found.problems, found.unsequenced) == ([], 0)
    assert not list(root.rglob(".tmp-*"))


def files(directory: Path) -> dict[str, bytes]:
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return export(root_with(tmp_path / "first", [(name, 0) for name in NAMES[:8]]), tmp_path / "bundle")


def test_a_bundle_holds_packs_and_log_and_says_whose_it_is_and_no_key(bundle: Path, guard_home: Path) -> None:
    said = json.loads((bundle / "bundle.json").read_bytes())
    assert (said["format"], said["tenant"], said["kind"]) == (1, "acme", "vendor")
    assert {path.name for path in bundle.iterdir()} == {"bundle.json", "packs", "log"}
    assert {path.suffix for path in (bundle / "packs").iterdir()} == {".zst", ".parquet", ".keys", ""}
    key = (guard_home / ".config/corpus/keys/acme/pseudonym").read_text().strip()
    for path in bundle.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600)
        assert path.is_dir() or (key.encode() not in path.read_bytes() and bytes.fromhex(key) not in path.read_bytes())
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o700


def test_what_was_loose_is_in_the_bundle(tmp_path: Path) -> None:
    root = root_with(tmp_path / "root", [(name, 0) for name in NAMES[:3]], packed=False)
    assert lines(export(root, tmp_path / "bundle")) == lines(root)


def test_exporting_again_copies_only_what_is_new(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root")
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(record(f"many{number}") for number in range(200))
        first = corpus.export(tmp_path / "bundle")
        before = {path: path.stat().st_ino for path in (tmp_path / "bundle/packs").glob("*.zst")}
        assert corpus.export(tmp_path / "bundle").new == 0
        for number in range(20):
            corpus.append(record(f"later{number}"))
        again = corpus.export(tmp_path / "bundle")
    assert (first.packs, first.new, again.packs, again.new) == (1, 1, 2, 1)
    assert before.items() <= {path: path.stat().st_ino for path in (tmp_path / "bundle/packs").glob("*.zst")}.items()
    assert lines(tmp_path / "bundle") == lines(root)
    intact(tmp_path / "bundle")


def test_what_was_merged_away_leaves_the_bundle_too(tmp_path: Path) -> None:
    root = root_with(tmp_path / "root", [("a", 0)])
    bundle = export(root, tmp_path / "bundle")
    with Corpus.open(root, "acme") as corpus:
        corpus.replace(record("a", revision=1))
    export(root, bundle)
    assert len(list((bundle / "packs").iterdir())) == 4
    assert lines(bundle) == lines(root)


@pytest.mark.parametrize("what", ["a file", "a file in it", "no parent", "the root", "another machine", "another tenant"])
def test_an_export_goes_over_nothing_but_its_own_bundle(tmp_path: Path, bundle: Path, what: str) -> None:
    root = root_with(tmp_path / "root", [("a", 0)])
    out = tmp_path / "out"
    if what == "a file":
        out.write_text("mine")
    elif what == "a file in it":
        shutil.copytree(bundle, out)
        (out / "mine").write_text("mine")
    elif what == "no parent":
        out = tmp_path / "none/out"
    elif what == "the root":
        out = root / "bundle"
    elif what == "another machine":
        out = bundle
    else:
        with Corpus.open(root, "other") as corpus:
            record("x", tenant="other")
            corpus.export(out)
    before = files(tmp_path)
    with pytest.raises((BadInput, Refused)) as told:
        export(root, out)
    assert "\n" not in str(told.value)
    after = files(tmp_path)
    assert {name: data for name, data in after.items() if not name.startswith("root/")} == {
        name: data for name, data in before.items() if not name.startswith("root/")
    }


def test_a_bundle_comes_into_a_tenant_without_records_and_again_changes_nothing(tmp_path: Path, bundle: Path) -> None:
    root = make_root(tmp_path / "root")
    assert take_in(root, bundle, merge=False) == (8, 0)
    before = files(root)
    assert take_in(root, bundle, merge=False) == (0, 0)
    assert files(root) == before
    assert lines(root) == lines(tmp_path / "first")
    intact(root)


def test_without_merge_records_of_ones_own_are_in_the_way(tmp_path: Path, bundle: Path) -> None:
    root = root_with(tmp_path / "root", [("mine", 0)], packed=False)
    with pytest.raises(BadInput, match="--merge"):
        take_in(root, bundle, merge=False)
    assert len(lines(root)) == 1
    assert take_in(root, bundle) == (8, 0)
    assert len(lines(root)) == 9


@pytest.mark.parametrize("packed", [True, False])
def test_of_two_versions_the_newer_stays_wherever_it_comes_from(tmp_path: Path, packed: bool) -> None:
    here = root_with(tmp_path / "here", [("a", 0), ("b", 2), ("c", 1)], packed=packed)
    there = root_with(tmp_path / "there", [("a", 1), ("b", 1), ("c", 1)])
    assert take_in(here, export(there, tmp_path / "bundle")) == (0, 1)
    wanted = {
        one.key: one.line for one in (record(name, revision=at, text=f"revision {at}") for name, at in [("a", 1), ("b", 2), ("c", 1)])
    }
    assert lines(here) == wanted
    intact(here)


def test_each_machines_sequence_is_kept_as_it_was(tmp_path: Path, bundle: Path) -> None:
    second = root_with(tmp_path / "second", [("x", 0), ("r1", 3)])
    take_in(second, bundle)
    third = root_with(tmp_path / "third", [("y", 0)])
    take_in(third, export(second, tmp_path / "both"))
    sources = {json.loads((tmp_path / name / "bundle.json").read_bytes())["source"]: name for name in ("bundle", "both")}
    kept = third / "acme/log/sources"
    assert {path.name for path in kept.iterdir()} == set(sources)
    for source, name in sources.items():
        assert files(kept / source) == {path.name: path.read_bytes() for path in (tmp_path / name / "log").glob("*.log")}
    intact(third)


def test_a_machine_that_takes_its_own_bundle_back_has_no_second_sequence(tmp_path: Path, bundle: Path) -> None:
    assert take_in(tmp_path / "first", bundle, merge=False) == (0, 0)
    assert list((tmp_path / "first/acme/log/sources").iterdir()) == []


def test_a_copied_root_that_went_on_by_itself_is_told_from_the_one_it_was_copied_from(tmp_path: Path, bundle: Path) -> None:
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    for name in ("first", "copy"):
        with Corpus.open(tmp_path / name, "acme") as corpus:
            corpus.append(record(f"only in {name}"))
            corpus.export(tmp_path / f"bundle of {name}")
    root = make_root(tmp_path / "root")
    take_in(root, tmp_path / "bundle of first")
    before = files(root / "acme/packs")
    from corpus.errors import Broken

    with pytest.raises(Broken, match="log/source"):
        take_in(root, tmp_path / "bundle of copy")
    assert files(root / "acme/packs") == before
    (tmp_path / "copy/acme/log/source").unlink()
    shutil.rmtree(tmp_path / "bundle of copy")
    take_in(root, export(tmp_path / "copy", tmp_path / "bundle of copy"))
    assert len(lines(root)) == 10
    intact(root)


def test_what_a_machine_tells_of_keys_that_are_not_here_is_found(tmp_path: Path, bundle: Path) -> None:
    root = make_root(tmp_path / "root")
    take_in(root, bundle)
    (log,) = (root / "acme/log/sources").rglob("*.log")
    text = log.read_bytes()
    log.write_bytes(text.replace(record("r1").key.encode(), b"ab" * 32))
    with Corpus.open(root, "acme") as corpus:
        assert ["names 1 keys" in problem.line for problem in corpus.verify().problems] == [True]
    log.write_bytes(text.replace(b'"n":3', b'"n":4'))
    with Corpus.open(root, "acme") as corpus:
        assert ["entry 3 is none" in problem.line for problem in corpus.verify().problems] == [True]


@pytest.mark.parametrize("what", ["tenant", "kind", "key", "member"])
def test_another_tenants_or_kinds_bundle_or_one_under_another_key_is_refused_and_reported(tmp_path: Path, bundle: Path, what: str) -> None:
    root = make_root(tmp_path / "root")
    tenant = "acme"
    if what == "tenant":
        tenant = "other"
        record("x", tenant="other")
    elif what == "kind":
        root = tmp_path / "customer"
        init_root(root, "customer")
        add_tenant(root, "acme")
    elif what == "member":
        said = json.loads((bundle / "bundle.json").read_bytes())
        (bundle / "bundle.json").write_text(json.dumps(said | {"tenant": "other"}))
    else:
        said = json.loads((bundle / "bundle.json").read_bytes())
        (bundle / "bundle.json").write_text(json.dumps(said | {"key": "0" * 32}))
    with Corpus.open(root, tenant) as corpus:
        with pytest.raises(Refused) as told:
            corpus.take_in(bundle)
        assert list(corpus.entries()) == []
    (report,) = (root / tenant / "quarantine").iterdir()
    assert json.loads(report.read_bytes())["reason"] == str(told.value)


def test_without_the_tenants_key_nothing_is_exported_or_taken_in_and_none_is_made(tmp_path: Path, bundle: Path, guard_home: Path) -> None:
    shutil.rmtree(guard_home / ".config/corpus/keys/acme")
    for work in (lambda: export(tmp_path / "first", tmp_path / "out"), lambda: take_in(make_root(tmp_path / "root"), bundle)):
        with pytest.raises(BadInput, match="--key"):
            work()
    assert not (guard_home / ".config/corpus/keys/acme").exists()


def test_what_manifests_say_travels_and_never_goes_over_what_is_said_here(tmp_path: Path) -> None:
    from corpus.store import ClusterSettings, put_cluster, tenant_settings

    root = root_with(tmp_path / "root", [("a", 0)])
    for cluster, branches in (("payments", ("main",)), ("web", ("trunk",))):
        put_cluster(root, "acme", cluster, ClusterSettings(branches=branches))
    bundle = export(root, tmp_path / "bundle")
    assert tenant_settings(bundle, "acme") == tenant_settings(root, "acme")
    here = make_root(tmp_path / "here")
    put_cluster(here, "acme", "web", ClusterSettings(branches=("main",)))
    take_in(here, bundle)
    assert {name: one.branches for name, one in tenant_settings(here, "acme").clusters.items()} == {"payments": ("main",), "web": ("main",)}


def test_a_bundle_is_read_as_a_root_is_and_not_written_to(bundle: Path) -> None:
    before = files(bundle)
    with Corpus.open(bundle, "acme") as corpus:
        assert len([corpus.read(entry) for entry in corpus.entries()]) == 8
        assert corpus.get(record("r1").key).key == record("r1").key
        assert sum(batch.num_rows for batch in corpus.select()) == 8
        assert corpus.unsequenced().records == 0
        assert corpus.verify().problems == []
        writes = (
            lambda: corpus.append(record("new")),
            lambda: corpus.replace(record("r1", revision=1)),
            lambda: corpus.append_many([record(f"many{number}") for number in range(20)]),
            corpus.pack,
            corpus.repack,
            corpus.sequence,
            corpus.repair,
            lambda: corpus.export(bundle.parent / "out"),
            lambda: corpus.take_in(bundle),
        )
        for write in writes:
            with pytest.raises(Refused, match="read only"):
                write()
    with pytest.raises(Refused, match="'acme'"):
        Corpus.open(bundle, "other")
    assert files(bundle) == before


VERSIONS = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 2)), max_size=14)


@given(worlds=st.lists(VERSIONS, min_size=1, max_size=3), seed=st.integers(0, 1 << 16))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_order_and_however_often_the_union_is_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, worlds: list[list[tuple[str, int]]], seed: int
) -> None:
    record("the first makes the key")
    place = tmp_path_factory.mktemp("worlds")
    order = random.Random(seed)
    bundles = [export(root_with(place / f"root{at}", world), place / f"bundle{at}") for at, world in enumerate(worlds)]
    one = root_with(place / "one", [each for world in worlds for each in world])
    merged = []
    for at in range(2):
        root = make_root(place / f"merged{at}")
        for bundle in order.sample([*bundles, *bundles], 2 * len(bundles)):
            take_in(root, bundle)
        intact(root)
        merged.append(root)
    for root in (one, *merged):
        with Corpus.open(root, "acme") as corpus:
            corpus.repack()
            assert corpus.verify().problems == []
    assert files(merged[0] / "acme/packs") == files(merged[1] / "acme/packs") == files(one / "acme/packs")
    shutil.rmtree(place)


def test_an_interruption_right_after_the_new_packs_are_listed_loses_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from corpus.store import repacking

    root = root_with(tmp_path / "root", [(name, 0) for name in NAMES])
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many([record(f"more{number}") for number in range(20)])
    before = lines(root)
    real = repacking.write_list

    def interrupted(*listed: Any) -> None:
        real(*listed)
        raise KeyboardInterrupt

    monkeypatch.setattr(repacking, "write_list", interrupted)
    with Corpus.open(root, "acme") as corpus, pytest.raises(KeyboardInterrupt):
        corpus.repack()
    monkeypatch.undo()
    assert lines(root) == before
    with Corpus.open(root, "acme") as corpus:
        corpus.pack()
    intact(root)


def test_repacking_cuts_at_one_size_whatever_the_packs_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from corpus.store import repacking

    monkeypatch.setattr(repacking, "PACK_BYTES", 5000)
    roots = [make_root(tmp_path / name) for name in ("a", "b")]
    many = [record(f"many{number}", created=f"2026-01-{number % 28 + 1:02d}T00:00:00Z") for number in range(40)]
    for root, records, step in ((roots[0], many, 40), (roots[1], many[::-1], 18)):
        with Corpus.open(root, "acme") as corpus:
            for at in range(0, 40, step):
                corpus.append_many(records[at : at + step])
            corpus.repack()
            assert corpus.repack().packs == 0  # nothing is left to do
        intact(root)
    assert files(roots[0] / "acme/packs") == files(roots[1] / "acme/packs")
    sizes = [json.loads(one)["content"] for one in (roots[0] / "acme/packs/list").read_bytes().splitlines()[1:]]
    assert len(sizes) > 5
    assert max(sizes) <= 5000


def test_the_file_of_a_bundle_knows_no_other_fields() -> None:
    from corpus.errors import Broken
    from corpus.store.bundle import parse

    whole = BundleFile(tenant="acme", kind="vendor", key="0" * 32, source="1" * 32)
    assert parse(whole.data(), "x") == whole
    for wrong in ({"tenant": "../x"}, {"source": "../x"}, {"kind": "mine"}, {"more": 1}, {"format": 2}, {"clusters": {"../x": {}}}):
        with pytest.raises(Broken):
            parse(json.dumps(json.loads(whole.data()) | wrong).encode(), "x")
    with pytest.raises(Broken):
        parse(b"[" * 100_000, "x")
    assert os.linesep not in whole.data().decode().rstrip("\n")


def test_what_was_forgotten_is_brought_back_by_no_bundle_and_a_bundle_made_after_it_is_whole(tmp_path: Path) -> None:
    first, second = (root_with(tmp_path / name, [(each, 0) for each in NAMES[:8]]) for name in ("first", "second"))
    before = export(second, tmp_path / "before")
    take_in(first, before)  # so that another machine's log, too, names what is forgotten next
    gone = record(NAMES[3]).key
    buried = frozenset({Tombstone(Marks(for_tenant(check("tenant", "acme"))).record(gone), "0" * 16, "1" * 16)})
    with Corpus.open(first, "acme") as corpus:
        corpus.forget(Wanted(frozenset({gone}), frozenset(), buried))
        corpus.forgotten()
        done = corpus.take_in(before, merge=True)
        assert (done.added, done.replaced, done.forgotten) == (0, 0, 1)
    assert gone not in lines(first)
    intact(first)
    after = export(first, tmp_path / "after")
    assert gone not in lines(after)
    third = make_root(tmp_path / "third")
    assert take_in(third, after) == (7, 0)
    intact(third)
    with Corpus.open(first, "acme") as corpus:
        corpus.lift(buried)
    assert take_in(first, before) == (1, 0)
    intact(first)
