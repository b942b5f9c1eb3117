"""A name that is a path, a look-alike or reserved is refused by every command that takes one: one line, exit 3, and nothing is made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest

from capture.cli import group as capture_group
from corpus.cli import group as corpus_group
from corpus.store import Corpus
from tests.boundaries.told import told
from tests.capture.drain.working import Work, make
from tests.corpus.store.making import make_root, record

NAMES = {
    "a way up": "../other",
    "two dots": "..",
    "two dots inside": "other..x",
    "a path": "other/engineering",
    "from the top": "/tmp",
    "nothing": "",
    "a dot": ".",
    "hidden": ".lock",
    "NUL": "other\0",
    "a line end": "other\n",
    "a space": "other ",
    "capitals": "Other",
    "fullwidth dots": "\uff0e\uff0e",
    "one fullwidth letter": "\uff4fther",
    "a Cyrillic o": "\u043ether",
    "a dotless i": "\u0131ssue",
    "a combining mark": "othe\u0301r",
    "written right to left": "\u202erehto",
    "a joiner that shows nothing": "other\u200d",
    "a fraction slash": "a\u2044b",
    "a long s": "\u017fessions",
    "the Kelvin sign": "lin\u212a",
    "no UTF-8": os.fsdecode(b"other\xff"),
    "an option": "-x",
    "a wildcard": "*",
    "a home": "~root",
    "a variable": "$HOME",
    "a drive": "c:other",
    "too long": "a" * 64,
    "very long": "a" * 100_000,
    **{f"reserved: {name}": name for name in ("doctrine", "sessions", "feedback", "links", "packs", "log", "root.toml")},
}
KINDS = {"tenant", "cluster", "role"}
ASKED = ("files", "out", "subject", "yes")
"""Of these one is wanted though none is marked so: where a build goes, what is forgotten and that it is meant."""
GIVEN: dict[str, list[str]] = {
    "recipes": ["--recipe", "sft"],
    "out": ["--out", "out"],
    "record": ["ab"],
    "bundle": ["bundle"],
    "name": ["one"],
    "reason": ["--reason", "a request"],
    "yes": ["--yes"],
    "subject": ["--subject", "somebody@example.org"],
    "files": ["pair.json"],
}
"""What a command asks for besides names."""


def commands(group: click.Command, program: str, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            member = group.get_command(context, name)
            assert member is not None
            yield from commands(member, program, *path, name)
    else:
        yield (program, *path), group


ALL = dict([*commands(capture_group, "capture"), *commands(corpus_group, "corpus")])
TAKING = [(path, param.name) for path, each in ALL.items() for param in each.params if param.name in KINDS]
ADD = ("corpus", "tenant", "add"), "name"
IDS = [f"{' '.join(path)} --{kind}" for path, kind in TAKING]
SOME = len(NAMES) // 5
"""Of the names each command is given so many, other ones than its neighbour; where the tests may take longer, all."""


def arguments(path: tuple[str, ...], kind: str, value: str) -> list[str]:
    """The words of a command that is right but for one name."""
    words = list(path[1:])
    if (path, kind) == ADD:
        return [*words, "--", value]
    for param in ALL[path].params:
        if param.name in KINDS:
            if param.name == kind or param.name != "role":
                words.append(f"{param.opts[0]}={value if param.name == kind else {'tenant': 'acme', 'cluster': 'payments'}[param.name]}")
        elif param.required or param.name in ASKED:
            assert param.name in GIVEN, f"{' '.join(path)} asks for {param.name}: say in this test what it is given"
            words += GIVEN[param.name]
    return words


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """A root of two tenants, and a repository that belongs to none yet."""
    make_root(tmp_path / "root")
    with Corpus.open(tmp_path / "root", "other") as corpus:
        corpus.append(record("a", tenant="other"))
    monkeypatch.setenv("CORPUS_ROOT", str(tmp_path / "root"))
    work = make(tmp_path / "billing", tmp_path / "root")
    work.commit("one")
    (work.path / "pair.json").write_text('{"prompt": "a", "rejected": "b"}')
    return work


def tree(*tops: Path) -> dict[str, bytes]:
    files = [path for top in tops for path in top.rglob("*") if "/.cache/" not in f"{path}/"]
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in files}


def test_the_commands_that_take_a_name_are_all_looked_at() -> None:
    assert len(TAKING) > 14
    assert {kind for _, kind in TAKING} == KINDS


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.full)], ids=["some", "all"])
@pytest.mark.parametrize(("path", "kind"), TAKING, ids=IDS)
def test_no_command_takes_a_name_that_is_none(place: Work, tmp_path: Path, path: tuple[str, ...], kind: str, every: bool) -> None:
    at = TAKING.index((path, kind)) * SOME
    refused(place, tmp_path, path, kind, NAMES if every else [*NAMES, *NAMES][at % len(NAMES) :][:SOME])


def test_no_tenant_is_added_under_a_name_that_is_none(place: Work, tmp_path: Path) -> None:
    refused(place, tmp_path, *ADD, NAMES)


def refused(place: Work, tmp_path: Path, path: tuple[str, ...], kind: str, names: Iterable[str]) -> None:
    before = tree(tmp_path, Path(os.environ["HOME"]))
    wrong = {}
    for why in names:
        name = NAMES[why]
        done = told(path[0], *arguments(path, kind, name), cwd=place.path)
        lines = done.err.splitlines()
        if (done.code, len(lines), done.out) != (3, 1, "") or not lines[0].isprintable() or len(lines[0]) > 400:
            wrong[why] = done
    assert wrong == {}
    assert tree(tmp_path, Path(os.environ["HOME"])) == before
