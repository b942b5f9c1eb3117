"""Files as a careful attacker would forge them, right name, right digests, listed: refused with one line, soon, in little memory."""

from __future__ import annotations

import hashlib
import json
import os
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from corpus.store import Corpus
from corpus.store.directory import Directory
from corpus.store.packlist import read_list, write_list
from tests.boundaries.told import Done, told
from tests.bytes_of import unpacked
from tests.corpus.store.making import make_root, record

RECORDS = 20
MEMORY = 3 << 30
"""Bytes of address space; what is asked for without need is refused by the system."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = make_root(tmp_path / "root")
    with Corpus.open(made, "acme") as corpus:
        corpus.append_many(record(f"r{number}") for number in range(RECORDS))
        corpus.append(record("loose"))
        corpus.sequence()
    return made


def file(root: Path, suffix: str) -> Path:
    (found,) = root.glob(f"acme/packs/*{suffix}")
    return found


def relisted(root: Path, **changed: object) -> None:
    with Directory.open(root / "acme/packs") as packs:
        (one,) = read_list(packs, "acme")
        write_list(packs, "acme", (replace(one, **changed),))  # type: ignore[arg-type]


def packed(root: Path, data: bytes) -> None:
    """A pack of ``data`` in the place of the one there is, under its own name."""
    old, new = file(root, ".jsonl.zst"), hashlib.sha256(data).hexdigest()
    for suffix in (".parquet", ".keys"):
        file(root, suffix).rename(old.with_name(f"{new}{suffix}"))
    old.unlink()
    old.with_name(f"{new}.jsonl.zst").write_bytes(data)
    relisted(root, pack=new, size=len(data))


def lines(root: Path) -> bytes:
    return unpacked(file(root, ".jsonl.zst"))


def skippable(size: int, claimed: int | None = None) -> bytes:
    return (0x184D2A50).to_bytes(4, "little") + (size if claimed is None else claimed).to_bytes(4, "little") + bytes(size)


def with_dictionary(root: Path) -> bytes:
    samples = [lines(root)[at : at + 900] + os.urandom(40) for at in range(0, len(lines(root)), 90)]
    return zstandard.ZstdCompressor(dict_data=zstandard.train_dictionary(4096, samples)).compress(lines(root))


def another_size(root: Path) -> bytes:
    data = bytearray(zstandard.ZstdCompressor().compress(lines(root)))
    data[5] ^= 1
    return bytes(data)


FRAMES: dict[str, Callable[[Path], bytes]] = {
    "a frame that does not say its size": lambda root: zstandard.ZstdCompressor(write_content_size=False).compress(lines(root)),
    "a frame that says another size": another_size,
    "a frame with a dictionary": with_dictionary,
    "a frame to be skipped before": lambda root: skippable(16) + file(root, ".jsonl.zst").read_bytes(),
    "a frame to be skipped after": lambda root: file(root, ".jsonl.zst").read_bytes() + skippable(1 << 20),
    "a frame to be skipped that does not end": lambda root: file(root, ".jsonl.zst").read_bytes() + skippable(99, 0xFFFFFFFF),
    "a frame of a gigabyte": lambda root: zstandard.ZstdCompressor(level=1).compress(bytes(1 << 30)),
    "two thousand frames that say what they hold": lambda root: zstandard.ZstdCompressor(level=1).compress(bytes(63 << 20)) * 2000,
    "beginnings of frames, and blocks without end": lambda root: (b"\x28\xb5\x2f\xfd\x20\x0a" * 20_000) + bytes(2_000_000),
    "nothing": lambda root: b"",
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", FRAMES)
def test_a_pack_of_hostile_frames_is_refused_soon_and_repair_sets_it_aside(root: Path, kind: str) -> None:
    packed(root, FRAMES[kind](root))
    refused(asked(root, "verify"))
    read = asked(root, "stats")
    assert read.code in (0, 4), read
    repaired = asked(root, "verify", "--repair", "--json")
    left = json.loads(repaired.out)["records"]
    assert left in (1, RECORDS + 1)
    assert all("names the key" in problem["line"] for problem in json.loads(repaired.out)["problems"])
    assert asked(root, "stats").code == 0


@pytest.mark.timeout(120)
def test_an_index_that_unfolds_to_more_rows_than_any_pack_has_is_not_unpacked(root: Path) -> None:
    """Rows that are all the same take next to nothing, and gigabytes once they are read."""
    path, rows = file(root, ".parquet"), 3_000_000
    table = pq.read_table(path)
    columns = [_repeated(table.column(kind.name)[0], rows) for kind in table.schema]
    many = pa.table(columns, names=table.schema.names).replace_schema_metadata(table.schema.metadata)
    with pq.ParquetWriter(path, many.schema, store_schema=False) as writer:
        writer.write_table(many)
    assert path.stat().st_size < 1 << 23
    relisted(root, index=hashlib.sha256(path.read_bytes()).hexdigest(), records=rows)
    for words in ("verify", "stats"):
        done = asked(root, words)
        refused(done)
        assert "packs/list is no list of packs" in done.err
    assert asked(root, "verify", "--repair").code == 0


def _repeated(value: pa.Scalar, rows: int) -> pa.Array:
    if not value.is_valid:
        return pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()), pa.array([], value.type))
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([value.as_py()], value.type))


def column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)


def deep() -> pa.Array:
    kind, value = pa.int64(), 1
    for _ in range(200):
        kind, value = pa.list_(kind), [value]  # type: ignore[assignment]
    return pa.array([value] * RECORDS, kind)


def nulls(table: pa.Table) -> pa.Table:
    for name in ("key", "id", "created_us", "size", "tenant"):
        table = column(table, name, pa.array([None] * RECORDS, table.schema.field(name).type))
    return table


def negative(table: pa.Table) -> pa.Table:
    for name in ("size", "offset", "frame_offset", "frame_size", "frame_content", "created_us"):
        table = column(table, name, pa.array([-(1 << 63)] * RECORDS, pa.int64()))
    return table


INDEXES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "a column of lists in lists": lambda table: column(table, "role", deep()),
    "nulls where there is a value": nulls,
    "numbers that are none": lambda table: column(table, "size", pa.array([1.5] * RECORDS)),
    "numbers below nothing": negative,
    "keys that are paths": lambda table: column(table, "key", pa.array(["../../other"] * RECORDS)),
    "a row too few": lambda table: table.slice(1),
    "a column more": lambda table: table.append_column("more", pa.array(["x"] * RECORDS)),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", INDEXES)
def test_a_forged_index_is_refused_and_made_again(root: Path, kind: str) -> None:
    path = file(root, ".parquet")
    pq.write_table(INDEXES[kind](pq.read_table(path)), path)
    relisted(root, index=hashlib.sha256(path.read_bytes()).hexdigest())
    refused(asked(root, "verify"))
    assert asked(root, "stats").code in (0, 4)
    assert asked(root, "verify", "--repair").code == 0
    assert asked(root, "verify").code == 0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("suffix", [".jsonl.zst", ".keys", ".parquet"])
def test_a_file_of_a_pack_without_end_is_not_read_whole_and_mended(root: Path, suffix: str) -> None:
    os.truncate(file(root, suffix), 1 << 40)
    refused(asked(root, "verify"))
    assert asked(root, "stats").code in (0, 4)
    repaired = asked(root, "verify", "--repair", "--json")
    assert repaired.out, repaired
    assert json.loads(repaired.out)["records"] == (1 if suffix == ".jsonl.zst" else RECORDS + 1)


HUGE = ["tenant.toml", "packs/list", "log/0000000000000001.log", "engineering/feedback/huge.jsonl", "../root.toml"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", HUGE)
def test_a_file_without_end_is_not_read_whole(root: Path, name: str) -> None:
    with (root / "acme" / name).open("ab") as stream:
        stream.truncate(1 << 40)
    refused(asked(root, "verify"))
    refused(asked(root, "stats")) if "log" not in name else None


def asked(root: Path, *words: str) -> Done:
    """What a command says that may use no more memory than it needs."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, before[1]))
    try:
        return told("corpus", *words, "--tenant", "acme", "--root", root, cwd=root)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def refused(done: Done) -> None:
    assert done.code in (3, 4), done
    assert len(done.err.splitlines()) == 1
