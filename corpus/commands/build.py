"""``corpus build``: one tenant's records to training sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpus.commands.config import config_option
from corpus.commands.options import tenant_option, workers_option
from corpus.commands.row_options import row_options
from corpus.console import echo_json, echo_table, json_option, progress, root_option

if TYPE_CHECKING:
    from corpus.build.funnel import Funnel
    from corpus.build.manifest import Manifest
    from corpus.build.options import Options
    from corpus.build.remote import Remote


@click.command("build")
@tenant_option
@click.option(
    "--recipe",
    "recipes",
    multiple=True,
    required=True,
    metavar="NAME",
    help="pretrain, sft, sft-blocks, commit-message, dpo, kto, or one that a package brings.",
)
@click.option("--where", multiple=True, metavar="CONDITION", help="FIELD=VALUE, !=, 'FIELD in A,B', created>=2026-05; all hold.")
@click.option("--all-branches", is_flag=True, help="Also commits on branches that the cluster's manifest does not name.")
@click.option("--gate", "gates", multiple=True, metavar="NAME=LIMIT", help="Change a gate of dpo and kto: a number, on or off.")
@click.option(
    "--split", "splits", multiple=True, metavar="NAME=PERCENT", help="So much of the groups apart from train; may be given again."
)
@row_options
@click.option("--as-of", type=click.IntRange(0), metavar="N", help="What the log knew at its entry N; writes nothing there.")
@click.option("--dry-run", is_flag=True, help="Only count what would become of the records; nothing is written anywhere.")
@click.option("--out", metavar="DIR|URL", help="A new directory, here or where fsspec reaches, or an earlier build of ours.")
@workers_option
@config_option
@root_option
@json_option
def command(
    tenant: str,
    recipes: tuple[str, ...],
    where: tuple[str, ...],
    all_branches: bool,
    gates: tuple[str, ...],
    splits: tuple[str, ...],
    as_of: int | None,
    dry_run: bool,
    out: str | None,
    workers: int | None,
    config: str | None,
    root: str | None,
    as_json: bool,
    options: Options,
) -> None:
    """Filter a tenant's records into training sets, with a dataset card and a manifest."""
    from corpus.build import Request, build, funnel
    from corpus.build.output import asides
    from corpus.build.reasons import Reason
    from corpus.build.remote import destination, place
    from corpus.store.elsewhere import readable_root

    request = Request(readable_root(root), tenant, recipes, where, all_branches, gates, options, as_of, config, splits)
    if dry_run:
        with progress("counting", quiet=as_json) as seen:
            _print_funnel(funnel(request, workers=workers, seen=seen), as_json)
        return
    if out is None:
        raise click.UsageError("Missing option '--out' (or say --dry-run).")
    target = place(out)
    with progress("building", quiet=as_json) as seen, destination(target, request.root, tenant, seen) as directory:
        try:
            done = build(request, directory, workers=workers, seen=seen)
        except KeyboardInterrupt:
            if isinstance(target, Path) and (aside := asides(directory)[0]).is_dir():
                click.echo(f"corpus: interrupted; the same command goes on from here, or remove {aside}", err=True)
            raise
    if done.gone:
        replaced = sum(one.replaced for one in done.gone)
        what = f"{replaced} replaced since, {len(done.gone) - replaced} not kept any more"
        click.echo(f"corpus: without {len(done.gone)} records of position {done.position} ({what}): see manifest.json", err=True)
    if across := max((built.dropped.get(Reason.ACROSS_SPLITS, 0) for built in done.sets), default=0):
        click.echo(f"corpus: {across} records join work that is in different splits and are in none", err=True)
    for name in (text.partition("=")[0] for text in done.query.split or ()):
        if without := ", ".join(built.recipe for built in done.sets if built.rows and name not in built.splits):
            click.echo(f"corpus: split {name} has no row of {without}: too few groups, or all had one before and keep it", err=True)
    for built in done.sets:
        if not built.rows:
            click.echo(f"corpus: {built.recipe} has no row and was left out of the card's configs", err=True)
    if as_json:
        echo_json({"out": str(target), "sets": [built.model_dump(mode="json", exclude={"members"}) for built in done.sets]})
    else:
        _print(done, target)


def _print_funnel(found: Funnel, as_json: bool) -> None:
    from dataclasses import asdict

    from corpus.build import steps

    if as_json:
        sets = [{"recipe": built.recipe, "rows": built.rows, "steps": [asdict(step) for step in steps(built)]} for built in found.sets]
        echo_json({"records": found.records, "selected": found.selected, "sets": sets})
        return
    click.echo(f"records {found.records}, selected {found.selected}")
    rows: list[tuple[object, ...]] = []
    for built in found.sets:
        rows += [
            (("" if at else built.recipe), step.name, f"-{step.less}" if step.less else "", step.left)
            for at, step in enumerate(steps(built))
        ]
    echo_table(("set", "step", "less", "left"), rows)


def _print(done: Manifest, out: Path | Remote) -> None:
    rows = [
        (
            built.recipe,
            built.records_in,
            built.candidates,
            built.rows,
            ", ".join(f"{count} {reason}" for reason, count in built.dropped.items()),
        )
        for built in done.sets
    ]
    echo_table(("set", "records in", "candidates", "rows", "left out"), rows)
    for built in done.sets:
        for file in built.files:
            click.echo(f"{out}/{file.path}")
    click.echo(f"{out}/{done.card.path}: the dataset card; load_dataset({str(out)!r}, NAME) reads the sets")
