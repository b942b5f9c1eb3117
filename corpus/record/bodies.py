"""One model a tuple type: what a record's body may hold, and nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from corpus.record.trajectory import TrajectoryBody


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Signature(_Model):
    """Who wrote or committed: pseudonyms (empty stays empty), the time in UTC and the zone as git stores it (``+0530``)."""

    name: str
    email: str
    time: str
    tz: str


class FileChange(_Model):
    """One changed path.

    ``status`` is git's word. ``mode`` and ``old_mode`` are six octal digits (``000000`` where there is none).
    ``before`` is the whole redacted content before the change (null where there was none, or ``before_cut`` or ``withheld``).
    ``withheld`` says why no content of this file is kept: ``binary``, ``undecodable``, ``too-large``, ``missing``,
    ``redaction-failed``, ``too-slow``, ``too-much-memory``, ``found-again`` (the search of the finished record found something: it holds
    no content at all).
    ``additions`` and ``deletions`` count lines of the redacted difference, before any cut.
    ``path`` and ``old_path`` in double quotes are git's quoted form (``"caf\\351.txt"``): not UTF-8, or a path that begins with a quote.
    """

    path: str
    old_path: str | None
    status: Literal["added", "modified", "deleted", "renamed", "copied", "type-changed"]
    mode: str
    old_mode: str
    language: str | None
    before: str | None
    before_cut: bool
    additions: int
    deletions: int
    withheld: str | None


class EditBody(_Model):
    """A commit.

    ``diff`` is unified, against the first parent (a root's: the empty tree), of redacted images, in git's format without index lines,
    at most 1,000 lines and 1 MiB (``lines_cut`` more lines were left out). A withheld file has no part in it.
    ``changes_withheld`` is ``missing`` when the first parent or a tree is not in the repository (a shallow clone's edge): ``files`` and
    ``diff`` are then empty though something changed. ``withheld`` says why ``message`` is null.
    """

    message: str | None
    withheld: str | None
    author: Signature
    committer: Signature
    parents: list[str]
    branch: str | None
    files: list[FileChange]
    changes_withheld: Literal["missing"] | None = None
    diff: str
    lines_cut: int
    additions: int
    deletions: int
    backend: Literal["pygit2", "git"]


class Call(_Model):
    """A tool call of an assistant's turn: the tool's name and its input as JSON text."""

    name: str
    arguments: str


class Message(_Model):
    """One chat turn: ``role`` as chat templates know it. Of a tool's turn ``name`` is the tool; an assistant's may hold ``calls``."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    name: str | None = None
    calls: list[Call] = []


class SeenIn(StrEnum):
    """Where a rejection was seen."""

    INBOX = "inbox"
    TOOL_DENIED = "tool_denied"
    INTERRUPTED = "interrupted"
    REVERT = "revert"
    AMEND = "amend"
    REVIEW = "review"


class FeedbackBody(_Model):
    """A rejected suggestion and, once there is one, its correction; both answer ``prompt``.

    ``about`` are keys of the records it speaks of (a session's part 0, commits), ``agent`` and ``model`` who made what was rejected, where
    that is known. ``paired_by`` names the rule by which the correction was found (null where a person gave it, or there is none).
    ``withheld`` says why it holds no content.
    """

    prompt: list[Message]
    rejected_trajectory: list[Message]
    corrected_trajectory: list[Message] | None
    constraint_violation_tag: str
    reason: str | None
    seen_in: SeenIn
    about: list[str] = []
    agent: str | None = None
    model: str | None = None
    paired_by: str | None = None
    withheld: str | None = None


class LinkKind(StrEnum):
    """``evidence`` has no ``to``: its ``value`` is the evidence class that ``from`` has from then on. ``completes``: the feedback ``from``
    is the correction of the feedback ``to``. ``split`` has no ``to`` either: its ``value`` is the split that ``from`` is in for good."""

    SESSION_OF = "session_of"
    COMPLETES = "completes"
    EVIDENCE = "evidence"
    SUPERSEDED_BY = "superseded_by"
    REVERTED_BY = "reverted_by"
    SPLIT = "split"


class LinkBody(_Model):
    """A later fact about records: ``from`` and ``to`` are keys, ``basis`` says how it is known.
    ``withheld`` says why ``basis`` is empty."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)

    kind: LinkKind
    from_: str = Field(alias="from")
    to: str | None
    value: str | None
    basis: str
    withheld: str | None = None


Body = EditBody | TrajectoryBody | FeedbackBody | LinkBody
