"""One key a team: brought by a file or a command, never shown, never put over another."""

from __future__ import annotations

import base64
import json
import secrets
import shlex
import stat
import sys
import time
from pathlib import Path

import pytest

from corpus.errors import BadInput, Failed, Refused, SubstrateError
from corpus.names import Name
from corpus.redaction import keysource, pseudonym
from corpus.xdg import keys_dir

TENANT = Name("acme")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    keysource.new_file(tmp_path / "team.key")
    return tmp_path / "team.key"


def prints(tmp_path: Path, key: str, *, count: Path | None = None, code: int = 0, sleep: float = 0) -> str:
    """A command line that prints ``key``, and counts its runs."""
    script = tmp_path / f"say key {secrets.token_hex(4)}.py"
    counting = f"open({str(count)!r}, 'a').write('x')\n" if count else ""
    script.write_text(
        f"import sys, time\n{counting}print({key!r}, flush=True)\ntime.sleep({sleep})\nprint('noise', file=sys.stderr)\nsys.exit({code})\n"
    )
    return shlex.join([sys.executable, str(script)])


def test_a_new_key_is_private_and_no_other_file_is_written_over(given: Path) -> None:
    assert stat.S_IMODE(given.stat().st_mode) == 0o600
    before = given.read_bytes()
    with pytest.raises(BadInput, match="never written over"):
        keysource.new_file(given)
    assert given.read_bytes() == before


def test_two_machines_with_one_file_make_the_same_identifiers(given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for machine in ("a", "b"):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / machine))
        assert keysource.put_key(TENANT, keysource.from_file(given)) is True
        assert keysource.put_key(TENANT, keysource.from_file(given)) is False
        made.append((pseudonym.for_tenant(TENANT).of("PERSON", "x"), pseudonym.existing(TENANT).fingerprint))
        assert stat.S_IMODE(keysource.key_file(TENANT).stat().st_mode) == 0o600
    assert made[0] == made[1]
    assert made[0][1] == keysource.fingerprint(keysource.from_file(given))


@pytest.mark.parametrize("form", ["hex", "HEX", "base64", "no newline"])
def test_a_key_may_be_hex_or_base64(tmp_path: Path, form: str) -> None:
    key = secrets.token_bytes(32)
    texts = {"hex": key.hex() + "\n", "HEX": key.hex().upper(), "base64": base64.b64encode(key).decode() + "\n", "no newline": key.hex()}
    file = tmp_path / "key"
    file.write_text(texts[form])
    file.chmod(0o600)
    assert keysource.from_file(file) == key


@pytest.mark.parametrize("text", ["", "short", "ab" * 31, base64.b64encode(bytes(31)).decode(), "ab" * 32 + " more", "\0" * 32])
def test_a_file_without_a_key_is_one_clear_line_that_does_not_show_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(BadInput, match="is no key") as told:
        keysource.from_file(file)
    assert not text or text not in str(told.value)


def test_a_key_that_others_may_know_is_not_taken(given: Path) -> None:
    given.chmod(0o640)
    with pytest.raises(Refused, match="chmod 600"):
        keysource.from_file(given)
    with pytest.raises(BadInput, match="cannot be read"):
        keysource.from_file(given.with_name("none"))


def test_another_key_is_refused_saying_what_would_happen_and_nothing_changes(given: Path) -> None:
    pseudonym.for_tenant(TENANT)
    before = keysource.key_file(TENANT).read_bytes()
    with pytest.raises(Refused, match="another person") as told:
        keysource.put_key(TENANT, keysource.from_file(given))
    assert keysource.key_file(TENANT).read_bytes() == before
    assert before.decode().strip() not in str(told.value)
    assert given.read_text().strip() not in str(told.value)


def test_a_command_is_run_once_a_process_and_what_it_prints_is_written_nowhere(given: Path, tmp_path: Path, guard_home: Path) -> None:
    key = given.read_text().strip()
    runs = tmp_path / "runs"
    keysource.put_command(TENANT, prints(tmp_path, key, count=runs))
    first = len(runs.read_text())
    for _ in range(3):
        assert pseudonym.for_tenant(TENANT).fingerprint == keysource.fingerprint(bytes.fromhex(key))
    assert len(runs.read_text()) - first <= 1
    for path in guard_home.rglob("*"):
        assert path.is_dir() or key.encode() not in path.read_bytes()
    assert stat.S_IMODE(keysource.command_file(TENANT).stat().st_mode) == 0o600


def test_a_command_is_words_and_no_shell(given: Path, tmp_path: Path) -> None:
    key = given.read_text().strip()
    trap = tmp_path / "trap"
    line = prints(tmp_path, key) + f" ; touch {trap} $(touch {trap}) | touch {trap}"
    keysource.put_command(TENANT, line)
    assert not trap.exists()
    words = json.loads(keysource.command_file(TENANT).read_bytes())
    assert words[0].startswith("/")
    assert "say key " in words[1]
    assert ";" in words


def test_a_command_that_gives_no_key_is_one_line_that_quotes_nothing(given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = given.read_text().strip()
    monkeypatch.setattr(keysource, "COMMAND_SECONDS", 1)
    for line, kind in (
        ("no-such-program-anywhere x", BadInput),
        ("'", BadInput),
        ("", BadInput),
        (prints(tmp_path, key, code=3), Failed),
        (prints(tmp_path, f"{key} {key}", sleep=0.01), BadInput),
    ):
        with pytest.raises(kind) as told:
            keysource.put_command(TENANT, line)
        assert "\n" not in str(told.value)
        assert key not in str(told.value)
    begun = time.monotonic()
    with pytest.raises(Failed, match="took more than"):
        keysource.put_command(TENANT, prints(tmp_path, key, sleep=60))
    assert time.monotonic() - begun < 30
    assert keysource.stored(TENANT) is None


def test_a_command_that_others_could_change_is_not_run(given: Path, tmp_path: Path) -> None:
    keysource.put_command(TENANT, prints(tmp_path, given.read_text().strip()))
    keysource.command_file(TENANT).chmod(0o620)
    with pytest.raises(Refused, match="not run"):
        pseudonym.for_tenant(TENANT)


@pytest.mark.parametrize("text", ["", "[]", '"x"', "[1]", "[" * 20_000, '["a\\u0000b"]'])
def test_a_command_file_that_holds_none_is_one_clear_line(text: str) -> None:
    keysource.command_file(TENANT).parent.mkdir(parents=True)
    keysource.command_file(TENANT).write_text(text)
    keysource.command_file(TENANT).chmod(0o600)
    with pytest.raises(SubstrateError, match="--key-command"):
        pseudonym.for_tenant(TENANT)


def test_a_key_has_one_place(given: Path, tmp_path: Path) -> None:
    key = keysource.from_file(given)
    keysource.put_key(TENANT, key)
    with pytest.raises(Refused, match="remove"):
        keysource.put_command(TENANT, prints(tmp_path, key.hex()))
    keysource.key_file(TENANT).unlink()
    keysource.put_command(TENANT, prints(tmp_path, key.hex()))
    with pytest.raises(Refused, match="remove"):
        keysource.put_key(TENANT, key)
    other = secrets.token_bytes(32)
    with pytest.raises(Refused, match="another person"):
        keysource.put_key(TENANT, other)
    assert [path.name for path in (keys_dir() / TENANT).iterdir()] == ["pseudonym.command"]
