"""A bundle that somebody wrote by hand: refused with one line, exit 3 or 4, and a report; nothing of it lands, nothing foreign shows."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from corpus.errors import Broken, SubstrateError
from corpus.record import key_of
from corpus.store import Corpus
from corpus.store.directory import Directory
from corpus.store.packfile import write_pack
from corpus.store.packlist import read_list, write_list
from corpus.store.whole import whole
from tests.corpus.store.making import make_root, record
from tests.corpus.store.test_bundle import files

CANARY = "the other tenant's own words"


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Two tenants on one machine, a bundle of each, and a root that takes acme's in."""
    source = make_root(tmp_path / "source")
    for tenant, text in (("acme", "no"), ("other", CANARY)):
        with Corpus.open(source, tenant) as corpus:
            corpus.append_many(record(f"{tenant}{number}", tenant=tenant, text=text) for number in range(20))
            corpus.export(tmp_path / tenant)
    make_root(tmp_path / "root")
    return tmp_path


def one(world: Path, suffix: str, tenant: str = "acme") -> Path:
    (found,) = (world / tenant / "packs").glob(f"*{suffix}")
    return found


def repacked(world: Path, lines: Iterable[bytes], tenant: str = "acme") -> None:
    """A bundle whose one pack holds ``lines``, with an index, a key table and a list that fit, as whoever has the code can make."""
    bundle = world / "acme"
    shutil.rmtree(bundle / "packs")
    with Directory.open(bundle / "packs", create=True) as packs:
        records = [(whole(line, "x", tenant), line) for line in lines]
        made = write_pack(packs, tenant, records, (), sequenced=True)
        write_list(packs, "acme", (made,))
    for path in (bundle / "log").iterdir():
        path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])


def resealed(line: bytes, old: bytes, new: bytes) -> bytes:
    """``line`` with other bytes and the id that fits them."""
    ident = orjson.loads(line)["id"].encode()
    changed = line.replace(old, new)
    assert changed != line
    bare = changed.replace(b',"id":"' + ident + b'"', b"")
    return changed.replace(ident, hashlib.sha256(bare).hexdigest().encode())


def said(world: Path, **changed: object) -> None:
    path = world / "acme/bundle.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changed))


def relisted(world: Path, **changed: object) -> None:
    path = world / "acme/packs/list"
    head, entry = path.read_bytes().splitlines()
    path.write_bytes(head + b"\n" + orjson.dumps(orjson.loads(entry) | changed, option=orjson.OPT_SORT_KEYS) + b"\n")


def digests(world: Path) -> None:
    """The list names whatever index and key table there are now."""
    new = {name: hashlib.sha256(one(world, suffix).read_bytes()).hexdigest() for name, suffix in (("index", ".parquet"), ("keys", ".keys"))}
    relisted(world, **new)


def parquet_bomb(world: Path) -> None:
    """An index of the right schema and number of rows whose one cell unfolds to 32 MiB."""
    path = one(world, ".parquet")
    table = pq.read_table(path)
    at = table.schema.get_field_index("doctrine_version")
    huge = pa.array(["x" * (1 << 25), *[None] * (table.num_rows - 1)], pa.string())
    pq.write_table(table.set_column(at, "doctrine_version", huge), path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 1 << 20
    digests(world)


def zstd_bomb(world: Path) -> None:
    """A pack that is one frame of a quarter of a gigabyte of nothing, and a list that names it."""
    data = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(bytes(1 << 28))
    old = one(world, ".jsonl.zst").name.split(".")[0]
    new = hashlib.sha256(data).hexdigest()
    for path in list((world / "acme/packs").glob(f"{old}.*")):
        path.rename(path.with_name(path.name.replace(old, new)))
    one(world, ".jsonl.zst").write_bytes(data)
    relisted(world, pack=new, size=len(data), content=1 << 28)


def linked(world: Path, name: str) -> None:
    path = world / "acme" / name
    aside = world / "aside"
    path.rename(aside)
    path.symlink_to(aside)


def foreign_pack(world: Path) -> None:
    for suffix in (".jsonl.zst", ".parquet", ".keys"):
        shutil.copy(one(world, suffix, "other"), world / "acme/packs")
    with Directory.open(world / "acme/packs") as mine, Directory.open(world / "other/packs") as theirs:
        write_list(mine, "acme", (*read_list(mine, "acme"), *read_list(theirs, "other")))


def twice(world: Path) -> None:
    """Two packs with one key."""
    with Directory.open(world / "acme/packs") as packs:
        line = record("acme3", revision=4).line
        made = write_pack(packs, "acme", [(whole(line, "x", "acme"), line)], (), sequenced=True)
        write_list(packs, "acme", (*read_list(packs, "acme"), made))


def buried(world: Path, data: bytes) -> None:
    (world / "acme/tombstones").mkdir()
    (world / "acme/tombstones/list").write_bytes(data)


def logged(world: Path, change: Callable[[bytes], bytes]) -> None:
    (path,) = (world / "acme/log").glob("*.log")
    path.write_bytes(change(path.read_bytes()))


def changed(old: bytes, new: bytes) -> Callable[[Path], object]:
    """A bundle whose one record has other bytes, and an id that fits them."""
    return lambda world: repacked(world, [resealed(record("x").line, old, new)])


def backwards(numbers: Iterable[int]) -> list[bytes]:
    return [one.line for one in sorted((record(f"x{number}") for number in numbers), key=lambda one: one.key, reverse=True)]


def relogged(old: bytes, new: bytes) -> Callable[[Path], object]:
    return lambda world: logged(world, lambda data: data.replace(old, new))


ATTACKS: dict[str, tuple[int, Callable[[Path], object]]] = {
    "another tenant's bundle": (3, lambda world: shutil.copytree(world / "other", world / "acme", dirs_exist_ok=True)),
    "another tenant's pack among ours": (3, foreign_pack),
    "another tenant's list": (3, lambda world: shutil.copy(world / "other/packs/list", world / "acme/packs/list")),
    "another tenant's log": (3, lambda world: logged(world, lambda data: (next((world / "other/log").glob("*.log"))).read_bytes())),
    "another kind": (3, lambda world: said(world, kind="customer")),
    "another key": (3, lambda world: said(world, key="0" * 32)),
    "a forged header inside a pack": (3, lambda world: repacked(world, [record("x", tenant="other", text=CANARY).line], "other")),
    "a scope that has no place here": (3, changed(b'"engineering"', b'"tenant-runtime"')),
    "a body that is none": (4, changed(b'"seen_in":"inbox"', b'"seen_in":"mine"')),
    "a body with another field": (4, changed(b'"seen_in":"inbox"', b'"seen_in":"inbox","u":1')),
    "a session that is a path": (3, changed(b'"session_id":null', b'"session_id":"../../other/x"')),
    "records out of order": (4, lambda world: repacked(world, backwards(range(9)))),
    "a name that is a path": (4, lambda world: said(world, tenant="../acme")),
    "a source that is a path": (4, lambda world: said(world, source="../../x")),
    "a cluster that is a path": (4, lambda world: said(world, clusters={"../x": {}})),
    "a file of its own that is deep": (4, lambda world: (world / "acme/bundle.json").write_bytes(b"[" * 100_000)),
    "a file of its own that is long": (4, lambda world: (world / "acme/bundle.json").write_bytes(b" " * (3 << 20))),
    "a list with a path for a pack": (4, lambda world: relisted(world, pack="../../other/packs/x")),
    "a list that counts otherwise": (4, lambda world: relisted(world, records=19)),
    "a list that counts without end": (4, lambda world: relisted(world, records=10**15, size=10**15, content=10**15)),
    "a pack that is cut": (4, lambda world: os.truncate(one(world, ".jsonl.zst"), 300)),
    "a pack that is a bomb": (4, zstd_bomb),
    "a pack that is not there": (4, lambda world: one(world, ".jsonl.zst").unlink()),
    "a pack behind a link": (3, lambda world: linked(world, f"packs/{one(world, '.jsonl.zst').name}")),
    "a list behind a link": (3, lambda world: linked(world, "packs/list")),
    "packs behind a link": (3, lambda world: linked(world, "packs")),
    "a log behind a link": (3, lambda world: linked(world, "log")),
    "its own file behind a link": (3, lambda world: linked(world, "bundle.json")),
    "an index that is a bomb": (4, parquet_bomb),
    "an index that is huge": (4, lambda world: os.truncate(one(world, ".parquet"), 1 << 40)),
    "a key table that is huge": (4, lambda world: os.truncate(one(world, ".keys"), 1 << 40)),
    "a log that is huge": (4, lambda world: os.truncate(next((world / "acme/log").glob("*.log")), 1 << 40)),
    "two packs with one key": (4, twice),
    "another tenant's tombstones": (3, lambda world: buried(world, b'{"count":0,"format":1,"tenant":"other"}\n')),
    "tombstones that are none": (4, lambda world: buried(world, b'{"count":1,"format":1,"tenant":"acme"}\n' + b"z" * 67)),
    "tombstones behind a link": (3, lambda world: (world / "acme/tombstones").symlink_to(world / "source/acme/packs")),
    "a log that names what is not there": (4, relogged(key_of("acme", "feedback", "acme3").encode(), b"ab" * 32)),
    "a log with a gap": (4, relogged(b'"n":7}', b'"n":8}')),
    "a log of another machine that is none": (4, lambda world: os.makedirs(world / "acme/log/sources/x")),
}


def nothing_landed(world: Path, said: str) -> None:
    reports = [json.loads(path.read_bytes())["reason"] for path in (world / "root/acme/quarantine").iterdir()]
    assert reports == [said]
    assert CANARY not in said
    assert "\n" not in said
    left = {name for name in files(world / "root/acme") if not name.startswith(("quarantine/", ".lock"))}
    assert left <= {"tenant.toml", "log/source"}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ATTACKS)
def test_a_hostile_bundle_is_refused_with_one_line_and_nothing_of_it_lands(world: Path, kind: str) -> None:
    code, attack = ATTACKS[kind]
    attack(world)
    with Corpus.open(world / "root", "acme") as corpus, pytest.raises(SubstrateError) as told:
        corpus.take_in(world / "acme", merge=True)
    assert told.value.exit_code == code
    nothing_landed(world, str(told.value))


@pytest.mark.parametrize(
    "kind", ["an index that is a bomb", "a pack that is a bomb", "a log that is huge", "a forged header inside a pack"]
)
def test_the_command_says_one_line_and_takes_no_more_memory_for_it(world: Path, kind: str) -> None:
    code, attack = ATTACKS[kind]
    attack(world)
    command = [sys.executable, "-m", "corpus", "import", str(world / "acme"), "--merge", "--tenant", "acme", "--root", str(world / "root")]
    limited = f"ulimit -v 6000000; exec {' '.join(map(repr, command))}"
    done = subprocess.run(["sh", "-c", limited], capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines()), done.stdout) == (code, 1, ""), done.stderr
    nothing_landed(world, done.stderr.strip().removeprefix("corpus: "))


def test_a_bundle_that_is_whole_passes_the_same_way(world: Path) -> None:
    with Corpus.open(world / "root", "acme") as corpus:
        assert corpus.take_in(world / "acme").added == 20
    assert not (world / "root/acme/quarantine").exists()


def test_what_changes_between_the_check_and_the_taking_in_is_checked_again(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns a bundle may write to it meanwhile: each record is looked at once more before it lands."""
    from corpus.store import importing

    real = importing.Importing.check

    def and_then(self: importing.Importing, *, merge: bool) -> None:
        real(self, merge=merge)
        self._incoming.packs._frames.clear()
        path = one(world, ".jsonl.zst")
        data = zstandard.ZstdDecompressor().stream_reader(path.read_bytes(), read_across_frames=True).read()
        changed = data.replace(b'"content":"no"', b'"content":"yo"')
        assert changed != data
        frame = zstandard.ZstdCompressor(level=3, write_checksum=True, write_content_size=True).compress(changed)
        with path.open("r+b") as stream:  # the same file, also for who has it open
            stream.write(frame.ljust(path.stat().st_size, b"\0"))

    monkeypatch.setattr(importing.Importing, "check", and_then)
    with Corpus.open(world / "root", "acme") as corpus:
        with pytest.raises(SubstrateError) as told:
            corpus.take_in(world / "acme")
        assert isinstance(told.value, Broken)
        assert list(corpus.entries()) == []
