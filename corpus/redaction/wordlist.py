"""Word lists that come with the project, as text files of words."""

from __future__ import annotations

import re
from importlib import resources


def wordlist(file: str) -> frozenset[str]:
    """The words of ``words/<file>``; lines that begin with ``#`` are comments."""
    text = (resources.files("corpus.redaction") / "words" / file).read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def alternatives(file: str) -> str:
    """The lines of ``words/<file>`` as a regular expression that matches any of them literally, the longest first."""
    text = (resources.files("corpus.redaction") / "words" / file).read_text("utf-8")
    entries = [line for line in text.splitlines() if line and not line.startswith("#")]
    return "|".join(re.escape(each) for each in sorted(entries, key=len, reverse=True))
