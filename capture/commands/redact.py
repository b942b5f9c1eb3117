"""``capture redact``: what the gate would replace in a file, and the file with it replaced. Nothing is stored."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from corpus.errors import BadInput
from corpus.names import check

if TYPE_CHECKING:
    from corpus.redaction.finding import Place

STDIN = "-"


@click.command("redact")
@click.argument("files", nargs=-1, metavar="[FILE... | -]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a finding; offsets count characters, end exclusive.")
@click.option("--explain", is_flag=True, help="Print the rule, the keyword and the score behind each finding, never its text.")
@click.option("--check", "only_check", is_flag=True, help="Exit 1 when anything is found.")
@click.option(
    "--tenant",
    metavar="T",
    help="Use this tenant's people, rules, policy and identifiers (default: no people, identifiers of this run only).",
)
def command(files: tuple[str, ...], as_json: bool, explain: bool, only_check: bool, tenant: str | None) -> int:
    """Print FILE (default: standard input) redacted as a record would be.

    With --json, --explain or --check several files can be given, and findings are listed instead.
    """
    if as_json and explain:
        raise BadInput("--json and --explain are two ways to list findings: choose one")
    listing = as_json or explain or only_check
    names = files or (STDIN,)
    if len(names) > 1 and not listing:
        raise BadInput(f"{len(names)} files: redacted text is printed for one; use --json, --explain or --check for several")
    if listing:
        return _list(names, tenant, as_json, only_check)
    return _print(names[0], tenant)


def _print(name: str, tenant: str | None) -> int:
    from corpus.redaction.draft import Withheld
    from corpus.redaction.redactor import scanner_for

    text = _read(name)
    try:
        redacted = scanner_for(None if tenant is None else check("tenant", tenant)).redact(text, *_kind(name))
    except Withheld as withheld:
        raise BadInput(f"{name} cannot be made safe ({withheld.reason}): nothing is printed") from None
    sys.stdout.buffer.write(redacted.encode())
    return 0


def _list(names: Sequence[str], tenant: str | None, as_json: bool, only_check: bool) -> int:
    from corpus.redaction.draft import Withheld
    from corpus.redaction.redactor import scanner_for

    scanner = scanner_for(None if tenant is None else check("tenant", tenant))
    unreadable = found_any = False
    for name in names:
        try:
            text = _read(name)
            found = scanner.find(text, *_kind(name))
        except (BadInput, Withheld) as error:
            reason = f"{name} cannot be searched ({error.reason}): split it or leave it out" if isinstance(error, Withheld) else str(error)
            click.echo(f"capture: {reason}", err=True)
            unreadable = True
            continue
        found_any |= bool(found)
        for each in found:
            if as_json:
                row = {"path": name, "start": each.start, "end": each.end, "entity_type": each.entity_type, "score": each.score}
                click.echo(json.dumps(row | {"rule": each.rule}, ensure_ascii=False))
            else:
                before = text[: each.start]
                line, column = before.count("\n") + 1, each.start - before.rfind("\n")
                keyword = f", keyword {each.keyword}" if each.keyword else ""
                click.echo(f"{name}:{line}:{column}: {each.entity_type} (rule {each.rule}{keyword}, score {each.score})")
    if unreadable:
        return 2
    return 1 if only_check and found_any else 0


def _kind(name: str) -> tuple[Place, str]:
    from corpus.redaction.comments import place_of

    path = "" if name == STDIN else name
    return place_of(path), path


def _read(name: str) -> str:
    """The text of a file or of standard input. Raises :class:`BadInput` for what cannot be read or is not UTF-8."""
    try:
        if name == STDIN:
            return sys.stdin.buffer.read().decode()
        with open(name, "rb") as file:
            return file.read().decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is not UTF-8 (byte {error.start}): convert it first") from None
    except OSError as error:
        raise BadInput(f"{name} cannot be read ({error.strerror}): check the path") from None
