"""``corpus pack``: seal loose files into packs."""

from __future__ import annotations

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, json_option, progress, root_option


@click.command("pack")
@tenant_option
@click.option("--all", "everything", is_flag=True, help="Write every pack anew: the same records make the same files.")
@root_option
@json_option
def command(tenant: str, everything: bool, root: str | None, as_json: bool) -> None:
    """Seal a tenant's loose files into packs. Safe at any time; the drainer does it by itself when there is enough."""
    from dataclasses import asdict

    from corpus.errors import Broken
    from corpus.store import Corpus
    from corpus.xdg import corpus_root

    with Corpus.open(corpus_root(root), tenant) as corpus, progress("packing") as seen:
        done = corpus.repack() if everything else corpus.pack(seen)
    if as_json:
        echo_json(asdict(done))
    else:
        click.echo(f"tenant {tenant}: records sealed {done.records}, packs written {done.packs}")
    if done.broken:
        more = f" (and {len(done.broken) - 1} more)" if len(done.broken) > 1 else ""
        raise Broken(f"{done.broken[0]}{more}")
