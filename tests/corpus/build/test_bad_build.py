"""Bad input to a build, in a process of its own: its exit code, one clear line, and nothing that could be taken for a set."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corpus.build.options import Options
from corpus.errors import Failed
from corpus.store import Corpus
from tests.boundaries.small_disk import SmallDisk, small_disk
from tests.boundaries.told import told
from tests.corpus.build.world import World, make, tree

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def world(world: World) -> World:
    for _ in range(3):
        world.edit()
    with Corpus.open(world.root, "acme") as corpus:
        corpus.pack()
    return world


def refused(world: World, cwd: Path, code: int, words: str, *more: str, recipe: str = "sft", out: str = "out") -> None:
    """The build of ``more`` ends with ``code`` and one line that has ``words``; what stands beside ``cwd`` is as before."""
    before = sorted(os.listdir(cwd))
    done = told(
        "corpus", "build", "--tenant", "acme", "--root", world.root, "--recipe", recipe, *(("--out", out) if out else ()), *more, cwd=cwd
    )
    assert done.code == code, (more, done.err)
    (line,) = done.err.splitlines()
    assert line.startswith("corpus: "), line
    assert words in line, (more, line)
    assert "this is a bug" not in line
    assert sorted(os.listdir(cwd)) == before, more
    with Corpus.open(world.root, "acme") as corpus:
        assert corpus.builds() == []


def test_what_is_asked_for_and_is_none(world: World, tmp_path: Path) -> None:
    for words, more in (
        ("no record with cluster=nowhere", ("--where", "cluster=nowhere")),
        ("'nofield' is not a field", ("--where", "nofield=1")),
        ("'cluster' is not FIELD=VALUE", ("--where", "cluster")),
        ("no format 'nosuch'", ("--format", "nosuch")),
        ("'dolma' has no form for rows of 'sft'", ("--format", "dolma")),
        ("--gate 'x=1'", ("--gate", "x=1")),
        ("--gate prose-ratio", ("--gate", "prose-ratio=much")),
        ("--weight 'cluster=docs:2'", ("--weight", "cluster=docs:2")),
        ("--max-per 'nobody=1'", ("--max-per", "nobody=1")),
        ("--exclude-license ''", ("--exclude-license", "")),
        ("--exclude-license 'GPL 3'", ("--exclude-license", "GPL 3")),
        ("--exclude-license '*'", ("--exclude-license", "*")),
        ("--exclude-license 'MIT\\nX'", ("--exclude-license", "MIT\nX")),
        ("--split 'test=200'", ("--split", "test=200")),
        ("--shard-size 'abc'", ("--shard-size", "abc")),
        ("--shard-size '0'", ("--shard-size", "0")),
        ("--as-of 999", ("--as-of", "999")),
        ("name a --tokenizer", ("--max-tokens", "5")),
    ):
        refused(world, tmp_path, 2, words, *more)
    refused(world, tmp_path, 2, "no recipe 'nosuch'", recipe="nosuch")
    refused(world, tmp_path, 2, "no row for dpo (0 records read)", recipe="dpo")
    refused(world, tmp_path, 2, "no record", "--where", "cluster=nowhere", "--dry-run", out="")


def test_where_no_build_may_go(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    (tmp_path / "loop").symlink_to("loop")
    refused(world, tmp_path, 2, "is a file", out="file")
    refused(world, tmp_path, 2, "is not a directory; make it first", out="file/under")
    refused(world, tmp_path, 2, "not an earlier build", out="mine")
    refused(world, tmp_path, 2, "--out loop cannot be used", out="loop")
    refused(world, tmp_path, 2, "File name too long", out="x" * 300)
    refused(world, tmp_path, 2, "not UTF-8", out="\udcff")
    refused(world, tmp_path, 3, "inside the corpus root", out=str(world.root / "acme/out"))
    assert (tmp_path / "mine/notes.txt").read_text() == "mine"


def test_a_file_of_settings_that_is_none(world: World, tmp_path: Path) -> None:
    for words, text in (
        ("is not TOML", b"a = "),
        ("is not TOML", b"\xff\xfe"),
        ("no setting 'nosuch'", b"nosuch = 1"),
        ("dry-run is true or false", b'dry-run = "yes"'),
        ("as-of is one text or number", b"as-of = true"),
        ("shard-size is one text or number", b'shard-size = ["1GB"]'),
        ("where is a list of texts", b'where = [["a"]]'),
        ("gate is a list of texts", b"gate = { prose-ratio = { most = 1 } }"),
    ):
        (tmp_path / "build.toml").write_bytes(text)
        refused(world, tmp_path, 2, words, "--config", "build.toml")
    refused(world, tmp_path, 2, "cannot be read", "--config", "nosuch.toml")
    for text in ("as-of = 1.5", "min-tokens = 2026-01-01"):
        (tmp_path / "build.toml").write_text(text)
        done = told(
            "corpus",
            "build",
            "--tenant",
            "acme",
            "--root",
            world.root,
            "--recipe",
            "sft",
            "--config",
            "build.toml",
            "--out",
            "o",
            cwd=tmp_path,
        )
        assert (done.code, done.err.splitlines()[-1].startswith("Error: Invalid value for")) == (2, True), done.err


def test_files_to_decontaminate_by_that_are_none(world: World, tmp_path: Path) -> None:
    for name, data in (("t.txt", b""), ("t.txt", b"\xff\x00"), ("t.jsonl", b"{"), ("t.json", b"[" * 100_000)):
        (tmp_path / name).write_bytes(data)
        refused(world, tmp_path, 2, f"--decontaminate {name}", "--decontaminate", name)
    refused(world, tmp_path, 2, "cannot be read", "--decontaminate", "nosuch.txt")


def tokenizer(folder: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    pytest.importorskip("jinja2")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    folder.mkdir(exist_ok=True)
    made.save(str(folder / "tokenizer.json"))


def test_a_tokenizer_that_does_not_load(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "tok"
    tokenizer(folder)
    good = (folder / "tokenizer.json").read_bytes()
    refused(world, tmp_path, 2, "no tokenizer.json there", "--tokenizer", "nosuch")
    for words, name, data in (
        ("its tokenizer.json does not load", "tokenizer.json", b""),
        ("its tokenizer.json does not load", "tokenizer.json", b"{}"),
        ("its tokenizer_config.json is not JSON", "tokenizer_config.json", b"{"),
        ("its tokenizer_config.json is not an object", "tokenizer_config.json", b"[]"),
        ("its chat template is not one", "chat_template.jinja", b"{% for each in"),
        ("too deep", "chat_template.jinja", b"{{" + b"(" * 5000 + b"1" + b")" * 5000 + b"}}"),
        ("is not UTF-8", "chat_template.jinja", b"\xff\xfe"),
        ("3 template", "chat_template.jinja", b"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
        ("3 template", "chat_template.jinja", b"{{ 'a' * 10 ** 11 }}"),
        ("3 template", "chat_template.jinja", b"{{ 10 ** 99999999 }}"),
        ("3 template", "chat_template.jinja", b"{% set a = 'a' * 1000000 %}{% for _ in range(9999) %}{{ a }}{% endfor %}"),
    ):
        (folder / "tokenizer.json").write_bytes(good)
        (folder / name).write_bytes(data)
        refused(world, tmp_path, 2, words, "--tokenizer", "tok")
        (folder / name).unlink()


def test_a_template_that_does_not_end_stops_the_build(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer(tmp_path / "tok")
    (tmp_path / "tok/chat_template.jinja").write_text("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")
    monkeypatch.setattr("corpus.build.quality.template.SECONDS", 1)  # seen in the child, which is forked
    refused(world, tmp_path, 2, "does not end within 1 seconds", "--tokenizer", "tok")


def flipped(at: float) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        place = int(at * (len(data) - 1))
        return data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]

    return change


def test_a_corrupt_pack_is_named_and_nothing_is_built(world: World, tmp_path: Path) -> None:
    packs = world.root / "acme/packs"
    damages: list[tuple[str, Callable[[bytes], bytes]]] = []
    for kind in ("*.jsonl.zst", "*.parquet"):
        damages += [(kind, change) for change in (flipped(0.3), flipped(0.6), lambda data: data[: len(data) // 2], lambda data: b"")]
    damages += [("*.parquet", flipped(at / 16)) for at in (1, 5, 9)]
    damages += [("*.keys", flipped(0)), ("*.keys", lambda data: data[:100])]
    for kind, change in damages:
        (path,) = packs.glob(kind)
        whole = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(change(whole))
        refused(world, tmp_path, 4, path.name)
        path.write_bytes(whole)
    for kind in ("*.jsonl.zst", "*.parquet", "*.keys"):
        (path,) = packs.glob(kind)
        path.rename(tmp_path / "aside")
        refused(world, tmp_path, 4, path.name)
        (tmp_path / "aside").rename(path)
    make(world, tmp_path / "out", "sft")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


def test_a_disk_that_fills_up_keeps_the_earlier_build_and_says_where(world: World, tmp_path: Path, disk: SmallDisk) -> None:
    build = ("corpus", "build", "--tenant", "acme", "--root", str(world.root), "--out", f"{disk.path}/out", "--keep-dropped")
    assert disk.run(*build, "--recipe", "sft", cwd=tmp_path).code == 0
    before = tree(disk.seen / "out")
    failed = 0
    for leave in (0, 4, 8, 12, 16, 24, 32, 40):
        disk.fill(leave)
        done = disk.run(*build, "--recipe", "sft", "--recipe", "pretrain", "--file-type", "parquet", cwd=tmp_path)
        assert done.code in (0, 5), done.err
        if done.code:
            failed += 1
            (line,) = done.err.splitlines()
            assert "No space left on device" in line or "0.0 MB free" in line
            assert str(disk.path) in line
            assert tree(disk.seen / "out") == before
            assert ".out.building" not in os.listdir(disk.seen)
        disk.mend()
        if not done.code:
            break
    assert failed >= 3


def test_a_disk_that_cannot_be_written(world: World, tmp_path: Path, disk: SmallDisk) -> None:
    disk.read_only()
    done = disk.run(
        "corpus", "build", "--tenant", "acme", "--root", str(world.root), "--recipe", "sft", "--out", f"{disk.path}/out", cwd=tmp_path
    )
    (line,) = done.err.splitlines()
    assert done.code == 5
    assert "Read-only file system" in line
    assert str(disk.path) in line


def test_a_disk_that_is_clearly_too_small_is_told_before_the_work(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1000, 990, 10))
    seen: list[int] = []
    with pytest.raises(Failed, match=r"0\.0 MB free, and the records are 0\.0 MB"):
        make(world, tmp_path / "out", "sft", seen=lambda done, total: seen.append(done))
    assert seen == []
    assert sorted(os.listdir(tmp_path)) == ["root"]


def test_a_disk_that_may_do_is_not_refused(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Corpus.open(world.root, "acme") as corpus:
        size = sum(len(line) for _, line in corpus.lines())
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(size, 0, size // 20 + 1))
    make(world, tmp_path / "out", "sft")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(size, size - 10, 10))
    make(world, tmp_path / "narrow", "sft", where=("model=",))
    make(world, tmp_path / "capped", "sft", options=Options(max_per=("author=9",)))
