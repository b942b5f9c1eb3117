"""Many short texts at once: joined they are searched in one go, and only those in which something lies are redacted one by one.

A session is thousands of texts of a hundred characters, and a search costs more to begin than to carry through. Between two texts stands
what no rule's match or context crosses; a finding that touches a text sends it through the scanner alone, so that what becomes of it
depends on nothing beside it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

import orjson

from corpus.redaction.draft import Form, Withheld
from corpus.redaction.finding import NEUTRAL, Place
from corpus.redaction.redactor import Scanner

# New lines end what a line holds; the neutral byte is part of no word and of no white space, so nothing assigns or announces across it.
_APART = f"\n{NEUTRAL.decode()}\n{NEUTRAL.decode()}\n"
_AT_ONCE = 1 << 20
_LONE = re.compile("[\ud800-\udfff]")
_STRING = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")', re.DOTALL)
_JSON_PATH = "x.json"
# A string of so many characters is no value that a name before it tells: it was searched by itself, and is left out of the second search.
_LONG = 1024
_LEFT_OUT = f'"{NEUTRAL.decode()}"'

Redacted = str | Withheld


class Batch:
    """Redacts many texts with ``scanner``. ``apart`` says that texts of prose are searched alone (a model of names reads around them)."""

    def __init__(self, scanner: Scanner, *, apart: bool) -> None:
        self._scanner = scanner
        self._apart = apart

    def redact(self, texts: Sequence[tuple[Form, str]], hide: Callable[[str], str]) -> list[Redacted]:
        """What each text becomes, or why it cannot be kept. ``hide`` is applied to every text, and every string of a JSON text, first."""
        result: list[Redacted | None] = [None] * len(texts)
        for place, forms in ((Place.PROSE, (Form.PROSE,)), (Place.CODE, (Form.CODE,)), (Place.PATH, (Form.PATH,))):
            mine = [at for at, (form, _) in enumerate(texts) if form in forms]
            for at, made in zip(mine, self._all((hide(_whole(texts[at][1])) for at in mine), place), strict=True):
                result[at] = made
        mine = [at for at, (form, _) in enumerate(texts) if form is Form.JSON]
        for at, made in zip(mine, self._json([_whole(texts[at][1]) for at in mine], hide), strict=True):
            result[at] = made
        return [made for made in result if made is not None]

    def _json(self, texts: list[str], hide: Callable[[str], str]) -> Iterable[Redacted]:
        """JSON stays JSON: its strings are redacted decoded, one by one, then all of it together, where a name stands before its value."""
        parsed = [_STRING.split(text) if _parses(text) else None for text in texts]
        inside = [_decoded(parts[1::2]) if parts else [] for parts in parsed]
        strings = self._map([each for some in inside for each in some], hide)
        changed = {each for each, made in strings.items() if made != each}
        rebuilt: list[Redacted] = []
        for text, parts, values in zip(texts, parsed, inside, strict=True):
            if parts is None:
                rebuilt.append(hide(text))
            else:
                rebuilt.append(text if changed.isdisjoint(values) and "\\u" not in text else _rebuilt(parts, values, strings))
        short = [
            made if parts is None or isinstance(made, Withheld) else _short(parts) for made, parts in zip(rebuilt, parsed, strict=True)
        ]
        searched = iter(self._all((each for each in short if isinstance(each, str)), Place.CODE, _JSON_PATH))
        for at, (one, each) in enumerate(zip(rebuilt, short, strict=True)):
            if isinstance(one, Withheld) or (found := next(searched)) == each:
                continue
            whole = found if each == one else self._alone(one, Place.CODE, _JSON_PATH)
            broken = parsed[at] is not None and isinstance(whole, str) and not _parses(whole)
            rebuilt[at] = Withheld("redaction-failed") if broken else whole
        return rebuilt

    def _map(self, texts: list[str], hide: Callable[[str], str]) -> dict[str, Redacted]:
        distinct = list(dict.fromkeys(texts))
        return dict(zip(distinct, self._all(map(hide, distinct), Place.CODE), strict=True))

    def _all(self, texts: Iterable[str], place: Place, path: str = "") -> list[Redacted]:
        given = list(texts)
        made: dict[str, Redacted] = {}
        waiting: list[str] = []
        size = 0
        for text in dict.fromkeys(given):
            if len(text) > _AT_ONCE or (self._apart and place is Place.PROSE):
                made[text] = self._alone(text, place, path)
                continue
            waiting.append(text)
            size += len(text) + len(_APART)
            if size >= _AT_ONCE:
                made.update(self._together(waiting, place, path))
                waiting, size = [], 0
        made.update(self._together(waiting, place, path))
        return [made[text] for text in given]

    def _together(self, texts: list[str], place: Place, path: str) -> dict[str, Redacted]:
        made: dict[str, Redacted] = dict(zip(texts, texts, strict=True))
        try:
            found = self._scanner.find(_APART.join(texts), place, path)
        except Withheld:
            return {text: self._alone(text, place, path) for text in texts}
        starts, at = [], 0
        for text in texts:
            starts.append(at)
            at += len(text) + len(_APART)
        touched = {index for each in found for index in range(bisect_right(starts, each.start) - 1, bisect_right(starts, each.end - 1))}
        for index in touched:
            made[texts[index]] = self._alone(texts[index], place, path)
        return made

    def _alone(self, text: str, place: Place, path: str) -> Redacted:
        try:
            return self._scanner.redact(text, place, path)
        except Withheld as reason:
            return Withheld(reason.reason)


def _whole(text: str) -> str:
    """A lone surrogate is no character: U+FFFD stands for it."""
    return text if text.isascii() else _LONE.sub("\ufffd", text)


def _parses(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _decoded(tokens: list[str]) -> list[str]:
    """The strings of a JSON text that parses; names of members too."""
    decoded: list[str] = orjson.loads(f"[{','.join(tokens)}]")
    return decoded


def _rebuilt(parts: list[str], values: list[str], strings: dict[str, Redacted]) -> Redacted:
    """The text whose every second part is a string, with each of these as ``strings`` has it; everything between them stays."""
    for at, value in enumerate(values):
        made = strings[value]
        if isinstance(made, Withheld):
            return made
        if made != value or "\\u" in parts[2 * at + 1]:
            parts[2 * at + 1] = orjson.dumps(made).decode()
    return "".join(parts)


def _short(parts: list[str]) -> str:
    """As rebuilt, without what the long strings hold."""
    return "".join([_LEFT_OUT if at % 2 and len(part) >= _LONG else part for at, part in enumerate(parts)])
