"""Licences told by the sentences of their usual notices, where a file has the text itself and no identifier.

The sentences are those that the licences' own appendices and the Open Source Initiative's texts give. A licence whose version the text does
not tell is named as a family, like ``GPL-*``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_EDGES = " \t\r\f\v*#/\\;%!\"'<>{}()|.-"
"""What comments have around their lines."""
_UNDER = (
    r"(?:(?:under|by|to) the (?:terms|conditions|terms and conditions) of (?:the )?|(?:licen[sc]ed|released|distributed) under (?:the )?)"
)
_GNU = re.compile(
    rf"(?:{_UNDER}|received a copy of the )(?:either )?(?:version (?P<first>\d(?:\.\d)?) of the )?"
    r"gnu (?P<kind>lesser |library |affero )?(?:general )?public licen[sc]e(?:,? \(?l?a?gpl\)?)?"
    r"(?: \(?(?:as )?published by the free software foundation\)?)?[,;:]? ?(?=(?P<rest>.{0,300}))"
    r"|gnu (?P<listed>lesser |library |affero )?general public licen[sc]e v(?P<short>\d(?:\.\d)?)(?P<plus>\+?) \(see copying"
)
_VERSION = re.compile(r"\(?(?:either )?(?:version |v\.? ?)(\d(?:\.\d)?)")
_LATER = re.compile(r"either version|any later|or later|\d\+")
_APACHE = re.compile(r"under the (?:terms of the )?apache licen[sc]e(?:,? (?:version |v\.? ?)(\d\.\d))?")
_MOZILLA = re.compile(r"(?:to|under) the (?:terms of the )?mozilla public licen[sc]e(?:,? (?:version |v\.? ?)(\d\.\d))?")
_MIT = re.compile(
    r"permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation"
    r"|(?:licen[sc]ed|released|distributed|governed) (?:under|by) (?:the |an )(?:terms of the )?mit(?:-style)? licen[sc]e"
    r"|or the mit licen[sc]e(?: <| license-mit|,)"  # as Rust's crates have it, behind Apache's
)
_BSD = "redistribution and use in source and binary forms, with or without modification, are permitted"
_BSD_STYLE = re.compile(
    r"(?:licen[sc]ed|released|distributed|governed) (?:under|by) (?:the |a )(?:terms of the )?bsd(?:-style)? licen[sc]e"
)


def told(lines: Iterable[str]) -> Iterator[str]:
    """The licences whose notices stand in ``lines``, which stand together in a file: SPDX identifiers, and families with a ``*``."""
    text = " ".join(" ".join(line.strip(_EDGES) for line in lines).split()).lower()
    for found in _GNU.finditer(text):
        yield _gnu(found)
    for found in _APACHE.finditer(text):
        yield f"Apache-{found[1] or '*'}"
    for found in _MOZILLA.finditer(text):
        yield f"MPL-{found[1] or '*'}"
    if _MIT.search(text):
        yield "MIT"
    if _BSD in text:
        yield _bsd(text[text.index(_BSD) :])
    elif _BSD_STYLE.search(text):
        yield "BSD-*"


def _gnu(found: re.Match[str]) -> str:
    kind = {"lesser ": "LGPL", "library ": "LGPL", "affero ": "AGPL"}.get(found["kind"] or found["listed"] or "", "GPL")
    rest = found["rest"] or ""
    behind = _VERSION.match(rest)
    version = found["first"] or found["short"] or (behind and behind[1])
    if version is None:
        return f"{kind}-*"
    later = found["plus"] or _LATER.search(rest)
    return f"{kind}-{version}{'' if '.' in version else '.0'}-{'or-later' if later else 'only'}"


def _bsd(text: str) -> str:
    """Which of BSD's texts it is: of one that is cut off nobody can say what the clauses that are missing were."""
    if "advertising materials" in text:
        return "BSD-4-Clause"
    if re.search(r"neither the names? of|may not be used to endorse", text):
        return "BSD-3-Clause"
    return "BSD-2-Clause" if "this software is provided" in text else "BSD-*"
