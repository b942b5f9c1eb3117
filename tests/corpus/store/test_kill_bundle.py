"""Export and import, killed at any call or with any call failing: nothing is lost or doubled, and doing it again ends well."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.errors import SubstrateError
from corpus.store import Corpus
from corpus.store.directory import Directory
from corpus.store.packlist import read_list
from tests.corpus.store.making import make_root, record
from tests.corpus.store.test_bundle import intact, lines
from tests.failing import CALLS, Rewound, failing_in_turn, killed_at


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    """Two roots and the bundle of the second: records of each alone, of both, and of both in two versions, packed and loose."""
    first, second = make_root(tmp_path / "place/first"), make_root(tmp_path / "place/second")
    with Corpus.open(first, "acme") as corpus:
        corpus.append_many(record(f"a{number}") for number in range(20))
        corpus.append(record("loose"))
        corpus.append(record("both"))
    with Corpus.open(second, "acme") as corpus:
        corpus.append_many(record(f"b{number}") for number in range(20))
        for name in ("a3", "loose", "both"):
            corpus.replace(record(name, revision=int(name != "both")))
        corpus.export(tmp_path / "place/bundle")
    return tmp_path / "place"


def importing(roots: Path) -> Callable[[], None]:
    def run() -> None:
        with Corpus.open(roots / "first", "acme") as corpus:
            corpus.take_in(roots / "bundle", merge=True)

    return run


def exporting(roots: Path) -> Callable[[], None]:
    """Over an earlier bundle of the same machine, and to a new place."""

    def run() -> None:
        with Corpus.open(roots / "second", "acme") as corpus:
            corpus.export(roots / "bundle")
            corpus.export(roots / "new")

    return run


def union(roots: Path) -> dict[str, bytes]:
    return lines(roots / "first") | lines(roots / "bundle")


def between(roots: Path, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """Every record of before is there, as it was or newer; nothing is there that is in neither."""
    found = lines(roots / "first")
    assert before.keys() <= found.keys() <= after.keys()
    assert all(line in (before.get(key), after[key]) for key, line in found.items())


def again(roots: Path, after: dict[str, bytes], work: Callable[[], None]) -> None:
    with Corpus.open(roots / "first", "acme") as corpus:
        corpus.sweep_temporary()
    work()
    assert lines(roots / "first") == after
    intact(roots / "first")
    with Directory.open(roots / "first/acme/packs") as packs:
        assert set(packs.names()) == {"list", *(name for one in read_list(packs, "acme") for name in one.names)}
    with Corpus.open(roots / "first", "acme") as corpus:
        logged = [(entry.key, entry.id) for entry in corpus.logged()]
    assert len(logged) == len(set(logged))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("step", [151, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"])
def test_an_import_killed_at_any_call_has_taken_in_a_part_and_the_next_the_rest(roots: Path, tmp_path: Path, step: int) -> None:
    before, after = lines(roots / "first"), union(roots)
    rewind = Rewound(roots, tmp_path / "kept")
    importing(roots)()  # loads what it loads
    assert lines(roots / "first") == after
    number = killed = 1
    while True:
        rewind()
        if not killed_at(number, importing(roots)):
            break
        between(roots, before, after)
        again(roots, after, importing(roots))
        killed += 1
        number += step
    assert killed * step > 200


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("call", [*CALLS[1:6], pytest.param("open", marks=pytest.mark.full), pytest.param("stat", marks=pytest.mark.full)])
def test_an_import_with_any_one_call_failing_loses_nothing_and_says_so(roots: Path, tmp_path: Path, call: str) -> None:
    before, after = lines(roots / "first"), union(roots)
    rewind = Rewound(roots, tmp_path / "kept")
    importing(roots)()
    for number in failing_in_turn(call, errno.EIO, rewind, importing(roots)):
        if number % 9 == 1:
            between(roots, before, after)
            again(roots, after, importing(roots))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("step", [61, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"])
def test_an_export_killed_at_any_call_leaves_the_bundle_of_before_or_of_now(roots: Path, tmp_path: Path, step: int) -> None:
    before = lines(roots / "bundle")
    with Corpus.open(roots / "second", "acme") as corpus:
        corpus.replace(record("b1", revision=1))
        corpus.append(record("later"))
        corpus.pack()
    after = lines(roots / "second")
    rewind = Rewound(roots, tmp_path / "kept")
    exporting(roots)()
    number = killed = 1
    while True:
        rewind()
        if not killed_at(number, exporting(roots)):
            break
        for name in ("bundle", "new"):
            if (roots / name).exists():
                assert lines(roots / name) in (before, after)
                with Corpus.open(roots / name, "acme") as corpus:
                    assert [problem.line for problem in corpus.verify().problems if "not listed" not in problem.line] == []
        exporting(roots)()
        for name in ("bundle", "new"):
            assert lines(roots / name) == after
            intact(roots / name)
        assert {path.name for path in roots.iterdir()} == {"first", "second", "bundle", "new"}
        killed += 1
        number += step
    assert killed * step > 200


def test_an_export_to_a_disk_that_takes_no_more_leaves_the_earlier_bundle(roots: Path, tmp_path: Path) -> None:
    before = lines(roots / "bundle")
    with Corpus.open(roots / "second", "acme") as corpus:
        corpus.append(record("later"))
        corpus.pack()
    rewind = Rewound(roots, tmp_path / "kept")
    for call in ("write", "rename", "fsync"):
        for number in failing_in_turn(call, errno.ENOSPC, rewind, exporting(roots)):
            if number % 5 == 1:
                assert lines(roots / "bundle") in (before, lines(roots / "second"))
    shutil.rmtree(roots / "new", ignore_errors=True)
    exporting(roots)()
    intact(roots / "new")
    with pytest.raises(SubstrateError):
        Corpus.open(roots / "new", "other")
