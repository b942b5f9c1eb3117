"""The sessions of one transcript, taken in: what is kept already is compared and never written again, what is new is kept in parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from capture import agents, checkpoint
from capture.checkpoint import Checkpoint, Prefix
from capture.ingest import Ingest
from capture.rejected import Rejected
from capture.sources.foreign import Foreign
from capture.sources.link import link_draft
from capture.sources.parts import Part, parts
from capture.sources.trajectory import Before, Session, part_draft
from capture.sources.transcript import Opening, Resume, Transcript
from corpus.record import Event, LinkKind, Mark, Record, TrajectoryBody, TupleType
from corpus.redaction import Redacted
from corpus.redaction.draft import Label

BASIS = "earlier bytes of the transcript were rewritten"


@dataclass(frozen=True, slots=True)
class TakenSession:
    """What became of one session: ``id`` is its keyed hash (``header.session_id``), ``key`` that of its part 0. Of its ``parts`` in the
    source ``kept`` were kept anew or grew, and ``withheld`` of these hold no content."""

    agent: str
    id: str
    key: str
    generation: int
    parts: int
    events: int
    kept: int
    withheld: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file; ``others`` counts the sessions in it that are not the caller's."""

    sessions: tuple[TakenSession, ...]
    others: int = 0

    @property
    def parts(self) -> int:
        return sum(each.parts for each in self.sessions)

    @property
    def kept(self) -> int:
        return sum(each.kept for each in self.sessions)

    @property
    def withheld(self) -> int:
        return sum(each.withheld for each in self.sessions)


def take(
    path: Path,
    *,
    ingest: Ingest,
    label: Label,
    tops: Sequence[Path | str] = (),
    foreign: Foreign | None = None,
    final: bool,
    agent: str | None = None,
    mine: Callable[[Opening], bool] = lambda opening: True,
    through: Callable[[Transcript], Transcript] = lambda transcript: transcript,
    whose: Collection[tuple[str, str]] = (),
) -> Taken:
    """Keep the sessions in ``path`` that are ``mine``: their full parts and, where ``final`` says that nothing more is coming soon (the
    session ended or rests, or a person asks), the open last one.

    ``tops`` are the work trees of the session's repository, ``foreign`` those of other tenants. ``agent`` names the format; by default the
    content tells it. Each session is read ``through`` what may leave events out. ``whose`` are the ``(name, e-mail)`` whose sessions these
    are: of whoever opted out nothing is read. Raises :class:`corpus.errors.BadInput` for a file that
    is no transcript, and what the gate and the store raise; what was kept by then stays, and the next call goes on.
    """
    reader = agents.named(agent) if agent else agents.recognise(path)
    spelled = tuple(map(str, tops))
    sessions: list[TakenSession] = []
    others = 0
    for transcript in reader.open(path):
        if not mine(transcript.opening):
            others += 1
            continue
        if ingest.refuses_people(whose):
            continue
        within = spelled or ((transcript.opening.cwd,) if transcript.opening.cwd else ())
        session = Session(reader.name, transcript.opening, label, ingest.pseudonyms, within, foreign or Foreign(()))
        sessions.append(_Taking(path, through(transcript), session, ingest).take(final))
    return Taken(tuple(sessions), others)


class _Rewritten(Exception):
    """What is kept was not made of these bytes."""


@dataclass(slots=True)
class _Start:
    """Where reading begins, and what is known of the parts before."""

    part: int
    first_seq: int
    resume: Resume | None
    before: Before
    unknown: Counter[str]


class _Taking:
    def __init__(self, path: Path, transcript: Transcript, session: Session, ingest: Ingest) -> None:
        self._path, self._transcript, self._ingest = path, transcript, ingest
        self._session = session
        self._prefix = Prefix(0, session.pseudonyms.running())

    def take(self, final: bool) -> TakenSession:
        """Read it as the newest generation that it fits, else as a new one."""
        first = self._session
        newest = 0
        while self._held(first.another(newest), 0) is not None:
            newest += 1
        for generation in reversed(range(newest)):
            try:
                return self._read(first.another(generation), final)
            except _Rewritten:
                continue
        return self._read(first.another(newest), final)

    def _read(self, session: Session, final: bool) -> TakenSession:
        if self._ingest.refuses_session(session.id):
            return TakenSession(session.agent, session.id, session.key(0), session.generation, 0, 0, 0, 0)
        start = self._start(session)
        before, unknown = start.before, start.unknown
        counted, events, kept, withheld = start.part, start.first_seq, 0, 0
        reached = start
        rejected = Rejected(self._ingest, session, lambda part: self._held(session, part), start.part)
        for part in parts(self._transcript.steps(start.resume), start.part, start.first_seq, start.resume):
            now: Record | Redacted
            held = self._held(session, part.index)
            if held is None or self._grown(session, part, held, before):
                if not (part.full or final):
                    break
                now = self._ingest.grow(part_draft(session, part, before))
                kept += 1
                withheld += _body(now).withheld is not None
            else:
                now = held
            rejected.hear(now)
            body = _body(now)
            before = Before(body.last, now.header.created, body.outcome, body.model)
            counted, events = part.index + 1, body.first_seq + body.event_count
            unknown = unknown + _unknown(body.events)
            if part.full and part.ends is not None:
                reached = _Start(counted, events, part.ends, before, unknown)
        rejected.end(final=final)
        checkpoint.save(self._ingest.home, self._session.id, self._note(session, reached, unknown))
        if session.generation:
            self._link(session)
        return TakenSession(session.agent, session.id, session.key(0), session.generation, counted, events, kept, withheld)

    def _held(self, session: Session, part: int) -> Record | None:
        return self._ingest.newest(TupleType.TRAJECTORY, session.stem(part), session.key(part))

    def _grown(self, session: Session, part: Part, held: Record, before: Before) -> bool:
        """Whether the source has more of a part than is kept. Raises :class:`_Rewritten` where it has something else."""
        body = _body(held)
        if part.digest(session.pseudonyms, body.source_bytes) == body.source_digest:
            return part.size > body.source_bytes
        if part.full or part.size >= body.source_bytes or not self._begins(session, part, held, before):
            raise _Rewritten
        return False

    def _begins(self, session: Session, part: Part, held: Record, before: Before) -> bool:
        """Whether a part of fewer bytes than is kept of it is what that begins with. Its bytes are not kept, so its events are compared."""
        there = _body(held)
        if there.withheld is not None:
            return part.events <= there.event_count
        here = _body(self._ingest.look(part_draft(session, part, before)))
        if self._ingest.ruleset != held.redaction.ruleset or here.withheld is not None:
            said = [each for group in part.groups for each in group.events]
            return [session.name("event", each.name_in_source) for each in said] == [each.event_id for each in there.events[: len(said)]]
        return here.events == there.events[: part.events]

    def _start(self, session: Session) -> _Start:
        """The beginning, or where an earlier reading of the same bytes left off."""
        beginning = _Start(0, 0, None, Before(), Counter())
        self._prefix = Prefix(0, session.pseudonyms.running())
        note = checkpoint.load(self._ingest.home, self._session.id)
        if note is None or not note.part or (note.agent, note.generation) != (session.agent, session.generation):
            return beginning
        held = self._held(session, note.part - 1)
        prefix = self._prefix.until(self._path, note.offset)
        if held is None or prefix is None or prefix.digest != note.digest:
            return beginning
        body = _body(held)
        if (body.last, body.first_seq + body.event_count) != (note.last, note.first_seq):
            return beginning
        self._prefix = prefix
        before = Before(body.last, held.header.created, body.outcome, body.model)
        return _Start(note.part, note.first_seq, note.resume, before, Counter(note.unknown))

    def _note(self, session: Session, start: _Start, seen: Counter[str]) -> Checkpoint:
        resume = start.resume or Resume(0, 0, "")
        prefix = self._prefix.until(self._path, resume.offset)
        return Checkpoint(
            agent=session.agent,
            generation=session.generation,
            part=start.part,
            first_seq=start.first_seq,
            last=start.before.prev,
            offset=resume.offset,
            line=resume.line,
            state=resume.state,
            digest=prefix.digest if prefix else "",
            unknown=dict(start.unknown),
            seen=dict(seen),
        )

    def _link(self, session: Session) -> None:
        """From the generation before to this one."""
        earlier = session.another(session.generation - 1)
        ends = [self._held(each, 0) for each in (earlier, session)]
        created = max((each.header.created for each in ends if each is not None), default=None)
        if created is not None and None not in ends:
            self._ingest.keep(link_draft(session.label, LinkKind.SUPERSEDED_BY, earlier.key(0), session.key(0), BASIS, created))


def _body(record: Record | Redacted) -> TrajectoryBody:
    assert isinstance(record.body, TrajectoryBody)  # noqa: S101 - a key's type never changes
    return record.body


def _unknown(events: Iterable[Event]) -> Counter[str]:
    return Counter(each.name or "" for each in events if Mark.UNKNOWN in each.marks)


def unknown_types() -> Iterator[tuple[str, str, int]]:
    """``(agent, type, how often)`` of the notes of unknown types in all sessions taken in here."""
    counts: Counter[tuple[str, str]] = Counter()
    for note in checkpoint.every():
        counts.update({(note.agent, name): count for name, count in note.seen.items()})
    yield from ((agent, name, count) for (agent, name), count in sorted(counts.items()))
