"""init, tenant, stats, show, sample and build, as typed."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.console import plain
from corpus.record import LinkKind, dumps
from tests.corpus.build.world import Change, World

Corpus = Callable[..., subprocess.CompletedProcess[str]]


def one_line(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("corpus: ")
    assert all(word in done.stderr for word in words), done.stderr


def test_a_root_and_a_tenant_are_made_once(corpus: Corpus, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for made in (True, False):
        done = corpus("init", "--root", root, "--json")
        assert json.loads(done.stdout) == {"root": str(root), "kind": "vendor", "made": made}
        done = corpus("tenant", "add", "acme", "--root", root, "--json")
        assert json.loads(done.stdout) == {"root": str(root), "tenant": "acme", "made": made}
    assert (root / "acme/tenant.toml").is_file()
    assert "acme" in corpus("tenant", "add", "acme", "--root", root).stdout


def test_a_root_keeps_its_kind(corpus: Corpus, tmp_path: Path) -> None:
    assert corpus("init", "--kind", "customer", "--root", tmp_path / "root").returncode == 0
    one_line(corpus("init", "--root", tmp_path / "root"), 3, "customer root")


@pytest.mark.parametrize("name", ["../x", "Acme", "links"])
def test_a_tenant_that_is_no_name_is_refused(corpus: Corpus, world: World, name: str) -> None:
    one_line(corpus("tenant", "add", name), 3, name)


def test_a_tenant_needs_a_root(corpus: Corpus, tmp_path: Path) -> None:
    one_line(corpus("tenant", "add", "acme", "--root", tmp_path / "none"), 2, "corpus init")


def test_a_split_that_has_no_row_of_a_set_is_said_to_have_none(corpus: Corpus, world: World, tmp_path: Path) -> None:
    ask = ("build", "--tenant", "acme", "--recipe", "pretrain", "--out", tmp_path / "sets", "--split", "test=99.9999")
    assert corpus(*ask).stderr == ""
    done = corpus(*ask[:-2], "--split", "validation=99.9999")
    assert done.returncode == 0
    assert done.stderr.startswith("corpus: split validation has no row of pretrain: ")
    assert len(done.stderr.splitlines()) == 1


def test_stats_count_by_everything_a_build_can_choose_by(corpus: Corpus, world: World) -> None:
    told = json.loads(corpus("stats", "--tenant", "acme", "--json").stdout)
    assert told["records"] == 4
    assert told["types"] == {"edit": 3, "feedback": 1}
    assert told["classes"] == {"clean": 3, "redacted": 1}
    assert told["identifiers"] == {"EMAIL_ADDRESS": 1}
    assert told["clusters"] == {"front": 1, "payments": 3}
    assert told["modules"] == {"billing": 3, "site": 1}
    assert told["months"] == {"2026-04": 1, "2026-05": 3}
    assert told["evidence"] == {"corrected": 1, "observed": 3}
    assert told["withheld"] == 0
    table = corpus("stats", "--tenant", "acme").stdout
    assert "EMAIL_ADDRESS" in table
    assert "payments" in table


def test_stats_tell_of_withheld_records_and_files(corpus: Corpus, world: World) -> None:
    world.edit(message=None, changes=[Change("logo.png", "1\n", "2\n", withheld="binary")])
    told = json.loads(corpus("stats", "--tenant", "acme", "--json").stdout)
    assert told["withheld"] == 1
    assert told["withheld_files"] == {"binary": 1}


def test_the_table_tells_a_long_history_by_year(corpus: Corpus, world: World) -> None:
    for month in range(25):
        world.edit(created=f"{2000 + month // 12}-{month % 12 + 1:02}-01T00:00:00Z")
    table = corpus("stats", "--tenant", "acme").stdout
    assert "2000 " in table
    assert "2000-01" not in table
    assert json.loads(corpus("stats", "--tenant", "acme", "--json").stdout)["months"]["2000-01"] == 1


def test_an_empty_tenant_has_stats_of_nothing(corpus: Corpus, world: World) -> None:
    world.other("globex")
    assert json.loads(corpus("stats", "--tenant", "globex", "--json").stdout)["records"] == 0
    assert corpus("stats", "--tenant", "globex").returncode == 0


@pytest.mark.parametrize("command", [("stats",), ("show", "0123"), ("sample",), ("build", "--recipe", "sft", "--out", "out")])
def test_an_unknown_tenant_is_refused_by_every_command(corpus: Corpus, world: World, command: tuple[str, ...]) -> None:
    one_line(corpus(*command, "--tenant", "globex"), 3, "globex", "corpus tenant add")


def test_show_finds_a_record_by_key_id_and_commit(corpus: Corpus, world: World) -> None:
    key = world.appended[0]
    by_key = json.loads(corpus("show", key[:10], "--tenant", "acme", "--json").stdout)
    assert by_key["key"] == key
    assert by_key["schema"] == 1
    for name in (by_key["id"], by_key["header"]["source_commit"]):
        assert json.loads(corpus("show", name, "--tenant", "acme", "--json").stdout) == by_key
    seen = corpus("show", key, "--tenant", "acme").stdout
    for part in ("source_commit", "Say hello", "EMAIL_ADDRESS 1", "greet.py", "+print('hello 0')"):
        assert part in seen
    assert "dev.one@example.org" not in seen


def test_show_prints_a_pair(corpus: Corpus, world: World) -> None:
    seen = corpus("show", world.appended[-1], "--tenant", "acme").stdout
    assert "[rejected: assistant]\ndel *" in seen
    assert "[corrected: assistant]\nls" in seen


@pytest.mark.parametrize("name", ["zzzz", ""])
def test_show_of_nothing_is_bad_input(corpus: Corpus, world: World, name: str) -> None:
    one_line(corpus("show", name, "--tenant", "acme"), 2, "no record")


def test_show_never_looks_into_another_tenant(corpus: Corpus, world: World) -> None:
    world.other("globex")
    one_line(corpus("show", world.appended[0], "--tenant", "globex"), 2, "no record")


def test_a_record_cannot_drive_the_terminal() -> None:
    assert plain("a\x1b[2Jb\x9b1m\r\tc\x7f") == "a\\x1b[2Jb\\x9b1m\\x0d\tc\\x7f"


def test_a_sample_is_the_same_for_the_same_seed(corpus: Corpus, world: World) -> None:
    def keys(*words: str) -> list[str]:
        return [record["key"] for record in json.loads(corpus("sample", "--tenant", "acme", "--json", *words).stdout)]

    assert keys("-n", "2") == keys("-n", "2") == keys("-n", "9")[:2]
    assert sorted(keys("-n", "9")) == sorted(world.appended)
    assert len({tuple(keys("-n", "9", "--seed", str(seed))) for seed in range(6)}) > 1
    assert keys("--type", "feedback") == [world.appended[-1]]


def test_a_sample_of_a_recipe_is_rows_as_a_trainer_sees_them(corpus: Corpus, world: World) -> None:
    rows = json.loads(corpus("sample", "--tenant", "acme", "--recipe", "sft", "--json").stdout)
    assert sorted(row["key"] for row in rows) == sorted(world.appended[:2]), "the merge gives no row"
    assert all(row["completion"][0]["content"].startswith("diff --git") for row in rows)
    seen = corpus("sample", "--tenant", "acme", "--recipe", "dpo").stdout
    assert "[chosen: assistant]\nls\n" in seen


def test_a_sample_of_a_type_that_is_none_is_bad_input(corpus: Corpus, world: World) -> None:
    one_line(corpus("sample", "--tenant", "acme", "--type", "commit"), 2, "edit")


def test_a_link_can_be_sampled(corpus: Corpus, world: World) -> None:
    link = world.link(LinkKind.SUPERSEDED_BY, *world.appended[:2])
    (record,) = json.loads(corpus("sample", "--tenant", "acme", "--type", "link", "--json").stdout)
    assert record["key"] == link
    assert record["body"]["from"] == world.appended[0]
    assert "superseded_by" in corpus("show", link, "--tenant", "acme").stdout


def test_a_sample_is_of_records_or_of_rows(corpus: Corpus, world: World) -> None:
    assert corpus("sample", "--tenant", "acme", "--type", "edit", "--recipe", "sft").returncode == 2


def test_build_writes_the_sets_and_tells_what_is_in_them(corpus: Corpus, world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = corpus("build", "--tenant", "acme", "--recipe", "sft", "--recipe", "dpo", "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = {built["recipe"]: built for built in json.loads(done.stdout)["sets"]}
    assert (told["sft"]["records_in"], told["sft"]["rows"], told["sft"]["dropped"]) == (3, 2, {"merge": 1})
    assert told["dpo"]["rows"] == 1
    assert "members" not in told["sft"]
    seen = corpus("build", "--tenant", "acme", "--recipe", "sft", "--out", out).stdout
    assert "1 merge" in seen
    assert str(out / "sft/train-00000-of-00001.jsonl") in seen


def test_build_says_which_set_stayed_empty(corpus: Corpus, world: World, tmp_path: Path) -> None:
    words = ("build", "--tenant", "acme", "--recipe", "sft", "--recipe", "dpo", "--where", "tuple_type=edit", "--out", tmp_path / "out")
    done = corpus(*words)
    assert done.returncode == 0
    assert "dpo has no row" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("--recipe", "rlhf"), 2, "pretrain, sft, sft-blocks"),
        (("--recipe", "sft", "--where", "module=x"), 2, "moduleId"),
        (("--recipe", "sft", "--where", "moduleId"), 2, "FIELD=VALUE"),
        (("--recipe", "sft", "--where", "cluster=none"), 2, "cluster=none"),
        (("--recipe", "sft", "--where", "scope!=engineering"), 2, "scope"),
    ],
)
def test_what_cannot_be_built_is_one_line_and_leaves_nothing(
    corpus: Corpus, world: World, tmp_path: Path, words: tuple[str, ...], code: int, part: str
) -> None:
    one_line(corpus("build", "--tenant", "acme", "--out", tmp_path / "out", *words), code, part)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_build_stops_at_half_a_line(corpus: Corpus, world: World, tmp_path: Path) -> None:
    victim = next((world.root / "acme/engineering/front").iterdir())
    victim.write_bytes(victim.read_bytes()[:-20])
    one_line(corpus("build", "--tenant", "acme", "--recipe", "sft", "--out", tmp_path / "out"), 4, victim.name)


def test_build_without_a_tenant_or_a_recipe_is_bad_usage(corpus: Corpus, world: World) -> None:
    assert corpus("build", "--recipe", "sft", "--out", "x").returncode == 2
    assert corpus("build", "--tenant", "acme", "--out", "x").returncode == 2


def test_no_record_and_no_name_of_a_file_drives_the_terminal(corpus: Corpus, world: World) -> None:
    (path, *_) = (world.root / "acme/engineering/payments").iterdir()
    forged = json.loads(path.read_bytes())
    del forged["id"]
    forged["key"] = "f" * 64
    forged["header"]["doctrine_version"] = forged["redaction"]["ruleset"] = "[/b]\x1b[2J"
    forged["redaction"]["counts"] = {"[/b]\x1b[2J": 1}
    forged["id"] = hashlib.sha256(dumps(forged)).hexdigest()
    (path.parent / f"{'f' * 40}.jsonl").write_bytes(dumps(forged) + b"\n")
    for words in (("stats",), ("show", "f" * 64)):
        done = corpus(*words, "--tenant", "acme")
        assert (done.returncode, done.stderr) == (0, "")
        assert "[/b]\\x1b[2J" in done.stdout
        assert "\x1b" not in done.stdout
    (path.parent / "two\nlines\x1b[2J.jsonl").write_bytes(b"junk\n")
    one_line(corpus("stats", "--tenant", "acme"), 4, r"two\nlines\x1b[2J.jsonl")
