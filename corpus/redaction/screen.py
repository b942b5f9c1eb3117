"""Cuts prose into blocks for the NER model and says which of them can hold a name, a place or an address at all.

The model is slow and most technical prose has nobody in it. A block passes when it has a capitalised word that is neither an ordinary
word at the start of a sentence nor a thing's name, a letter beyond ASCII, or words that announce a person, a place or a number. Nothing
that the screen holds back is looked at, so it is made to err towards passing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from corpus.redaction.wordlist import wordlist

# Raise it when what passes changes: it is part of the ruleset's digest.
VERSION = 1
# What the model sees at once, in characters; its authors found it surest in windows of this size (480).
BLOCK = 320
_ENOUGH = 150
_CAPITAL = re.compile(r"(?<![\w./@\\$#`:_-])([A-Z][a-z]+(?:['\u2019-]?[A-Z]?[a-z]+)*)(?![\w(=@\\`_]|[./:]\w)|\b[A-Z]\. [A-Z][a-z]+")
_FOREIGN = re.compile("[\u00c0-\u024f\u0370-\u1fff\u2c60-\u2fdf\u3040-\ud7ff\uf900-\ufaff]")
_SHOUTED = re.compile(r"\b[A-Z]{4,}(?: [A-Z]{3,})+\b")
_CUE = re.compile(
    r"\b(?:name(?:'s| is)|name:|i am|i'm|mrs?|ms\.|dr|prof|dear|regards|sincerely|(?:lives?|living) (?:at|in|on)|born|"
    r"(?:maiden|last|first|family|sur|full|middle)[ -]?name|user:|bot:|agent:|customer:|wife|husband|mother|father|"
    r"said|told|spoke|call(?:ed)? me|address(?:es)? (?:is|are|of)|address:|avenue|street|boulevard|apt\.?|p\.? ?o\.? box|"
    r"zip ?code|postcode|passport|licen[cs]e number|social security|mobile|fax|tel)\b|"
    r"\d{1,6} [a-z]{4,} (?:\d{1,4}\b|(?:st|rd|ave|str)\b)|"
    r"(?<![\w.:/-])(?!\d{4}-\d\d-\d\d)\+?\(?\d{2,4}\)?(?:[ -]\d{2,4}){2,4}\b(?![-:/.]\d)",
    re.IGNORECASE,
)
_ENDING = re.compile(r"(?:['\u2019](?:s|re|ll|ve|d|t|m)|n['\u2019]t)\Z")
_LOWER = re.compile(r"(?<![\w./@\\$#`:_'-])[a-z]{4,}(?![\w(=@\\`_'-]|[./:]\w)")
_BEFORE = re.compile(r"(?:\A|[.!?:;>|]|\n)[\s*#>\"'(\[\u201c\u2018-]*\Z|(?:\A|\n)\s*\d+[.)] *\Z")

# A capital inside a word makes it a thing's name (``NumPy``), but for these beginnings of names.
HUMPED = re.compile(r"(?<![^\W_])(?!Mc|Mac|De|Di|Da|Du|La|Le|Van|Von|Fitz|O['\u2019])[A-Z]?[a-z]+[A-Z]")


@cache
def things() -> frozenset[str]:
    """Words that are capitalised and name nobody."""
    return wordlist("proper.txt")


@cache
def common() -> frozenset[str]:
    """Ordinary words, in lower case."""
    return wordlist("common.txt")


@cache
def _both() -> frozenset[str]:
    return wordlist("ordinary-names.txt")


def blocks(text: str) -> Iterator[tuple[int, int]]:
    """Spans that together cover ``text``: whole lines as far as they fit, cut at sentences, words or anywhere where they do not."""
    start = 0
    while start < len(text):
        end = min(start + BLOCK, len(text))
        if end < len(text):
            end = _cut(text, start, end)
        gap = text.find("\n\n", start + _ENOUGH, end)
        if gap != -1:
            end = gap + 2
        yield start, end
        start = end


def _cut(text: str, start: int, end: int) -> int:
    for mark in ("\n\n", "\n", ". ", " "):
        at = text.rfind(mark, start + _ENOUGH, end)
        if at != -1:
            return at + len(mark)
    return end


def suspicious(block: str) -> bool:
    """Whether ``block`` may hold what only the model can tell."""
    if _FOREIGN.search(block) or _CUE.search(block) or _SHOUTED.search(block):
        return True
    if block.islower() and any(word not in common() for word in _LOWER.findall(block)):
        return True  # whoever writes without capitals writes names so too
    for each in _CAPITAL.finditer(block):
        word = each[1]
        if word is None:
            return True
        word = _ENDING.sub("", word)
        lower = word.lower()
        if word in things() or HUMPED.search(word):
            continue
        if lower not in common() and not all(part in common() for part in lower.split("-")):
            return True
        if lower in _both() and not _BEFORE.search(block, max(0, each.start() - 12), each.start()):
            return True
    return False
