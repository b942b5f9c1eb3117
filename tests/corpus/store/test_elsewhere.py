"""A bundle on another file system is read as a root is, through a private copy that is checked, and written to by nothing."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from corpus.cli import group
from corpus.errors import BadInput, Broken, Failed, Refused
from corpus.store import Corpus
from corpus.store.elsewhere import fetched, readable_root
from corpus.xdg import cache_dir, corpus_root
from tests.corpus.store.making import make_root, record
from tests.corpus.store.test_bundle import export, files, lines

URL = "memory://shared/acme"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_root(tmp_path / "root")
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(record(f"r{number}", text=f"text {number}") for number in range(20))
    return root


@pytest.fixture
def memory(root: Path, tmp_path: Path) -> Iterator[Any]:
    """A bundle in memory, and what is fetched of it."""
    system = fsspec.filesystem("memory")
    upload(system, export(root, tmp_path / "bundle"))
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def upload(system: Any, bundle: Path) -> None:
    if system.exists("/shared/acme"):
        system.rm("/shared/acme", recursive=True)
    for name, data in files(bundle).items():
        system.pipe_file(f"/shared/acme/{name}", data)


def corpus(*words: str) -> int:
    return int(group.main([*words], standalone_mode=False) or 0)


def test_commands_that_read_take_a_url(memory: Any, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whose = ("--tenant", "acme", "--root", URL)
    for words in (("stats", "--json"), ("show", record("r3").key, "--json"), ("sample", "--json"), ("verify", "--json")):
        corpus(*words, *whose)
        there = capsys.readouterr().out
        corpus(*words, "--tenant", "acme", "--root", str(root))
        here = capsys.readouterr().out
        assert json.loads(there) == json.loads(here)
        assert len(there) > 100
    assert lines(fetched(URL)) == lines(root)


def test_a_build_from_a_url_is_the_build_from_the_root(memory: Any, root: Path, tmp_path: Path) -> None:
    for name, where in (("here", str(root)), ("there", URL)):
        corpus("build", "--recipe", "kto", "--gate", "repeats=off", "--tenant", "acme", "--root", where, "--out", str(tmp_path / name))
    assert files(tmp_path / "here") == files(tmp_path / "there")
    assert files(tmp_path / "here")


def test_what_is_fetched_is_private_and_fetched_once(memory: Any, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = fetched(URL)
    assert copy.is_relative_to(cache_dir())
    for path in (*cache_dir().glob("bundles/**/*"), cache_dir() / "bundles"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    opened: list[str] = []
    real = type(memory).open
    monkeypatch.setattr(
        type(memory), "open", lambda self, path, *more, **options: opened.append(path) or real(self, path, *more, **options)
    )
    fetched(URL)
    assert {Path(path).name for path in opened} == {"bundle.json", "list", "0000000000000001.log"}
    with Corpus.open(root, "acme") as here:
        here.append(record("new"))
    upload(memory, export(root, tmp_path / "bundle"))
    opened.clear()
    assert lines(fetched(URL)) == lines(root)
    assert len(opened) == 6


@pytest.mark.parametrize("suffix", [".zst", ".parquet", ".keys"])
def test_a_file_that_is_not_what_the_list_names_is_not_read(memory: Any, suffix: str) -> None:
    (name,) = (name for name in memory.store if name.endswith(suffix))
    data = memory.cat_file(name)
    memory.pipe_file(name, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Broken, match="not the file"):
        fetched(URL)
    assert not list(cache_dir().glob(f"bundles/**/*{suffix}"))
    memory.pipe_file(name, data + bytes(8 << 20))
    with pytest.raises(Broken, match="larger"):
        fetched(URL)
    memory.rm(name)
    with pytest.raises(Broken, match="lacks a file"):
        fetched(URL)
    memory.pipe_file(name, data)
    assert len(lines(fetched(URL))) == 20


def test_a_place_that_became_another_tenants_shows_nothing_of_the_first(memory: Any, root: Path, tmp_path: Path) -> None:
    fetched(URL)
    with Corpus.open(root, "other") as other:
        other.append(record("theirs", tenant="other"))
        other.export(tmp_path / "other")
    upload(memory, tmp_path / "other")
    copy = fetched(URL)
    with pytest.raises(Refused, match="'other'"):
        Corpus.open(copy, "acme")
    with Corpus.open(copy, "other") as other:
        assert len(list(other.entries())) == 1
        assert other.verify().problems == []


def test_nothing_is_written_to_a_url(memory: Any, tmp_path: Path) -> None:
    for words in (("pack",), ("tenant", "add", "x"), ("init",), ("export", "--out", str(tmp_path / "out"))):
        whose = () if words[0] in ("tenant", "init") else ("--tenant", "acme")
        with pytest.raises(Refused, match="read only"):
            corpus(*words, *whose, "--root", URL)
    with pytest.raises(Refused, match="read only"):
        corpus("verify", "--repair", "--tenant", "acme", "--root", URL)
    assert not (tmp_path / "out").exists()


def test_a_url_that_is_no_bundle_or_that_nothing_opens_is_one_line(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="no bundle"):
        fetched("memory://nothing/here")
    with pytest.raises(BadInput, match="driver"):
        fetched("nosuchthing://user:" + "word@host/x")
    monkeypatch.setattr(type(memory), "open", lambda *some, **more: (_ for _ in ()).throw(RuntimeError("secret")))
    with pytest.raises(Failed) as told:
        fetched(URL)
    assert "secret" not in str(told.value)


def test_a_password_in_a_url_is_not_shown() -> None:
    with pytest.raises(BadInput) as told:
        fetched("nosuchthing://user:" + "word@host/x")
    assert "word" not in str(told.value)
    assert "host/x" in str(told.value)


def test_a_file_url_and_a_bundles_path_are_the_directory_itself(root: Path, tmp_path: Path) -> None:
    bundle = export(root, tmp_path / "bundle")
    shutil.rmtree(cache_dir(), ignore_errors=True)
    for where in (str(bundle), f"file://{bundle}"):
        assert readable_root(where) == bundle
        done = subprocess.run(
            [sys.executable, "-m", "corpus", "stats", "--json", "--tenant", "acme"],
            env={**os.environ, "CORPUS_ROOT": where},
            capture_output=True,
            text=True,
            check=False,
        )
        assert json.loads(done.stdout)["records"] == 20
    assert not (cache_dir() / "bundles").exists()
    with pytest.raises(Refused, match="read only"):
        corpus_root(f"file://{bundle}")


def test_a_bundle_is_imported_from_a_url(memory: Any, root: Path, tmp_path: Path) -> None:
    here = make_root(tmp_path / "here")
    corpus("import", URL, "--tenant", "acme", "--root", str(here))
    assert lines(here) == lines(root)
