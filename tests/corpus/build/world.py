"""A corpus to build from: real drafts through the real gate into a real store, and a build that is read back."""

from __future__ import annotations

import difflib
import hashlib
import json
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from corpus.build import Manifest, Request, build
from corpus.build.files import FileType
from corpus.build.manifest import OutputFile
from corpus.build.options import DEFAULTS, Options
from corpus.build.render import Job, write
from corpus.build.row import Column
from corpus.names import check
from corpus.record import (
    Call,
    EditBody,
    Event,
    EvidenceClass,
    FeedbackBody,
    FileChange,
    LinkBody,
    LinkKind,
    Message,
    SeenIn,
    Signature,
    TrajectoryBody,
    TupleType,
    anchored,
    event_hash,
    key_of,
)
from corpus.redaction import Redactor, programs
from corpus.redaction.draft import Draft, Label, Scrub, Withheld
from corpus.store import ClusterSettings, Corpus, add_tenant, put_cluster
from tests.talk import Session, part

NOBODY = Signature(name="", email="", time="2026-01-01T00:00:00Z", tz="+0000")


def unified(path: str, before: str | None, after: str | None) -> str:
    """A diff that git applies; contents end with a newline."""
    new = "new file mode 100644\n" if before is None else "deleted file mode 100644\n" if after is None else ""
    hunks = difflib.unified_diff(
        (before or "").splitlines(keepends=True),
        (after or "").splitlines(keepends=True),
        "/dev/null" if before is None else f"a/{path}",
        "/dev/null" if after is None else f"b/{path}",
    )
    return f"diff --git a/{path} b/{path}\n{new}{''.join(hunks)}"


@dataclass
class Change:
    """One file of a commit to be; ``None`` is absent."""

    path: str
    before: str | None
    after: str | None
    before_cut: bool = False
    withheld: str | None = None

    def drawn(self, scrub: Scrub) -> tuple[FileChange, str]:
        before = None if self.before is None else scrub.code(self.before, self.path)
        after = None if self.after is None else scrub.code(self.after, self.path)
        status = "added" if before is None else "deleted" if after is None else "modified"
        text = "" if self.withheld or before == after else unified(self.path, before, after)
        lines = text.splitlines()
        change = FileChange(
            path=self.path,
            old_path=None,
            status=status,
            mode="000000" if after is None else "100644",
            old_mode="000000" if before is None else "100644",
            language="Python" if self.path.endswith(".py") else None,
            before=None if self.before_cut or self.withheld else before,
            before_cut=self.before_cut,
            additions=sum(line.startswith("+") and not line.startswith("+++") for line in lines),
            deletions=sum(line.startswith("-") and not line.startswith("---") for line in lines),
            withheld=self.withheld,
        )
        return change, text


@dataclass
class World:
    """A root with tenants, filled by ``edit``, ``feedback`` and ``link``; each returns the record's key."""

    root: Path
    tenant: str = "acme"
    cluster: str = "payments"
    module: str = "billing"
    appended: list[str] = field(default_factory=list)
    drafts: dict[str, Draft] = field(default_factory=dict)

    def other(self, tenant: str) -> World:
        add_tenant(self.root, tenant)
        return World(self.root, tenant)

    def keep(self, draft: Draft) -> str:
        with Corpus.open(self.root, self.tenant) as corpus:
            assert corpus.append(Redactor.for_tenant(check("tenant", self.tenant)).admit(draft))
        self.appended.append(draft.key)
        self.drafts[draft.key] = draft
        return draft.key

    def again(self, key: str) -> None:
        """A newer version of a record, as a rescan makes one: a change of a commit that was changed since gives other content."""
        with Corpus.open(self.root, self.tenant) as corpus:
            assert corpus.replace(Redactor.for_tenant(check("tenant", self.tenant)).admit(self.drafts[key], 1))

    def label(self, cluster: str | None, module: str | None) -> Label:
        return Label(
            check("tenant", self.tenant),
            check("cluster", cluster or self.cluster),
            check("moduleId", module or self.module),
            check("role", "contributor"),
        )

    def edit(
        self,
        message: str | None = "Say hello\n",
        changes: list[Change] | None = None,
        *,
        created: str = "2026-05-15T09:30:00Z",
        parents: int = 1,
        branch: str | None = "main",
        lines_cut: int = 0,
        cluster: str | None = None,
        module: str | None = None,
        author: tuple[str, str] = ("", ""),
    ) -> str:
        # By default each commit changes something of its own, so that no two teach the same.
        number = len(self.appended)
        default = [Change("greet.py", "print('hi')\n", f"print('hello {number}')\n")]
        given = default if changes is None else changes
        commit = hashlib.sha1(f"{self.tenant} {number}".encode()).hexdigest()

        def render(scrub: Scrub) -> EditBody:
            drawn = [change.drawn(scrub) for change in given]
            try:
                text = None if message is None else scrub.prose(message)
            except Withheld:
                text = None
            return EditBody(
                message=text,
                withheld="redaction-failed" if text is None else None,
                author=NOBODY.model_copy(update={"name": scrub.person(programs.called(*author)), "email": scrub.email(author[1])}),
                committer=NOBODY,
                parents=["0" * 40] * parents,
                branch=branch,
                files=[change for change, _ in drawn],
                diff="".join(diff for _, diff in drawn),
                lines_cut=lines_cut,
                additions=sum(change.additions for change, _ in drawn),
                deletions=sum(change.deletions for change, _ in drawn),
                backend="git",
            )

        label = self.label(cluster, module)
        return self.keep(Draft(TupleType.EDIT, label, (commit,), commit, created, render, source_commit=commit))

    def feedback(
        self,
        prompt: str = "How do I list files?",
        rejected: str = "del *",
        corrected: str | None = "ls",
        *,
        created: str = "2026-05-16T09:30:00Z",
        prompt_role: str = "user",
        answer_role: str = "assistant",
        model: str | None = None,
        session: str | None = None,
    ) -> str:
        """``session`` is the name of the one that the answer was rejected in."""
        name = f"pair {len(self.appended)}"
        label = self.label(None, None)

        def said(scrub: Scrub, role: str, text: str) -> list[Message]:
            return [Message.model_validate({"role": role, "content": scrub.prose(text)})]

        def render(scrub: Scrub) -> FeedbackBody:
            return FeedbackBody(
                prompt=said(scrub, prompt_role, prompt),
                rejected_trajectory=said(scrub, "assistant", rejected),
                corrected_trajectory=None if corrected is None else said(scrub, answer_role, corrected),
                constraint_violation_tag="unspecified",
                reason=None,
                seen_in=SeenIn.INBOX,
                model=model,
            )

        evidence = EvidenceClass.REJECTED if corrected is None else EvidenceClass.CORRECTED
        stem = key_of(self.tenant, TupleType.FEEDBACK, name)
        ident = None if session is None else self.session_id(session)
        return self.keep(Draft(TupleType.FEEDBACK, label, (name,), stem, created, render, evidence_class=evidence, session_id=ident))

    def session_id(self, name: str) -> str:
        return hashlib.sha256(f"{self.tenant} {name}".encode()).hexdigest()

    def called(self, asked: str, rejected: tuple[str, dict[str, object]], corrected: tuple[str, dict[str, object]]) -> str:
        """A pair of tool calls, each a tool's name and its arguments."""
        name = f"pair {len(self.appended)}"

        def said(scrub: Scrub, tool: str, arguments: dict[str, object]) -> list[Message]:
            call = Call(name=tool, arguments=scrub.code(json.dumps(arguments), "call.json"))
            return [Message(role="assistant", content="", calls=[call])]

        def render(scrub: Scrub) -> FeedbackBody:
            return FeedbackBody(
                prompt=[Message(role="user", content=scrub.prose(asked))],
                rejected_trajectory=said(scrub, *rejected),
                corrected_trajectory=said(scrub, *corrected),
                constraint_violation_tag="unspecified",
                reason=None,
                seen_in=SeenIn.TOOL_DENIED,
            )

        stem, evidence = key_of(self.tenant, TupleType.FEEDBACK, name), EvidenceClass.CORRECTED
        created = "2026-05-17T09:30:00Z"
        return self.keep(Draft(TupleType.FEEDBACK, self.label(None, None), (name,), stem, created, render, evidence_class=evidence))

    def session(
        self,
        name: str,
        talk: Session,
        *,
        size: int = 256,
        withheld: int | None = None,
        created: str = "2026-05-18T09:30:00Z",
        cluster: str | None = None,
        module: str | None = None,
    ) -> list[str]:
        """The keys of its parts, ``size`` events each; ``withheld`` is the number of one whose content was not kept. Its texts are to hold
        nothing that the gate finds."""
        ident = self.session_id(name)
        events: list[Event] = []
        hashes = [""]
        for each in talk.events:
            events.append(each.model_copy(update={"prev": hashes[-1]}))
            hashes.append(event_hash(events[-1]))
        keys = []
        for number, at in enumerate(range(0, len(events), size)):
            plain = part(number, events[at : at + size], withheld=number == withheld).body
            assert isinstance(plain, TrajectoryBody)
            inside = [] if number == withheld else hashes[at + 1 : at + size + 1]
            body = anchored(plain.model_copy(update={"first_prev": hashes[at]}), inside)
            stem = ident if number == 0 else f"{ident}.{number}"
            draft = Draft(
                TupleType.TRAJECTORY,
                self.label(cluster, module),
                ("claude-code", name, str(number)),
                stem,
                created,
                partial(_scrubbed, body),
                session_id=ident,
            )
            keys.append(self.keep(draft))
        return keys

    def link(
        self, kind: LinkKind, source: str, target: str | None, *, value: str | None = None, created: str = "2026-06-01T00:00:00Z"
    ) -> str:
        names = (kind.value, source, target, value)

        def render(scrub: Scrub) -> LinkBody:
            return LinkBody(kind=kind, **{"from": source}, to=target, value=value, basis="reflog")

        key = key_of(self.tenant, TupleType.LINK, *names)
        return self.keep(Draft(TupleType.LINK, self.label(None, None), names, key, created, render))

    def evidence(self, source: str, value: str, created: str = "2026-06-01T00:00:00Z") -> str:
        return self.link(LinkKind.EVIDENCE, source, None, value=value, created=created)

    def branches(self, cluster: str, *names: str) -> None:
        put_cluster(self.root, self.tenant, cluster, ClusterSettings(branches=names))


def _scrubbed(body: TrajectoryBody, scrub: Scrub) -> TrajectoryBody:
    """The body as it is: its texts hold nothing to find, as its hashes are over them."""
    for event in body.events:
        for text in filter(None, (event.content, event.arguments)):
            assert scrub.prose(text) == text
    return body


def rows(directory: Path, recipe: str) -> list[dict[str, Any]]:
    """The rows of a set, in the order of its shards."""
    return [json.loads(line) for shard in sorted((directory / recipe).iterdir()) for line in shard.read_bytes().splitlines()]


def read_set(directory: Path, recipe: str) -> list[dict[str, Any]]:
    """The rows of a set, whatever kind of file it lies in."""
    import pyarrow.parquet as pq
    import zstandard

    found: list[dict[str, Any]] = []
    for shard in sorted((directory / recipe).iterdir()):
        if shard.suffix == ".parquet":
            table = pq.read_table(shard)
            loaded = {
                name: [_value(str(kind), value) for value in column.to_pylist()]
                for name, kind, column in zip(table.column_names, table.schema.types, table.columns, strict=True)
            }
            found += [dict(zip(loaded, values, strict=True)) for values in zip(*loaded.values(), strict=True)]
        else:
            data = shard.read_bytes()
            lines = zstandard.ZstdDecompressor().stream_reader(data).read() if shard.suffix == ".zst" else data
            found += map(json.loads, lines.splitlines())
    return found


def _value(kind: str, value: Any) -> Any:
    if "arrow.json" not in kind or value is None:
        return value
    return [json.loads(each) for each in value] if isinstance(value, list) else json.loads(value)


def tree(directory: Path) -> dict[str, bytes]:
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@dataclass(frozen=True)
class WritesHere:
    """Who writes shards at once."""

    kind: FileType
    columns: tuple[Column, ...]

    def begin(self, job: Job) -> Future[OutputFile]:
        future: Future[OutputFile] = Future()
        future.set_result(write(job, self.kind, self.columns))
        return future

    def end(self, job: Job, begun: Future[OutputFile]) -> OutputFile:
        return begun.result()


def make(
    world: World,
    out: Path,
    *recipes: str,
    where: tuple[str, ...] = (),
    all_branches: bool = False,
    gates: tuple[str, ...] = (),
    options: Options = DEFAULTS,
    as_of: int | None = None,
    split: tuple[str, ...] = (),
    **more: Any,
) -> Manifest:
    asked = Request(
        world.root, world.tenant, recipes or ("pretrain", "sft", "dpo"), where, all_branches, gates, options, as_of, split=split
    )
    return build(asked, out, **more)
