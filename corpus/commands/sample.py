"""``corpus sample``: a few records, or a few rows as a trainer sees them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, json_option, root_option

if TYPE_CHECKING:
    from corpus.build.rendered import Rendered


@click.command("sample")
@tenant_option
@click.option("-n", "count", type=click.IntRange(min=1), default=3, show_default=True, help="How many at most.")
@click.option("--type", "tuple_type", metavar="TYPE", help="Only records of this type (edit, feedback).")
@click.option("--recipe", metavar="NAME", help="Rows of this recipe instead of records.")
@click.option("--tokenizer", metavar="FILE|DIR", type=click.Path(path_type=Path), help="Show the rows as its chat template prints them.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another sample.")
@root_option
@json_option
def command(
    tenant: str,
    count: int,
    tuple_type: str | None,
    recipe: str | None,
    tokenizer: Path | None,
    seed: int,
    root: str | None,
    as_json: bool,
) -> None:
    """Show some records, or with --recipe some rows of a training set."""
    from corpus.store.elsewhere import readable_root

    if recipe is not None and tuple_type is not None:
        raise click.UsageError("--type chooses records and --recipe rows: give one of them")
    if tokenizer is not None and recipe is None:
        raise click.UsageError("--tokenizer renders rows: say of which --recipe")
    where = readable_root(root)
    if recipe is not None:
        from corpus.build import sample_rows
        from corpus.build.rendered import render
        from corpus.commands.view import RULE, row_lines

        rows = sample_rows(where, tenant, recipe, count, seed=seed)
        if tokenizer is not None:
            _print_rendered(render(rows, tokenizer), as_json)
        elif as_json:
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


def _print_rendered(found: list[Rendered], as_json: bool) -> None:
    from dataclasses import asdict

    from corpus.commands.view import RULE, rendered_lines

    if as_json:
        echo_json([asdict(one) for one in found])
    else:
        click.echo("\n".join(line for one in found for line in (RULE, *rendered_lines(one))) or "no rows")
