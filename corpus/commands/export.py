"""``corpus export``: a tenant's records as a bundle, for another machine or to be read elsewhere; its sessions in the exchange format."""

from __future__ import annotations

from pathlib import Path

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, json_option, progress, root_option


@click.command("export")
@tenant_option
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="A new directory, or an earlier bundle.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["bundle", "atif"]),
    default="bundle",
    help="A bundle (default), or sessions as ATIF documents.",
)
@click.option("--where", "conditions", metavar="FIELD=VALUE", multiple=True, help="With atif: only sessions of this header. Repeatable.")
@root_option
@json_option
def command(tenant: str, out: Path, form: str, conditions: tuple[str, ...], root: str | None, as_json: bool) -> None:
    """Write a tenant's packs and log into the directory DIR; of an earlier bundle there, only what is new is copied.

    Loose files are packed first. A bundle holds no key, no spool and no settings but what manifests say of branches and roles.

    With --format atif DIR gets a JSON document for each session, its parts joined, as other tools for trajectories read them.
    """
    from dataclasses import asdict

    from corpus.errors import BadInput
    from corpus.store import Corpus
    from corpus.xdg import corpus_root

    if form == "atif":
        _atif(tenant, out, conditions, root, as_json)
        return
    if conditions:
        raise BadInput("--where chooses among sessions: a bundle is the whole of a tenant; add --format atif or leave it away")
    with Corpus.open(corpus_root(root), tenant) as corpus:
        done = corpus.export(out)
    if as_json:
        echo_json(asdict(done) | {"out": str(out)})
    else:
        click.echo(f"{out}: tenant {tenant}, records {done.records}, packs {done.packs} ({done.new} new), log {done.position}")


def _atif(tenant: str, out: Path, conditions: tuple[str, ...], root: str | None, as_json: bool) -> None:
    from dataclasses import asdict

    from corpus.build.atif_export import export_atif
    from corpus.build.where import of_headers
    from corpus.store import Corpus
    from corpus.xdg import corpus_root

    asked = of_headers(conditions)
    with Corpus.open(corpus_root(root), tenant) as corpus, progress("sessions") as seen:
        done = export_atif(corpus, out, lambda header: all(each.holds(header) for each in asked), seen)
    if as_json:
        echo_json(asdict(done) | {"out": str(out)})
        return
    left = f", left out: superseded {done.superseded}, withheld {done.withheld}" if done.superseded or done.withheld else ""
    click.echo(f"{out}: tenant {tenant}, sessions {done.sessions}, events {done.events}{left}")
