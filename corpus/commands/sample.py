"""``corpus sample``: a few records, or a few rows as a trainer sees them."""

from __future__ import annotations

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, json_option, root_option


@click.command("sample")
@tenant_option
@click.option("-n", "count", type=click.IntRange(min=1), default=3, show_default=True, help="How many at most.")
@click.option("--type", "tuple_type", metavar="TYPE", help="Only records of this type (edit, feedback).")
@click.option("--recipe", metavar="NAME", help="Rows of this recipe instead of records.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another sample.")
@root_option
@json_option
def command(tenant: str, count: int, tuple_type: str | None, recipe: str | None, seed: int, root: str | None, as_json: bool) -> None:
    """Show some records, or with --recipe some rows of a training set."""
    from corpus.store.elsewhere import readable_root

    if recipe is not None and tuple_type is not None:
        raise click.UsageError("--type chooses records and --recipe rows: give one of them")
    where = readable_root(root)
    if recipe is not None:
        from corpus.build import sample_rows
        from corpus.commands.view import RULE, row_lines

        rows = sample_rows(where, tenant, recipe, count, seed=seed)
        if as_json:
            echo_json([row.columns() for row in rows])
        else:
            click.echo("\n".join(line for row in rows for line in (RULE, *row_lines(row))) or f"no rows for {recipe}")
        return
    from corpus.build import sample_records
    from corpus.commands.view import RULE, record_json, record_lines

    records = sample_records(where, tenant, count, seed=seed, tuple_type=tuple_type)
    if as_json:
        echo_json([record_json(record) for record in records])
    else:
        click.echo("\n".join(line for record in records for line in (RULE, *record_lines(record))) or "no such records")
