"""What one machine has forgotten travels with its bundle: it goes elsewhere as well, and no bundle brings it back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from corpus.errors import Refused
from corpus.names import Name
from corpus.redaction import pseudonym
from corpus.redaction.tombstone import Marks
from corpus.store import Corpus, Tombstone, Wanted
from corpus.store.tenants import put_hold
from tests.bytes_of import bytes_of
from tests.corpus.store.making import make_root, record
from tests.corpus.store.test_bundle import export, intact, lines, root_with, take_in

GOES = "a text that is to be forgotten"


def forget(root: Path, key: str) -> None:
    mark = Marks(pseudonym.for_tenant(Name("acme"))).record(key)
    with Corpus.open(root, "acme") as corpus:
        corpus.forget(Wanted(frozenset({key}), frozenset(), frozenset({Tombstone(mark, "0" * 16, "1" * 16)})))
        corpus.forgotten()


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Two roots that hold a record each has; the first forgets it after both were exported."""
    for name in ("first", "second"):
        root_with(tmp_path / name, [(f"{name}{number}", 0) for number in range(3)])
        with Corpus.open(tmp_path / name, "acme") as corpus:
            corpus.append(record("x", text=GOES))
        export(tmp_path / name, tmp_path / f"{name} before")
    forget(tmp_path / "first", record("x").key)
    export(tmp_path / "first", tmp_path / "first after")
    return tmp_path


def held_by(place: Path) -> bool:
    return any(GOES.encode() in bytes_of(path) for path in place.rglob("*") if path.is_file())


def test_an_export_over_an_earlier_bundle_takes_it_out_of_that(world: Path) -> None:
    assert held_by(world / "first before")
    export(world / "first", world / "first before")
    assert not held_by(world / "first before")
    intact(world / "first before")


def test_what_came_by_a_bundle_is_forgotten_here_and_stays_away(world: Path) -> None:
    second = world / "second"
    assert held_by(second)
    assert take_in(second, world / "first after") == (3, 0)
    assert not held_by(second)
    assert record("x").key not in lines(second)
    intact(second)
    for bundle in ("first before", "second before", "first after"):
        take_in(second, world / bundle)
        assert not held_by(second)
        intact(second)
    with Corpus.open(second, "acme") as corpus:
        assert corpus.append(record("x", text=GOES)) is False
        before = corpus.position()
    take_in(second, world / "second before")
    with Corpus.open(second, "acme") as corpus:
        assert corpus.position() == before


@pytest.mark.parametrize("order", [("first after", "second before"), ("second before", "first after")])
def test_in_whatever_order_they_come_it_is_not_there(world: Path, order: tuple[str, str]) -> None:
    root = make_root(world / "root")
    for name in order:
        take_in(root, world / name)
        intact(root)
    assert not held_by(root)
    assert len(lines(root)) == 6
    intact(export(root, world / "again"))
    assert take_in(make_root(world / "third"), world / "again", merge=False) == (6, 0)
    intact(world / "third")


def test_a_legal_hold_lets_no_bundle_take_anything_out(world: Path) -> None:
    put_hold(world / "second", "acme", "case", "a court asked")
    with pytest.raises(Refused, match="hold"):
        take_in(world / "second", world / "first after")
    assert held_by(world / "second")


def test_the_import_says_what_went_here_and_from_which_builds(world: Path) -> None:
    """A set that is taken away without a word is looked for in vain."""
    second = str(world / "second")
    out = world / "sets"
    build = [sys.executable, "-m", "corpus", "build", "--tenant", "acme", "--recipe", "kto", "--out", str(out), "--root", second]
    subprocess.run(build, check=True, capture_output=True)
    command = [sys.executable, "-m", "corpus", "import", str(world / "first after"), "--merge", "--tenant", "acme", "--root", second]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "tenant acme: forgotten there, so gone here too: 1\n" in done.stdout
    assert f": 1 of them; {out}: removed\n" in done.stdout
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "gone here too" not in again.stdout


def test_what_is_lifted_after_an_import_forgot_it_is_not_taken_out_again_by_the_next_import(world: Path) -> None:
    """Nothing drains for this root: what the import began stays noted until somebody finishes it."""
    second = world / "second"

    def run(*words: str) -> None:
        subprocess.run([sys.executable, "-m", "corpus", *words, "--tenant", "acme", "--root", str(second)], check=True, capture_output=True)

    run("import", str(world / "first after"), "--merge")
    run("forget", "--unforget", "--id", record("x").key)
    with Corpus.open(second, "acme") as corpus:
        assert corpus.append(record("x", text=GOES))
    run("import", str(world / "second before"), "--merge")
    assert record("x").key in lines(second)
    intact(second)


def test_a_bundle_says_that_it_is_read_only_whatever_would_write(world: Path) -> None:
    bundle = world / "first before"
    for say in (
        lambda: put_hold(bundle, "acme", "case-7", "a court asked"),
        lambda: forget(bundle, record("x").key),
    ):
        with pytest.raises(Refused, match="is a bundle's, which is read only"):
            say()


@pytest.mark.parametrize("waiting", [True, False])
def test_a_bundle_that_takes_nothing_out_ends_no_forgetting_but_its_own(world: Path, waiting: bool) -> None:
    third = root_with(world / "third", [("third", 0)])
    if waiting:
        with Corpus.open(third, "acme") as corpus:
            corpus.forget(Wanted(frozenset({record("third").key}), frozenset(), frozenset()))
    take_in(third, world / "first after")
    with Corpus.open(third, "acme") as corpus:
        assert (corpus.forgetting() is not None) is waiting


def test_whether_somebody_is_forgetting_is_asked_under_the_lock_that_they_hold(world: Path) -> None:
    asked = []

    class Watched(Corpus):
        def forgetting(self) -> Wanted | None:
            asked.append(self._lock.is_locked)
            return super().forgetting()

    third = root_with(world / "third", [("third", 0)])
    with Watched.open(third, "acme") as corpus:
        corpus.take_in(world / "first after", merge=True)
    assert asked == [True]


def test_what_is_captured_just_before_the_tombstones_of_a_bundle_stand_goes_as_well(world: Path) -> None:
    class Late(Corpus):
        captured = False

        def forget(self, wanted: Wanted) -> list[str]:
            if not self.captured:
                self.captured = self.append(record("x", text=GOES))
            return super().forget(wanted)

    third = root_with(world / "third", [("third", 0)])
    with Late.open(third, "acme") as corpus:
        corpus.take_in(world / "first after", merge=True)
        assert corpus.captured
    assert not held_by(third)
    intact(third)
