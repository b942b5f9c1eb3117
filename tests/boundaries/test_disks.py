"""A disk that is full, out of inodes or read-only while there is work: one clear line, nothing torn, and all is done once it is mended."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.record import TupleType
from corpus.store import Corpus, add_tenant, init_root
from tests.boundaries.small_disk import SmallDisk, small_disk
from tests.boundaries.told import told
from tests.capture.drain.working import Work, make

FAULTS = [
    ("fill", 8),
    *(pytest.param("fill", leave, marks=pytest.mark.full) for leave in (0, 4, 16, 32, 64, 100, 140)),
    *(pytest.param("use_up", leave, marks=pytest.mark.full) for leave in (0, 1, 2, 4, 6, 9, 14)),
    pytest.param("read_only", 0, marks=pytest.mark.full),
]
HERE = ("--tenant", "acme")
NEW, OLD = 6, 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


@pytest.fixture
def work(tmp_path: Path, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch) -> Work:
    """A repository enrolled to a root on the small disk, some of its history packed, a bundle of another root's records, and new work."""
    monkeypatch.setenv("CORPUS_ROOT", str(disk.path / "corpus"))
    made = make(tmp_path / "billing", disk.path / "corpus")
    words = random.Random(20260515)
    text = ["\n".join(words.choice("abcdefghijklmnopqrstuvwxyz") * 3 + f" {words.random():.9f}" for _ in range(60)) for _ in range(40)]
    for number in range(OLD):
        made.commit(f"old {number}", f"old{number}.txt", text.pop())
    for command in (("capture", "install", "--cluster", "payments", *HERE), ("capture", "edit", "--all"), ("corpus", "verify", *HERE)):
        well(disk, made, *command)
    made.git("config", "core.hooksPath", "/dev/null")
    elsewhere(made, tmp_path / "far", tmp_path / "bundle")
    for number in range(NEW):
        made.spool(made.commit(f"new {number}", f"new{number}.txt", text.pop()))
    return made


def elsewhere(work: Work, root: Path, bundle: Path) -> None:
    """A bundle of another root's, under the same key: one record that is here too, and one that is not."""
    init_root(root)
    add_tenant(root, "acme")
    far = make(root.with_name("far-away"), root)
    far.git("fetch", "-q", str(work.path), "HEAD")
    far.git("reset", "-q", "--hard", "FETCH_HEAD")
    far.commit("far away")
    for command in (("capture", "edit", "HEAD~2..HEAD", "--cluster", "payments"), ("corpus", "export", "--out", str(bundle))):
        done = told(*command, *HERE, "--root", root, cwd=far.path)
        assert done.code == 0, done.err


def well(disk: SmallDisk, work: Work, *command: str) -> str:
    done = disk.run(*command, cwd=work.path)
    assert (done.code, done.err) == (0, ""), command
    return done.out


def tried(disk: SmallDisk, work: Work, *command: str) -> bool:
    """Whether it could be done on a disk that is broken; if not, it says so, in one line that names the place."""
    done = disk.run(*command, cwd=work.path)
    assert done.code in (0, 5), (command, done.err)
    lines = done.err.splitlines()
    assert len(lines) == (done.code == 5), command
    if lines:
        assert any(why in lines[0] for why in ("No space left on device", "Read-only file system")), lines
        assert str(disk.path) in lines[0] or "stay for later" in lines[0], lines
    return done.code == 0


def looked(disk: SmallDisk) -> tuple[Counter[str | None], int]:
    """The commits that can be read, and how many files a writer has left half done."""
    with Corpus.open(disk.seen / "corpus", "acme") as corpus:
        records = [corpus.read(entry) for entry in corpus.entries()]
    kept = Counter(record.header.source_commit for record in records if record.header.tuple_type is TupleType.EDIT)
    return kept, len([*disk.seen.rglob(".tmp-*"), *disk.seen.rglob("*.building")])


@pytest.mark.parametrize(("fault", "leave"), FAULTS)
def test_a_broken_disk_takes_nothing_and_tears_nothing_and_all_is_done_when_it_is_mended(
    work: Work, disk: SmallDisk, tmp_path: Path, fault: str, leave: int
) -> None:
    commits = work.git("rev-list", "--all").split()
    before, _ = looked(disk)
    assert sum(before.values()) == OLD
    getattr(disk, fault)(leave)
    failed = []
    for command in (
        ("capture", "drain"),
        ("capture", "edit", "--all"),
        ("corpus", "pack", *HERE),
        ("corpus", "import", "--merge", str(tmp_path / "bundle"), *HERE),
        ("corpus", "rescan", "--apply", *HERE),
        ("corpus", "forget", "--yes", "--id", commits[-1], *HERE),
        ("corpus", "build", "--recipe", "pretrain", "--out", str(disk.path / "out"), *HERE),
    ):
        failed += [] if tried(disk, work, *command) else [command[:2]]
        kept, left = looked(disk)
        assert left == 0, command
        assert set(kept.values()) <= {1}
        assert before.keys() - {commits[-1]} <= kept.keys(), command
        before = kept
    assert ("corpus", "build") in failed
    disk.mend()
    well(disk, work, "capture", "drain")
    well(disk, work, "corpus", "import", "--merge", str(tmp_path / "bundle"), *HERE)
    well(disk, work, "corpus", "pack", *HERE)
    found = json.loads(well(disk, work, "corpus", "verify", "--json", *HERE))
    assert (found["problems"], found["unsequenced"]) == ([], 0)
    well(disk, work, "corpus", "build", "--recipe", "pretrain", "--out", str(disk.path / "out"), *HERE)
    well(disk, work, "corpus", "forget", "--yes", "--id", commits[-1], *HERE) if commits[-1] in looked(disk)[0] else None
    kept, left = looked(disk)
    far = Work(tmp_path / "far-away", tmp_path).head
    assert (kept, left) == (Counter([*commits[:-1], far]), 0)
