"""Links put in place while a writer is at work, and forgetting while one is: nothing is written elsewhere, nothing forgotten stays."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from corpus.errors import SubstrateError
from corpus.names import check
from corpus.redaction import Redacted
from corpus.redaction.pseudonym import for_tenant
from corpus.redaction.tombstone import Marks
from corpus.store import Corpus, Tombstone, Wanted
from tests.boundaries.told import fork
from tests.corpus.store.making import make_root, record

FEEDBACK = "engineering/feedback"
SWAPPED = ["", FEEDBACK, "packs/list", "log/0000000000000001.log"]
MORE = ["engineering", "packs", "log", "quarantine", ".lock", "tenant.toml"]
_EXCHANGE = 2


def exchange(one: Path, other: Path) -> None:
    """Each in the other's place, at once (renameat2(2)); the test is skipped where the system cannot."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None or call(-100, os.fsencode(one), -100, os.fsencode(other), _EXCHANGE):
        code = ctypes.get_errno() if call else errno.ENOSYS
        if code in (errno.ENOSYS, errno.EINVAL):
            pytest.skip("no renameat2 here")
        raise OSError(code, os.strerror(code))


def swap(home: Path, name: str, link: Path, ended: Event) -> None:
    """The link in the place of ``name``, and away again, over and over; ends with everything where it was."""
    while not ended.is_set():
        with contextlib.suppress(FileNotFoundError):
            exchange(home / name, link)
            time.sleep(0.0005)
            exchange(home / name, link)
            time.sleep(0.0005)


def write(root: Path, records: list[Redacted], acknowledged: Path, ended: Event) -> None:
    """Keep ``records`` by every way there is, whatever stands in it; what was acknowledged is noted, and a crash is one."""
    number = 0
    while not ended.is_set():
        with contextlib.suppress(SubstrateError, OSError), Corpus.open(root, "acme") as corpus:
            one = records[number % len(records)]
            if number % 3 == 0:
                many = records[number % 40 : number % 40 + 20]
                corpus.append_many(many)
                acknowledged.open("a").writelines(f"{each.key}\n" for each in many)
            elif number % 3 == 1:
                corpus.append(one)
                acknowledged.open("a").write(f"{one.key}\n")
            else:
                corpus.pack()
                corpus.sequence()
        number += 1


def tree(top: Path) -> dict[str, bytes]:
    files = {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file() and path.name != ".lock"}
    return files | {str(path.relative_to(top)): b"" for path in top.rglob("*") if path.is_dir()}


@pytest.mark.parametrize("how", ["symlink", "hard link"])
@pytest.mark.parametrize("seconds", [0.5, pytest.param(20, marks=pytest.mark.full)], ids=["short", "long"])
@pytest.mark.parametrize("name", [*SWAPPED, *(pytest.param(name, marks=pytest.mark.full) for name in MORE)])
def test_a_link_that_comes_and_goes_while_writers_write_leads_nowhere(tmp_path: Path, name: str, seconds: float, how: str) -> None:
    root = make_root(tmp_path / "root")
    home = root / "acme"
    records = [record(f"r{number}") for number in range(60)]
    for tenant in ("acme", "other"):
        with Corpus.open(root, tenant) as corpus:
            corpus.append_many(record(f"{tenant}{number}", tenant=tenant) for number in range(20))
            corpus.append(record("loose", tenant=tenant))
            corpus.sequence()
    (home / "quarantine").mkdir(exist_ok=True)
    # What the link leads to: the other tenant's of that name, a directory of anybody's, or a file that nobody may lose.
    target = root / "other" / name
    if not target.exists():
        target.mkdir()
    link = tmp_path / "link"
    if how == "symlink":
        link.symlink_to(target)
    elif target.is_dir():
        pytest.skip("a directory has no second name")
    else:
        os.link(target, link)
    before = tree(root / "other")
    ended = fork.Event()
    writers = [fork.Process(target=write, args=(root, records, tmp_path / f"kept{number}", ended)) for number in range(2)]
    swapper = fork.Process(target=swap, args=(home, name, link, ended))
    for each in (swapper, *writers):
        each.start()
    time.sleep(seconds)
    ended.set()
    for each in (swapper, *writers):
        each.join(60)
    if swapper.exitcode:
        pytest.skip("no renameat2 here")
    assert [each.exitcode for each in writers] == [0, 0]
    assert tree(root / "other") == before
    if (home / name).is_symlink():
        exchange(home / name, link)
    with Corpus.open(root, "acme") as corpus:
        corpus.sweep_temporary()
        corpus.repair()
        kept = {entry.key for entry in corpus.entries()}
        assert {entry.header.tenant for entry in corpus.entries()} == {"acme"}
    said = {line for path in tmp_path.glob("kept*") for line in path.read_text().split()}
    assert said <= kept
    shutil.rmtree(root)


def test_a_log_with_a_second_name_goes_on_as_a_copy(tmp_path: Path) -> None:
    """As a backup made of hard links is (``cp -al``)."""
    root = make_root(tmp_path / "root")
    with Corpus.open(root, "acme") as corpus:
        corpus.append(record("a"))
        corpus.sequence()
        (log,) = root.glob("acme/log/*.log")
        backup = tmp_path / "backup"
        os.link(log, backup)
        before = backup.read_bytes()
        corpus.append(record("b"))
        assert corpus.sequence() == 2
        assert (backup.read_bytes(), log.read_bytes()[: len(before)]) == (before, before)
        assert corpus.verify().problems == []
        # And one that ends in half a line is mended as a copy.
        backup.unlink()
        log.write_bytes(log.read_bytes()[:-9])
        os.link(log, backup)
        assert corpus.sequence() == 2
        assert backup.read_bytes() != log.read_bytes()
        assert corpus.verify().problems == []


def test_what_is_forgotten_and_packed_while_it_is_being_written_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from corpus.store import corpus as module

    root = make_root(tmp_path / "root")
    one = record("a", text="words that nobody may keep")
    buried = frozenset({Tombstone(Marks(for_tenant(check("tenant", "acme"))).record(one.key), "0" * 16, "1" * 16)})
    write_new = module.write_new

    def meanwhile(*given: object) -> bool:
        with Corpus.open(root, "acme") as other:
            other.forget(Wanted(frozenset({one.key}), frozenset(), buried))
            other.forgotten()
            done = write_new(*given)  # type: ignore[arg-type]
            other.pack()
            other.sequence()
        return done

    with Corpus.open(root, "acme") as corpus:
        with monkeypatch.context() as patched:
            patched.setattr(module, "write_new", meanwhile)
            assert not corpus.append(one)
        assert list(corpus.entries()) == []
        assert corpus.verify().problems == []
    assert not list(root.glob("acme/packs/*.zst"))
