"""Packs: what is sealed reads as what was loose, newest version a key, and any tool can read it."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import zstandard

from corpus.errors import BadInput, Broken
from corpus.redaction import Redacted
from corpus.store import Corpus, frames, packing
from corpus.store import corpus as module
from corpus.store.directory import Directory
from corpus.store.index import batches_of
from corpus.store.packlist import index_name, read_list
from tests.bytes_of import unpacked
from tests.corpus.store.making import make_root, record

if TYPE_CHECKING:
    from typing_extensions import Buffer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root")


@pytest.fixture(autouse=True)
def small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    from corpus.store import packfile

    monkeypatch.setattr(packfile, "FRAME_BYTES", 3000)


def some(count: int, **more: str) -> list[Redacted]:
    return [record(f"r{number}", created=f"2026-01-{number % 28 + 1:02d}T00:00:00Z", **more) for number in range(count)]


def files(corpus: Corpus, pattern: str) -> list[Path]:
    return sorted(corpus.path.rglob(pattern))


def read_back(corpus: Corpus) -> dict[str, bytes]:
    return {entry.key: corpus.read_line(entry) for entry in corpus.entries()}


def test_sealed_records_read_as_the_loose_ones_did_and_the_loose_files_go(root: Path) -> None:
    records = some(20)
    with Corpus.open(root, "acme") as corpus:
        for one in records:
            corpus.append(one)
        before = [(entry.key, entry.id, entry.header, entry.created_us) for entry in corpus.entries()]
        done = corpus.pack()
        assert (done.records, done.packs, done.broken) == (20, 1, [])
        assert files(corpus, "*.jsonl") == []
        assert [(entry.key, entry.id, entry.header, entry.created_us) for entry in corpus.entries()] == before
        assert read_back(corpus) == {one.key: one.line for one in records}
        assert not any(corpus.append(one) for one in records)
        assert corpus.append_many(records) == 0
        assert corpus.get(records[3].id) == corpus.get(records[3].key[:10]) == corpus.get(records[3].id[:9])
        with pytest.raises(BadInput):
            corpus.get("0" * 63)
        assert corpus.pack().packs == 0
    for path in [*root.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_pack_is_lines_in_frames_of_their_own_and_its_index_says_where(root: Path) -> None:
    records = {one.id: one for one in some(12)}
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(records.values())
        corpus.pack()
        (pack,) = files(corpus, "*.jsonl.zst")
        assert hashlib.sha256(pack.read_bytes()).hexdigest() == pack.name.split(".")[0]
        plain = subprocess.run(["zstd", "-dcq", pack], capture_output=True, check=True).stdout if _has_zstd() else unpacked(pack)
        assert sorted(plain.splitlines()) == sorted(one.line for one in records.values())
        rows = pq.read_table(pack.with_name(pack.name.replace(".jsonl.zst", ".parquet"))).to_pylist()
        assert [(row["created_us"], row["key"]) for row in rows] == sorted((row["created_us"], row["key"]) for row in rows)
        data = pack.read_bytes()
        assert len({row["frame_offset"] for row in rows}) > 2
        for row in rows:
            frame = zstandard.ZstdDecompressor().decompress(data[row["frame_offset"] :][: row["frame_size"]])
            assert frame[row["offset"] :][: row["size"]] == records[row["id"]].line
            assert row["tenant"] == "acme"
            assert row["moduleId"] == "billing"


def _has_zstd() -> bool:
    return subprocess.run(["sh", "-c", "command -v zstd"], capture_output=True, check=False).returncode == 0


def test_a_newer_version_is_read_loose_and_the_older_leaves_with_the_next_pack(root: Path) -> None:
    records = some(30)
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(records)
        corpus.pack()
        (old,) = files(corpus, "*.jsonl.zst")
        newer = record("r7", revision=1, text="never again", created="2026-01-08T00:00:00Z")
        assert corpus.replace(newer)
        assert not corpus.replace(records[7])
        expected = {one.key: one.line for one in records} | {newer.key: newer.line}
        assert read_back(corpus) == expected
        assert corpus.get(newer.key).id == newer.id
        corpus.pack()
        (now,) = files(corpus, "*.jsonl.zst")
        assert now != old
        assert files(corpus, "*.jsonl") == []
        assert read_back(corpus) == expected
        assert records[7].line not in unpacked(now)
        assert not corpus.replace(records[7])


def test_bulk_files_of_before_are_read_and_absorbed(root: Path) -> None:
    records = some(10)
    with Corpus.open(root, "acme") as corpus:
        (corpus.path / "engineering/feedback").mkdir(parents=True)
        bulk = corpus.path / "engineering/feedback/bulk-0.jsonl"
        bulk.write_bytes(b"".join(one.line + b"\n" for one in records))
        assert not corpus.append(records[0])
        newer = record("r3", revision=1, created="2026-01-04T00:00:00Z")
        corpus.replace(newer)
        assert corpus.pack().records == 10
        assert files(corpus, "*.jsonl") == []
        assert read_back(corpus) == {one.key: one.line for one in records} | {newer.key: newer.line}


def test_bulk_records_go_straight_into_packs_and_a_few_stay_loose(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BULK_BYTES", 20_000)
    records = some(60)
    told: list[int] = []
    with Corpus.open(root, "acme") as corpus:
        corpus.append(records[3])
        assert corpus.append_many([*records, *records], told.append) == 59
        assert sum(told) == 59
        assert len(files(corpus, "*.jsonl.zst")) > 1
        assert read_back(corpus) == {one.key: one.line for one in records}
        assert corpus.append_many(some(65)) == 5
        assert len(files(corpus, "engineering/*/*.jsonl")) >= 6


def test_small_packs_are_merged_and_large_ones_left(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Corpus.open(root, "acme") as corpus:
        for at in range(0, 200, 20):
            corpus.append_many(some(200)[at : at + 20])
        assert len(files(corpus, "*.jsonl.zst")) == 10
        corpus.pack()
        assert len(files(corpus, "*.jsonl.zst")) == 1
        assert len(read_back(corpus)) == 200
        sizes = [path.stat().st_mtime_ns for path in files(corpus, "*.jsonl.zst")]
        corpus.append_many(some(220)[200:])
        corpus.pack()  # a tenth of the large one is not worth its rewriting
        assert len(files(corpus, "*.jsonl.zst")) == 2
        assert sizes[0] in [path.stat().st_mtime_ns for path in files(corpus, "*.jsonl.zst")]
        assert len(read_back(corpus)) == 220


def test_packing_begins_by_itself_past_a_count_or_a_size(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Corpus.open(root, "acme") as corpus:
        for one in some(3):
            corpus.append(one)
        assert corpus.pack(only_when_due=True).packs == 0
        with monkeypatch.context() as few:
            few.setattr(packing, "DUE_FILES", 2)
            assert corpus.pack(only_when_due=True).records == 3
        corpus.append(record("large", text="word " * 100))
        with monkeypatch.context() as small:
            small.setattr(packing, "DUE_BYTES", 300)
            assert corpus.pack(only_when_due=True).records == 1


def test_a_reader_that_listed_before_finds_every_record_after(root: Path) -> None:
    records = some(40)
    with Corpus.open(root, "acme") as reader, Corpus.open(root, "acme") as writer:
        writer.append_many(records[:30])
        for one in records[30:]:
            writer.append(one)
        listed = list(reader.entries())
        half = {entry.key: reader.read_line(entry) for entry in listed[::2]}
        newer = record("r35", revision=1, text="newer", created="2026-01-08T00:00:00Z")
        writer.replace(newer)
        writer.pack()
        rest = {entry.key: reader.read_line(entry) for entry in listed}
        assert half.items() <= {one.key: one.line for one in records}.items()
        assert rest == {one.key: one.line for one in records} | {newer.key: newer.line}
        assert all(reader.read(entry) for entry in listed)


def test_a_loose_file_that_cannot_be_read_stays_and_the_others_are_packed(root: Path) -> None:
    with Corpus.open(root, "acme") as corpus:
        for one in some(5):
            corpus.append(one)
        path = files(corpus, "*.jsonl")[2]
        path.write_bytes(path.read_bytes().replace(b'"content":"no"', b'"content":"on"'))
        done = corpus.pack()
        assert done.records == 4
        assert len(done.broken) == 1
        assert path.name in done.broken[0]
        assert files(corpus, "*.jsonl") == [path]


def test_a_record_too_large_for_a_frame_stays_loose_and_holds_nothing_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LARGEST", 2000)
    large = record("large", text="word " * 500)
    with Corpus.open(root, "acme") as corpus:
        for one in (*some(3), large):
            corpus.append(one)
        done = corpus.pack()
        assert done.records == 3
        assert "more than a pack takes" in done.broken[0]
        assert corpus.get(large.id).key == large.key


def test_what_a_killed_run_left_goes_and_a_pack_with_records_of_its_own_stays(root: Path) -> None:
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(some(20))
        corpus.pack()
        listing = (corpus.path / "packs/list").read_bytes()
        kept = files(corpus, "packs/*.*")
        corpus.append_many(some(60)[20:])
        corpus.pack()
        assert len(files(corpus, "packs/*.zst")) == 1  # merged: the first one's records are in it
        (corpus.path / "packs" / f"{'a' * 64}.parquet").write_bytes(b"left")
        now = files(corpus, "packs/*.zst")
        later = (corpus.path / "packs/list").read_bytes()
        (corpus.path / "packs/list").write_bytes(listing.replace(b'"packs":1', b'"packs":0').split(b"\n")[0] + b"\n")
    with Corpus.open(root, "acme") as corpus:
        corpus.append(record("another"))
        corpus.pack()
        assert set(now) <= set(files(corpus, "packs/*.zst"))  # nothing else holds its records: it stays, unlisted
        assert not (corpus.path / "packs" / f"{'a' * 64}.parquet").exists()
        assert [path for path in kept if path.exists()] == []
        (corpus.path / "packs/list").write_bytes(later)
        corpus.append(record("one more"))
        corpus.pack()
        assert len(read_back(corpus)) == 61


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_a_damaged_pack_is_broken_and_named(root: Path, damage: str) -> None:
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(some(20))
        (pack,) = files(corpus, "*.zst")
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    {"cut": lambda: os.truncate(pack, 50), "flipped": lambda: pack.write_bytes(data), "gone": pack.unlink}[damage]()
    with Corpus.open(root, "acme") as corpus, pytest.raises(Broken, match=pack.name):
        list(corpus.records())


def test_keeping_one_record_loads_no_engine_and_no_decompressor(root: Path) -> None:
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(some(20))
        corpus.sequence()
        corpus.append(record("loose"))
    script = (
        "import sys; from corpus.store import Corpus\n"
        "with Corpus.open(sys.argv[1], 'acme') as corpus:\n"
        "    assert not corpus.holds('feedback', 'x', '0' * 64)\n"
        "    assert corpus.holds('feedback', 'x', sys.argv[2])\n"
        "    corpus.sweep_temporary(); assert corpus.sequence() == 21; corpus.pack(only_when_due=True)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(root), some(3)[2].key], capture_output=True, text=True, check=True)
    assert not {"pyarrow", "zstandard"} & set(done.stdout.split())


def test_a_frame_that_would_unfold_without_end_is_never_begun(tmp_path: Path) -> None:
    bomb = zstandard.ZstdCompressor().compress(b"\0" * (200 << 20))
    path = tmp_path / "bomb"
    path.write_bytes(bomb)
    fd = os.open(path, os.O_RDONLY)
    try:
        for content in (1000, 200 << 20, 0, -1):
            with pytest.raises(Broken, match="bomb"):
                frames.read_frame(fd, frames.Frame(0, len(bomb), content), "bomb")
    finally:
        os.close(fd)


def test_an_index_is_what_pyarrow_makes_of_its_rows_and_no_pandas_is_imported() -> None:
    code = """
import sys
import pyarrow as pa
from corpus.store.index import schema, table_of
from corpus.store.rows import Row
numbers = {"revision", "events", "created_us", "size", "frame_offset", "frame_size", "frame_content", "offset"}
rows = [Row(*(-at if name in numbers else None if at == 2 else f"{name} \u00e9{at}" for name in Row._fields)) for at in range(4)]
made = [table_of("acme", some) for some in (rows, [])]
assert "pandas" not in sys.modules
for some, table in zip((rows, []), made):
    kinds = schema("acme")
    assert table.equals(pa.table([pa.array([row[at] for row in some], kind.type) for at, kind in enumerate(kinds)], schema=kinds))
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_many_short_records_are_packed_before_all_of_them_wait_and_none_of_them_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BULK_RECORDS", 40)
    made = [record(f"one {number}") for number in range(130)]
    with Corpus.open(root, "acme") as corpus:
        told: list[int] = []
        assert corpus.append_many(iter(made[:70]), told.append) == 70
        assert told == [40, 30]
        assert corpus.append_many(iter(made), told.append) == 60
        assert told[2:] == [40, 20]  # what was here made no pack of a few
        assert sorted(entry.key for entry in corpus.entries()) == sorted(one.key for one in made)


@pytest.mark.parametrize("asked", [None, pc.field("revision") == 0])
def test_no_thread_of_the_indexes_engine_touches_what_is_pythons(root: Path, asked: pc.Expression | None) -> None:
    """One that did would abort the process where it came late, to an interpreter that has gone."""

    class Watched(io.BufferedReader):
        def read(self, size: int | None = -1, /) -> bytes:
            readers.add(threading.get_ident())
            return super().read(size)

        def readinto(self, buffer: Buffer, /) -> int:
            readers.add(threading.get_ident())
            return super().readinto(buffer)

    readers: set[int] = set()
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many([record(f"one {number}") for number in range(5)])
        assert corpus.repack().packs == 1  # the one that it was sealed into, which is as it should be at once
    with Directory.open(root / "acme" / "packs") as packs:
        (listed,) = read_list(packs, "acme")
        where = packs.path / index_name(listed.pack)
        with Watched(io.FileIO(where)) as stream:
            found = batches_of(stream, where, listed, "acme", ["key"], asked)
            first = next(found)
        assert sum(batch.num_rows for batch in (first, *found)) == 5  # the file is closed
    assert readers == {threading.get_ident()}


def test_reading_one_record_imports_nothing_that_writes_or_builds(root: Path) -> None:
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(some(20))
    script = (
        "import sys; from corpus.commands.show import command\n"
        "command([sys.argv[2], '--tenant', 'acme', '--root', sys.argv[1]], standalone_mode=False)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(root), some(3)[2].id], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "corpus.store.readable" in loaded
    assert not {"corpus.store.corpus", "corpus.redaction", "corpus.build", "pyarrow", "concurrent.futures"} & loaded


def test_every_name_of_the_store_is_there_and_no_other() -> None:
    from corpus import store

    assert all(getattr(store, name) for name in store.__all__)
    with pytest.raises(AttributeError):
        store.nothing  # noqa: B018


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"none")], ids=["gone", "damaged"])
def test_where_a_packs_key_table_cannot_be_read_nothing_is_packed_and_one_line_says_why(root: Path, harm: Callable[[Path], object]) -> None:
    with Corpus.open(root, "acme") as corpus:
        corpus.append(record("packed"))
        corpus.pack()
        for one in some(3):
            corpus.append(one)
        harm(next((root / "acme" / "packs").glob("*.keys")))
        done = corpus.pack()
        assert (done.records, done.packs, len(files(corpus, "*.jsonl"))) == (0, 0, 3)
        (said,) = done.broken
        assert ".keys " in said
        assert said.endswith("run 'corpus verify --repair'")


def test_a_key_table_of_another_version_is_no_damage_and_one_line_says_what_makes_it_again(root: Path) -> None:
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(some(5))
        corpus.pack()
        (table,) = files(corpus, "*.keys")
        held = table.read_bytes()
    table.write_bytes(b"tskeys1\n" + held[8:])
    with Corpus.open(root, "acme") as corpus, pytest.raises(Broken, match=r"another version .*'corpus verify --repair --tenant acme'"):
        corpus.append(record("one more"))
    with Corpus.open(root, "acme") as corpus:
        corpus.repair()
        assert corpus.verify().problems == []
        assert corpus.append(record("one more"))
    assert table.read_bytes() == held
