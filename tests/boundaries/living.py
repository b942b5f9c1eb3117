"""Tenants that live side by side: what may happen to a root, each thing in a process of its own, and what must be there afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from capture.ingest import Ingest
from capture.trajectory import take
from corpus.build import Request, build
from corpus.errors import SubstrateError
from corpus.names import Name, check
from corpus.record import EditBody, FeedbackBody, LinkBody, LinkKind, Message, SeenIn, TupleType, key_of
from corpus.redaction import Redacted, Redactor
from corpus.redaction.draft import Draft, Label, Scrub
from corpus.redaction.pseudonym import for_tenant
from corpus.redaction.tombstone import Marks
from corpus.store import Corpus, Tombstone, Wanted, add_tenant, init_root
from tests.boundaries.told import fork
from tests.capture.trajectory.making import line
from tests.corpus.build.world import NOBODY, Change

Known = dict[str, tuple[int, int]]
"""What was acknowledged: of each key the newest version, as events and revision."""


@dataclass
class Tenant:
    """A tenant, the word that nobody else may see, and per root what is there and what is gone."""

    name: str
    canary: str
    kept: dict[str, Known] = field(default_factory=dict)
    gone: dict[str, set[str]] = field(default_factory=dict)

    def label(self) -> Label:
        return Label(check("tenant", self.name), Name(f"c-{self.canary}"), Name(f"m-{self.canary}"), Name("contributor"))

    def made(self, number: int, revision: int = 0) -> Redacted:
        """A record of one of three types, the canary wherever it can stand."""
        kinds = (self._feedback, self._edit, self._link)
        return Redactor.for_tenant(check("tenant", self.name)).admit(kinds[number % 3](number, revision), revision)

    def _feedback(self, number: int, revision: int) -> Draft:
        def render(scrub: Scrub) -> FeedbackBody:
            said = [Message(role="assistant", content=scrub.prose(f"{self.canary} says no to {number}, for the {revision}. time"))]
            asked = [Message(role="user", content=scrub.prose(f"please {self.canary} {number}"))]
            return FeedbackBody(
                prompt=asked,
                rejected_trajectory=said,
                corrected_trajectory=asked,
                constraint_violation_tag="unspecified",
                reason=None,
                seen_in=SeenIn.INBOX,
            )

        names = (f"{self.canary} {number}",)
        return Draft(TupleType.FEEDBACK, self.label(), names, key_of(self.name, "feedback", *names), _when(number), render)

    def _edit(self, number: int, revision: int) -> Draft:
        commit = f"{number:040x}"  # the same ones everywhere, as of repositories that share a history

        def render(scrub: Scrub) -> EditBody:
            change, diff = Change(f"{self.canary}/{number}.py", "a = 1\n", f"a = '{self.canary} {number} {revision}'\n").drawn(scrub)
            return EditBody(
                message=scrub.prose(f"{self.canary} in {number}"),
                withheld=None,
                author=NOBODY,
                committer=NOBODY,
                parents=["0" * 40],
                branch=f"b-{self.canary}",
                files=[change],
                diff=diff,
                lines_cut=0,
                additions=1,
                deletions=1,
                backend="git",
            )

        return Draft(TupleType.EDIT, self.label(), (commit,), commit, _when(number), render, source_commit=commit)

    def tied(self, numbers: Iterable[int]) -> dict[str, str]:
        """The key of each edit, and that of the link that begins at it."""
        edits = [key_of(self.name, "edit", f"{number:040x}") for number in numbers if number % 3 == 1]
        return {edit: key_of(self.name, TupleType.LINK, LinkKind.EVIDENCE.value, edit, None, "accepted") for edit in edits}

    def _link(self, number: int, revision: int) -> Draft:
        names = (LinkKind.EVIDENCE.value, key_of(self.name, "edit", f"{number - 1:040x}"), None, "accepted")

        def render(scrub: Scrub) -> LinkBody:
            return LinkBody(kind=LinkKind.EVIDENCE, **{"from": names[1]}, to=None, value=names[3], basis=f"{self.canary} {revision}")

        key = key_of(self.name, TupleType.LINK, *names)
        return Draft(TupleType.LINK, self.label(), names, key, _when(number), render)


def _when(number: int) -> str:
    return f"2026-03-{1 + number % 28:02d}T{number // 28 % 24:02d}:00:00Z"


@dataclass(frozen=True)
class Step:
    """One thing to do: ``what`` to ``tenant`` in ``root``, with the records of these numbers; ``place`` is where its output may go."""

    what: str
    root: Path
    tenant: Tenant
    numbers: tuple[int, ...]
    revision: int
    place: Path


def add(step: Step) -> Known:
    with Corpus.open(step.root, step.tenant.name) as corpus:
        return {one.key: (0, 0) for one in map(step.tenant.made, step.numbers) if corpus.append(one)}


def bulk(step: Step) -> Known:
    records = [step.tenant.made(number) for number in step.numbers]
    with Corpus.open(step.root, step.tenant.name) as corpus:
        held = corpus.held()
        new = {one.key: (0, 0) for one in records if (one.stem, one.key) not in held and not corpus.forgets(one.marks)}
        corpus.append_many(records)
    return new


def replace(step: Step) -> Known:
    with Corpus.open(step.root, step.tenant.name) as corpus:
        return {
            one.key: (0, step.revision)
            for number in step.numbers
            for one in [step.tenant.made(number, step.revision)]
            if corpus.replace(one)
        }


def session(step: Step) -> Known:
    """An agent's session, which grows each time it is taken in again."""
    path = step.place.parent / f"{step.root.name}-{step.tenant.name}.jsonl"
    said = [line(number, "assistant" if number % 2 else "user", f"{step.tenant.canary} {number}") for number in range(4 * step.revision)]
    path.write_bytes(b"".join(said))
    with Ingest(step.root, check("tenant", step.tenant.name)) as ingest:
        take(path, ingest=ingest, label=step.tenant.label(), final=True)
    with Corpus.open(step.root, step.tenant.name) as corpus:
        return {
            entry.key: (entry.events, 0)
            for entry in corpus.entries()
            if entry.header.tuple_type in (TupleType.TRAJECTORY, TupleType.LINK) and entry.header.session_id
        }


def pack(step: Step) -> Known:
    with Corpus.open(step.root, step.tenant.name) as corpus:
        corpus.pack()
    return {}


def sequence(step: Step) -> Known:
    with Corpus.open(step.root, step.tenant.name) as corpus:
        corpus.sequence()
    return {}


def repair(step: Step) -> Known:
    with Corpus.open(step.root, step.tenant.name) as corpus:
        assert corpus.repair() == []
    return {}


def built(step: Step) -> Known:
    with suppress(SubstrateError):  # nothing is there to build from yet
        build(Request(step.root, step.tenant.name, ("pretrain", "sft", "dpo"), (), all_branches=True), step.place)
    return {}


def export(step: Step) -> Known:
    with Corpus.open(step.root, step.tenant.name) as corpus:
        corpus.export(step.place)
    return {}


def forget(step: Step) -> Known:
    """Those of the numbers that are there, and what says something of them, as the command does: links go with either end."""
    with Corpus.open(step.root, step.tenant.name) as corpus:
        numbers = {*step.numbers, *(number + 1 for number in step.numbers if number % 3 == 1)}
        keys = {one.key for number in numbers for one in [step.tenant.made(number)] if corpus.holds(one.tuple_type, one.stem, one.key)}
        marks = Marks(for_tenant(check("tenant", step.tenant.name)))
        buried = frozenset(Tombstone(marks.record(key), "0" * 16, "1" * 16) for key in keys)
        assert corpus.forget(Wanted(frozenset(keys), frozenset(), buried)) == []
        corpus.forgotten()
    return dict.fromkeys(keys, (-1, -1))


DOING: dict[str, Callable[[Step], Known]] = {
    each.__name__: each for each in (add, bulk, replace, session, pack, sequence, repair, built, export, forget)
}


def start(step: Step) -> Callable[[], Known]:
    """Begin ``step`` in a process of its own; what is handed back waits for it, and says what it acknowledged."""
    ours, theirs = fork.Pipe(duplex=False)
    process = fork.Process(target=_do, args=(step, theirs))
    process.start()
    theirs.close()

    def end() -> Known:
        try:
            done: Known = ours.recv()
        finally:
            process.join(120)
        assert process.exitcode == 0, step
        return done

    return end


def _do(step: Step, to: Connection) -> None:
    to.send(DOING[step.what](step))
    to.close()


def found(root: Path, tenant: Tenant) -> Known:
    with Corpus.open(root, tenant.name) as corpus:
        entries = list(corpus.entries())
        assert len({entry.key for entry in entries}) == len(entries)
        return {entry.key: (entry.events, corpus.read(entry).revision) for entry in entries}


def new_root(path: Path, tenants: list[Tenant]) -> Path:
    init_root(path)
    for tenant in tenants:
        add_tenant(path, tenant.name)
        tenant.kept[path.name] = {}
        tenant.gone[path.name] = set()
    return path
