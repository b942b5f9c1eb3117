"""Ten machines capture what each of them saw of one repository, all at once; their union is what one machine that saw it all has."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

import pytest

from capture.cli import group as capture
from corpus.cli import group as corpus
from corpus.redaction import keysource
from corpus.redaction.redactor import scanner_for
from corpus.store import Corpus, add_tenant, init_root
from tests.capture.drain.working import Work, make
from tests.capture.trajectory.making import lines
from tests.corpus.store.test_bundle import files

COMMITS = 9
SESSION = lines(40)
WHOSE = ("--tenant", "acme", "--cluster", "payments")
BUILD = ("--recipe", "pretrain", "--recipe", "sft")


def run(*words: str) -> None:
    group = capture if words[0] == "capture" else corpus
    assert not group.main([*words[1:]], standalone_mode=False)


def feed(place: Path, origin: Path, key: Path, ranges: Sequence[str], events: Sequence[int]) -> None:
    """One machine: a clone, its own home, its own root; it captures ``ranges``, and a session each time it has come to so many lines."""
    for name in ("CONFIG", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(place / name)
    keysource.put_key("acme", keysource.from_file(key))  # type: ignore[arg-type]
    subprocess.run(["git", "clone", "-q", str(origin), str(place / "billing")], check=True)
    os.chdir(place / "billing")
    root = ("--root", str(place / "root"))
    init_root(place / "root")
    add_tenant(place / "root", "acme")
    for at, revisions in enumerate(ranges):
        run("capture", "edit", revisions, *WHOSE, *root)
        if at == 0:
            run("corpus", "pack", "--tenant", "acme", *root)
    for count in events:
        (place / "session.jsonl").write_bytes(b"".join(SESSION[:count]))
        run("capture", "trajectory", str(place / "session.jsonl"), *WHOSE, *root)
    run("corpus", "export", "--tenant", "acme", "--out", str(place / "bundle"), *root)


@pytest.fixture
def origin(tmp_path: Path) -> Work:
    work = make(tmp_path / "origin/billing", tmp_path / "unused")
    for number in range(COMMITS):
        day = f"2026-03-{number + 1:02d}T10:00:00+00:00"
        dated = {"GIT_AUTHOR_DATE": day, "GIT_COMMITTER_DATE": day}
        work.commit(f"Change number {number}", f"part{number % 3}.py", f"value = {number}\nowner = {'x' * number!r}\n", **dated)
    return work


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [4, pytest.param(10, marks=pytest.mark.full)], ids=["four", "ten"])
def test_roots_fed_in_parallel_and_merged_in_any_order_are_one_root_fed_with_all(origin: Work, tmp_path: Path, count: int) -> None:
    key = tmp_path / "team.key"
    keysource.new_file(key)
    scanner_for(None)  # what is forked has the patterns
    commits = origin.git("rev-list", "--reverse", "HEAD").split()
    context = get_context("fork")
    order = random.Random(6)
    machines = []
    for number in range(count):
        some = [*sorted(order.sample(range(COMMITS), 3)), number % COMMITS]
        few = [f"{commits[at]}~..{commits[at]}" if at else commits[0] for at in some]
        if not number:
            few = ["--all"]  # and what is known of each commit since, which is said in links
        grown = sorted(order.sample(range(2, 40), 2)) if number else [40]
        machines.append(context.Process(target=feed, args=(tmp_path / f"m{number}", origin.path, key, few, grown)))
    machines.append(context.Process(target=feed, args=(tmp_path / "all", origin.path, key, ["--all"], [40])))
    for one in machines:
        one.start()
    for one in machines:
        one.join(400)
    assert [one.exitcode for one in machines] == [0] * (count + 1)
    keysource.put_key("acme", keysource.from_file(key))  # type: ignore[arg-type]
    bundles = [tmp_path / f"m{number}/bundle" for number in range(count)]
    assert len({tuple(sorted(files(bundle / "packs"))) for bundle in bundles}) > count // 2  # they saw different things
    roots = [tmp_path / "all/root"]
    for at in range(2):
        roots.append(tmp_path / f"merged{at}")
        init_root(roots[-1])
        add_tenant(roots[-1], "acme")
        for bundle in order.sample([*bundles, *bundles[: count // 2]], count + count // 2):
            with Corpus.open(roots[-1], "acme") as merged:
                merged.take_in(bundle, merge=True)
    records, packs, builds = [], [], []
    for root in roots:
        with Corpus.open(root, "acme") as each:
            records.append({entry.key: each.read_line(entry) for entry in each.entries()})
            each.repack()
            found = each.verify()
            assert (found.problems, found.unsequenced) == ([], 0)
        packs.append(files(root / "acme/packs"))
        run("corpus", "build", "--tenant", "acme", "--root", str(root), "--out", str(root.parent / f"{root.name}-build"), *BUILD)
        built = files(root.parent / f"{root.name}-build")
        manifest = json.loads(built.pop("manifest.json"))
        manifest["position"] = 0  # in which order records came to count is each root's own
        builds.append((built, manifest))
    assert records[0] == records[1] == records[2]
    assert len(records[0]) >= COMMITS + 1
    assert packs[0] == packs[1] == packs[2]
    assert builds[0] == builds[1] == builds[2]
    for root in roots[1:]:
        assert len(list((root / "acme/log/sources").iterdir())) == count
