"""``corpus show``: one record, readable."""

from __future__ import annotations

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, json_option, root_option


@click.command("show")
@click.argument("record", metavar="ID")
@tenant_option
@click.option("--events", metavar="FIRST-LAST", help="Of a session's part only these events, as a row's 'events' names them.")
@root_option
@json_option
def command(record: str, tenant: str, events: str | None, root: str | None, as_json: bool) -> None:
    """Show the record whose id, key or commit begins with ID; of a session each event stands with its line in the transcript."""
    from corpus.commands.view import of_events, record_json, record_lines
    from corpus.store.elsewhere import readable_root
    from corpus.store.readable import Readable

    with Readable.open(readable_root(root), tenant) as corpus:
        found = of_events(corpus.get(record), events)
    if as_json:
        echo_json(record_json(found))
    else:
        click.echo("\n".join(record_lines(found)))
