"""Rows that wait as columns for their shard of Parquet: what becomes of them does not depend on how they waited."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.build import parquet, sheets
from corpus.build.assembly import Assembly
from corpus.build.files import FileType, Span, Values, waiting, writer
from corpus.build.options import Options
from corpus.build.row import Column
from corpus.errors import Failed
from tests.corpus.build.world import WritesHere

COLUMNS = (
    Column("text"),
    Column("label", "bool"),
    Column("tools", "json"),
    Column("said", "messages"),
    Column("from", "struct", ("key", "id")),
    Column("turns", "structs", ("role", "content")),
    Column("tokens", "int64"),
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
ROW = st.fixed_dictionaries(
    {
        "text": TEXT,
        "label": st.booleans(),
        "said": st.lists(st.fixed_dictionaries({"content": TEXT})),
        "from": st.fixed_dictionaries({"key": TEXT, "id": TEXT}),
        "turns": st.lists(st.fixed_dictionaries({"role": TEXT, "content": TEXT})),
        "tokens": st.integers(0, 1 << 40),
    },
    optional={"tools": st.none() | st.dictionaries(TEXT, st.none() | st.integers(-9, 9))},
)


def line(row: Values) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def laid(path: Path, rows: Iterable[Values]) -> Path:
    sheet = waiting(FileType.PARQUET, path, COLUMNS)
    for row in rows:
        sheet.add(line(row), row)
    sheet.close()
    return path


def shards(top: Path, pieces: list[list[tuple[Values, bool]]], limit: int) -> list[Path]:
    top.mkdir()
    options = Options(file_type=FileType.PARQUET, shard_bytes=limit)
    found = Assembly(top / "set", "set", "train", options, WritesHere(FileType.PARQUET, COLUMNS))
    for number, rows in enumerate(pieces):
        found.add(str(number), laid(top / str(number), (row for row, _ in rows)), [(len(line(row)), stays) for row, stays in rows])
    return [top / file.path for file in found.finish()]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(ROW, st.booleans()))), st.integers(1, 2000))
def test_a_shard_is_its_rows_whatever_waited_with_them_and_in_how_many_files(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, pieces: list[list[tuple[Values, bool]]], limit: int
) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 700)
    monkeypatch.setattr(sheets, "_BATCH_BYTES", 300)
    top = tmp_path_factory.mktemp("shards")
    kept = [row for piece in pieces for row, stays in piece if stays]
    files = shards(top / "many", pieces, limit)
    read = [row for file in files for row in pq.read_table(file).to_pylist()]
    for row in read:
        row |= {"tools": None if row["tools"] is None else orjson.loads(row["tools"]), "said": [orjson.loads(one) for one in row["said"]]}
    assert read == [{"tools": None} | row for row in kept]
    monkeypatch.setattr(sheets, "_BATCH_BYTES", 1 << 20)
    again = shards(top / "one", [[(row, True) for row in kept]], limit)
    assert [hashlib.sha256(file.read_bytes()).digest() for file in again] == [hashlib.sha256(file.read_bytes()).digest() for file in files]


@pytest.mark.parametrize("kind", FileType)
def test_what_ends_before_its_rows_is_an_error(tmp_path: Path, kind: FileType) -> None:
    row: Values = {"text": "a", "label": True, "said": [], "from": {"key": "", "id": ""}, "turns": [], "tokens": 1}
    path = tmp_path / "rows"
    sheet = waiting(kind, path, COLUMNS)
    sheet.add(line(row), row)
    sheet.close()
    with open(tmp_path / "shard", "wb") as file, pytest.raises(Failed, match="cut short"):
        writer(kind, file, COLUMNS).take(path, [Span(0, len(line(row)) + 1)])


def test_where_pages_end_does_not_depend_on_it_either(tmp_path: Path) -> None:
    made: list[Values] = [
        {"text": f"{number} " * 200, "label": True, "said": [], "from": {"key": "", "id": ""}, "turns": [], "tokens": 1}
        for number in range(3000)
    ]
    rows = [(row, True) for row in made]
    (one,) = shards(tmp_path / "one", [rows], 1 << 30)
    (two,) = shards(tmp_path / "two", [rows[:700], rows[700:2900], rows[2900:]], 1 << 30)
    assert pq.ParquetFile(one).metadata.num_row_groups == 1
    assert one.read_bytes() == two.read_bytes()
