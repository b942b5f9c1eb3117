"""What is forgotten leaves loose files, bulk files and packs for good; a run that is killed or fails anywhere is ended by the next."""

from __future__ import annotations

import errno
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import Broken, Refused
from corpus.names import check
from corpus.redaction import Redacted
from corpus.redaction.pseudonym import for_tenant
from corpus.redaction.tombstone import Marks
from corpus.store import Corpus, Happened, Tombstone, Wanted, put_hold
from corpus.store.directory import Directory
from corpus.store.lock import tenant_lock
from corpus.store.packlist import read_list
from tests.bytes_of import bytes_of
from tests.corpus.store.making import make_root, record
from tests.failing import CALLS, Rewound, failing_in_turn, killed_at

GONE = ["old3", "old4", "more0", "loose1", "bulk1", *(f"alone{number}" for number in range(17))]
CHANGING = ("write", "fsync", "link", "rename", "unlink")
World = tuple[Path, dict[str, Redacted], Wanted]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Packs of which one is forgotten whole and others in part, loose files, a newer version of one that is packed, and a bulk file."""
    root = make_root(tmp_path / "root")
    names = [*(f"old{number}" for number in range(20)), *(f"more{number}" for number in range(17))]
    made = {name: record(name, text=f"words of {name}.") for name in (*names, *(f"alone{number}" for number in range(17)))}
    with Corpus.open(root, "acme") as corpus:
        for group in ("old", "more", "alone"):
            corpus.append_many(one for name, one in made.items() if name.startswith(group))
        for name in ("loose0", "loose1"):
            made[name] = record(name, text=f"words of {name}.")
            corpus.append(made[name])
        corpus.replace(record("old3", revision=1, text="newer words of old3."))
        corpus.sequence()
    bulk = [record(f"bulk{number}", text=f"words of bulk{number}.") for number in range(3)]
    made |= {f"bulk{number}": one for number, one in enumerate(bulk)}
    (root / "acme/engineering/feedback/bulk-1.jsonl").write_bytes(b"".join(one.line + b"\n" for one in bulk))
    marks = Marks(for_tenant(check("tenant", "acme")))
    keys = frozenset(made[name].key for name in GONE)
    buried = frozenset(Tombstone(marks.record(key), "0" * 16, "1" * 16) for key in keys)
    return root, made, Wanted(keys, frozenset(), buried)


def forgetting(root: Path, wanted: Wanted) -> Callable[[], None]:
    def run() -> None:
        with Corpus.open(root, "acme") as corpus:
            corpus.forget(wanted)
            corpus.forgotten()

    return run


def standing(root: Path) -> set[str]:
    with Corpus.open(root, "acme") as corpus:
        return {entry.key for entry in corpus.entries() if corpus.read(entry)}


def whole(world: World) -> None:
    """Everything that was not forgotten is there, and nothing else, not even as bytes."""
    root, made, wanted = world
    kept = {one.key for one in made.values()} - wanted.keys
    assert standing(root) == kept
    with Corpus.open(root, "acme") as corpus:
        found = corpus.verify()
        assert (found.problems, found.records) == ([], len(kept))
        assert corpus.forgetting() is None
        logged = list(corpus.logged())
        assert sorted(entry.key for entry in logged if entry.kind is Happened.FORGET) == sorted(wanted.keys)
    everything = b"".join(bytes_of(path) for path in root.rglob("*") if path.is_file())
    for name in GONE:
        assert f"words of {name}.".encode() not in everything
    assert b"words of old5." in everything
    assert not list(root.rglob(".tmp-*"))
    with Directory.open(root / "acme/packs") as packs:
        assert set(packs.names()) == {"list", *(name for one in read_list(packs, "acme") for name in one.names)}


def test_what_is_forgotten_leaves_every_kind_of_file_and_the_log_says_so(world: World) -> None:
    root, made, wanted = world
    before = {one.pack for one in _listed(root)}
    forgetting(root, wanted)()
    whole(world)
    assert len(_listed(root)) == len(before) - 1  # one held nothing else
    forgetting(root, wanted)()  # once more changes nothing
    whole(world)
    with Corpus.open(root, "acme") as corpus:
        assert corpus.append_many(made.values()) == 0
        assert not corpus.append(made["old3"])
        corpus.pack()
    whole(world)


def _listed(root: Path) -> tuple[object, ...]:
    with Directory.open(root / "acme/packs") as packs:
        return read_list(packs, "acme")


def test_what_is_lifted_comes_back_and_is_named_in_the_log_again(world: World) -> None:
    root, made, wanted = world
    forgetting(root, wanted)()
    with Corpus.open(root, "acme") as corpus:
        assert corpus.lift(wanted.tombstones) == len(wanted.tombstones)
        assert corpus.append(made["old4"])
        reached = corpus.sequence()
        assert list(corpus.logged())[-1].key == made["old4"].key
        assert list(corpus.logged())[-1].kind is Happened.ADD
        assert corpus.sequence() == reached  # once
        assert corpus.verify().problems == []
        assert corpus.unsequenced().records == 0
        corpus.pack()
        assert corpus.sequence() == reached
    assert standing(root) == {one.key for one in made.values()} - wanted.keys | {made["old4"].key}


def test_a_hold_that_began_while_forgetting_waited_for_the_lock_counts(world: World) -> None:
    root, made, wanted = world

    class Waiting(Corpus):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.put = False

        @property
        def _lock(self) -> Any:
            if not self.put:  # whoever holds the lock begins the hold, and this comes next
                self.put = put_hold(root, "acme", "case-7", "a court asked")
            return tenant_lock(self._home)

    with Waiting.open(root, "acme") as corpus:
        with pytest.raises(Refused, match="case-7"):
            corpus.forget(wanted)
        assert corpus.forgetting() is None
        assert {entry.key for entry in corpus.entries()} == {one.key for one in made.values()}


def test_under_a_legal_hold_nothing_goes_and_who_asks_is_told_why(world: World) -> None:
    root, made, wanted = world
    assert put_hold(root, "acme", "case-7", "a court asked")
    with Corpus.open(root, "acme") as corpus, pytest.raises(Refused, match=r"case-7.*a court asked.*corpus hold remove") as refused:
        corpus.forget(wanted)
    assert refused.value.exit_code == 3
    assert standing(root) == {one.key for one in made.values()}
    assert not (root / "acme/tombstones").exists()
    assert put_hold(root, "acme", "case-7", None)
    forgetting(root, wanted)()
    whole(world)


def test_a_file_that_cannot_be_looked_into_is_named(world: World) -> None:
    root, _, wanted = world
    (root / "acme/packs" / f"{'ab' * 32}.jsonl.zst").write_bytes(b"from a backup")
    (root / "acme/engineering/feedback/x.jsonl.damaged").write_bytes(b"set aside")
    (root / "acme/engineering/feedback/half.jsonl").write_bytes(b'{"half')
    with Corpus.open(root, "acme") as corpus:
        unread = corpus.forget(wanted)
    assert {name for name in ("abab", "x.jsonl.damaged", "half.jsonl") if any(name in line for line in unread)} == {
        "abab",
        "x.jsonl.damaged",
        "half.jsonl",
    }


def test_a_pack_that_cannot_be_read_stops_it_and_what_is_wanted_stays_noted(world: World) -> None:
    root, made, wanted = world
    with Corpus.open(root, "acme") as corpus:
        place = next(entry for entry in corpus.entries() if entry.key == made["old4"].key)
    pack = root / "acme/packs" / place.path[-1]
    sound = pack.read_bytes()
    pack.write_bytes(sound[:100] + b"\0\0\0\0" + sound[104:])
    with Corpus.open(root, "acme") as corpus:
        with pytest.raises(Broken, match="verify"):
            corpus.forget(wanted)
        assert corpus.forgetting() == wanted
    pack.write_bytes(sound)
    with Corpus.open(root, "acme") as corpus:
        corpus.forget(corpus.forgetting() or Wanted())
        corpus.forgotten()
    whole(world)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"])
def test_forgetting_killed_at_any_call_leaves_all_or_a_state_that_the_next_run_ends(world: World, tmp_path: Path, step: int) -> None:
    root, made, wanted = world
    rewind = Rewound(root, tmp_path / "kept")
    forgetting(root, wanted)()  # loads what it loads
    everything = {one.key for one in made.values()}
    number = killed = 1
    states = set()
    while True:
        rewind()
        if not killed_at(number, forgetting(root, wanted)):
            break
        found = standing(root)
        with Corpus.open(root, "acme") as corpus:
            noted = corpus.forgetting()
            assert noted in (None, wanted)
            assert everything - wanted.keys <= found
            if noted is None:  # not begun, or done
                assert found in (everything, everything - wanted.keys)
            else:
                assert not any(corpus.append(made[name]) for name in GONE)  # what is gone already stays away
        states.add((noted is None, len(found)))
        forgetting(root, noted or wanted)()
        whole(world)
        killed += 1
        number += step
    assert killed * step > 200
    assert len(states) > 2  # it really was cut to pieces


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("call", [call if call in CHANGING else pytest.param(call, marks=pytest.mark.full) for call in CALLS])
def test_forgetting_with_any_one_call_failing_says_so_and_the_next_run_ends_it(world: World, tmp_path: Path, call: str) -> None:
    root, _, wanted = world
    rewind = Rewound(root, tmp_path / "kept")
    for number in failing_in_turn(call, errno.EIO, rewind, forgetting(root, wanted)):
        if number % 11 == 1:
            forgetting(root, wanted)()
            whole(world)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forgetting_beside_writers_and_packers_takes_what_it_should_and_nothing_else(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root")
    made = [record(f"one{number}") for number in range(120)]
    marks = Marks(for_tenant(check("tenant", "acme")))

    def writer(which: int) -> None:
        with Corpus.open(root, "acme") as corpus:
            for one in made[which::3]:
                corpus.append(one)
                time.sleep(0.002)

    def packer() -> None:
        for _ in range(12):
            with Corpus.open(root, "acme") as corpus:
                corpus.pack()
            time.sleep(0.02)

    def forgetter() -> None:
        moments = random.Random(4)
        for one in made[::5]:
            with Corpus.open(root, "acme") as corpus:
                corpus.forget(Wanted(frozenset({one.key}), frozenset(), frozenset({Tombstone(marks.record(one.key), "2" * 16, "3" * 16)})))
                corpus.forgotten()
            time.sleep(moments.uniform(0, 0.02))

    children = []
    for work in (lambda: writer(0), lambda: writer(1), lambda: writer(2), packer, forgetter):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work()
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 5
    assert standing(root) == {one.key for one in made} - {one.key for one in made[::5]}
    with Corpus.open(root, "acme") as corpus:
        corpus.pack()
        assert corpus.verify().problems == []
        assert corpus.verify().records == 96


def test_a_pack_from_a_backup_does_not_bring_back_what_was_forgotten_since(world: World) -> None:
    root, _, wanted = world
    kept = {path.name: path.read_bytes() for path in (root / "acme/packs").glob("*.*")}
    forgetting(root, wanted)()
    for name, data in kept.items():
        (root / "acme/packs" / name).write_bytes(data)
    with Corpus.open(root, "acme") as corpus:
        assert corpus.verify().problems
        assert corpus.repair()
    whole(world)


def test_what_left_is_known_in_full_parts_of_the_log_too(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus.store.log.SEGMENT", 16)
    root, made, wanted = request.getfixturevalue("world")
    forgetting(root, wanted)()
    with Corpus.open(root, "acme") as corpus:
        corpus.lift(wanted.tombstones)
        assert corpus.append(made["old4"])
        reached = corpus.sequence()
        assert (corpus.sequence(), corpus.verify().problems) == (reached, [])
        corpus.forget(wanted)
        corpus.forgotten()
        assert [entry.kind for entry in corpus.logged() if entry.key == made["old4"].key] == [
            Happened.ADD,
            Happened.FORGET,
            Happened.ADD,
            Happened.FORGET,
        ]
        assert len(list((root / "acme/log").glob("*.keys"))) > 3
        assert corpus.verify().problems == []
