"""``corpus hold``: legal holds of a tenant, under which nothing is forgotten."""

from __future__ import annotations

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, echo_table, json_option, root_option


@click.group("hold")
def command() -> None:
    """Keep a tenant from forgetting, for a reason: 'corpus forget' and retention stop while there is a hold."""


@command.command("add")
@click.argument("name")
@tenant_option
@click.option("--reason", required=True, metavar="TEXT", help="Why; whoever is refused is told.")
@root_option
def add(name: str, tenant: str, reason: str, root: str | None) -> None:
    """Begin the hold NAME, or give it another reason."""
    from corpus.errors import BadInput
    from corpus.store import put_hold
    from corpus.xdg import corpus_root

    said = " ".join(reason.split())
    if not said:
        raise BadInput("--reason is empty: say why nothing may be forgotten")
    changed = put_hold(corpus_root(root), tenant, name, said)
    click.echo(f"tenant {tenant}: hold {name} {'begun' if changed else 'was there already'}")


@command.command("remove")
@click.argument("name")
@tenant_option
@root_option
def remove(name: str, tenant: str, root: str | None) -> None:
    """End the hold NAME."""
    from corpus.errors import BadInput
    from corpus.store import put_hold
    from corpus.xdg import corpus_root

    if not put_hold(corpus_root(root), tenant, name, None):
        raise BadInput(f"tenant {tenant} has no hold {name!r}: see 'corpus hold list --tenant {tenant}'")
    click.echo(f"tenant {tenant}: hold {name} ended")


@command.command("list")
@tenant_option
@root_option
@json_option
def list_(tenant: str, root: str | None, as_json: bool) -> None:
    """List the holds and their reasons."""
    from corpus.store import tenant_settings
    from corpus.xdg import corpus_root

    holds = tenant_settings(corpus_root(root), tenant).holds
    if as_json:
        echo_json(holds)
    else:
        click.echo(f"tenant {tenant}: holds {len(holds)}")
        if holds:
            echo_table(("hold", "reason"), sorted(holds.items()))
