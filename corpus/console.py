"""The face both command lines share: lazy commands, exit codes, one-line errors, tables that are also JSON."""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from corpus.errors import Failed, SubstrateError

INTERRUPTED = 130
# Everything below space but tab and newline, DEL, and the C1 controls: a terminal may act on these.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run or listed: ``{name: module}``, each module holding ``command``."""

    def __init__(self, *args: Any, members: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._members = dict(members)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._members)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = self._members.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(module).command
        return command


def main(group: click.Command, name: str) -> None:
    """Run ``group`` as the program ``name`` and exit with the design's codes. Never shows a traceback unless ``CORPUS_DEBUG`` is set."""
    # Records are trees, freed when they are let go of. Going through all that was imported again and again costs a tenth of a capture.
    gc.set_threshold(50_000, 20, 20)
    if sys.stdout is None:  # closed by the caller (>&-): what is printed goes nowhere, and no file of ours takes its number
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    stdout = sys.stdout
    if isinstance(stdout, io.TextIOWrapper) and stdout.errors == "strict":
        # A path may hold bytes that are no text, and a terminal's locale may lack what we print: neither is a reason to fail.
        stdout.reconfigure(errors="backslashreplace")
    os.umask(os.umask(0o077) & 0o077)  # one that keeps even the owner out would leave what nobody can use
    try:
        code = group.main(prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        code = INTERRUPTED
    except KeyboardInterrupt:
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BrokenPipeError:
        code = _reader_left()
    except SystemExit as stop:
        # click ends a broken pipe with 1, which here would mean that problems were found, and leaves no trace but a stdout of its own.
        code = _reader_left() if sys.stdout is not stdout else stop.code
    except SubstrateError as error:
        click.echo(f"{name}: {_one_line(str(error))}", err=True)
        code = error.exit_code
    except OSError as error:
        where = f" ({_one_line(os.fsdecode(error.filename))})" if isinstance(error.filename, str | bytes) else ""
        click.echo(f"{name}: {error.strerror or type(error).__name__}{where}: free or mend it, then run this again", err=True)
        code = Failed.exit_code
    except Exception as error:
        if os.environ.get("CORPUS_DEBUG"):
            raise
        # Only the type is named: a message or a traceback may quote what has not been redacted.
        click.echo(f"{name}: unexpected {type(error).__name__}; this is a bug (CORPUS_DEBUG=1 shows where)", err=True)
        code = Failed.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _reader_left() -> int:
    """The reader (``head``, say) has what it wanted; point stdout at nothing so that the exit does not complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def plain(text: str) -> str:
    """``text`` with control characters but tab and newline shown as ``\\xNN``, so that nothing in it can drive the terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _one_line(text: str) -> str:
    return plain(text).replace("\n", "\\n")


def echo_json(value: object) -> None:
    """One JSON document, for ``--json``."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(value, sort_keys=True)  # escaped, so that it stays JSON
    click.echo(text)


def echo_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """A table for a person; ``--json`` is the form for programs."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # As text: what is a string may be read as markup.
    table = Table(*columns, title=None if title is None else Text(plain(title)), title_justify="left")
    for row in rows:
        table.add_row(*(Text("" if cell is None else plain(str(cell))) for cell in row))
    Console(soft_wrap=False).print(table)


@contextmanager
def progress(what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal's standard error, with how many a second and how long still; nothing in a pipe, or when ``quiet``.

    Yields ``seen(done, total)``, which may be called for each of millions; where ``total`` changes, something else has begun.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        shown, known = 0.0, 0

        def seen(done: int, total: int) -> None:
            nonlocal shown, known
            now = time.monotonic()
            if done < total == known and now - shown < _SHOWN_EVERY:
                return
            if total != known and known:
                bar.reset(task)
            bar.update(task, completed=done, total=total)
            shown, known = now, total

        yield seen


_SHOWN_EVERY = 0.1
"""Seconds. A bar drawn for each record takes longer than the record."""


json_option: Callable[[Any], Any] = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
root_option: Callable[[Any], Any] = click.option(
    "--root", metavar="DIR", help="The corpus root (default: CORPUS_ROOT, then the config file)."
)
