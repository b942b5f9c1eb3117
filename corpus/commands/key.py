"""``corpus key``: the pseudonym key that a team shares."""

from __future__ import annotations

from pathlib import Path

import click

from corpus.console import echo_json, json_option


@click.group("key")
def command() -> None:
    """Make the pseudonym key that a team shares, and compare keys without showing them."""


@command.command("new")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@json_option
def new(file: Path, as_json: bool) -> None:
    """Make a key in FILE (0600). Each machine takes it in with 'capture install --key FILE'; FILE goes to nobody else."""
    from corpus.redaction.keysource import fingerprint, new_file

    made = fingerprint(new_file(file))
    if as_json:
        echo_json({"file": str(file), "fingerprint": made})
    else:
        click.echo(f"{file}: a new key, fingerprint {made}; next: capture install REPO --tenant T --cluster C --key {file}")


@command.command("fingerprint")
@click.option("--tenant", metavar="NAME", help="Of the key that this tenant has on this machine.")
@click.option("--file", metavar="FILE", type=click.Path(path_type=Path), help="Of the key in a file.")
@json_option
def fingerprint(tenant: str | None, file: Path | None, as_json: bool) -> None:
    """Print 32 hex digits that are the same on two machines if, and only if, their keys are; they tell nothing of the key."""
    from corpus.names import check
    from corpus.redaction import pseudonym
    from corpus.redaction.keysource import fingerprint as of
    from corpus.redaction.keysource import from_file

    if tenant is not None and file is None:
        found = pseudonym.existing(check("tenant", tenant)).fingerprint
    elif file is not None and tenant is None:
        found = of(from_file(file))
    else:
        raise click.UsageError("give --tenant or --file")
    if as_json:
        echo_json({"fingerprint": found})
    else:
        click.echo(found)
