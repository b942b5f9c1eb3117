"""A manifest is read without holding its members as text, and is still what a plain reading of the same bytes makes of it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.build import cut as cutting
from corpus.build.cut import cut
from corpus.build.manifest import NAME, BuiltSet, Earlier, Manifest, OutputFile, Query, earlier, parse, read
from corpus.build.members import Members
from corpus.build.options import Options
from corpus.errors import BadInput

FILE = OutputFile(path="README.md", rows=0, size=1, sha256="0" * 64)
KEY, ID = "ab" * 32, "01" * 32
PAIR = f'["{KEY}","{ID}"]'
T = TypeVar("T")


def manifest(*counts: int, config: str | None = None) -> Manifest:
    """One with a set of so many members each."""
    query = Query(tenant="acme", where=(), recipes=("sft",), branches={}, gates="", options=Options(), config=config)
    sets = tuple(_set(count) for count in counts)
    return Manifest(builder="1", query=query, position=1, sets=sets, card=FILE)


def _set(count: int) -> BuiltSet:
    members = Members()
    members.add_raw(b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(2 * count)))
    empty: dict[str, int] = {}
    return BuiltSet(
        recipe="sft", version=1, records_in=count, candidates=count, rows=count, dropped={}, classes=empty, redactions=empty, rulesets=(),
        splits=empty, months=empty, lengths={}, files=(FILE,), members=members, root=members.root(),
    )  # fmt: skip


def text_of(told: Manifest) -> bytes:
    file = io.BytesIO()
    told.write(file)
    return file.getvalue()


def plainly(text: bytes) -> tuple[Manifest | None, Earlier | None]:
    return _or_none(lambda: Manifest.model_validate_json(text)), _or_none(lambda: Earlier.model_validate_json(text))


def cut_first(text: bytes) -> tuple[Manifest | None, Earlier | None]:
    found = cut(io.BytesIO(text))
    whole = _or_none(lambda: Manifest.model_validate_json(found.text, context=found.members))
    return whole, _or_none(lambda: Earlier.model_validate_json(found.text))


def _or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ValueError:
        return None


WHOLE = [text_of(manifest(*counts)) for counts in ((), (0,), (1,), (7, 0, 9), (40, 8), (25,))]
BITS = [
    b'"members":', b'"members":[["', b'\\"members":[["', b"[", b"]", b"]]", b'"', b",", b"{", b"}", b"\\", b" ", b"\0", b"\xff", b"A", b"0",
    b"null",
    b'"name":[["', PAIR.encode(), b"[%b]" % PAIR.encode(), b'"members":[%b],' % PAIR.encode(),
    b'"members":[],', b'"sets":[', b'"branches":{',
]  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A manifest's text with some bits put in, taken out or moved."""
    text = draw(st.sampled_from(WHOLE))
    marks = [at for at in range(len(text)) if text.startswith((b'"members"', b"[[", b"]]", b'"],', b'{"'), at)] or [0]
    for _ in range(draw(st.integers(0, 3))):
        near = draw(st.sampled_from(marks)) + draw(st.integers(-3, 140))
        at = draw(st.one_of(st.just(max(0, min(near, len(text)))), st.integers(0, len(text))))
        gone = draw(st.sampled_from([0, 0, 1, 2, 64, 135, 136, 272, len(text)]))
        text = text[:at] + draw(st.sampled_from([b"", *BITS])) + text[at + gone :]
    return text


SET = WHOLE[2][WHOLE[2].index(b'{"agents"') : WHOLE[2].index(b'],"side"')]
FIRST, SECOND = (hashlib.sha256(b"%d" % number).hexdigest().encode() for number in range(2))


@given(spoiled(), st.sampled_from([1, 5, 135, 136, 137, 1000, 1 << 20]))
@example(WHOLE[2].replace(b'"branches":{}', b'"branches":{"members":[%b]}' % PAIR.encode()), 1 << 20)
@example(WHOLE[2].replace(b'"branches":{}', b'"branches":{"\\"members":[%b]}' % PAIR.encode()), 1 << 20)
@example(WHOLE[2].replace(b'"classes":{}', b'"classes":{"members":[%b]}' % PAIR.encode()), 1 << 20)
@example(WHOLE[2].replace(b'"config":null', b'"config":"\\"members\\":[%b]"' % PAIR.encode().replace(b'"', b'\\"')), 1 << 20)
@example(WHOLE[2].replace(b'"members":[', b'"members":[%b],"members":[' % PAIR.encode()), 1 << 20)
@example(WHOLE[2].replace(FIRST, FIRST.upper()), 1 << 20)
@example(json.dumps(json.loads(WHOLE[3]), indent=1).encode(), 1 << 20)
@example(WHOLE[4].replace(b"]]", b"],[]]"), 1 << 20)
@example(WHOLE[4].replace(b"]]", b"],"), 1 << 20)
@example(WHOLE[4].replace(b"]]", b"] ]"), 1 << 20)
@example(WHOLE[4].replace(FIRST + b'","', b"," * 64 + b'","').replace(SECOND + b'"]', b"," * 64 + b'"]'), 1 << 20)
@example(WHOLE[4][: WHOLE[4].rindex(b"]]")], 1 << 20)
@example(WHOLE[2].replace(b'"builder":"1"', b'"builder":' + b"[" * 100_000), 1 << 20)
@example(b'{"members":[["' * 3000, 1 << 20)
def test_what_any_text_is_taken_for_is_what_it_plainly_is(text: bytes, piece: int) -> None:
    with pytest.MonkeyPatch.context() as smaller:
        smaller.setattr(cutting, "_PIECE", piece)
        assert cut_first(text) == plainly(text)


@pytest.mark.parametrize("counts", [(1,), (9, 1, 8), (5000,)])
@pytest.mark.parametrize("piece", [7, 4096, 1 << 20])
def test_members_that_are_written_as_ours_are_leave_the_text(counts: tuple[int, ...], piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "_PIECE", piece)
    told = manifest(*counts)
    found = cut(io.BytesIO(text_of(told)))
    assert list(found.members.values()) == [one.members for one in told.sets]
    assert PAIR[:3].encode() not in found.text.replace(b'["sft"]', b"")
    assert Manifest.model_validate_json(found.text, context=found.members) == told


def test_a_text_cannot_name_what_was_cut_out_of_it() -> None:
    text = WHOLE[2].replace(b'"sets":[', b'"sets":[' + SET.replace(SET[SET.index(b"[[") : SET.index(b"]]") + 2], b'"0"') + b",")
    assert plainly(text)[0] is None
    assert cut_first(text)[0] is None


@pytest.mark.parametrize(
    "value",
    ["null", "7", '"name"', "{}", "[1]", "[null]", '["ab"]', "[[]]", f'[["{KEY}"]]', f"[[{PAIR}]]", f'[["{KEY}","{ID}",""]]',
     f'[{{"{KEY}":0,"{ID}":0}}]', f'[["{KEY}{ID[:2]}","{ID[2:]}"]]', f'[["{KEY}",{"1" * 64}]]', f'[["{KEY[2:]}  ","{ID}"]]',
     f'[["{KEY[1:]}g","{ID}"]]'],
)  # fmt: skip
def test_what_are_no_pairs_of_hashes_is_bad_input(value: str, tmp_path: Path) -> None:
    text = WHOLE[2].decode()
    (tmp_path / NAME).write_text(text.replace(text[text.index("[[") : text.index("]]") + 2], value))
    with pytest.raises(BadInput, match="not the manifest"):
        read(tmp_path / NAME)


def test_what_has_more_than_any_manifest_is_bad_input_and_no_earlier_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = manifest(2000, 0, 2000)
    (tmp_path / NAME).write_bytes(text_of(told))
    monkeypatch.setattr(cutting, "MOST", 10_000)
    assert parse(tmp_path / NAME) == told
    assert earlier(tmp_path) is not None
    (tmp_path / NAME).write_bytes(text_of(manifest(1, config="-" * 10_000)))
    with pytest.raises(BadInput, match="not the manifest"):
        read(tmp_path / NAME)
    assert earlier(tmp_path) is None
