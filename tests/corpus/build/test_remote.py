"""A build put to another file system: whole with its manifest or not there, never over what is not ours, and nothing else goes there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from corpus.build import remote, staging
from corpus.build.manifest import Manifest
from corpus.build.remote import MARK
from corpus.cli import group
from corpus.errors import BadInput, Failed, Refused, SubstrateError
from corpus.forgetting import builds
from corpus.forgetting.run import plan_of_keys
from corpus.store import Corpus
from corpus.xdg import cache_dir
from tests.corpus.build.world import World, tree
from tests.corpus.build.world import make as build_in

URL = "shop://sets/acme"


class Shop(MemoryFileSystem):
    """Files in memory; a call of ``failing`` raises ``error`` at its ``number``-th time, and at every later one while ``for_good``."""

    protocol = "shop"
    store: dict[str, Any] = {}  # noqa: RUF012 - as the class it is of has it
    pseudo_dirs = [""]  # noqa: RUF012
    failing, number, error, for_good = "", 0, OSError, False
    calls: list[tuple[str, str]] = []  # noqa: RUF012

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return f"/{str(path).removeprefix('shop://').strip('/')}".rstrip("/")

    def _called(self, call: str, path: str) -> None:
        self.calls.append((call, path))
        if call == self.failing:
            Shop.number -= 1
            if Shop.number == 0 or (Shop.number < 0 and self.for_good):
                raise self.error("what the shop says")

    def put_file(self, lpath: str, rpath: str, **kwargs: Any) -> None:
        self._called("put_file", rpath)
        super().put_file(lpath, rpath, **kwargs)

    def rm_file(self, path: str) -> None:
        self._called("rm_file", path)
        super().rm_file(path)

    def find(self, path: str, **kwargs: Any) -> Any:
        self._called("find", path)
        return super().find(path, **kwargs)


fsspec.register_implementation("shop", Shop, clobber=True)


@pytest.fixture(autouse=True)
def _empty_shop() -> Iterator[None]:
    yield
    Shop.store.clear()
    Shop.pseudo_dirs[:] = [""]
    Shop.calls.clear()
    Shop.failing, Shop.number, Shop.error, Shop.for_good = "", 0, OSError, False
    assert not list((cache_dir() / "builds").glob("*"))


def there(path: str = "/sets/acme") -> dict[str, bytes]:
    """The files below a path of the shop, by their names in it."""
    return {name[len(path) + 1 :]: file.getvalue() for name, file in Shop.store.items() if name.startswith(f"{path}/")}


def put(world: World, *more: str, out: str = URL, recipe: str = "sft") -> int:
    words = ["build", "--tenant", world.tenant, "--root", str(world.root), "--recipe", recipe, "--out", out, *more]
    return int(group.main(words, standalone_mode=False) or 0)


def whole(files: dict[str, bytes]) -> bool:
    """Whether a build stands: its manifest and every file that it names, of that digest."""
    if "manifest.json" not in files:
        return False
    done = Manifest.model_validate_json(files["manifest.json"])
    named = [done.card, *done.side, *(file for each in done.sets for file in (*each.files, *each.beside))]
    assert {file.path for file in named} <= files.keys()
    assert all(hashlib.sha256(files[file.path]).hexdigest() == file.sha256 for file in named)
    return True


def test_a_build_put_elsewhere_is_the_build_made_here_and_no_more(world: World, tmp_path: Path) -> None:
    world.edit()
    build_in(world, tmp_path / "here", "sft")
    assert put(world) == 0
    assert there() == tree(tmp_path / "here")
    assert set(Shop.store) == {f"/sets/acme/{name}" for name in there()}
    writes = [path for call, path in Shop.calls if call == "put_file"]
    assert writes[-1] == "/sets/acme/manifest.json"


def test_a_file_url_is_that_directory(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.edit()
    build_in(world, tmp_path / "here", "sft")
    put(world, "--json", out=f"file://{tmp_path}/there")
    assert tree(tmp_path / "there") == tree(tmp_path / "here")
    assert json.loads(capsys.readouterr().out)["out"] == str(tmp_path / "there")


def test_an_earlier_build_is_replaced_and_its_manifest_goes_first(world: World) -> None:
    world.edit()
    put(world)
    world.edit()
    Shop.calls.clear()
    put(world, recipe="pretrain")
    assert whole(there())
    assert not [name for name in there() if "sft" in name]
    told = [(call, path.removeprefix("/sets/acme/")) for call, path in Shop.calls if call != "find"]
    gone = told.index(("rm_file", "manifest.json"))
    assert all(path == MARK for call, path in told[:gone])
    assert told.index(("put_file", "manifest.json")) > max(told.index(each) for each in told if "sft/" in each[1] or "pretrain/" in each[1])


@pytest.mark.parametrize("name", ["notes.txt", "sft/extra.jsonl"])
def test_what_is_not_ours_is_left_alone(world: World, name: str) -> None:
    world.edit()
    Shop().pipe_file(f"/sets/acme/{name}", b"mine")
    with pytest.raises(BadInput, match="not an earlier build"):
        put(world)
    assert there() == {name: b"mine"}
    Shop().rm_file(f"/sets/acme/{name}")
    put(world)
    Shop().pipe_file(f"/sets/acme/{name}", b"mine")
    before = there()
    with pytest.raises(BadInput, match=name.replace(".", r"\.")):
        put(world)
    assert there() == before


def test_another_tenants_build_is_refused(world: World) -> None:
    world.edit()
    put(world)
    before = there()
    other = world.other("globex")
    other.edit()
    with pytest.raises(Refused, match="acme"):
        put(other)
    assert there() == before


def test_a_build_that_fails_leaves_the_earlier_one_whole(world: World) -> None:
    world.edit()
    put(world)
    before = there()
    with pytest.raises(BadInput):
        put(world, recipe="dpo")
    assert there() == before


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("call", ["put_file", "rm_file", "find"])
def test_a_file_system_that_fails_at_any_call_leaves_no_half_build(world: World, tmp_path: Path, call: str, earlier: bool) -> None:
    """Then, when it works again, the next build stands whole, whatever was left."""
    world.edit()
    for recipe in ("sft", "pretrain"):
        build_in(world, tmp_path / recipe, recipe)

    def put(recipe: str = "sft") -> None:
        where = remote.place(URL)
        with remote.destination(where, world.root, "acme", lambda done, total: None) as directory:
            shutil.copytree(tmp_path / recipe, directory)

    for for_good in (False, True):
        for number in range(1, 12):
            Shop.failing = ""
            if earlier:
                put("pretrain")
            Shop.failing, Shop.number, Shop.for_good = call, number, for_good
            try:
                put()
                failed = False
            except Failed as error:
                failed = True
                assert "shop://sets/acme cannot be written" in str(error)  # noqa: PT017 - one way of several
                assert "what the shop says" not in str(error)  # noqa: PT017
            files = there()
            if not whole(files) and not for_good:
                assert files == {}
            Shop.failing = ""
            put()
            assert whole(there())
            assert MARK not in there()
            assert [name for name in there() if "pretrain" in name] == []
            if not failed:
                break
            Shop().rm("/sets", recursive=True)
        else:
            raise AssertionError("it never ran out of calls to fail")


def test_a_file_that_arrives_short_is_no_build(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.edit()
    real = Shop.put_file

    def short(self: Shop, lpath: str, rpath: str, **kwargs: Any) -> None:
        real(self, lpath, rpath, **kwargs)
        if rpath.endswith(".jsonl"):
            self.pipe_file(rpath, b"{}")

    monkeypatch.setattr(Shop, "put_file", short)
    with pytest.raises(Failed, match=r"jsonl was not written whole"):
        put(world)
    assert there() == {}


def test_credentials_that_are_refused_are_one_line_and_before_the_work(world: World) -> None:
    world.edit()
    Shop.failing, Shop.number, Shop.error, Shop.for_good = "put_file", 1, PermissionError, True
    with pytest.raises(Failed, match="refuses these credentials"):
        put(world)
    assert [call for call in Shop.calls if call[0] == "put_file"] == [("put_file", f"/sets/acme/{MARK}")]


@pytest.mark.parametrize(
    ("out", "error", "words"),
    [
        ("nosuch://bucket/dir", BadInput, "nothing opens it"),
        ("s3://bucket/dir", BadInput, "package that opens it is missing"),
        ("shop://", BadInput, "names no directory"),
    ],
)
def test_a_url_that_nothing_opens_is_one_line(
    world: World, monkeypatch: pytest.MonkeyPatch, out: str, error: type[SubstrateError], words: str
) -> None:
    if out.startswith("s3"):
        monkeypatch.setitem(sys.modules, "s3fs", None)
    world.edit()
    with pytest.raises(error, match=words):
        put(world, out=out)


def test_another_build_that_began_meanwhile_wins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.edit()
    real, theirs = Shop.put_file, json.dumps({"format": "trajectory-substrate-build/1", "tenant": "acme", "by": "them", "files": []})

    def beside(self: Shop, lpath: str, rpath: str, **kwargs: Any) -> None:
        real(self, lpath, rpath, **kwargs)
        if rpath.endswith("README.md"):
            self.pipe_file(f"/sets/acme/{MARK}", theirs.encode())

    monkeypatch.setattr(Shop, "put_file", beside)
    with pytest.raises(Failed, match="another build is being put"):
        put(world)
    assert "manifest.json" not in there()
    assert there()[MARK] == theirs.encode()


def test_a_second_build_for_the_same_place_waits_for_nobody(world: World) -> None:
    world.edit()
    with staging.staging(remote.Remote(URL, Shop(), "/sets/acme").key), pytest.raises(Failed, match="another build for the same --out"):
        put(world)


def test_forgetting_says_where_a_build_was_put(world: World) -> None:
    key = world.edit()
    put(world, out="shop://user:hidden@sets/acme")
    with Corpus.open(world.root, "acme") as corpus:
        (known,) = corpus.builds()
        (told,) = plan_of_keys(corpus, [key]).builds
        (held,) = builds.forget(corpus, {key}, keep=False)
    assert "hidden" not in repr(known)
    assert told[2] == ("shop://sets/acme",)  # not where it was made first
    assert held.became == (("shop://sets/acme", builds.Became.ELSEWHERE),)
    assert "remove it yourself" in held.became[0][1]


def test_what_was_forgotten_meanwhile_is_not_put(world: World, monkeypatch: pytest.MonkeyPatch) -> None:

    key = world.edit()
    real = remote._list

    def late(*given: Any) -> None:
        with Corpus.open(world.root, "acme") as corpus:
            corpus.forget(plan_of_keys(corpus, {key}).wanted)
        real(*given)

    monkeypatch.setattr(remote, "_list", late)
    with pytest.raises(Failed, match="forgotten while"):
        put(world)
    assert there() == {}


def test_what_a_killed_one_left_here_is_cleared_by_the_next(world: World, tmp_path: Path) -> None:
    world.edit()
    script = (
        "import os, signal, sys; import fsspec; from fsspec.implementations.dirfs import DirFileSystem\n"
        "from corpus.build import remote; from corpus.cli import main\n"
        "remote.Remote.put = lambda *given: os.kill(os.getpid(), signal.SIGKILL)\n"
        "main()"
    )
    words = ["build", "--tenant", "acme", "--root", str(world.root), "--recipe", "sft", "--out", "memory://sets/acme"]
    done = subprocess.run([sys.executable, "-c", script, *words], check=False, cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL
    left = list((cache_dir() / "builds").iterdir())
    assert len(left) == 1
    assert os.stat(left[0]).st_mode & 0o077 == 0
    put(world)
    assert not list((cache_dir() / "builds").iterdir())
