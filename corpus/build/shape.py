"""What a row is to a trainer, whatever its recipe: a document, an answer, a preference or a verdict. Formats write these four."""

from __future__ import annotations

from dataclasses import dataclass

from corpus.build.turn import Tools, Turns


@dataclass(frozen=True, slots=True)
class Document:
    """Plain text to go on from. ``id`` names it within its set."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``completion`` is what to say after ``prompt``, and all of it is learned."""

    prompt: Turns
    completion: Turns
    tools: Tools | None


@dataclass(frozen=True, slots=True)
class Preference:
    """``chosen`` is better than ``rejected``; both answer ``prompt``."""

    prompt: Turns
    chosen: Turns
    rejected: Turns
    tools: Tools | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``label`` is whether ``completion`` was a good answer to ``prompt``."""

    prompt: Turns
    completion: Turns
    label: bool
    tools: Tools | None


Shape = Document | Answer | Preference | Verdict
