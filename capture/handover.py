"""The sessions that agents' hooks handed over, and those that the hooks missed, taken to the corpus.

Whose a session is, its first working directory tells: of one that began in no enrolled repository nothing further is read. A crash at any
point repeats work, and repeating changes nothing.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from capture import agents, held, seen, spool
from capture.enrol import Enrolment, all_enrolments
from capture.entry import Entry, Handed
from capture.ground import Ground, Grounds
from capture.hooks.agents import enrolled
from capture.ingest import Ingest
from capture.linking import linked
from capture.outside import outside
from capture.seen import Fired, Seen, Stamp
from capture.sources.transcript import Agent, Opening, Transcript
from capture.trajectory import take
from corpus.errors import BadInput, SubstrateError

PAUSE = 900.0
"""Seconds without a change after which a session is taken to rest, and its open part is stored. Long builds and tests keep an agent silent
for minutes; a person who comes back later only makes the part grow, which costs that part."""


@dataclass(slots=True)
class Done:
    """Parts ``kept`` anew, entries ``done``; a line for each record that the second pass withheld, and for each failure that stays for
    later."""

    kept: int = 0
    done: int = 0
    withheld: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def hold(where: Path) -> None:
    """A drainer's first act: hold on to what the hooks could not, and let go of what nobody needs any more.

    A copy is made only of what is somebody's here.
    """
    held.clean(where)
    grounds: Grounds | None = None
    for entry in spool.entries(where):
        handed = held.link(where, entry).handed
        if handed is None or handed.link is not None or handed.transcript is None:
            continue
        grounds = grounds or Grounds()
        try:
            with held.open_regular(handed.transcript) as stream:
                through = Path(f"/proc/self/fd/{stream.fileno()}")  # there even when the file is gone
                path = through if through.exists() else handed.transcript
                if _owned(grounds, agents.named(handed.agent), path, _text(handed.cwd))[0]:
                    held.copy(where, entry, stream)
        except Exception:  # noqa: S112 - what is wrong with it is told where it is taken in
            continue


def take_in(where: Path, *, sweeping: bool, by_hand: bool) -> Done:
    """Do the agents' entries in the spool at ``where`` and, when ``sweeping``, look through the folders of the enrolled agents.

    ``by_hand``: a person asks, so open parts are taken as well. The caller holds the spool's lock.
    """
    entries = [entry for entry in spool.entries(where) if entry.whole and entry.handed and spool.due(entry)]
    names = enrolled() if sweeping else ()
    if not entries and not names:
        return Done()
    with _Run(where, by_hand) as run:
        for entry in entries:
            run.entry(entry)
        run.sweep(names)
        run.link()
        return run.outcome


@dataclass(frozen=True, slots=True)
class _Owned:
    """The sessions of a file that began in one directory (``None``: it does not say) of an enrolled repository."""

    enrolment: Enrolment
    directory: str | None
    known: str


class _Run:
    def __init__(self, where: Path, by_hand: bool) -> None:
        self.outcome = Done()
        self._where, self._by_hand = where, by_hand
        self._grounds = Grounds()
        self._book = seen.load()
        self._open = ExitStack()
        self._ingests: dict[tuple[Path, str, frozenset[tuple[str, str]]], Ingest] = {}

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()
        for ingest in self._ingests.values():
            self.outcome.withheld += map(str, ingest.withheld)
        seen.save(self._book)

    def entry(self, entry: Entry) -> None:
        """Do one entry; what fails stays for later."""
        assert entry.handed is not None  # noqa: S101 - for the type checker
        fired = self._book.fired.get(entry.handed.agent, Fired(0))
        self._book.fired[entry.handed.agent] = replace(fired, when=max(fired.when, entry.mtime_ns / 1e9))
        try:
            self._entry(entry, entry.handed)
        except Exception as error:
            # Whatever it is, the entry stays and the others go on.
            self.outcome.troubles.append(f"{entry.handed.agent}: {spool.reason(error)}")
            spool.defer(entry, spool.reason(error))

    def _entry(self, entry: Entry, handed: Handed) -> None:
        path = held.place(self._where, handed)
        if path is None:
            if handed.transcript is not None:
                fired = self._book.fired[handed.agent]
                self._book.fired[handed.agent] = replace(fired, missing=fired.missing + 1)
        elif path.stat().st_size:
            agent = agents.named(handed.agent)
            final = self._by_hand or (agent.hooks is not None and any(one.ends and one.event == handed.event for one in agent.hooks.events))
            stamp = Stamp.of(path)
            owned, _ = _owned(self._grounds, agent, path, _text(handed.cwd))
            self._take(agent, path, owned, final=final)
            if owned and handed.transcript is not None:
                self._book.files[str(handed.transcript)] = Seen(stamp, final, directory=_text(handed.cwd))
        spool.remove(entry)
        self.outcome.done += 1

    def link(self) -> None:
        """Link what was kept now with the commits that came out of it."""
        for ingest in self._ingests.values():
            self.outcome.troubles += linked(ingest)

    def sweep(self, names: tuple[str, ...]) -> None:
        """Take what came to the folders of the agents ``names`` since they were last looked at."""
        enrolments = all_enrolments()
        if not enrolments:
            return
        known = sorted(f"{one.id} {one.label.tenant} {one.enrolled_at}" for one in enrolments)
        digest = hashlib.sha256("\n".join(known).encode()).hexdigest()[:16]
        since = min(one.enrolled_at for one in enrolments) * 10**9
        listed: set[str] = set()
        folders = []
        for name in names:
            try:
                agent = agents.named(name)
                for folder, pattern in agent.folders(Path.home()):
                    folders.append(folder)
                    for path in sorted(folder.glob(pattern)):
                        listed.add(str(path))
                        self._file(agent, path, since, digest)
            except (SubstrateError, OSError) as error:
                self.outcome.troubles.append(f"{name}: {spool.reason(error)}")
        self._book.forget(listed, folders)

    def _file(self, agent: Agent, path: Path, since: int, digest: str) -> None:
        try:
            stamp = Stamp.of(path)
        except OSError:
            return  # gone meanwhile
        before = self._book.files.get(str(path))
        final = self._by_hand or time.time() - stamp.mtime_ns / 1e9 >= PAUSE
        if not stamp.size or stamp.mtime_ns < since or _is_known(before, stamp, final, digest):
            return
        said = before.directory if before else None
        try:
            owned, others = _owned(self._grounds, agent, path, said)
            owned = [one for one in owned if stamp.mtime_ns >= one.enrolment.enrolled_at * 10**9]
            self._take(agent, path, owned, final=final)
            left = digest if others and not owned else None
            self._book.files[str(path)] = Seen(stamp, final, left, said)
        except BadInput as error:
            # Half a line, or no transcript: it is looked at again when it changes.
            self._book.files[str(path)] = Seen(stamp, final, None, said, spool.reason(error))
        except Exception as error:
            self.outcome.troubles.append(f"{path}: {spool.reason(error)}")

    def _take(self, agent: Agent, path: Path, owned: list[_Owned], *, final: bool) -> None:
        for one in owned:
            ground = self._grounds.of(one.known, tenant=None, cluster=None, root=None)

            def mine(opening: Opening, directory: str | None = one.directory) -> bool:
                return opening.cwd == directory

            def through(transcript: Transcript, enrolment: Enrolment = one.enrolment) -> Transcript:
                return outside(transcript, enrolment.pauses)

            self.outcome.kept += take(
                path,
                ingest=self._ingest(ground),
                label=ground.owner.label,
                tops=ground.tops,
                foreign=ground.foreign,
                final=final,
                agent=agent.name,
                mine=mine,
                through=through,
                whose=ground.whose,
            ).kept

    def _ingest(self, ground: Ground) -> Ingest:
        place = (ground.owner.root, ground.owner.label.tenant, ground.people)
        if place not in self._ingests:
            self._ingests[place] = self._open.enter_context(Ingest(*place))
        return self._ingests[place]


def _is_known(before: Seen | None, stamp: Stamp, final: bool, digest: str) -> bool:
    """Whether a file holds nothing new for us. One that was nobody's stays so however it grows, until enrolments change."""
    if before is None:
        return False
    if before.left is not None:
        return before.left == digest and (before.stamp.device, before.stamp.inode) == (stamp.device, stamp.inode)
    return before.stamp == stamp and (before.final or not final or bool(before.trouble))


def _owned(grounds: Grounds, agent: Agent, path: Path, said: str | None) -> tuple[list[_Owned], int]:
    """The sessions of a file that are somebody's here, by directory, and how many are nobody's. ``said`` is what a hook said of it."""
    owned: dict[str | None, _Owned] = {}
    others = 0
    for transcript in agent.open(path):
        directory = transcript.opening.cwd
        known = directory or said
        enrolment = grounds.enrolment(known)
        if enrolment is None or known is None:
            others += 1
        elif not enrolment.paused:
            owned[directory] = _Owned(enrolment, directory, known)
    return list(owned.values()), others


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
