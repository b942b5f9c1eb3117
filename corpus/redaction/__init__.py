"""One gate: a draft goes in, a `Redacted` comes out; engine, rules, people and pseudonyms lie behind it."""

from corpus.redaction.gate import Redacted, Redactor

__all__ = ["Redacted", "Redactor"]
