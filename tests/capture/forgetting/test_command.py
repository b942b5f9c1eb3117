"""``corpus find``, ``report``, ``forget`` and ``hold`` as a shell sees them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import corpus.cli
from capture.drain import drain
from corpus.build import Request, build
from corpus.forgetting.retention import expired
from corpus.record import LinkKind, TupleType
from corpus.store import Corpus, add_tenant, init_root
from corpus.xdg import spool_dir, state_dir
from tests.capture.drain.working import Work, enroll, make
from tests.capture.inbox.posting import Done, shell
from tests.corpus.build.world import World, tree

DEV = "dev.one@kontor.test"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Three commits, of which one names somebody and was another before it was amended, and a pair."""
    monkeypatch.setenv("CORPUS_ROOT", str(tmp_path / "root"))
    init_root(tmp_path / "root")
    add_tenant(tmp_path / "root", "acme")
    made = World(tmp_path / "root")
    first = made.edit(f"Say hello\n\nMail {DEV}.\n", created="2026-04-30T23:59:59Z")
    made.link(LinkKind.SUPERSEDED_BY, made.edit(created="2026-05-01T00:00:00Z"), first)
    made.edit(cluster="front", module="site")
    made.feedback()
    return made


def run(*words: str | Path) -> Done:
    return shell(corpus.cli.main, "corpus", words[0], "--tenant", "acme", *words[1:])


def counted(world: World) -> int:
    with Corpus.open(world.root, "acme") as corpus:
        assert corpus.verify().problems == []
        return len(list(corpus.entries()))


def test_what_a_person_appears_in_is_listed_and_reported(world: World, tmp_path: Path) -> None:
    build(Request(world.root, "acme", ("pretrain",)), tmp_path / "sets")
    (found,) = json.loads(run("find", "--subject", DEV, "--json").out)
    assert (found["tuple_type"], found["roles"], found["key"]) == ("edit", ["in message"], world.appended[0])
    told = json.loads(run("report", "--subject", DEV.upper(), "--json").out)
    assert (told["records"], told["types"], told["roles"], told["opted_out"]) == (1, {"edit": 1}, {"in message": 1}, False)
    assert told["builds"] == [[os.path.realpath(tmp_path / "sets"), 1]]
    assert told["first"] == told["last"] == "2026-04-30T23:59:59Z"
    assert len(json.loads(run("find", "--where", "cluster=payments", "--where", "tuple_type=edit", "--json").out)) == 2
    assert len(json.loads(run("find", "--where", "cluster=front", "--subject", DEV, "--json").out)) == 0
    assert json.loads(run("find", "--id", world.appended[0][:20], "--json").out)[0]["key"] == world.appended[0]
    assert "dev.one" not in run("find", "--subject", DEV).out


def test_forgetting_asks_first_and_says_what_went(world: World, tmp_path: Path) -> None:
    build(Request(world.root, "acme", ("pretrain",)), tmp_path / "sets")
    before, files = counted(world), tree(world.root)
    asked = run("forget", "--subject", DEV)
    assert (asked.code, asked.err.count("\n")) == (2, 1)
    assert "--yes" in asked.err
    looked = run("forget", "--subject", DEV, "--dry-run", "--json")
    plan = json.loads(looked.out)
    assert (plan["meant"], plan["records"], plan["types"], plan["forgotten"]) == (1, 3, {"edit": 2, "link": 1}, False)
    assert plan["builds"][0]["directories"] == [os.path.realpath(tmp_path / "sets")]
    assert tree(world.root) == files
    done = run("forget", "--subject", DEV, "--yes")
    assert done.code == 0, done.err
    assert "gone 3 (2 edit, 1 link)" in done.out
    assert f"{os.path.realpath(tmp_path / 'sets')}: removed" in done.out
    assert not (tmp_path / "sets").exists()
    assert counted(world) == before - 3
    assert json.loads((next((world.root / "acme/builds").glob("*.json"))).read_bytes())["forgotten"] == 1
    assert json.loads(run("find", "--subject", DEV, "--json").out) == []


def test_builds_are_left_where_that_is_asked_and_another_builds_files_are_never_touched(world: World, tmp_path: Path) -> None:
    kept, changed, again = tmp_path / "kept", tmp_path / "changed", tmp_path / "again"
    world.edit()
    for out in (kept, changed):
        build(Request(world.root, "acme", ("pretrain",), where=("cluster=payments",)), out)
    build(Request(world.root, "acme", ("pretrain",), where=("cluster=front",)), again)
    (changed / "notes.txt").write_text("mine\n")
    before = tree(kept)
    done = run("forget", "--id", world.appended[0], "--yes", "--keep-builds")
    assert f"{kept}: kept" in done.out
    assert tree(kept) == before
    done = run("forget", "--where", "cluster=payments", "--yes")
    assert f"{kept}: removed" in done.out
    assert f"{changed}: holds other files as well" in done.out
    assert tree(changed) == {"notes.txt": b"mine\n"}
    assert not kept.exists()
    assert again.exists()


def test_a_session_of_steps_that_are_refused_each_with_one_line(world: World) -> None:
    for words, code, said in (
        (("forget", "--yes"), 2, "name what is meant"),
        (("forget", "--subject", "nobody", "--yes"), 2, "--subject"),
        (("forget", "--id", "ab" * 32, "--yes"), 2, "no record"),
        (("forget", "--where", "colour=red", "--yes"), 2, "--where"),
        (("forget", "--where", "agent=codex", "--yes"), 2, "agent"),
        (("forget", "--opt-out", "--yes", "--id", world.appended[0]), 2, "--opt-out"),
        (("forget", "--expired", "--subject", DEV, "--yes"), 2, "--expired"),
        (("forget", "--expired", "--yes"), 2, "[retention]"),
        (("forget", "--unforget", "--subject", DEV), 2, "nothing was forgotten"),
        (("forget", "--unforget", "--id", world.appended[0]), 2, "names nothing"),
        (("forget", "--unforget"), 2, "--unforget"),
        (("find",), 2, "name what is meant"),
    ):
        done = run(*words)
        assert (done.code, done.err.count("\n")) == (code, 1), done.err
        assert said in done.err
    assert counted(world) == 5


def test_a_hold_stops_forgetting_until_it_ends(world: World) -> None:
    def hold(verb: str, *words: str) -> Done:
        return shell(corpus.cli.main, "corpus", "hold", verb, *words, "--tenant", "acme")

    assert hold("add", "case-7", "--reason", "a court asked").code == 0
    assert json.loads(hold("list", "--json").out) == {"case-7": "a court asked"}
    refused = run("forget", "--subject", DEV, "--yes")
    assert (refused.code, refused.err.count("\n")) == (3, 1)
    assert "a court asked" in refused.err
    world.branches("payments", "main")  # the settings beside it stay
    assert hold("remove", "case-8").code == 2
    assert hold("remove", "case-7").code == 0
    assert run("forget", "--subject", DEV, "--yes").code == 0


def test_one_record_is_lifted_by_its_commit_and_what_went_with_it_too(world: World) -> None:
    with Corpus.open(world.root, "acme") as corpus:
        commit = corpus.get(world.appended[0]).header.source_commit
    assert commit is not None
    run("forget", "--id", commit, "--yes")
    done = run("forget", "--unforget", "--id", commit, "--json")
    assert json.loads(done.out) == {"lifted": 3}
    with Corpus.open(world.root, "acme") as corpus:
        assert corpus.tombstones.all() == []


def keep_for(world: World, **days: int) -> None:
    path = world.root / "acme/tenant.toml"
    path.write_text(path.read_text() + "\n[retention]\n" + "".join(f"{kind} = {count}\n" for kind, count in days.items()))


def test_what_is_past_its_days_goes_when_asked_and_by_the_drainer_once_a_day(world: World, tmp_path: Path) -> None:
    keep_for(world, edit=36_500)
    with Corpus.open(world.root, "acme") as corpus:
        edge = 1_777_593_599 + 30 * 86_400  # thirty days after the first commit
        assert expired(corpus, {TupleType.EDIT: 30}, edge) == set()
        assert expired(corpus, {TupleType.EDIT: 30}, edge + 1) == {world.appended[0]}
        assert expired(corpus, {TupleType.FEEDBACK: 30}, edge + 1) == set()
    assert json.loads(run("forget", "--expired", "--yes", "--json").out)["records"] == 0
    path = world.root / "acme/tenant.toml"
    path.write_text(path.read_text().replace("36500", "1"))
    work = make(tmp_path / "billing", world.root)
    work.commit("before enrolment")
    enroll(work)
    _drained(work)
    with Corpus.open(world.root, "acme") as corpus:
        assert [entry.header.tuple_type for entry in corpus.entries()] == [TupleType.FEEDBACK]
    late = world.edit(created="2020-01-01T00:00:00Z")
    _drained(work)
    with Corpus.open(world.root, "acme") as corpus:
        assert late in {entry.key for entry in corpus.entries()}  # looked for once a day
    (stamp,) = (state_dir() / "retention").iterdir()
    os.utime(stamp, (0, 0))
    shell(corpus_main, "corpus", "hold", "add", "case-7", "--reason", "x", "--tenant", "acme")
    _drained(work)
    assert counted(world) == 2
    shell(corpus_main, "corpus", "hold", "remove", "case-7", "--tenant", "acme")
    _drained(work)
    assert counted(world) == 1


def corpus_main() -> None:
    corpus.cli.main()


def _drained(work: Work) -> None:
    outcome = drain(spool_dir())
    assert outcome is not None
    assert outcome.troubles == []
