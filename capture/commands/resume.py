"""``capture resume``: go on after ``capture pause``."""

from __future__ import annotations

from pathlib import Path

import click

from corpus.console import echo_json, json_option


@click.command("resume", short_help="Go on after 'capture pause'.")
@click.argument("repo", required=False, type=click.Path(path_type=Path))
@click.option("--all", "everywhere", is_flag=True, help="Every enrolled repository.")
@json_option
def command(repo: Path | None, everywhere: bool, as_json: bool) -> None:
    """Capture again in the repository REPO (default: this one). What was done in the pause is not taken."""
    from capture.hooks.pausing import resume

    if everywhere and repo is not None:
        raise click.UsageError("Name a repository or give --all, not both.")
    resumed = resume(None if everywhere else repo or Path())
    if as_json:
        echo_json({"resumed": [str(common) for common in resumed]})
    else:
        click.echo(f"Resumed: {', '.join(map(str, resumed)) or 'nothing was paused here'}.")
