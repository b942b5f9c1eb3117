"""Packing, replacing and writing in bulk, killed at any call or failing at any: nothing is lost or doubled, nothing stays behind."""

from __future__ import annotations

import errno
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.record import line_id
from corpus.redaction import Redacted
from corpus.store import Corpus
from corpus.store.directory import Directory
from corpus.store.packlist import read_list
from corpus.store.sequence import Unsequenced
from tests.corpus.store.making import make_root, record
from tests.failing import CALLS, Rewound, boundaries, failing_in_turn, killed_at, struck

OLD = [f"old{number}" for number in range(20)]


@pytest.fixture
def work(tmp_path: Path) -> tuple[Path, dict[str, Redacted], Redacted]:
    """A pack of twenty, two more packs to be merged, loose records, a newer version of one that is packed, and one yet to come."""
    root = make_root(tmp_path / "root")
    packed = [record(name, created="2026-02-01T00:00:00Z") for name in OLD]
    loose = [record(f"loose{number}", created=f"2026-02-0{number + 1}T00:00:00Z") for number in range(4)]
    newer = record("old3", revision=1, created="2026-02-01T00:00:00Z", text="newer")
    later = record("old4", revision=1, created="2026-02-01T00:00:00Z", text="later")
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(packed)
        corpus.append_many(record(f"more{number}") for number in range(17))
        for one in loose:
            corpus.append(one)
        corpus.replace(newer)
        expected = {one.key: one for one in (*packed, *loose, *(record(f"more{number}") for number in range(17)), newer)}
    return root, expected, later


def read_back(root: Path) -> dict[str, bytes]:
    with Corpus.open(root, "acme") as corpus:
        return {record.key: corpus.read_line(entry) for entry in corpus.entries() for record in [corpus.read(entry)]}


def whole(root: Path, expected: dict[str, bytes], either: dict[str, set[bytes]] | None = None) -> None:
    found = read_back(root)
    assert found.keys() == expected.keys()
    for key, line in found.items():
        assert line == expected[key] or line in (either or {}).get(key, ())


def settled(root: Path, expected: dict[str, bytes]) -> None:
    """After one run that was not disturbed: every record once, in a listed pack, and no other file."""
    with Corpus.open(root, "acme") as corpus:
        corpus.sweep_temporary()
        corpus.pack()
        assert {entry.key: corpus.read_line(entry) for entry in corpus.entries()} == expected
        reached = corpus.sequence()
        logged = list(corpus.logged())
        assert [entry.position for entry in logged] == list(range(1, reached + 1))
        assert len({(entry.key, entry.id) for entry in logged}) == reached  # each once
        assert {entry.key: entry.id for entry in logged} == {key: line_id(line)[0] for key, line in expected.items()}  # the newest last
        assert corpus.unsequenced() == Unsequenced(0, None)
    with Directory.open(root / "acme/packs") as packs:
        listed = read_list(packs, "acme")
        assert set(packs.names()) == {"list", *(name for one in listed for name in one.names)}
        assert sum(one.records for one in listed) == len(expected)
    assert Counter(path.suffix for path in (root / "acme/engineering").rglob("*.*")) == Counter()


def packing(root: Path) -> Callable[[], None]:
    def run() -> None:
        with Corpus.open(root, "acme") as corpus:
            corpus.pack()

    return run


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("step", [61, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"])
def test_packing_killed_at_any_call_loses_and_doubles_nothing(
    work: tuple[Path, dict[str, Redacted], Redacted], tmp_path: Path, step: int
) -> None:
    root, records, _ = work
    expected = {key: one.line for key, one in records.items()}
    rewind = Rewound(root, tmp_path / "kept")
    packing(root)()  # loads what it loads
    settled(root, expected)
    number = killed = 1
    while True:
        rewind()
        if not killed_at(number, packing(root)):
            break
        whole(root, expected)
        settled(root, expected)
        killed += 1
        number += step
    assert killed * step > 200


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("call", CALLS)
def test_packing_with_any_one_call_failing_loses_nothing_and_says_so(
    work: tuple[Path, dict[str, Redacted], Redacted], tmp_path: Path, call: str
) -> None:
    root, records, _ = work
    expected = {key: one.line for key, one in records.items()}
    rewind = Rewound(root, tmp_path / "kept")
    for number in failing_in_turn(call, errno.ENOSPC, rewind, packing(root)):
        assert not list(root.rglob(".tmp-*")) or call in ("unlink", "open")
        whole(root, expected)
        if number % 7 == 1:
            settled(root, expected)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("step", [19, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"])
@pytest.mark.parametrize("kind", ["replace loose", "replace packed", "bulk", "sequence"])
def test_a_writer_killed_at_any_call_leaves_the_old_version_or_the_new(
    work: tuple[Path, dict[str, Redacted], Redacted], tmp_path: Path, kind: str, step: int
) -> None:
    root, records, later = work
    expected = {key: one.line for key, one in records.items()}
    newest = record("old3", revision=2, created="2026-02-01T00:00:00Z", text="newest")
    bulk = [record(f"bulk{number}") for number in range(20)]
    many = {one.key: one.line for one in bulk}

    def write() -> None:
        with Corpus.open(root, "acme") as corpus:
            if kind == "replace loose":
                corpus.replace(newest)
            elif kind == "replace packed":
                corpus.replace(later)
            elif kind == "sequence":
                corpus.sequence()
            else:
                corpus.append_many(bulk)

    after = {
        "replace loose": expected | {newest.key: newest.line},
        "replace packed": expected | {later.key: later.line},
        "bulk": expected | many,
        "sequence": expected,
    }[kind]
    rewind = Rewound(root, tmp_path / "kept")
    write()
    assert read_back(root) == after
    number = killed = 1
    while True:
        rewind()
        if not killed_at(number, write):
            break
        assert read_back(root) in (expected, after)
        write()
        settled(root, after)
        killed += 1
        number += step
    assert killed * step > 50


CHANGING = "openat,write,pwrite64,fsync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,ftruncate,fchmod,flock"


@pytest.mark.timeout(7200)
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"])
@pytest.mark.parametrize("how", ["signal=KILL", "error=ENOSPC", "error=EIO"])
def test_the_command_killed_or_failing_at_every_changing_system_call_loses_nothing(
    work: tuple[Path, dict[str, Redacted], Redacted], tmp_path: Path, how: str, step: int
) -> None:
    root, records, _ = work
    expected = {key: one.line for key, one in records.items()}
    rewind = Rewound(root, tmp_path / "kept")
    command = [sys.executable, "-m", "corpus", "pack", "--tenant", "acme", "--root", str(root)]
    ours = re.compile(rf"{re.escape(str(root))}|\.tmp-|\.jsonl|\.keys|\.parquet|\.log|\"list\"|fsync|flock|link|rename")
    met = boundaries(command, CHANGING, ours, tmp_path / "trace")
    assert len(met) > 50
    for call, number in met[::step]:
        rewind()
        done = struck(command, call, number, how)
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 1
        assert read_back(root) == expected
        settled(root, expected)
