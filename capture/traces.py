"""What capture itself keeps of records that are forgotten: transcripts held in the spool, how far they were taken in, what was withheld."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from capture import agents, checkpoint, held, spool, withheld
from capture.entry import Entry
from capture.ground import Grounds
from capture.sources.transcript import Opening
from corpus.redaction import pseudonym
from corpus.redaction.tombstone import Marks
from corpus.store import Corpus, Wanted

GENERATIONS = 16
"""So many generations of a session are asked for: a transcript is hardly ever rewritten twice."""


def clear(where: Path, corpus: Corpus, wanted: Wanted) -> None:
    """Take away what is kept of ``wanted`` beside the corpus and in the spool at ``where``; the caller holds the spool's lock."""
    for session in wanted.sessions:
        checkpoint.remove(corpus.path, session)
    withheld.forget(corpus.tenant, wanted.keys)
    gone = _teller(corpus)
    for entry in spool.entries(where):
        if _is_gone(where, entry, gone):
            spool.remove(entry)
    for failure in spool.failures(where):
        if _is_gone(where, failure.entry, gone):
            spool.drop(where, failure)
    held.clean(where)


def _teller(corpus: Corpus) -> Callable[[str, Opening, str | None], bool]:
    """Whether a session (its agent, its opening, the directory its hook named) is forgotten, or of somebody who opted out."""
    pseudonyms = pseudonym.existing(corpus.tenant)
    marks, grounds = Marks(pseudonyms), Grounds()

    def told(agent: str, opening: Opening, directory: str | None) -> bool:
        names: Iterable[str] = (pseudonyms.name("session", agent, opening.session, generation) for generation in range(GENERATIONS))
        enrolment = grounds.enrolment(opening.cwd or directory)
        mine = enrolment is not None and enrolment.label.tenant == corpus.tenant
        people = [("", address) for address in enrolment.identity] if enrolment is not None and mine else []
        return corpus.forgets({*map(marks.session, names), *marks.of_people(people)})

    return told


def _is_gone(where: Path, entry: Entry, gone: Callable[[str, Opening, str | None], bool]) -> bool:
    """Whether an entry holds a transcript of which every session is forgotten. What cannot be read is nobody's to tell of, and stays."""
    if entry.handed is None or not entry.handed.link:
        return False
    try:
        agent = agents.named(entry.handed.agent)
        openings = [transcript.opening for transcript in agent.open(where / entry.handed.link)]
    except Exception:
        return False
    directory = None if entry.handed.cwd is None else str(entry.handed.cwd)
    return bool(openings) and all(gone(agent.name, opening, directory) for opening in openings)
