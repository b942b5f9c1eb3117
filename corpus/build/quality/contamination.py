"""Decontamination: rows that share a run of 13 words with texts a model will be tested on.

The measure is that of the GPT-3 paper (Brown et al. 2020, appendix C) and of lm-evaluation-harness: lower case, no punctuation, words
apart by space, runs of 13 words; a test text that is shorter, of 8 words or more, counts as a whole. Prompt and answer are looked at.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from corpus.build.quality.step import Left, Plain
from corpus.build.quality.text import everything
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.errors import BadInput
from corpus.record import Record

RUN = 13
SHORTEST = 8

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class TestFile:
    """A file of test texts: its name, the SHA-256 of its bytes, and its texts."""

    name: str
    sha256: str
    texts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} sha256:{self.sha256}"


def read(path: Path) -> TestFile:
    """Read test texts: of ``.jsonl`` and ``.json`` every string in every value, of another file all of it as one.

    Raises :class:`BadInput` for a file that cannot be read, is not UTF-8 or JSON, or holds no text of 8 words.
    """
    try:
        data = path.read_bytes()
        if path.suffix in (".jsonl", ".json"):
            values = [orjson.loads(line) for line in data.splitlines() if line.strip()] if path.suffix == ".jsonl" else [orjson.loads(data)]
            texts = tuple(text for value in values for text in _strings(value))
        else:
            texts = (data.decode("utf-8"),)
    except OSError as error:
        raise BadInput(f"--decontaminate {path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise BadInput(f"--decontaminate {path} is not what its name says: use UTF-8 text, .json or .jsonl") from error
    if not any(len(words(text)) >= SHORTEST for text in texts):
        raise BadInput(f"--decontaminate {path} holds no text of {SHORTEST} words or more: nothing could be found by it")
    return TestFile(path.name, hashlib.sha256(data).hexdigest(), texts)


def words(text: str) -> list[str]:
    """The words of a text as they are compared."""
    return _WORD.findall(text.lower())


class Contaminated(Plain):
    """Leaves out a row that shares a run of words with one of ``files``."""

    def __init__(self, files: Sequence[TestFile]) -> None:
        self._runs: dict[str, str] = {}
        self._ends: dict[int, tuple[set[str], set[str]]] = {}
        for file in files:
            for text in file.texts:
                self._learn(words(text), file.name)

    def _learn(self, told: list[str], name: str) -> None:
        length = min(len(told), RUN)
        if length < SHORTEST:
            return
        firsts, lasts = self._ends.setdefault(length, (set(), set()))
        for at in range(len(told) - length + 1):
            firsts.add(told[at])
            lasts.add(told[at + length - 1])
            self._runs.setdefault(" ".join(told[at : at + length]), name)

    def look(self, record: Record, row: Row) -> Left | None:
        told = words(everything(row))
        for length, (firsts, lasts) in self._ends.items():
            for at in range(len(told) - length + 1):
                # Most runs fall here, by a word that no test text has there, before the run itself is put together.
                if told[at] in firsts and told[at + length - 1] in lasts:
                    name = self._runs.get(" ".join(told[at : at + length]))
                    if name is not None:
                        return Left(Reason.CONTAMINATED, name)
        return None


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
