"""A corpus that grows by chance, and what is known of all that was planted in it: where each text may stand in a build, and where not."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import Enum
from random import Random

import pytest

from corpus.build import piece
from corpus.record import Actor, EvidenceClass, Kind, LinkKind, Mark
from corpus.store import Corpus, Wanted
from tests.corpus.build.world import Change, World
from tests.talk import Session


class Fate(Enum):
    """Where a planted word may stand."""

    ROW = "anywhere"
    PROMPT = "in what is only read"
    ELSEWHERE = "in no build that asks for the main cluster or module"
    NOWHERE = "in no file"


MAIN = ("cluster=payments", "moduleId=billing")
"""What a build asks for that leaves out what is :attr:`Fate.ELSEWHERE`."""


def in_small_pieces(patch: pytest.MonkeyPatch, most: int = 5000) -> None:
    """So that a small corpus is built piece by piece, as a large one is: a quarter of the records end one, and few are in any."""
    patch.setattr(piece, "BYTES", most)
    patch.setattr(piece, "_ENDS", re.compile(b"[\x00-\x3f]"))
    patch.setattr(piece, "_SECOND", 256)


@dataclass
class Grown:
    """``world``, and of every word that was planted its fate; ``groups`` has for each record the others that are linked with it."""

    world: World
    chance: Random
    fates: dict[str, Fate] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    landed: list[str] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)

    def word(self, fate: Fate = Fate.ROW) -> str:
        """A new word, which stands nowhere else."""
        made = f"marker_{self.world.tenant}_{len(self.fates):04d}_end"
        self.fates[made] = fate
        return made

    def text(self, count: int = 60) -> list[str]:
        """So many lines of text, like no other."""
        self.lines.append([f"step_{self.chance.randrange(1000)} or step_{self.chance.randrange(1000)}" for _ in range(count)])
        return self.lines[-1]

    def _day(self) -> str:
        """One of few: much happens in the same moment."""
        return f"2026-0{self.chance.randint(1, 4)}-0{self.chance.randint(1, 3)}T00:00:00Z"

    def together(self, *keys: str) -> None:
        """These records belong to one group."""
        whole = set(keys).union(*(self.groups.get(key, {key}) for key in keys))
        for key in whole:
            self.groups[key] = whole

    def work(self, fate: Fate = Fate.ROW, *, lines: list[str] | None = None, **more: object) -> str:
        """A commit of its own. With a ``fate`` its whole content has it."""
        word = self.word(fate)
        after = "\n".join([f"# {word}", *(lines or self.text())]) + "\n"
        change = Change(f"src/{self.chance.choice('abc')}.py", "first\n", after)
        key = self.world.edit(f"Change {word}\n", [change], created=self._day(), **more)  # type: ignore[arg-type]
        self.groups[key] = {key}
        return key

    def near(self) -> str:
        """A commit that is nearly another."""
        if not self.lines:
            return self.work()
        lines = list(self.chance.choice(self.lines))
        for _ in range(self.chance.choice([0, 1, 3, 20])):
            lines[self.chance.randrange(len(lines))] = f"step_{self.chance.randrange(1000)} instead"
        return self.work(lines=lines)

    def copy(self) -> None:
        """The same commit twice."""
        word, lines = self.word(), self.text(8)
        for _ in range(2):
            key = self.world.edit(f"Twice {word}\n", [Change("b.py", "1\n", "\n".join(lines) + "\n")], created=self._day())
            self.groups[key] = {key}

    def elsewhere(self) -> None:
        self.work(Fate.ELSEWHERE, cluster="front")
        self.work(Fate.ELSEWHERE, module="site")

    def unwritten(self) -> None:
        """A lock file, which a build leaves out unless it is asked to keep it."""
        word = self.word()
        key = self.world.edit(f"Lock {word}\n", [Change("uv.lock", "a = 1\n", f"a = 2 # {word}\n")], created=self._day())
        self.groups[key] = {key}

    def withheld(self) -> None:
        word = self.word(Fate.NOWHERE)
        key = self.world.edit(None, [Change("c.py", "1\n", f"{word}\n")], created=self._day())
        self.groups[key] = {key}

    def overtaken(self) -> None:
        """A commit that another replaced, or reverted."""
        kind = self.chance.choice([LinkKind.SUPERSEDED_BY, LinkKind.REVERTED_BY])
        old, new = self.work(Fate.NOWHERE), self.work()
        self.world.link(kind, old, new)
        self.together(old, new)

    def turned_down(self) -> None:
        self.world.evidence(self.work(Fate.NOWHERE), EvidenceClass.REJECTED.value, created="2026-12-01T00:00:00Z")

    def taken_back(self) -> None:
        """A commit of which a newer version has other content."""
        word, newer = self.word(Fate.NOWHERE), self.word()
        change = Change("d.py", "1\n", f"{word}\n")
        key = self.world.edit("Say it again\n", [change], created=self._day())
        self.groups[key] = {key}
        if self.chance.random() < 0.5:
            self.pack()
        change.after = f"{newer}\n"
        self.world.again(key)

    def forgotten(self) -> None:
        key = self.work(Fate.NOWHERE)
        if self.chance.random() < 0.5:
            self.pack()
        with Corpus.open(self.world.root, self.world.tenant) as corpus:
            corpus.forget(Wanted(frozenset({key}), frozenset(), frozenset()))
            corpus.forgotten()
        del self.groups[key]

    def pair(self, **more: str) -> str:
        asked, bad, good = self.word(), self.word(), self.word()
        key = self.world.feedback(f"Ask {asked}", f"Say {bad}", f"Say {good} instead", created=self._day(), **more)  # type: ignore[arg-type]
        self.groups[key] = {key}
        return key

    def completed(self) -> None:
        """A rejection whose correction came later, as another record."""
        asked, bad = self.word(Fate.NOWHERE), self.word(Fate.NOWHERE)
        waiting = self.world.feedback(f"Ask {asked}", f"Say {bad}", None, created=self._day())
        self.groups[waiting] = {waiting}
        whole = self.pair()
        self.world.link(LinkKind.COMPLETES, whole, waiting)
        self.together(whole, waiting)

    def session(self) -> None:
        """A session in parts, in which commits were made and an answer was rejected."""
        talk, number = Session(), len(self.fates)
        for turn in range(self.chance.randint(2, 5)):
            talk.user(f"Ask {self.word(Fate.PROMPT)}")
            match self.chance.choice(["copied", "denied", "sidechain", "said", "said"]):
                case "copied":
                    talk.says(self.word(Fate.PROMPT), marks=[Mark.COPIED], reply=f"x{turn}")
                    talk.user("Go on.")
                case "denied":
                    talk.calls("Bash", json.dumps({"command": self.word(Fate.PROMPT)}), f"d{turn}", reply=f"x{turn}")
                    talk.answers("turned down", f"d{turn}", error=True)
                    talk.add(Actor.USER, Kind.DECISION, "not that", name="denied", call_id=f"d{turn}")
                case "sidechain":
                    talk.says(self.word(Fate.NOWHERE), marks=[Mark.SIDECHAIN], reply=f"x{turn}")
            if self.chance.random() < 0.7:
                talk.calls("Bash", json.dumps({"command": self.word()}), f"c{turn}", reply=f"a{turn}")
                talk.answers(f"Seen {self.word(Fate.PROMPT)}", f"c{turn}")
            talk.says(f"Answer {self.word()}", reply=f"b{turn}")
        parts = self.world.session(f"session {number}", talk, size=self.chance.randint(2, 6), created=self._day())
        commit, rejected = self.work(), self.pair(session=f"session {number}")
        self.world.link(LinkKind.SESSION_OF, commit, parts[0])
        self.together(*parts, commit, rejected)
        if self.chance.random() < 0.5:
            self.world.evidence(parts[0], EvidenceClass.ACCEPTED.value, created="2026-12-01T00:00:00Z")

    def accepted(self) -> None:
        self.world.evidence(self.work(), EvidenceClass.ACCEPTED.value, created="2026-12-01T00:00:00Z")

    def pack(self) -> None:
        with Corpus.open(self.world.root, self.world.tenant) as corpus:
            corpus.pack()

    def grow(self) -> None:
        """Some of everything, in any order; half of it in a pack."""
        kinds = [self.work, self.near, self.near, self.near, self.copy, self.elsewhere, self.unwritten, self.withheld, self.overtaken]
        kinds += [self.overtaken, self.turned_down, self.taken_back, self.forgotten, self.pair, self.completed, self.session, self.session]
        kinds += [self.accepted]
        self.chance.shuffle(kinds)
        for at, kind in enumerate(kinds):
            kind()
            if at == len(kinds) // 2:
                self.pack()
