"""A stored line is what its writer made, to the byte: whatever would read differently elsewhere is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import orjson
import pytest

from corpus.errors import Broken, Refused
from corpus.record import Header, RedactionSummary, dumps, key_of, line_id
from corpus.record.model import seal
from corpus.store.lines import entry_of
from corpus.store.rows import row_of
from corpus.store.whole import whole
from tests.corpus.record.test_told import GOOD
from tests.corpus.store.making import record

NESTED = {"id": "0" * 64, "key": "0" * 64, "redaction": {}}
LINE = record("one", text="a word").line


def sealed(line: bytes) -> bytes:
    """``line`` with the id that is the hash of its bytes, however it is written."""
    stored = line_id(line)[0].encode()
    bare = line.replace(b',"id":"' + stored + b'"', b"", 1)
    return line.replace(stored, hashlib.sha256(bare).hexdigest().encode())


def changed(**fields: object) -> bytes:
    return sealed(dumps(orjson.loads(LINE) | fields))


def in_body(text: bytes) -> bytes:
    return sealed(LINE.replace(b'"reason":null', b'"reason":' + text))


ODD: dict[str, Callable[[], bytes]] = {
    "another word": lambda: LINE.replace(b"please", b"plaese"),
    "another id": lambda: LINE.replace(record("one", text="a word").id.encode(), b"0" * 64),
    "half a line": lambda: LINE[:-1],
    "a space": lambda: sealed(LINE.replace(b'"reason":null', b'"reason": null')),
    "members out of order": lambda: sealed(LINE.replace(b'"revision":0,"schema":1', b'"schema":1,"revision":0')),
    "a member twice": lambda: in_body(b'"a","reason":"b"'),
    "a letter escaped": lambda: in_body(b'"\\u0061"'),
    "a slash escaped": lambda: in_body(b'"\\/"'),
    "a letter beyond ASCII escaped": lambda: in_body(b'"\\u00e9"'),
    "half a pair": lambda: in_body(b'"\\ud800"'),
    "bytes that are no text": lambda: in_body(b'"\xff"'),
    "NaN": lambda: in_body(b"NaN"),
    "a mark of byte order": lambda: b"\xef\xbb\xbf" + LINE,
    "a carriage return": lambda: LINE + b"\r",
    "a fraction": lambda: in_body(b"1.5"),
    "a fraction deep below": lambda: in_body(b'[{"a":[0,{"b":[1.5]}]}]'),
    "a whole number written as a fraction": lambda: in_body(b"1.0"),
    "a number with an exponent": lambda: in_body(b"1e3"),
    "a number no reader holds": lambda: in_body(b"9007199254740993"),
    "a number of 5,000 digits": lambda: in_body(b"1" + b"0" * 5000),
    "minus nothing": lambda: in_body(b"-0"),
    "depth": lambda: in_body(b"[" * 1000 + b"]" * 1000),
    "depth without end": lambda: in_body(b"[" * 50_000 + b"]" * 50_000),
    "a name beyond ASCII": lambda: in_body('{"é":1}'.encode()),
    "a field too many": lambda: changed(zero=1),
    "another schema": lambda: changed(schema=2),
    "a schema with a fraction": lambda: changed(schema=1.0),
    "a schema that is true": lambda: changed(schema=True),
    "a revision below nothing": lambda: changed(revision=-1),
    "a revision that is none": lambda: changed(revision="0"),
    "a redaction that hides an id": lambda: changed(
        redaction={"counts": {}, "id": "0" * 64, "key": "0" * 64, "redaction": {}, "ruleset": "x"}
    ),
    "counts that are a list": lambda: changed(redaction={"counts": [], "ruleset": "x"}),
    "counts of a fraction": lambda: changed(redaction={"counts": {"a": 1.0}, "ruleset": "x"}),
    "counts under a name beyond ASCII": lambda: changed(redaction={"counts": {"é": 1}, "ruleset": "x"}),
    "an id that is none over a body that has one": lambda: changed(body={"a": 0} | NESTED, id=1),
    "counts that are none": lambda: changed(redaction={"counts": {"a": "b"}, "ruleset": "x"}),
    "a ruleset that is none": lambda: changed(redaction={"counts": {}, "ruleset": {}}),
    "a header with a field too many": lambda: changed(header=orjson.loads(LINE)["header"] | {"more": 1}),
    "a time that is none": lambda: changed(header=orjson.loads(LINE)["header"] | {"created": "2026-13-01T00:00:00Z"}),
    "a commit that is another": lambda: of("edit", {}, "1" * 40),
    "a link without ends": lambda: of("link", {"kind": "session_of"}),
    "a link to a number": lambda: of("link", {"kind": "session_of", "from": "a", "to": 1, "value": None}),
    "a link under another key": lambda: of("link", {"kind": "session_of", "from": "a", "to": "b", "value": None}),
    "a trajectory that counts no events": lambda: of("trajectory", {}),
    "no object": lambda: b'["header"]',
    "nothing": lambda: b"",
}


def of(tuple_type: str, body: dict[str, object], commit: str | None = None) -> bytes:
    """A sealed line of that type under the key of another commit."""
    header = orjson.loads(LINE)["header"] | {"tuple_type": tuple_type, "source_commit": commit}
    return sealed(dumps(orjson.loads(LINE) | {"header": header, "body": body, "key": key_of("acme", "edit", "2" * 40)}))


@pytest.mark.parametrize("kind", ODD)
def test_what_is_not_a_whole_line_is_broken_and_nothing_of_it_is_said(kind: str) -> None:
    with pytest.raises(Broken, match=r"^where: ") as refused:
        whole(ODD[kind](), "where", "acme")
    assert "word" not in str(refused.value)


def test_a_line_that_is_whole_gives_its_row() -> None:
    assert whole(LINE, "where", "acme") == row_of(entry_of(LINE, "where", (), "acme"), LINE)
    assert whole(in_body('"\\n\\u0001é<\U0001f600"'.encode()), "where", "acme")
    body = {"kind": "session_of", "from": "a", "to": "b", "value": None}
    key = key_of("acme", "link", "session_of", "a", "b", None)
    header = Header.model_validate(GOOD | {"tuple_type": "link", "source_commit": None})
    line = seal(key, header, RedactionSummary(ruleset="x@0", counts={"A": 1}), Body(body))[1]
    row = whole(line, "where", "acme")
    assert row == row_of(entry_of(line, "where", (), "acme"), line)
    assert (row.link_from, row.link_to, row.size) == ("a", "b", len(line))


class Body:
    def __init__(self, value: dict[str, object]) -> None:
        self.value = value

    def model_dump(self, **how: object) -> dict[str, object]:
        return self.value


def test_another_tenants_line_is_refused() -> None:
    with pytest.raises(Refused, match="of tenant 'other' lies in the directory of 'acme'"):
        whole(record("x", tenant="other").line, "where", "acme")
