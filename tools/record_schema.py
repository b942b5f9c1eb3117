#!/usr/bin/env python3
"""Prints the JSON Schema (draft 2020-12) of a stored line, made from the models that read it.

.venv/bin/python tools/record_schema.py > docs/schema/record-1.schema.json
"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from corpus.record import Header, RedactionSummary, TupleType
from corpus.record.model import BODIES, SCHEMA

_HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def schema() -> dict[str, Any]:
    """The schema: a line without its body's type, and for each type what its body is."""
    models = [Header, RedactionSummary, *BODIES.values()]
    _, made = models_json_schema([(model, "validation") for model in models], by_alias=True, ref_template="#/$defs/{model}")
    properties = {
        "body": {"type": "object", "description": "What the header's tuple_type names."},
        "header": {"$ref": "#/$defs/Header"},
        "id": {**_HASH, "description": "Which bytes: SHA-256 of the line without this member and its comma."},
        "key": {**_HASH, "description": "Who it is: SHA-256 of the canonical list of tenant, tuple_type and the source's own name."},
        "redaction": {"$ref": "#/$defs/RedactionSummary"},
        "revision": {"type": "integer", "minimum": 0, "maximum": 2**53 - 1},
        "schema": {"const": SCHEMA},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:trajectory-substrate:record-{SCHEMA}",
        "title": f"A record, schema {SCHEMA}",
        "description": "One line of a corpus. Beyond this schema a line is canonical (RFC 8785) and its hashes are right: docs/writers.md.",
        "type": "object",
        "additionalProperties": False,
        "required": sorted(properties),
        "properties": properties,
        "allOf": [_body(kind) for kind in TupleType],
        "$defs": _plain(made["$defs"]),
    }


def _body(kind: TupleType) -> dict[str, Any]:
    of_kind = {"properties": {"header": {"properties": {"tuple_type": {"const": kind.value}}}}}
    return {"if": of_kind, "then": {"properties": {"body": {"$ref": f"#/$defs/{BODIES[kind].__name__}"}}}}


def _plain(value: Any, *, named: bool = True) -> Any:
    """Without titles that repeat a field's name, descriptions in one line, and patterns as ECMA-262 writes them. ``named``: the members
    of ``value`` are somebody's names."""
    if isinstance(value, list):
        return [_plain(each, named=False) for each in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, each in value.items():
        if not named and name == "title":
            continue
        if not named and name == "description":
            made[name] = " ".join(each.split()).replace("``", "`")
        elif not named and name == "pattern":
            made[name] = each.replace(r"\A", "^").replace(r"\z", "$")
        elif not named and name in ("default", "const", "enum", "required"):
            made[name] = each
        else:
            made[name] = _plain(each, named=not named and name in ("properties", "$defs"))
    return made


def text() -> str:
    return json.dumps(schema(), ensure_ascii=False, indent=1, sort_keys=True)


if __name__ == "__main__":
    print(text())
