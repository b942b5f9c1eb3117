"""Two people who work in one repository, with sessions, feedback and builds; and every file that may hold something of one of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from capture import history, inboxes
from capture.agents import named
from capture.drain import drain
from capture.forgetting import Request, forget, lift
from capture.hooks.agents import place
from capture.inbox import Inbox, take_in
from capture.ingest import Ingest
from capture.sessions import take_all
from capture.whose import whose
from corpus.build import Request as BuildRequest
from corpus.build import build
from corpus.forgetting.run import Done, Plan
from corpus.names import check
from corpus.record import Record
from corpus.redaction.pseudonym import for_tenant
from corpus.redaction.subject import known_as
from corpus.store import Corpus
from corpus.xdg import cache_dir, spool_dir, state_dir
from tests.bytes_of import bytes_of
from tests.capture.drain.working import Work, make
from tests.capture.handover.talking import Talk, enroll_yesterday, hand_over
from tests.capture.inbox.posting import markdown

ANN, BO = ("Annika Lindqvist", "annika.lindqvist@kontor.test"), ("Boris Vandermeer", "boris.vandermeer@kontor.test")
HERS, HIS = "heron_of_annika", "stork_of_boris"
"""What stands in the work of one of them alone."""
ACME = check("tenant", "acme")


def yes(plan: Plan) -> bool:
    return True


@dataclass
class Two:
    work: Work
    out: Path
    inbox: Path

    def commit(self, who: tuple[str, str], message: str, name: str, text: str) -> str:
        name_, mail = who
        roles = ("AUTHOR", "COMMITTER")
        env = {f"GIT_{role}_{kind}": value for role in roles for kind, value in (("NAME", name_), ("EMAIL", mail))}
        return self.work.commit(message, name, text, **env)

    def drain(self) -> None:
        outcome = drain(spool_dir(), by_hand=True)
        assert outcome is not None
        assert outcome.troubles == []

    def build(self) -> None:
        build(BuildRequest(self.work.root, "acme", ("pretrain",)), self.out)

    def forget(self, **asked: object) -> tuple[Plan, Done]:
        found = forget(Request(self.work.root, "acme", **asked), yes)  # type: ignore[arg-type]
        assert found is not None
        return found

    def unforget(self, **asked: object) -> int:
        return lift(Request(self.work.root, "acme", **asked))  # type: ignore[arg-type]

    def records(self) -> list[Record]:
        with Corpus.open(self.work.root, "acme") as corpus:
            return list(corpus.records())

    def kinds(self) -> dict[str, int]:
        kinds = [record.header.tuple_type.value for record in self.records()]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}

    def everything(self) -> Iterator[tuple[Path, bytes]]:
        """Every file that the product wrote but keys and people, with its bytes as every reader may see them."""
        for top in (self.work.root, state_dir(), cache_dir(), *self.out.parent.glob(f"*{self.out.name}*")):
            for path in sorted(top.rglob("*")):
                if path.is_file() and not path.name.startswith(("hyperscan", "ner")):
                    yield path, bytes_of(path)

    def holding(self, *texts: str) -> dict[str, list[str]]:
        """Where one of these stands."""
        found: dict[str, list[str]] = {}
        for path, data in self.everything():
            if hits := [text for text in texts if text.encode() in data]:
                found[str(path)] = hits
        return found

    def identifiers(self, who: tuple[str, str]) -> frozenset[str]:
        return known_as(ACME, who[1]).identifiers(("PERSON", "EMAIL_ADDRESS", "HOST", "DIRECTORY", "AUTHOR"))

    def all_of_it_again(self) -> None:
        """A sweep, the whole history in bulk, every transcript by name."""
        self.drain()
        owner = whose(self.work.path, tenant=None, cluster=None, root=None)
        history.take(self.work.path, None, owner.root, owner.label, seen=lambda done, total: None)
        take_all([])
        shutil.rmtree(state_dir() / "inboxes", ignore_errors=True)  # the archives are read anew
        self.post()
        self.drain()

    def post(self) -> None:
        """Take in what lies in the inbox."""
        owner = whose(self.work.path, tenant=None, cluster=None, root=None)
        with Ingest(owner.root, owner.label.tenant) as ingest:
            outcome = take_in(ingest, Inbox(self.inbox), owner.label)
        assert outcome.troubles == []
        inboxes.remember(self.inbox, owner)

    def verified(self) -> None:
        with Corpus.open(self.work.root, "acme") as corpus:
            found = corpus.verify()
            assert found.problems == []
            assert corpus.forgetting() is None
        assert list(self.work.root.rglob(".tmp-*")) == []


def two_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Two:
    """Both have commits, one mentions the other, she has a session, he has one; some lies in a pack, some loose; a build holds it."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "gc.auto")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "0")
    work = make(tmp_path / "billing", tmp_path / "corpus")
    two = Two(work, tmp_path / "sets", tmp_path / "inbox")
    two.commit(BO, "before enrolment", "start.txt", "start\n")
    enroll_yesterday(work)
    (Path.home() / ".claude").mkdir(exist_ok=True)
    place([named("claude-code")], spool=spool_dir(), command=None)
    hers = "".join(f"{HERS}_{number} = compute_total(number={number})\n" for number in range(30))
    his = "".join(f"{HIS}_{number} = compute_total(number={number})\n" for number in range(30))
    first = two.commit(ANN, f"Add {HERS}", "hers.py", hers)
    work.spool(first)
    work.spool(two.commit(BO, f"Add {HIS}", "his.py", his))
    drain(spool_dir())
    with Corpus.open(work.root, "acme") as corpus:
        corpus.pack()
    work.spool(two.commit(BO, f"Tidy {HIS}\n\nReviewed-by: {ANN[0]} <{ANN[1]}>", "his2.py", f"# as {ANN[0]} said\n{his}"))
    work.spool(two.commit(BO, f"More {HIS}", "his3.py", his.upper()))
    two.commit(ANN, f"More {HERS}", "hers2.py", hers.upper())
    asked = (
        f"what of {HERS} is left, {ANN[0]} <{ANN[1]}> asks? " + "It was here when we looked. " * 40
    )  # so long that the cache remembers it
    hand_over(Talk(work.path, "hers").say(asked, f"{HERS} is done", "thanks"))
    hand_over(Talk(work.path, "his").say(f"show {HIS}", f"{HIS} it is"))
    work.git(
        "revert",
        "--no-edit",
        first,
        env={"GIT_COMMITTER_EMAIL": BO[1], "GIT_COMMITTER_NAME": BO[0], "GIT_AUTHOR_EMAIL": BO[1], "GIT_AUTHOR_NAME": BO[0]},
    )
    work.spool(work.head)
    two.drain()
    two.inbox.mkdir()
    for words, name in ((f"Where is {HERS}? {ANN[0]} <{ANN[1]}> asks.", "hers.md"), (f"Where is {HIS}?", "his.md")):
        (two.inbox / name).write_text(markdown(Prompt=words, Rejected="Nowhere.", Correction="In the garden."))
    two.post()
    two.build()
    return two


def shell(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    program, *rest = map(str, words)
    return subprocess.run(
        [sys.executable, "-m", program, *rest],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def listed_builds(root: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_bytes()) for path in sorted((root / "acme/builds").glob("*.json"))]


def mine(who: tuple[str, str]) -> str:
    return for_tenant(ACME).of("EMAIL_ADDRESS", who[1])
