"""``corpus init``: make a root."""

from __future__ import annotations

import click

from corpus.console import echo_json, json_option, root_option


@click.command("init")
@click.option("--kind", type=click.Choice(["vendor", "customer"]), default="vendor", show_default=True, help="Whose records it will hold.")
@root_option
@json_option
def command(kind: str, root: str | None, as_json: bool) -> None:
    """Make a corpus root; harmless where it exists already."""
    from corpus.store import init_root
    from corpus.xdg import corpus_root

    where = corpus_root(root)
    made = init_root(where, kind)
    if as_json:
        echo_json({"root": str(where), "kind": kind, "made": made})
    else:
        click.echo(f"{where}: {'made' if made else 'is'} a {kind} root; next: corpus tenant add NAME")
