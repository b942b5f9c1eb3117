"""What bears a tombstone is kept by no way into the store, and the list of tombstones tells nobody whose they are."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import Broken, Refused
from corpus.names import check
from corpus.redaction import Redactor
from corpus.redaction.pseudonym import NOBODY, for_tenant
from corpus.redaction.tombstone import Marks
from corpus.store import Corpus
from corpus.store.directory import Directory
from corpus.store.tombstones import Tombstone, Tombstones, write_tombstones
from tests.corpus.store.making import draft, make_root, record

ACME = check("tenant", "acme")
HASH = st.text("0123456789abcdef", min_size=32, max_size=32)


def bury(root: Path, *marks: str) -> None:
    with Directory.open(root / "acme") as home, home.child("tombstones", create=True) as directory:
        write_tombstones(directory, "acme", [Tombstone(mark, "0" * 16, "1" * 16) for mark in marks])


def test_no_way_into_the_store_takes_what_bears_a_tombstone(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root")
    marks = Marks(for_tenant(ACME))
    many = [record(f"many{number}") for number in range(40)]
    bury(root, marks.record(record("gone").key), marks.record(many[7].key))
    with Corpus.open(root, "acme") as corpus:
        assert not corpus.append(record("gone"))
        assert not corpus.replace(record("gone", revision=3))
        assert corpus.append_many([record("gone"), *many[:10]]) == 9  # a few: loose
        assert corpus.append_many(many) == 30  # a pack
        assert {one.key for one in corpus.records()} == {one.key for one in many} - {many[7].key}
        bury(root)
        assert corpus.append(record("gone"))  # the list is looked up as it is now


def test_every_method_that_takes_a_record_asks_for_tombstones_where_it_writes() -> None:
    """On the code itself: what hands lines to a file asks :meth:`Corpus.forgets` in the same function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(Corpus)))
    writers = {"write_new", "replace", "add_pack"}
    found = {}
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        called = {
            node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            for node in ast.walk(function)
            if isinstance(node, ast.Call)
        }
        if writers & {node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}:
            found[function.name] = "forgets" in called
    assert found == {"replace": True, "_add": True, "_write_new": True}


def test_a_record_written_while_it_is_being_forgotten_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_root(tmp_path / "root")
    one = record("gone")
    from corpus.store import corpus as module

    real = module.write_new

    def meanwhile(*args: object) -> bool:
        bury(root, Marks(for_tenant(ACME)).record(one.key))
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "write_new", meanwhile)
    with Corpus.open(root, "acme") as corpus:
        assert not corpus.append(one)
        assert list(corpus.entries()) == []
    assert not list(root.rglob("*.jsonl"))


def test_a_finished_line_bears_what_its_draft_did(tmp_path: Path) -> None:
    one = record("x", text="ask ann.lee@example.org about it")
    marks = Marks(for_tenant(ACME))
    assert marks.of_draft(draft("x")) <= one.marks
    assert marks.of_line(one.line) == one.marks
    assert marks.person(for_tenant(ACME).of("EMAIL_ADDRESS", "Ann.Lee@example.org")) in one.marks


def test_who_opted_out_has_nobodys_identifier_and_what_names_them_still_is_not_kept(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root")
    mine = for_tenant(ACME)
    identifier = mine.of("EMAIL_ADDRESS", "ann.lee@example.org")
    named = record("x", text="ask ann.lee@example.org about it")
    assert identifier.encode() in named.line
    bury(root, Marks(mine).person(identifier))
    with Corpus.open(root, "acme") as corpus:
        assert not corpus.append(named)
        gate = Redactor.for_tenant(ACME, corpus.tombstones)
        hidden = gate.admit(draft("x", text="ask ann.lee@example.org and bo.berg@example.org about it"))
        assert identifier.encode() not in hidden.line
        assert f"REDACTED_EMAIL_ADDRESS_{NOBODY}".encode() in hidden.line
        assert mine.of("EMAIL_ADDRESS", "bo.berg@example.org").encode() in hidden.line
        assert corpus.append(hidden)


def test_the_list_holds_neither_a_key_nor_an_identifier_nor_a_plain_hash_of_one(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root")
    one, mine = record("x"), for_tenant(ACME)
    identifier = mine.of("EMAIL_ADDRESS", "ann.lee@example.org")
    bury(root, Marks(mine).record(one.key), Marks(mine).person(identifier))
    data = (root / "acme/tombstones/list").read_bytes()
    for secret in (one.key, identifier, identifier[-12:], "ann.lee@example.org"):
        for form in (secret, hashlib.sha256(secret.encode()).hexdigest()[:32]):
            assert form.encode() not in data
    assert Marks(for_tenant(check("tenant", "other"))).record(one.key).encode() not in data


@given(st.lists(st.builds(Tombstone, HASH, HASH.map(lambda h: h[:16]), HASH.map(lambda h: h[:16])), max_size=40), HASH)
def test_what_is_listed_is_found_and_nothing_else(tmp_path_factory: pytest.TempPathFactory, listed: list[Tombstone], other: str) -> None:
    home = tmp_path_factory.mktemp("home")
    with Directory.open(home) as top, top.child("tombstones", create=True) as directory:
        known = Tombstones(top, "acme")
        write_tombstones(directory, "acme", listed)
        assert all(known.bears([one.mark]) for one in listed)
        assert known.bears([other]) == (other in {one.mark for one in listed})
        assert known.all() == sorted(set(listed))


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data + b"x\n", lambda data: b"", lambda data: data.upper()])
def test_a_damaged_list_stops_every_writer_instead_of_letting_the_forgotten_by(tmp_path: Path, damage: object) -> None:
    root = make_root(tmp_path / "root")
    bury(root, "ab" * 16)
    path = root / "acme/tombstones/list"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with Corpus.open(root, "acme") as corpus, pytest.raises(Broken, match="tombstones"):
        corpus.append(record("x"))


def test_the_list_of_another_tenant_is_refused(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root")
    bury(root, "ab" * 16)
    path = root / "acme/tombstones/list"
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(json.dumps(json.loads(first) | {"tenant": "other"}).encode() + b"\n" + rest)
    with Corpus.open(root, "acme") as corpus, pytest.raises(Refused, match="'other'"):
        corpus.append(record("x"))


@pytest.mark.parametrize("stands", ["a dangling link", "a file"])
def test_what_stands_where_tombstones_lie_does_not_say_that_nothing_was_forgotten(tmp_path: Path, stands: str) -> None:
    root = make_root(tmp_path / "root")
    place = root / "acme" / "tombstones"
    place.symlink_to(tmp_path / "nowhere") if stands == "a dangling link" else place.write_bytes(b"")
    with Corpus.open(root, "acme") as corpus, pytest.raises(Refused, match="tombstones is not a directory"):
        corpus.append(record("one"))
