"""Word lists that come with the project, as text files of words."""

from __future__ import annotations

from importlib import resources


def wordlist(file: str) -> frozenset[str]:
    """The words of ``words/<file>``; lines that begin with ``#`` are comments."""
    text = (resources.files("corpus.redaction") / "words" / file).read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
