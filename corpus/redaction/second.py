"""The second pass: every string of a finished line came out of the scrubber, has the shape of its structural field, or is searched again.

Strings are looked at decoded, one by one, so that neither JSON's escapes nor a neighbouring field makes a finding. A difference is
accounted for by where its lines stand: each side of a hunk is a run of lines of an image that came out of the scrubber.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from corpus.record import Actor, EvidenceClass, Kind, LinkKind, Mark, Outcome, RedactionClass, Scope, SeenIn, TupleType
from corpus.redaction.draft import Form, Scrub, Withheld
from corpus.redaction.finding import IDENTIFIER, Finding, Place
from corpus.redaction.programs import stands

HELD_CHARACTERS = 64 << 20
"""Images of one record beyond this are not kept for comparison; what is made of them is searched again."""
_REMEMBERED = 512

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ZONE = re.compile(r"[+-]\d{4,}")
_MODE = re.compile(r"[0-7]{6}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")  # as corpus.names has it
_ENTITY = re.compile(r"[A-Z][A-Z0-9_]{0,40}")
_ROLE = re.compile(r"system|user|assistant|tool")
_WHY = re.compile(r"binary|undecodable|too-large|missing|redaction-failed|too-slow|too-much-memory|found-again|policy|crosses-tenants")
_KEYED = re.compile(r"[0-9a-f]{32}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_STEM = re.compile(rf"{_HASH.pattern}|{_KEYED.pattern}(?:\.[1-9]\d*)?")
# Words of closed lists are here too, so that a record can say that nothing of it could be searched.
_STRUCTURAL = {
    "header.tenant": _NAME,
    "header.cluster": _NAME,
    "header.moduleId": _NAME,
    "header.role": _NAME,
    "header.tuple_type": re.compile("|".join(TupleType)),
    "header.scope": re.compile("|".join(Scope)),
    "header.redaction_class": re.compile("|".join(RedactionClass)),
    "header.evidence_class": re.compile("|".join(EvidenceClass)),
    "redaction.counts.": _ENTITY,
    "body.withheld": _WHY,
    "body.changes_withheld": _WHY,
    "body.backend": re.compile("pygit2|git"),
    "body.files[].status": re.compile("added|modified|deleted|renamed|copied|type-changed"),
    "body.files[].mode": _MODE,
    "body.files[].old_mode": _MODE,
    "body.files[].withheld": _WHY,
    "body.prompt[].role": _ROLE,
    "body.rejected_trajectory[].role": _ROLE,
    "body.corrected_trajectory[].role": _ROLE,
    "body.kind": re.compile("|".join(LinkKind)),
    "body.seen_in": re.compile("|".join(SeenIn)),
    "key": _HASH,
    "id": _HASH,
    "header.source_commit": _HASH,
    "header.created": _TIME,
    "redaction.ruleset": re.compile(r"[a-z0-9+-]+@[0-9a-f]{16}"),
    "body.parents[]": _HASH,
    "body.author.time": _TIME,
    "body.author.tz": _ZONE,
    "body.committer.time": _TIME,
    "body.committer.tz": _ZONE,
    "body.from": _HASH,
    "body.to": _HASH,
    "body.value": re.compile("|".join(EvidenceClass)),
    "body.about[]": _HASH,
    "body.paired_by": re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*"),
    "header.session_id": _KEYED,
    "body.agent": re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*"),
    "body.outcome": re.compile("|".join(Outcome)),
    "body.parent_session": _KEYED,
    "body.parent_event_id": _KEYED,
    **dict.fromkeys([f"body.{name}" for name in ("source_digest", "first_prev", "last", "events_root", "manifest_hash")], _HASH),
    **dict.fromkeys([f"body.events[].{name}" for name in ("event_id", "parent_event_id", "amends", "call_id", "reply")], _KEYED),
    "body.events[].prev": _HASH,
    "body.events[].images[]": _HASH,
    "body.events[].ts": _MOMENT,
    "body.events[].actor": re.compile("|".join(Actor)),
    "body.events[].kind": re.compile("|".join(Kind)),
    "body.events[].marks[]": re.compile("|".join(Mark)),
    "body.events[].withheld": _WHY,
}
_STRUCTURAL_AT = {(field.rpartition(".")[0], field.rpartition(".")[2]): shape for field, shape in _STRUCTURAL.items()}
# No pattern knows every name: where a person stands by position, only an identifier, a program's name of our own list or nothing may stand.
_PERSONAL = re.compile(r"body\.(?:author|committer)\.(?:name|email)")
# Fields of few values, each of which is searched once.
_FEW = frozenset(
    {
        "status",
        "mode",
        "old_mode",
        "language",
        "withheld",
        "role",
        "backend",
        "tenant",
        "cluster",
        "moduleId",
        "ruleset",
        "actor",
        "kind",
        "marks[]",
        "agent",
    }
)
_PROSE = frozenset({"message", "content", "reason", "basis", "value"})
_PATHS = frozenset({"path", "old_path", "branch", "session_id"})

_PARTS = re.compile(r"\n(?=@@ -|diff --git )")
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@(?: (.*))?", re.DOTALL)
_PLAIN = re.compile(r"(?:new file mode|deleted file mode|old mode|new mode) [0-7]{6}|(?:---|\+\+\+) /dev/null")
_NAMED = re.compile(r"(?:(?:rename|copy) (?:from|to) |--- a/|\+\+\+ b/)(.*?)\t?", re.DOTALL)
_SIDE = re.compile(r'(^|[ "])[ab]/')
_SUBMODULE = re.compile(r"Subproject commit [0-9a-f]{40}(?:[0-9a-f]{24})?")
_String = tuple[str, str, str]
_NO_NEWLINE = "\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class LetBy:
    """Where something was found that the first pass let by: the field (indices left out) and the rule, never the value."""

    field: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field} let something by (rule {self.rule})"


class Passed:
    """A :class:`Scrub` for one record that remembers what it handed out."""

    def __init__(self, scrub: Scrub) -> None:
        self._scrub = scrub
        self.texts: set[str] = set()
        self.images: list[str] = []
        self._left = HELD_CHARACTERS

    def __contains__(self, text: str) -> bool:
        return text in self.texts

    def prose(self, text: str) -> str:
        return self._out(self._scrub.prose(text))

    def code(self, text: str, path: str) -> str:
        return self._image(self._scrub.code(text, path))

    def image(self, cache_key: str, path: str, load: Callable[[], str]) -> str:
        return self._image(self._scrub.image(cache_key, path, load))

    def several(self, texts: Sequence[tuple[Form, str]], tops: Sequence[str] = ()) -> list[str | Withheld]:
        made = self._scrub.several(texts, tops)
        self.texts.update(each for each in made if isinstance(each, str))
        return made

    def image_hashes(self, hashes: Sequence[str]) -> list[str]:
        return self._scrub.image_hashes(hashes)

    def path(self, path: str) -> str:
        return self._out(self._scrub.path(path))

    def person(self, name: str) -> str:
        return self._out(self._scrub.person(name))

    def email(self, address: str) -> str:
        return self._out(self._scrub.email(address))

    def keep(self, image: str) -> str:
        """An image that the gate itself redacted, line for line."""
        return self._image(image)

    def _out(self, text: str) -> str:
        self.texts.add(text)
        return text

    def _image(self, text: str) -> str:
        if len(text) <= self._left:
            self._left -= len(text)
            self.images.append(text)
            self.texts.add(text)
        return text


class SecondPass:
    """Searches finished lines with ``find(text, place)``, which reports findings or raises :class:`Withheld`."""

    def __init__(self, find: Callable[[str, Place], list[Finding]]) -> None:
        self._find = find
        # Words of ours, modes and headings come again and again.
        self._again = lru_cache(maxsize=1 << 15)(self._search)
        self._clean: set[_String] = set()

    def look(self, line: bytes, stem: str, passed: Passed) -> LetBy | None:
        """The first thing found in ``line`` (its file's name without suffix is ``stem``) that ``passed`` does not account for."""
        strings: list[_String] = []
        _collect(orjson.loads(line), "", strings, passed.texts)
        for string in strings:
            value = string[2]
            shape = _STRUCTURAL_AT.get(string[:2])
            if (shape is not None and shape.fullmatch(value)) or string in self._clean:
                continue
            field = f"{string[0]}.{string[1]}".lstrip(".")
            if rule := self._stray(field, string[2], passed):
                return LetBy(field, rule)
            if string[1] in _FEW:
                self._clean.add(string)
        rule = "" if _STEM.fullmatch(stem) else self._rule(stem, Place.PATH)
        return LetBy("stem", rule) if rule else None

    def _stray(self, field: str, value: str, passed: Passed) -> str:
        """The rule of what is found in a value that is no whole result of the scrubber and has not the shape of its field."""
        if field == "body.diff":
            return self._difference(value, passed)
        if _PERSONAL.fullmatch(field):
            return "" if IDENTIFIER.fullmatch(value) or (field.endswith("name") and stands(value)) else "identifiers-only"
        name = field.rpartition(".")[2].removesuffix("[]")
        if name in _PATHS:
            # A path in quotes was scrubbed without them.
            return "" if value[:1] == value[-1:] == '"' and value[1:-1] in passed else self._rule(value, Place.PATH)
        return self._rule(value, Place.PROSE if name in _PROSE else Place.CODE)

    def _rule(self, text: str, place: Place) -> str:
        return self._again(text, place) if len(text) <= _REMEMBERED else self._search(text, place)

    def _search(self, text: str, place: Place) -> str:
        try:
            found = self._find(text, place)
        except Withheld as reason:
            return reason.reason
        return found[0].rule if found else ""

    # -- differences

    def _difference(self, diff: str, passed: Passed) -> str:
        at = 0
        for part in _PARTS.split(diff.removesuffix("\n")):
            first, _, rest = part.partition("\n")
            lines = rest.split("\n") if rest else []
            heading = _HUNK.fullmatch(first)
            if heading is None:
                rule = next(filter(None, (self._header(line, passed) for line in (first, *lines))), "")
            else:
                at, rule = self._hunk(heading[1] or "", lines, passed.images, at)
            if rule:
                return rule
        return ""

    def _hunk(self, heading: str, lines: list[str], images: list[str], at: int) -> tuple[int, str]:
        """``(where the old side stands, the rule of what was found)``. Images were handed out in the order of their sections."""
        old = "\n".join([line[1:] for line in lines if line[:1] in (" ", "-")])
        new = "\n".join([line[1:] for line in lines if line[:1] in (" ", "+")])
        strays = [line for line in lines if line[:1] not in (" ", "-", "+") and line != _NO_NEWLINE]
        for side in (old, new, heading):
            where = _standing(side, images, at)
            if where is None:
                strays.append(side)
            elif side is old:
                at = where
        return at, next(filter(None, (self._rule(stray, Place.CODE) for stray in strays)), "")

    def _header(self, line: str, passed: Passed) -> str:
        if _PLAIN.fullmatch(line):
            return ""
        named = _NAMED.fullmatch(line)
        if named is not None and (named[1] in passed or named[1].strip('"') in passed):
            return ""
        size = (len(line) - len("diff --git a/ b/")) // 2
        path = line[len("diff --git a/") :][:size]
        if line == f"diff --git a/{path} b/{path}" and path in passed:
            return ""
        # Without the letters before the paths, which would make home/x look like /home/x.
        return self._rule(_SIDE.sub(r"\1", line), Place.PATH)


def _standing(text: str, images: list[str], at: int) -> int | None:
    """The index of an image that holds ``text``, from ``at`` on and then from the start; ``None`` where it stands in none."""
    if not text or _SUBMODULE.fullmatch(text):
        return at
    index: int
    for index in (*range(at, len(images)), *range(at)):
        if text in images[index]:
            return index
    return None


def _collect(value: dict[str, Any], at: str, into: list[_String], known: Set[str]) -> None:
    """Every string below ``value`` that is not ``known``, as ``(where, name, string)``; ``[]`` stands for any index. Names that are data
    count too."""
    if at == "redaction.counts":
        into.extend((at, "", name) for name in value)
    for name, member in value.items():
        kind = member.__class__
        if kind is str:
            if member and member not in known:
                into.append((at, name, member))
        elif kind is dict:
            _collect(member, f"{at}.{name}" if at else name, into, known)
        elif kind is list:
            for each in member:
                if each.__class__ is str:
                    if each and each not in known:
                        into.append((at, f"{name}[]", each))
                else:
                    _collect(each, f"{at}.{name}[]", into, known)
