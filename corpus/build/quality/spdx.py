"""The identifiers that a line ``SPDX-License-Identifier:`` names, and the one form in which identifiers are compared.

After the SPDX specification's annexes on licence expressions and on short identifiers in source files (spdx.github.io/spdx-spec). No list
of licences is held here: whatever stands where an identifier may is one.
"""

from __future__ import annotations

import re

IDENTIFIER = r"(?:DocumentRef-[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*:)?[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*\+?"
_TAG = re.compile(r"SPDX-License-Identifier:", re.IGNORECASE)
_TOKEN = re.compile(rf"\s*([()/]|{IDENTIFIER})")
_OPERATORS = frozenset({"and", "or", "with", "/"})
"""Written all large or all small. ``/`` is no operator of SPDX; Cargo's and others' headers had it for ``OR``."""
_GNU = re.compile(r"(?:gpl|lgpl|agpl|gfdl)-\d+\.\d+(\+?)")


def identifiers(line: str) -> list[str]:
    """The licences and exceptions that ``line`` names behind its tag, as written, in their order; none where there is no tag.

    All count, whatever stands between them: of ``A OR B`` nobody is known to have chosen one. What follows a whole expression (the end of a
    comment, prose) is not read.
    """
    tag = _TAG.search(line)
    if tag is None:
        return []
    found: list[str] = []
    at, wanted = tag.end(), True  # whether an identifier comes next, and not an operator
    while (token := _TOKEN.match(line, at)) is not None:
        text = token[1]
        operator = (text == text.upper() and text.lower() in _OPERATORS) or text in _OPERATORS
        if text == ("(" if wanted else ")"):
            pass
        elif text in "()" or operator is wanted:
            break
        else:
            found += [] if operator else [text]
            wanted = not wanted
        at = token.end()
    return found


def form(identifier: str) -> str:
    """``identifier``, or a family with its ``*``, in the form to compare: identifiers that mean the same have the same.

    Case does not matter. ``GPL-2.0`` and ``GPL-2.0+``, which SPDX has deprecated, are ``GPL-2.0-only`` and ``GPL-2.0-or-later``; elsewhere
    a ``+`` is an operator behind the identifier.
    """
    low = identifier.lower()
    gnu = _GNU.fullmatch(low)
    if gnu is None:
        return low.removesuffix("+")
    return f"{low.removesuffix('+')}-{'or-later' if gnu[1] else 'only'}"
