"""What the command says and ends in, and rules, policies and builds that came before or after."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from corpus.build import Request, build
from corpus.cli import group
from corpus.record import parse_line
from corpus.redaction import Redactor
from corpus.redaction.finding import IDENTIFIER
from corpus.store import Corpus
from corpus.xdg import config_dir
from tests.capture.trajectory.making import Home, line
from tests.corpus.build.world import World
from tests.corpus.rescan.yesterday import Yesterday, records, sessions


def test_only_what_is_asked_for_is_searched(yesterday: Yesterday) -> None:
    run = CliRunner().invoke(group, ["rescan", "--tenant", "acme", "--root", str(yesterday.root), "--where", "tuple_type=edit", "--json"])
    told = json.loads(run.stdout)
    assert run.exit_code == 1
    assert {each["tuple_type"] for each in told["found"]} == {"edit"}
    assert told["searched"] == 5


def test_the_command_says_what_it_found_and_never_the_text(yesterday: Yesterday) -> None:
    arguments = ["rescan", "--tenant", "acme", "--root", str(yesterday.root)]
    run = CliRunner().invoke(group, arguments)
    assert run.exit_code == 1
    assert not [secret for secret in yesterday.secrets if secret.decode() in run.stdout]
    assert "body.message 4-" in run.stdout
    assert "build them again" not in run.stdout
    run = CliRunner().invoke(group, [*arguments, "--apply"])
    assert (run.exit_code, yesterday.held()) == (0, set())
    assert "build them again" in run.stdout
    run = CliRunner().invoke(group, arguments)
    assert run.exit_code == 0
    assert "held something 0" in run.stdout


def test_builds_that_hold_what_was_replaced_are_named_and_not_touched(yesterday: Yesterday, tmp_path: Path) -> None:
    asked = Request(yesterday.root, "acme", ("pretrain",), (), True, ())
    build(asked, tmp_path / "set")
    before = {path: path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file()}
    run = CliRunner().invoke(group, ["rescan", "--tenant", "acme", "--root", str(yesterday.root), "--apply", "--json"])
    (named,) = json.loads(run.stdout)["builds"]
    assert named["outs"] == [str(tmp_path / "set")]
    assert {path: path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file()} == before
    run = CliRunner().invoke(group, ["rescan", "--tenant", "acme", "--root", str(yesterday.root), "--apply", "--json"])
    assert json.loads(run.stdout)["builds"] == []


def test_what_turns_out_to_be_a_forgotten_persons_stays_and_is_told(yesterday: Yesterday, monkeypatch: pytest.MonkeyPatch) -> None:
    """No version of it can be kept, and taking it out is for `corpus forget`: the run ends, says so, and does not try for ever."""
    monkeypatch.setattr(Corpus, "forgets", lambda corpus, marks: True)
    done, told = yesterday.rescan(replace=True)
    assert (done.replaced, done.left) == (0, done.slipped + done.chained)
    assert not any(each.replaced for each in told)


def test_a_rule_of_ones_own_that_came_later_counts(tmp_path: Path) -> None:

    home = Home(tmp_path / "root")
    key = World(home.root).edit("See TICKET-4711 for more\n")
    world = Yesterday(home.root, [b"TICKET-4711"])
    folder = config_dir() / "rules"
    folder.mkdir(parents=True)
    rule = (
        '[[rule]]\nid = "ticket"\nentity_type = "TICKET"\npattern = "TICKET-[0-9]{4}"\nkeywords = ["ticket-"]\nexamples = ["TICKET-1234"]\n'
    )
    (folder / "own.toml").write_text(rule)
    done, (told,) = world.rescan(replace=True)
    assert [(found.field, found.start, found.end, found.rule) for found in told.found] == [("body.message", 4, 15, "ticket")]
    assert done.replaced == 1
    assert world.held() == set()
    assert records(world)[key].redaction.counts == {"TICKET": 1}


def test_a_policy_that_came_later_hashes_reasoning_and_drops_images(tmp_path: Path) -> None:
    home = Home(tmp_path / "root")
    thought = [{"type": "thinking", "thinking": "first of all a plan", "signature": "x"}]
    picture = [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}]
    (tmp_path / "t.jsonl").write_bytes(line(0, "user", picture) + line(1, "assistant", thought))
    home.take(tmp_path / "t.jsonl")
    world = Yesterday(home.root, [b"first of all a plan"])
    file = config_dir() / "policy/acme.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[trajectory]\nreasoning = "hash"\nimages = "drop"\n')
    done, _ = world.rescan(replace=True)
    assert done.replaced == 1
    assert world.held() == set()
    events = sessions(world)[0].events
    assert [event.images for event in events] == [[], []]
    assert IDENTIFIER.fullmatch(events[-1].content or "")
    with world.open() as corpus:  # and what is hashed stays that hash
        (entry,) = corpus.entries()
        assert Redactor.for_tenant(corpus.tenant).again(parse_line(corpus.read_line(entry))).newer is None
