"""``corpus rebuild``: a build made again from its manifest, and compared."""

from __future__ import annotations

from pathlib import Path

import click

from corpus.commands.options import workers_option
from corpus.console import echo_json, echo_table, json_option, progress, root_option


@click.command("rebuild")
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("--out", required=True, metavar="DIR|URL", help="A new directory, here or where fsspec reaches, or an earlier build of ours.")
@click.option("--tokenizer", metavar="FILE|DIR", type=click.Path(path_type=Path), help="The tokenizer that the build used.")
@click.option("--decontaminate", multiple=True, metavar="FILE", type=click.Path(path_type=Path), help="The test files that the build used.")
@workers_option
@root_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    manifest: Path,
    out: str,
    tokenizer: Path | None,
    decontaminate: tuple[Path, ...],
    workers: int | None,
    root: str | None,
    as_json: bool,
) -> None:
    """Make the sets of a build's MANIFEST again and compare every file with it.

    Exits with 1 where a file differs; records that are not kept any more as they were are listed.
    """
    from dataclasses import asdict

    from corpus.build.rebuild import Given, rebuild
    from corpus.build.remote import place
    from corpus.store.elsewhere import readable_root

    target, given = place(out), Given(tokenizer, decontaminate)
    with progress("building", quiet=as_json) as seen:
        done = rebuild(readable_root(root), manifest, target, given=given, workers=workers, seen=seen)
    if as_json:
        told = {"differences": [asdict(one) for one in done.differences], "missing": [asdict(one) for one in done.missing]}
        echo_json({"out": str(target), "files": done.files, "same": done.same, "position": done.manifest.position, **told})
    else:
        if done.missing:
            echo_table(("record", "version", "what became of it"), [(one.key, one.id[:12], one.fate) for one in done.missing])
        for one in done.differences:
            click.echo(f"{one.path}: {one.before[:12] or 'was not there'}, now {one.now[:12] or 'not there'}")
        click.echo(f"{done.files} files compared, {len(done.differences)} differ, {len(done.missing)} records are not in the sets any more")
    if not done.same:
        context.exit(1)
