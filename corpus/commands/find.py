"""``corpus find``: which records a person appears in, or meet conditions."""

from __future__ import annotations

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, echo_table, json_option, root_option


@click.command("find")
@tenant_option
@click.option("--subject", metavar="EMAIL_OR_NAME", help="A person appears in them, by any spelling that is known of them.")
@click.option("--where", multiple=True, metavar="FIELD=VALUE", help="Only records of this header field; also FIELD!=VALUE; all hold.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="A record by its id, key or commit, or how one begins.")
@root_option
@json_option
def command(tenant: str, subject: str | None, where: tuple[str, ...], ids: tuple[str, ...], root: str | None, as_json: bool) -> None:
    """List records: those in which a person appears, that meet conditions, or have an id. What is given holds for each."""
    from dataclasses import asdict

    from corpus.forgetting.query import find, parse
    from corpus.store import Corpus
    from corpus.store.elsewhere import readable_root

    with Corpus.open(readable_root(root), tenant) as corpus:
        found = find(corpus, parse(corpus.tenant, subject, where, ids))
    if as_json:
        echo_json([asdict(match) for match in found])
        return
    click.echo(f"tenant {tenant}: records {len(found)}")
    if found:
        echo_table(
            ("id", "type", "created", "where it lies", "appears"),
            [(match.id[:12], match.tuple_type, match.created, match.path, ", ".join(match.roles)) for match in found],
        )
