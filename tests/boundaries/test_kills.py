"""Capture, pack, import, forget and rescan in turn, killed anywhere: what was acknowledged is there once, and the rest follows."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from capture import spool
from capture.drain import drain
from capture.forgetting import Request, forget
from corpus.errors import SubstrateError
from corpus.record import TupleType
from corpus.redaction import Redactor
from corpus.store import Corpus
from corpus.store.rescan import Rescan
from corpus.xdg import spool_dir, state_dir
from tests.bytes_of import bytes_of
from tests.capture.drain.working import Work, enroll, make
from tests.corpus.rescan.yesterday import lenient, mail
from tests.failing import failing_in_turn, killed_at


@dataclass
class World:
    """A repository that is worked in, a root that it feeds, and bundles of one far away; ``gone`` are the commits that were forgotten."""

    work: Work
    far: Work
    place: Path
    chance: random.Random
    commits: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    secrets: list[bytes] = field(default_factory=list)
    bundles: list[Path] = field(default_factory=list)

    def more(self) -> None:
        """A commit that waits in the spool; now and then one without an entry, or a bundle with what was done far away."""
        number = len(self.commits)
        self.commits.append(self.work.commit(f"said in {number:05d}", f"f{number % 7}.txt", f"{number}\n" * 20))
        if number % 5:
            self.work.spool(self.commits[-1])

    def bundle(self) -> None:
        number = len(self.bundles)
        self.commits.append(self.far.commit(f"far {number}", f"far{number}.txt"))
        self.far.spool(self.commits[-1])
        drain(spool_dir())
        self.bundles.append(self.place / f"bundle{number}")
        with Corpus.open(self.far.root, "acme") as corpus:
            corpus.export(self.bundles[-1])

    def yesterday(self) -> None:
        """A commit that was kept when the rules let something by."""
        self.secrets.append(mail(len(self.commits)).encode())
        self.commits.append(self.work.commit("of yesterday", "y.txt", f"write to {self.secrets[-1].decode()}\n"))
        self.work.spool(self.commits[-1])
        with lenient():
            drain(spool_dir())

    def everything(self) -> None:
        """All there is to do. What cannot be done keeps nothing else from being done; it is done the next time."""
        for step in (lambda: drain(spool_dir()), self.pack, self.take_in, self.forget, self.rescan):
            with suppress(SubstrateError, OSError):
                step()

    def pack(self) -> None:
        with self.open() as corpus:
            corpus.sweep_temporary()
            corpus.pack()
            corpus.sequence()

    def take_in(self) -> None:
        for bundle in self.bundles[-1:]:
            with self.open() as corpus:
                corpus.take_in(bundle, merge=True)

    def forget(self) -> None:
        for commit in sorted(self.gone):
            with suppress(SubstrateError):  # it is gone already
                forget(Request(self.work.root, "acme", ids=(commit,)), lambda plan: True)

    def rescan(self) -> None:
        with self.open() as corpus:
            run = Rescan(corpus, Redactor.for_tenant(corpus.tenant, corpus.tombstones), lambda header: True, lambda one: None, replace=True)
            run.run()
            run.settle()

    def open(self) -> Corpus:
        return Corpus.open(self.work.root, "acme")

    def kept(self) -> set[str]:
        """The commits that can be read, each once."""
        with self.open() as corpus:
            records = [corpus.read(entry) for entry in corpus.entries()]
        found = Counter(str(record.header.source_commit) for record in records if record.header.tuple_type is TupleType.EDIT)
        assert set(found.values()) <= {1}
        return set(found)

    def settled(self) -> None:
        """After all was done once more and nobody disturbed it."""
        self.everything()
        drain(spool_dir())  # ends what was to be forgotten
        self.pack()
        assert self.kept() == {*self.commits} - self.gone
        with self.open() as corpus:
            found = corpus.verify()
            assert (found.problems, found.unsequenced, corpus.forgetting()) == ([], 0, None)
        files = {path: bytes_of(path) for path in self.work.root.rglob("*") if path.is_file()}
        assert [path for path in files if path.name.startswith(".tmp-")] == []
        assert [path for path, data in files.items() for secret in self.secrets if secret in data] == []
        words = [f"said in {number:05d}".encode() for number, commit in enumerate(self.commits) if commit in self.gone]
        assert [path for path, data in files.items() for word in words if word in data] == []
        assert list(state_dir().rglob(".tmp-*")) == []


@pytest.fixture
def world(tmp_path: Path) -> World:
    work, far = make(tmp_path / "billing", tmp_path / "root"), make(tmp_path / "far", tmp_path / "far-root")
    for each in (work, far):
        each.commit("before enrolment")
        enroll(each)
    made = World(work, far, tmp_path, random.Random(20260515))
    for _ in range(3):
        made.more()
    made.bundle()
    made.yesterday()
    made.everything()
    for _ in range(3):
        made.more()
    made.bundle()
    made.yesterday()
    made.gone.add(made.commits[1])
    return made


@contextmanager
def rewound(world: World, kept: Path) -> Iterator[None]:
    """Root and state as they were, whenever it is entered."""
    places = {world.work.root: kept / "root", state_dir(): kept / "state"}
    for place, copy in places.items():
        if copy.exists():
            shutil.rmtree(place)
            shutil.copytree(copy, place)
        else:
            shutil.copytree(place, copy)
    yield


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(14400)
@pytest.mark.parametrize("step", [2503, pytest.param(7, marks=pytest.mark.full)], ids=["some", "many"])
def test_all_of_it_killed_at_any_call_into_the_system_ends_as_if_it_had_not_been(world: World, tmp_path: Path, step: int) -> None:
    with rewound(world, tmp_path / "kept"):
        world.settled()  # loads what it loads
    number = step // 2
    killed = 0
    while True:
        with rewound(world, tmp_path / "kept"):
            before = world.kept()
            if not killed_at(number, world.everything):
                break
            assert before - world.gone <= world.kept()
            world.settled()
        killed += 1
        number += step
    assert killed * step > 5000


@pytest.mark.full
@pytest.mark.timeout(14400)
@pytest.mark.parametrize("call", ["write", "fsync", "link", "rename", "unlink"])
def test_all_of_it_with_any_one_call_failing_ends_as_if_it_had_not(world: World, tmp_path: Path, call: str) -> None:
    with rewound(world, tmp_path / "kept"):
        world.settled()

    def rewind() -> None:
        with rewound(world, tmp_path / "kept"):
            pass

    for number in failing_in_turn(call, 28, rewind, world.everything):
        if number % 5 == 1:
            world.settled()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(14400)
@pytest.mark.parametrize("moments", [8, pytest.param(1000, marks=pytest.mark.full)])
def test_killed_at_random_moments_over_a_stream_of_work_it_loses_and_doubles_nothing(world: World, moments: int) -> None:
    moments = int(os.environ.get("KILL_MOMENTS", moments))
    began = time.monotonic()
    world.settled()
    whole = time.monotonic() - began
    seen = world.kept()
    for number in range(moments):
        world.more()
        if number % 25 == 10:
            world.bundle()
            world.yesterday()
            world.gone.add(world.chance.choice(sorted(seen - world.gone)))
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                world.everything()
            os._exit(0)
        time.sleep(world.chance.uniform(0.0, whole))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        now = world.kept()
        assert seen - world.gone <= now <= {*world.commits}
        seen = now
        if number % 100 == 99:
            world.settled()
    world.settled()
    assert spool.failures(spool_dir()) == []
