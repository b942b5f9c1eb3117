"""``corpus export``: a tenant's records as a bundle, for another machine or for reading elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, json_option, root_option


@click.command("export")
@tenant_option
@click.option("--out", required=True, metavar="BUNDLE", type=click.Path(path_type=Path), help="A new directory, or an earlier bundle.")
@root_option
@json_option
def command(tenant: str, out: Path, root: str | None, as_json: bool) -> None:
    """Write a tenant's packs and log into the directory BUNDLE; of an earlier bundle there, only what is new is copied.

    Loose files are packed first. A bundle holds no key, no spool and no settings but what manifests say of branches and roles.
    """
    from dataclasses import asdict

    from corpus.store import Corpus
    from corpus.xdg import corpus_root

    with Corpus.open(corpus_root(root), tenant) as corpus:
        done = corpus.export(out)
    if as_json:
        echo_json(asdict(done) | {"out": str(out)})
    else:
        click.echo(f"{out}: tenant {tenant}, records {done.records}, packs {done.packs} ({done.new} new), log {done.position}")
