"""``capture edit``: take commits in by name, by range, or all of them."""

from __future__ import annotations

from pathlib import Path

import click

from corpus.console import echo_json, json_option, root_option


@click.command("edit", short_help="Take commits in by name, by range, or a whole history.")
@click.argument("revision", required=False)
@click.option("--all", "everything", is_flag=True, help="Every commit of every branch, in bulk; stopped, it goes on where it was.")
@click.option("--repo", metavar="DIR", default=".", help="The repository (default: the one here).")
@click.option("--tenant", metavar="T", help="Whose corpus (default: the tenant this repository is enrolled to).")
@click.option("--cluster", metavar="C", help="The cluster (default: as enrolled).")
@click.option("--no-before", is_flag=True, help="Leave out the files' content before each change.")
@root_option
@json_option
def command(
    revision: str | None,
    everything: bool,
    repo: str,
    tenant: str | None,
    cluster: str | None,
    no_before: bool,
    root: str | None,
    as_json: bool,
) -> None:
    """Take commits in: REVISION (default HEAD), a RANGE such as main~20..main, or --all.

    Hooks capture what is committed from now on; this is for what was there before, and for repositories without hooks (--tenant
    and --cluster say whose they are). Nothing is written into the repository. A commit that is kept already is left as it is.
    """
    from capture.history import take
    from capture.whose import whose
    from corpus.console import progress

    if everything and revision is not None:
        raise click.UsageError("give a revision or --all, not both")
    owner = whose(Path(repo), tenant=tenant, cluster=cluster, root=root)
    wanted = None if everything else "HEAD" if revision is None else revision
    with progress("commits") as seen:
        taken = take(Path(repo), wanted, owner.root, owner.label, with_before=not no_before, seen=seen)
    if as_json:
        echo_json({"commits": taken.named, "kept": taken.kept})
    else:
        click.echo(f"{taken.kept} of {taken.named} commits kept anew in {owner.root / owner.label.tenant}")
