"""``corpus tenant``: the tenants of a root."""

from __future__ import annotations

import click

from corpus.console import echo_json, json_option, root_option


@click.group("tenant")
def command() -> None:
    """Add a tenant to a root."""


@command.command("add")
@click.argument("name")
@root_option
@json_option
def add(name: str, root: str | None, as_json: bool) -> None:
    """Make the tenant NAME; harmless where it exists already."""
    from corpus.store import add_tenant
    from corpus.xdg import corpus_root

    where = corpus_root(root)
    made = add_tenant(where, name)
    if as_json:
        echo_json({"root": str(where), "tenant": name, "made": made})
    else:
        click.echo(f"{where / name}: {'added' if made else 'was there already'}; next: capture install REPO --tenant {name} --cluster NAME")
