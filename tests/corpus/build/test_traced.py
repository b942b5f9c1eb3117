"""From any row of a build to its record, and from any record to its rows, or to why it has none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from corpus.build import parquet
from corpus.build.files import FileType
from corpus.build.manifest import Manifest
from corpus.build.options import Options
from corpus.build.trace import Build, Place, behind
from corpus.cli import group
from corpus.errors import BadInput, SubstrateError
from corpus.record import EvidenceClass, LinkKind
from corpus.store import Corpus, Wanted
from tests.corpus.build.world import Change, World, make
from tests.talk import Session

SPLIT = ("test=40",)


@pytest.fixture
def full(world: World) -> World:
    """Work of every type, some of which is left out: copies, what was amended, a part that was withheld."""
    for number in range(5):
        world.edit(f"Change {number}\n", [Change("a.py", "1\n", f"{number}\n" * 40)], created=f"2026-05-0{1 + number}T00:00:00Z")
    world.edit("Change 0\n", [Change("a.py", "1\n", "0\n" * 40)], created="2026-05-09T00:00:00Z")
    world.edit(parents=2, module="site")
    world.link(LinkKind.SUPERSEDED_BY, world.appended[1], world.appended[2])
    world.evidence(world.appended[3], EvidenceClass.ACCEPTED.value)
    session = Session()
    for number in range(3):
        session.user(f"Ask {number}.")
        session.says(f"Answer {number}.", reply=f"r{number}")
    world.session("one", session, size=2, withheld=1)
    world.feedback()
    world.feedback(corrected=None)
    return world


def show(world: World, *words: str | Path, tenant: str = "acme") -> Result:
    return CliRunner().invoke(group, ["show", *map(str, words), "--tenant", tenant, "--root", str(world.root)])


def one_line(done: Result, code: int, *words: str) -> None:
    assert isinstance(done.exception, SubstrateError)
    assert done.exception.exit_code == code
    assert done.stdout == ""
    (line,) = str(done.exception).splitlines()
    assert all(word in line for word in words), line


def named(done: Manifest, recipe: str, out: Path) -> str:
    """The first file of a set."""
    return str(out / next(built for built in done.sets if built.recipe == recipe).files[0].path)


@pytest.mark.parametrize(
    ("form", "kind"), [(None, FileType.JSONL), ("openai", FileType.JSONL_ZST), ("axolotl", FileType.PARQUET), (None, FileType.PARQUET)]
)
def test_every_row_leads_to_its_record_and_that_back_to_the_row(
    full: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str | None, kind: FileType
) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 1)  # a row group a row
    recipes = ("sft", "dpo") if form == "openai" else ("pretrain", "sft", "dpo", "kto")
    options = Options(format=form, file_type=kind, shard_bytes=500, keep_dropped=True)
    done = make(full, tmp_path / "out", *recipes, options=options, split=SPLIT)
    assert any(len(built.splits) > 1 and len(built.files) > 2 for built in done.sets)
    with Corpus.open(full.root, "acme") as corpus:
        build = Build.open(tmp_path / "out", "acme")
        back: dict[str, set[tuple[str, int]]] = {}
        for key in full.appended:
            back[key] = {(place.file, place.row) for place in build.trace(corpus, key).places}
        for built in done.sets:
            members = iter(built.members)
            for file in (*built.files, *built.beside):
                for row in range(1, file.rows + 1):
                    found = behind(corpus, f"{tmp_path / 'out' / file.path}:{row}")
                    assert (found.place.file, found.place.row, found.place.recipe) == (file.path, row, built.recipe)
                    assert found.record.key == found.place.key
                    if file in built.files:
                        assert (found.record.key, found.record.id) == next(members)
                        assert Path(file.path).name.startswith(f"{found.place.split}-")
                    if not file.path.startswith("aliases/"):  # dropped/ says the same, and more
                        back[found.record.key].remove((file.path, row))
        assert not any(back.values()), "a place that is no row"


def test_why_records_are_in_no_row_adds_up_to_what_the_manifest_counts(full: World, tmp_path: Path) -> None:
    done = make(full, tmp_path / "out", "pretrain", "sft", "dpo", "kto", where=("moduleId=billing",), options=Options(keep_dropped=True))
    with Corpus.open(full.root, "acme") as corpus:
        build = Build.open(tmp_path / "out", "acme")
        traced = [build.trace(corpus, key) for key in full.appended]
    for built in done.sets:
        places = [place for found in traced for place in found.places if place.recipe == built.recipe]
        assert Counter(place.reason for place in places if place.reason) == built.dropped
        assert sum(not place.reason for place in places) == built.rows
    silent = {one.why for found in traced for one in found.silent}
    assert silent == {"it reads no edit records", "it reads no trajectory records", "it reads no feedback records"} | {
        "it reads no link records",
        "the build asked for others (moduleId=billing)",
    }


def test_a_copy_names_the_record_whose_row_stays_also_without_dropped(full: World, tmp_path: Path) -> None:
    for keep in (True, False):
        make(full, tmp_path / f"{keep}", "pretrain", "kto", options=Options(keep_dropped=keep))
        done = show(full, full.appended[5], "--build", tmp_path / f"{keep}")
        folder = "dropped" if keep else "aliases"
        line = f"{tmp_path}/{keep}/{folder}/pretrain/train-00000-of-00001.jsonl:"
        assert line in done.stdout
        assert f"({full.appended[0]})" in done.stdout
        assert "left out of pretrain, duplicate: an earlier row" in done.stdout
    assert "kto: no row, left out or not selected: a build with --keep-dropped keeps why" in done.stdout


def test_the_command_goes_there_and_back(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out", "sft", "dpo", split=SPLIT, options=Options(shard_bytes=900))
    key = full.appended[4]
    done = show(full, key[:12], "--build", tmp_path / "out")
    first, row, other = done.stdout.splitlines()
    assert first == f"edit {key}"
    assert other == "dpo: no row, it reads no edit records"
    name, _, said = row.rpartition(": ")
    assert said.startswith("sft, ")
    back = show(full, name)
    assert back.stdout.splitlines()[:3] == [row, "", f"edit {key}"]
    told = json.loads(show(full, key, "--build", tmp_path / "out", "--json").stdout)
    assert [f"{tmp_path}/out/{each['file']}:{each['row']}" for each in told["rows"]] == [name]
    assert (told["key"], told["left_out"], told["nothing"][0]["recipe"]) == (key, [], "dpo")
    told = json.loads(show(full, name, "--json").stdout)
    assert told["record"]["key"] == told["row"]["key"] == key
    command = [sys.executable, "-m", "corpus", "show", os.path.relpath(name, tmp_path), "--tenant", "acme", "--root", full.root]
    typed = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.getcwd()}, capture_output=True, check=True)
    assert typed.stdout.decode() == back.stdout


def test_what_names_several_records_but_one_of_the_build_is_that_one(full: World, tmp_path: Path) -> None:
    (built,) = make(full, tmp_path / "out", "dpo").sets
    ((key, ident),) = built.members
    with Corpus.open(full.root, "acme") as corpus:
        with pytest.raises(BadInput, match="names"):
            corpus.get(key[0])
        found = Build.open(tmp_path / "out", "acme").trace(corpus, key[0])
    assert found.record is not None
    assert (found.key, found.record.id) == (key, ident)
    assert list(built.members.of(key)) == [0]
    assert list(built.members.of(ident)) == [], "an id is no key"


def test_of_a_session_the_events_of_the_reply_are_shown(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out", "sft", where=("tuple_type=trajectory",))
    name = f"{tmp_path}/out/sft/train-00000-of-00001.jsonl:2"
    seen = show(full, name).stdout
    assert "sft, train, events 5-5" in seen
    assert "[5, line 6: assistant message]" in seen
    assert "Answer 2." in seen
    assert "Ask 2." not in seen
    assert "Ask 2." in show(full, name, "--events", "4-5").stdout


def test_what_is_not_there_is_said_in_one_line(full: World, tmp_path: Path) -> None:
    done = make(full, tmp_path / "out", "sft")
    name = named(done, "sft", tmp_path / "out")
    one_line(show(full, f"{name}:9999"), 2, "there is no row 9999")
    for wrong in ("0", "-1", "x", ""):
        one_line(show(full, f"{name}:{wrong}"), 2, "is not FILE:ROW")
    one_line(show(full, f"{tmp_path}/out/README.md:1"), 2, "README.md has no rows")
    one_line(show(full, f"{tmp_path}/out/sft/none.jsonl:1"), 2, "none.jsonl has no rows")
    one_line(show(full, f"{tmp_path}/nowhere.jsonl:1"), 2, "nowhere.jsonl", "no manifest.json")
    one_line(show(full, full.appended[0], "--build", tmp_path), 2, "holds no build")
    one_line(show(full, "f" * 64, "--build", tmp_path / "out"), 2, "no record")
    for words in (("s3://me:secret@host/out/sft/a.jsonl:1",), (full.appended[0], "--build", "s3://me:secret@host/out")):
        one_line(show(full, *words), 2, "s3://host/out", "another file system")
    assert show(full, f"{name}:1", "--build", tmp_path / "out").exit_code == 2


def test_another_tenants_build_is_refused(full: World, tmp_path: Path) -> None:
    other = full.other("globex")
    key = other.edit("Theirs\n")
    done = make(full, tmp_path / "out", "sft")
    one_line(show(other, key, "--build", tmp_path / "out", tenant="globex"), 3, "'acme'", "'globex'")
    one_line(show(other, f"{named(done, 'sft', tmp_path / 'out')}:1", tenant="globex"), 3, "'acme'", "'globex'")


@pytest.mark.parametrize("kind", FileType)
def test_a_file_that_is_not_the_one_that_was_written_is_told(full: World, tmp_path: Path, kind: FileType) -> None:
    done = make(full, tmp_path / "out", "sft", "pretrain", options=Options(file_type=kind))
    (first, second) = (Path(named(done, recipe, tmp_path / "out")) for recipe in ("sft", "pretrain"))
    first.write_bytes(first.read_bytes()[: first.stat().st_size // 2])
    one_line(show(full, f"{first}:6"), 4, str(first), "not the file that the build wrote")
    first.unlink()
    one_line(show(full, f"{first}:1"), 4, str(first), "is not there")
    make(full, tmp_path / "less", "pretrain", where=("created>=2026-05-03",), options=Options(file_type=kind))
    second.write_bytes((tmp_path / "less" / second.relative_to(tmp_path / "out")).read_bytes())
    one_line(show(full, f"{second}:1"), 4, str(second), "was changed")


def test_a_manifest_that_names_a_file_outside_its_directory_is_told(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out", "sft", options=Options(keep_dropped=True))
    told = tmp_path / "out/manifest.json"
    told.write_text(told.read_text().replace('"dropped/sft/train', '"dropped/../../train'))
    one_line(show(full, full.appended[1], "--build", tmp_path / "out"), 4, str(told), "not in its directory")


def test_a_record_that_went_since_is_told_from_both_ends(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out", "pretrain")
    key = full.appended[0]
    with Corpus.open(full.root, "acme") as corpus:
        (place,) = Build.open(tmp_path / "out", "acme").trace(corpus, key).places
        corpus.forget(Wanted(frozenset({key}), frozenset(), frozenset()))
    assert place == Place("pretrain", "train", "pretrain/train-00000-of-00001.jsonl", 1, key, place.id)
    one_line(show(full, f"{tmp_path}/out/{place.file}:1"), 2, key, "not kept any more")
    told = show(full, key[:20], "--build", tmp_path / "out").stdout.splitlines()
    assert told == [f"{key}: not kept any more, forgotten or lost", f"{tmp_path}/out/{place.file}:1: pretrain, train"]


def test_a_version_that_was_replaced_since_is_told_from_both_ends(full: World, tmp_path: Path) -> None:
    make(full, tmp_path / "out", "pretrain")
    key, out = full.appended[0], f"{tmp_path}/out/pretrain/train-00000-of-00001.jsonl:1"
    full.again(key)
    behind_it = show(full, out)
    assert behind_it.exit_code == 0
    assert "a newer one took its place" in behind_it.stderr
    assert "revision 1" in behind_it.stdout
    assert f"{out}: pretrain, train; made of version " in show(full, key, "--build", tmp_path / "out").stdout
