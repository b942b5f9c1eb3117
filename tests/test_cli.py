"""Both command lines as a shell sees them: help, versions, exit codes, and silence where silence is due."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from capture.cli import MEMBERS as CAPTURE
from corpus import __version__
from corpus.cli import MEMBERS as CORPUS

BIN = Path(sys.executable).parent
COMMANDS = [("capture", name) for name in CAPTURE] + [("corpus", name) for name in CORPUS]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def run_as_program(body: str, *, stdout: int = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``body`` as the function of a click command, under the same ``main`` as both programs."""
    script = (
        "import click, os, signal, time\nfrom corpus.console import main\nfrom corpus.errors import Broken, Refused\n"
        f"@click.command()\ndef command():\n    {body}\nmain(command, 'capture')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("program", "name"), COMMANDS)
def test_each_command_explains_itself(program: str, name: str) -> None:
    done = run(program, name, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: {program} {name} ")
    assert len(done.stdout.split("\n\n")[1].strip()) > 20, "a command says in a sentence what it does"


@pytest.mark.parametrize(("program", "members"), [("capture", CAPTURE), ("corpus", CORPUS)])
def test_help_lists_every_command_with_what_it_does(program: str, members: dict[str, str]) -> None:
    listed = dict(line.split(maxsplit=1) for line in run(program, "--help").stdout.split("Commands:\n")[1].splitlines())
    assert set(listed) == set(members)


@pytest.mark.parametrize("program", ["capture", "corpus"])
def test_the_version_is_told(program: str) -> None:
    assert run(program, "--version").stdout == f"{program}, version {__version__}\n"


@pytest.mark.parametrize(("program", "name"), COMMANDS)
def test_an_unknown_option_is_bad_usage(program: str, name: str) -> None:
    done = run(program, name, "--no-such-option")
    assert done.returncode == 2
    assert "--no-such-option" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("program", ["capture", "corpus"])
def test_an_unknown_command_is_bad_usage(program: str) -> None:
    assert run(program, "no-such-command").returncode == 2


def test_an_interrupt_ends_in_130() -> None:
    done = run_as_program("os.kill(os.getpid(), signal.SIGINT); time.sleep(9)")
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_bug_names_its_type_and_quotes_nothing() -> None:
    done = run_as_program("raise ValueError('what was being read')")
    assert done.returncode == 5
    assert "ValueError" in done.stderr
    assert "what was being read" not in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_bug_shows_its_traceback_to_who_asks() -> None:
    assert "what was being read" in run_as_program("raise ValueError('what was being read')", CORPUS_DEBUG="1").stderr


@pytest.mark.parametrize(("error", "code"), [("Refused('no')", 3), ("Broken('no')", 4), ("OSError(28, 'No space left on device', 'f')", 5)])
def test_an_error_is_one_line_and_its_own_code(error: str, code: int) -> None:
    done = run_as_program(f"raise {error}")
    assert done.returncode == code
    assert done.stderr.startswith("capture: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_goes_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run_as_program("[click.echo('x' * 1000) for _ in range(1000)]", stdout=writing)
    finally:
        os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("encoding", ["ascii:strict", "iso-8859-1:strict", "utf-8:strict"])
def test_a_path_that_is_no_text_in_the_terminals_locale_is_printed_and_json_stays_json(encoding: str) -> None:
    body = "from corpus.console import echo_json; name = 'caf\\udce9 \\u2026'; echo_json(name); click.echo(name)"
    done = run_as_program(body, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[0]) == "caf\udce9 \u2026"
    assert done.stdout.splitlines()[1].startswith("caf")


def complete(program: str, *words: str) -> list[str]:
    """What bash offers after ``words``, asked through the function that the documented line defines."""
    script = (
        f'eval "$(_{program.upper()}_COMPLETE=bash_source {program})"\n'
        'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()\n'
        f'$(complete -p {program} | sed "s/.*-F \\([^ ]*\\).*/\\1/") {program}\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "-c", script, "bash", program, *words],
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_bash_completes_commands_and_options() -> None:
    assert complete("capture", "inst") == ["install"]
    assert "--tenant" in complete("capture", "install", "--te")
    assert set(complete("corpus", "")) == set(CORPUS)
