"""What every agent's format is read into: an opening, then steps of events, not yet redacted; and the protocol a format satisfies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from corpus.record import Actor, Kind, Mark, Usage


@dataclass(kw_only=True)  # neither frozen nor slotted, but never changed: thousands are made a second, and each costs a fifth so
class Said:
    """One event as the source has it; fields as in :class:`corpus.record.Event`.

    ``name_in_source`` names the event inside its session, once and for ever (a uuid and the block's number; where the source gives
    none, the line's number). ``parent``, ``amends``, ``call`` and ``reply`` are such names as well. ``text`` is prose, ``arguments`` and
    ``detail`` are JSON text. ``images`` are their decoded bytes' SHA-256, hex. ``system`` says that ``text`` is a system prompt. ``cwd``
    is the working directory as it stood then, where the source says it.
    """

    name_in_source: str
    actor: Actor
    kind: Kind
    parent: str | None = None
    ts: str | None = None
    name: str | None = None
    text: str | None = None
    arguments: str | None = None
    detail: str | None = None
    call: str | None = None
    error: bool = False
    reply: str | None = None
    model: str | None = None
    model_claimed: str | None = None
    usage: Usage | None = None
    amends: str | None = None
    marks: tuple[Mark, ...] = ()
    images: tuple[str, ...] = ()
    system: bool = False
    cwd: str | None = None

    def but(self, **changes: Any) -> Said:
        """The same with other fields, as :func:`dataclasses.replace` makes it."""
        return Said(**(self.__dict__ | changes))


@dataclass(frozen=True, slots=True)
class Step:
    """What one line (message, row) of the source became. ``at`` counts from 1; ``source`` are the bytes it was read from.

    The steps of a session that grew begin with the steps it had: an event depends on nothing that comes after its step. What is not
    final yet (half a line, a running tool) is no step yet, nor is anything after it.
    ``resume`` is where reading can go on after this step, where the format can.
    """

    at: int
    source: bytes
    events: tuple[Said, ...]
    resume: Resume | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Where to go on: bytes of the file already read, lines already read, and what the reader has to know (JSON text without content:
    names, counts and times alone)."""

    offset: int
    line: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a session says of itself at its beginning: enough to know whose it is.

    ``session`` is the agent's own id, ``cwd`` its first working directory (``None`` where the source never says it). ``parent`` is the
    session that started this one, ``parent_event`` the event of it (a ``name_in_source``).
    """

    session: str
    cwd: str | None
    version: str | None = None
    branch: str | None = None
    parent: str | None = None
    parent_event: str | None = None


class Transcript(Protocol):
    """One session of a source, opened."""

    @property
    def opening(self) -> Opening:
        """Read no further than needed to know it."""
        ...

    def steps(self, resume: Resume | None = None) -> Iterator[Step]:
        """Every step, in order, or those after ``resume`` (one that an earlier reading of the same bytes gave). A stream: memory stays
        flat. Raises :class:`corpus.errors.BadInput` for a source that is none of this format after all, naming the line."""
        ...


@dataclass(frozen=True, slots=True)
class Hook:
    """An event of an agent's that our hook is to be run at; ``ends`` says that the session is over when it fires."""

    event: str
    ends: bool


@dataclass(frozen=True, slots=True)
class HookSettings:
    """The file in which an agent names the programs it runs at its events.

    It is ``file`` in the directory that ``variable`` of the environment names, else in ``folder`` below home. ``grouped``:
    ``{"hooks": {EVENT: [{"hooks": [{"type": "command", "command": ...}]}]}}``; ``flat``:
    ``{"version": 1, "hooks": {EVENT: [{"command": ...}]}}``.
    """

    variable: str | None
    folder: str
    file: str
    shape: Literal["grouped", "flat"]
    events: tuple[Hook, ...]


class Agent(Protocol):
    """One agent's format. Registered in ``capture.agents``, or by another package under the entry point group ``capture.agents``."""

    name: str
    """As ``--agent`` and records have it: ``claude-code``."""
    hooks: HookSettings | None
    """``None`` for an agent that runs no hooks: its folders are swept all the same."""

    def recognises(self, head: bytes, path: Path) -> bool:
        """Whether a file is this agent's, by its first bytes (at most 64 KiB); ``path`` only where content cannot tell (a database)."""
        ...

    def open(self, path: Path) -> Iterator[Transcript]:
        """The sessions in a file: most hold one. ``path`` may be a private copy under another name: nothing is told from it but what
        stands inside. Raises :class:`corpus.errors.BadInput` where there is none to read, with the line."""
        ...

    def folders(self, home: Path) -> list[tuple[Path, str]]:
        """Where the agent keeps transcripts of the user at ``home``, its own environment variables obeyed: ``(folder, glob below it)``."""
        ...
