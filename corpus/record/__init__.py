"""What a record is: models, canonical bytes, keys and ids."""

from corpus.record.bodies import (
    Body,
    EditBody,
    FeedbackBody,
    FileChange,
    LinkBody,
    LinkKind,
    Message,
    SeenIn,
    Signature,
)
from corpus.record.canonical import dumps, key_of, line_id
from corpus.record.header import EvidenceClass, Header, RedactionClass, Scope, TupleType
from corpus.record.model import Record, RedactionSummary, parse_line, seal

__all__ = [
    "Body",
    "EditBody",
    "EvidenceClass",
    "FeedbackBody",
    "FileChange",
    "Header",
    "LinkBody",
    "LinkKind",
    "Message",
    "Record",
    "RedactionClass",
    "RedactionSummary",
    "Scope",
    "SeenIn",
    "Signature",
    "TupleType",
    "dumps",
    "key_of",
    "line_id",
    "parse_line",
    "seal",
]
