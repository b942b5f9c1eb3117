"""What is kept is its owner's alone: modes whatever the umask says, and what belongs to somebody else is refused."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from capture.doctor import State, examine
from corpus.errors import Refused
from corpus.store import Corpus
from tests.boundaries.told import told
from tests.capture.drain.working import make
from tests.corpus.store.making import make_root, record


def open_to_others(*tops: Path) -> dict[str, str]:
    """What below ``tops``, they too, is neither a file 0600 nor a directory 0700."""
    found = {}
    for path in [each for top in tops for each in (top, *top.rglob("*")) if each.exists()]:
        status = path.lstat()
        mode = stat.S_IMODE(status.st_mode)
        if not stat.S_ISLNK(status.st_mode) and mode != (0o700 if stat.S_ISDIR(status.st_mode) else 0o600):
            found[str(path)] = oct(mode)
    return found


@pytest.mark.parametrize("umask", [0o000, *(pytest.param(each, marks=pytest.mark.full) for each in (0o027, 0o777))], ids=oct)
def test_nobody_else_may_look_whatever_the_umask_says(tmp_path: Path, umask: int) -> None:
    work = make(tmp_path / "billing", tmp_path / "root")
    for number in range(20):
        work.commit(f"commit {number}")
    (work.path / "pair.json").write_text('{"prompt": "a", "rejected": "b", "created": "2026-05-15T09:30:00Z"}')
    home = Path(os.environ["HOME"])
    here = ("--tenant", "acme", "--root", str(work.root))
    before = os.umask(umask)
    try:
        for words in (
            ("corpus", "init", "--root", str(work.root)),
            ("corpus", "tenant", "add", "other", "--root", str(work.root)),
            ("capture", "install", "--cluster", "payments", *here),
            ("capture", "edit", "--all"),
            ("capture", "feedback", "pair.json"),
            ("capture", "drain"),
            ("corpus", "pack", *here),
            ("corpus", "verify", "--repair", *here),
            ("corpus", "export", "--out", str(tmp_path / "bundle"), *here),
            ("corpus", "import", str(tmp_path / "bundle"), *here),
            ("corpus", "rescan", "--apply", *here),
            ("corpus", "forget", "--yes", "--id", work.head, *here),
            ("corpus", "stats", *here),
        ):
            done = told(words[0], *words[1:], cwd=work.path)
            assert (done.code, done.err) == (0, ""), words
            # The agents' settings and the caches of compiled rules hold nothing of anybody.
            assert open_to_others(work.root, home / ".local/state/corpus", home / ".config") == {}, words
    finally:
        os.umask(before)
    assert open_to_others(tmp_path / "bundle") == {}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = make_root(tmp_path / "root")
    with Corpus.open(made, "acme") as corpus:
        corpus.append(record("a"))
        corpus.append_many(record(f"m{number}") for number in range(20))
        corpus.sequence()
    return made


def write(root: Path) -> None:
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(record(f"n{number}") for number in range(20))
        corpus.append(record("b"))
        corpus.sequence()


PLACES = ["", "root.toml", "acme", "acme/tenant.toml", "acme/engineering/feedback", "acme/packs", "acme/packs/list", "acme/log/*.log"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("place", PLACES)
def test_what_belongs_to_somebody_else_is_neither_read_nor_written(root: Path, tmp_path: Path, place: str) -> None:
    (theirs,) = root.glob(place) if place else [root]
    os.chown(theirs, 4321, 4321)
    for words in (("stats",), ("verify",)):
        done = told("corpus", *words, "--tenant", "acme", "--root", root, cwd=tmp_path)
        if words == ("verify",) or (place != "acme/log/*.log" and done.code):
            assert done.code == 3, words
            (line,) = done.err.splitlines()
            assert f"{theirs} belongs to user 4321, and you are 0" in line
    (wrong,) = (each for each in examine(str(root)) if each.state is State.PROBLEM and each.name == "files of the root")
    assert f"{theirs} belongs to user 4321" in wrong.found
    with pytest.raises(Refused, match="belongs to user 4321"):
        write(root)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_bundle_may_be_anybodys(root: Path, tmp_path: Path) -> None:
    with Corpus.open(root, "acme") as corpus:
        corpus.export(tmp_path / "bundle")
    for path in (tmp_path / "bundle", *(tmp_path / "bundle").rglob("*")):
        os.chown(path, 4321, 4321)
    done = told("corpus", "stats", "--json", "--tenant", "acme", "--root", tmp_path / "bundle", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["records"] == 21
