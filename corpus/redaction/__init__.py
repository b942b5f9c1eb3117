"""One gate: a draft goes in, a ``Redacted`` comes out; engine, rules, people and pseudonyms lie behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpus.redaction.gate import Redacted, Redactor

__all__ = ["Redacted", "Redactor"]


def __getattr__(name: str) -> object:
    """The gate needs the record models, which a module that only wants the types of a draft should not wait for."""
    if name in __all__:
        from corpus.redaction import gate

        return getattr(gate, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
