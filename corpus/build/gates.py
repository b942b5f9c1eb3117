"""Gates over pairs and single answers: each has a limit, a switch and a reason that is counted.

What they hold back would teach something else than a person's choice: how long an answer is, or that blank space matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Protocol, TypeGuard

from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.build.turn import Turns
from corpus.errors import BadInput

_SPACE = re.compile(r"\s+")


class Judged(Protocol):
    """A row that says what is preferred: ``judged`` are its prompt and its answers, the preferred one first."""

    def judged(self) -> tuple[Turns, tuple[Turns, ...]]: ...


def judges(row: Row) -> TypeGuard[Judged]:
    """Whether a row says what is preferred. Asking a protocol would take longer than all of the gates."""
    return hasattr(row, "judged")


@dataclass(frozen=True, slots=True)
class Gates:
    """The limits; ``None`` is off. ``empty``, ``copies`` and ``repeats`` have no limit: they are on or off.

    ``empty``: a prompt or answer without words or calls. ``copies``: the preferred answer is the rejected one, or has the whole of it,
    blank space aside. ``prose_ratio``, ``call_ratio``: how many times as long as the other an answer may be, where neither calls a
    tool, and where one does. ``characters``: of prompt and answers together. ``repeats``: a row that an earlier one of its set was.
    """

    empty: int | None = 1
    copies: int | None = 1
    prose_ratio: int | None = 8
    call_ratio: int | None = 20
    characters: int | None = 50_000
    repeats: int | None = 1

    def __call__(self, row: Row) -> Reason | None:
        if not judges(row):
            return None
        prompt, answers = row.judged()
        if self.empty and not all(map(_says, (prompt, *answers))):
            return Reason.EMPTY_SIDE
        sizes = [sum(turn.size for turn in answer) for answer in answers]
        if len(answers) == 2:
            if self.copies and (reason := _copied(*answers)):
                return reason
            calls = any(turn.tool_calls for answer in answers for turn in answer)
            ratio = self.call_ratio if calls else self.prose_ratio
            if ratio and max(sizes) > ratio * min(sizes):
                return Reason.LENGTH_RATIO
        if self.characters and sum(sizes) + sum(turn.size for turn in prompt) > self.characters:
            return Reason.TOO_LONG
        return None

    def __str__(self) -> str:
        return ", ".join(f"{field.name.replace('_', '-')}={_shown(field.name, getattr(self, field.name))}" for field in fields(self))


def parse(texts: Iterable[str]) -> Gates:
    """The gates with ``NAME=off``, ``NAME=on`` or ``NAME=NUMBER`` applied. Raises :class:`BadInput` for anything else."""
    names = {field.name.replace("_", "-"): field for field in fields(Gates)}
    gates = Gates()
    for text in sorted(set(texts)):
        name, _, value = text.partition("=")
        if name not in names:
            raise BadInput(f"--gate {text[:80]!r}: use {', '.join(f'{each}=...' for each in names)}")
        field = names[name]
        if value == "off":
            number = None
        elif value == "on":
            number = getattr(Gates(), field.name)
        elif field.name in _SWITCHES or not value.isascii() or not value.isdigit() or not 0 < len(value) < 10 or int(value) < 1:
            raise BadInput(f"--gate {name} is {'on or off' if field.name in _SWITCHES else 'a whole number from 1, on or off'}")
        else:
            number = int(value)
        gates = replace(gates, **{field.name: number})
    return gates


_SWITCHES = ("empty", "copies", "repeats")


def _shown(name: str, value: int | None) -> str:
    return "off" if value is None else "on" if name in _SWITCHES else str(value)


def _says(turns: Turns) -> bool:
    return any(turn.content.strip() or turn.tool_calls for turn in turns)


def _copied(chosen: Turns, rejected: Turns) -> Reason | None:
    mine, theirs = _bare(chosen), _bare(rejected)
    if mine == theirs:
        return Reason.EQUAL_SIDES
    return Reason.REPEATS_REJECTED if theirs and theirs in mine else None


def _bare(turns: Turns) -> str:
    """All of an answer without blank space; what is text and what is a call cannot be mistaken for one another."""
    calls = "".join(f"\x00{call.function.name}\x01{call.function.arguments}" for turn in turns for call in turn.tool_calls)
    return _SPACE.sub("", "".join(turn.content for turn in turns) + calls)
