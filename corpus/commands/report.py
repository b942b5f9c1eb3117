"""``corpus report``: what is held of a person."""

from __future__ import annotations

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, echo_table, json_option, root_option


@click.command("report")
@tenant_option
@click.option("--subject", required=True, metavar="EMAIL_OR_NAME", help="The person.")
@root_option
@json_option
def command(tenant: str, subject: str, root: str | None, as_json: bool) -> None:
    """Say what a tenant holds of a person: records by type and by where they appear, from when to when, and the builds."""
    from dataclasses import asdict

    from corpus.forgetting.report import report
    from corpus.redaction.subject import known_as
    from corpus.store import Corpus
    from corpus.store.elsewhere import readable_root

    with Corpus.open(readable_root(root), tenant) as corpus:
        found = report(corpus, known_as(corpus.tenant, subject))
    if as_json:
        echo_json(asdict(found))
        return
    dates = f", from {found.first} to {found.last}" if found.records else ""
    click.echo(f"tenant {tenant}: records {found.records}{dates}; {'opted out' if found.opted_out else 'not opted out'}")
    click.echo(f"looked for as {', '.join((*found.names, *found.addresses))}")
    tables = (("type", found.types), ("appears as", found.roles), ("build", dict(found.builds)))
    rows = [("" if at else title, name, count) for title, counts in tables for at, (name, count) in enumerate(counts.items())]
    if rows:
        echo_table(("by", "value", "records"), rows)
