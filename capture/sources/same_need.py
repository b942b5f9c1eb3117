"""Whether one tool call answers the need of another, and by which rule that is told; where it is not certain it is not told.

A rule has a name, which a pair of sides keeps. Calls that do the same in other words of the agent's own (a description) differ in nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import orjson

SAME_FILE = "same-tool-and-file"
SAME_CONTENT = "same-content-elsewhere"
SAME_COMMAND = "same-command"
SAME_PLAN = "same-plan"

_FILES = ("file_path", "filePath", "notebook_path", "absolute_path", "target_file", "path")
_OLD = ("old_string", "oldString", "old_str")
NEW_KEYS = ("new_string", "newString", "new_str")
CONTENT_KEYS = ("content", "contents", "file_text")
_COMMANDS = ("command", "cmd")
_SHARED = 0.5
"""So many of the lines that the shorter of two texts has must stand in the other for both to be about the same place."""
_CONTENT = 40
"""Characters below which the same content in two files says nothing."""
_TITLE = 6
"""Letters and digits of a heading that names what a plan is for."""

_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (?P<path>.+?)\s*$", re.MULTILINE)
_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "/bin/bash", "/bin/sh", "/bin/zsh", "/usr/bin/bash", "/usr/bin/zsh"})
_FILLERS = frozenset({"cd", "echo", "printf", "export", "set", "true", "sleep", "source", "."})
"""What a command line does by the way."""
_PREFIXES = frozenset({"sudo", "env", "time", "nohup", "exec", "command"})
_MARKS = frozenset("();<>|&\n")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")


class Called(Protocol):
    """A tool call: an event of a session, or a call of a stored message."""

    @property
    def name(self) -> str | None: ...

    @property
    def arguments(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Change:
    """What an editing call is about: the file, the text it is to stand in place of (``None``: the whole file), and the text it brings."""

    file: str
    old: str | None
    new: str


def told(call: Called) -> dict[str, object]:
    """A call's input as an object; empty where it is none."""
    return _parsed(call.arguments)


def _parsed(arguments: str | None) -> dict[str, object]:
    try:
        value = orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {"input": value}


def change(call: Called) -> Change | None:
    """The change of one file that a call is, if it is one."""
    given = told(call)
    patch = next((text for text in (_text(given, ("input", "patch")), *_words(given)) if text and "*** Begin Patch" in text), None)
    if patch is not None:
        return _patched(patch)
    file = _text(given, _FILES)
    if file is None:
        return None
    edits = given.get("edits")
    if isinstance(edits, list) and edits:
        olds, news = [_text(each, _OLD) for each in edits], [_text(each, NEW_KEYS) for each in edits]
        return Change(file, "\n".join(filter(None, olds)), "\n".join(filter(None, news))) if any(olds) else None
    old, new, whole = _text(given, _OLD), _text(given, NEW_KEYS), _text(given, CONTENT_KEYS)
    if old is not None and new is not None:
        return Change(file, old or None, new)
    return None if whole is None else Change(file, None, whole)


def rule(rejected: Called, other: Called) -> str | None:
    """The rule by which ``other`` answers the need of the call ``rejected``; ``None`` where nothing says so, or both are the same."""
    if rejected.name != other.name or same(rejected, other):
        return None
    before, after = change(rejected), change(other)
    if before is not None and after is not None:
        return _same_change(before, after)
    plans = _text(told(rejected), ("plan",)), _text(told(other), ("plan",))
    if plans[0] and plans[1]:
        alike = _heading(plans[0]) == _heading(plans[1]) != "" or overlap(plans[0], plans[1])
        return SAME_PLAN if alike else None
    commands = command(rejected), command(other)
    if commands[0] and commands[1] and _same_goal(commands[0], commands[1]):
        return SAME_COMMAND
    return None


def same(one: Called, other: Called) -> bool:
    """Whether two calls do the same, white space aside."""
    return one.name == other.name and _bare(one) == _bare(other)


def command(call: Called) -> str | None:
    """The command line that a call is to run."""
    given = told(call)
    for key in _COMMANDS:
        value = given.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            words: list[str] = list(value)
            return words[-1] if words[0] in _SHELLS and len(words) > 2 else shlex.join(words)
    return None


def _same_change(before: Change, after: Change) -> str | None:
    if before.file != after.file:
        alike = before.old == after.old and before.new == after.new and len(before.new.strip()) >= _CONTENT
        return SAME_CONTENT if alike else None
    if before.old is None or after.old is None:
        return SAME_FILE if before.old is after.old else None
    return SAME_FILE if overlap(before.old, after.old) else None


def overlap(one: str, other: str) -> bool:
    """Whether two texts of one file are about the same place."""
    if one.strip() and other.strip() and (one.strip() in other or other.strip() in one):
        return True
    lines = [{line.strip() for line in text.splitlines() if len(line.strip()) > 2} for text in (one, other)]
    fewer = min(map(len, lines))
    return fewer > 0 and len(lines[0] & lines[1]) >= _SHARED * fewer and len(lines[0] & lines[1]) > 1


def _patched(patch: str) -> Change | None:
    files = _PATCHED.findall(patch)
    if len(files) != 1:
        return None
    body = [line for line in patch.splitlines() if not line.startswith(("***", "@@"))]
    new = "\n".join(line[1:] for line in body if line[:1] in "+ ")
    if "*** Add File:" in patch:
        return Change(files[0], None, new)
    return Change(files[0], "\n".join(line[1:] for line in body if line[:1] in "- "), new)


def _heading(plan: str) -> str:
    """A plan's first line, if it says more than that this is a plan."""
    first = next((line.strip() for line in plan.splitlines() if line.strip()), "")
    return first if len(re.sub(r"(?i)\W|plan|overview|implementation", "", first)) >= _TITLE else ""


@dataclass(frozen=True, slots=True)
class _Goal:
    program: str
    operands: tuple[str, ...]

    def meets(self, other: _Goal) -> bool:
        """The same program (and subcommand), and what it works on is the same, or in part so."""
        if self.program != other.program or self.operands[:1] != other.operands[:1]:
            return False
        rest = set(self.operands[1:]), set(other.operands[1:])
        return not (rest[0] and rest[1]) or bool(rest[0] & rest[1])


def _same_goal(one: str, other: str) -> bool:
    """Each thing that the shorter of two command lines does, the longer does as well, and both end in the same."""
    few, many = sorted((_goals(one), _goals(other)), key=len)
    return bool(few) and few[-1].meets(many[-1]) and all(any(goal.meets(each) for each in many) for goal in few)


def _goals(line: str) -> list[_Goal]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    try:
        words = list(lexer)
    except ValueError:  # a quotation without end
        return []
    if any(word.startswith("<<") for word in words):  # a document in place
        return []
    goals: list[_Goal] = []
    simple: list[str] = []
    redirected = piped = False
    for word in [*words, ";"]:
        if redirected:
            redirected = False
        elif not set(word) <= _MARKS:
            simple.append(word)
        elif set(word) & set("<>"):
            redirected = True
            if simple[-1:] and simple[-1].isdigit():
                simple.pop()
        else:
            goals += [] if piped else _goal(simple)  # what a pipe leads to shows what came out
            simple, piped = [], word == "|"
    return goals


def _goal(words: list[str]) -> list[_Goal]:
    while words and (_ASSIGNED.match(words[0]) or words[0] in _PREFIXES):
        words = words[1:]
    if not words or words[0] in _FILLERS:
        return []
    # A word with white space is a message or a program, not what the command works on.
    return [_Goal(words[0], tuple(each for each in words[1:] if not each.startswith("-") and not re.search(r"\s", each)))]


def _text(value: object, keys: tuple[str, ...]) -> str | None:
    if not isinstance(value, dict):
        return None
    return next((value[key] for key in keys if isinstance(value.get(key), str)), None)


def _words(given: dict[str, object]) -> Iterator[str]:
    """The strings of a command that is a list (``["apply_patch", "*** Begin Patch..."]``)."""
    for key in _COMMANDS:
        value = given.get(key)
        if isinstance(value, list):
            yield from (each for each in value if isinstance(each, str))


def _bare(call: Called) -> str:
    """What a call does, without the agent's words about it and without white space."""
    return _bare_of(call.arguments)


@lru_cache(maxsize=128)  # one rejected call is held against all that come after it
def _bare_of(arguments: str | None) -> str:
    given = {
        key: value for key, value in _parsed(arguments).items() if key not in ("description", "explanation", "justification", "timeout")
    }
    return re.sub(r"\s|\\[nrt]", "", orjson.dumps(given, option=orjson.OPT_SORT_KEYS).decode())
