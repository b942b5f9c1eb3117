"""``capture pause``: capture nothing until ``capture resume``."""

from __future__ import annotations

from pathlib import Path

import click

from corpus.console import echo_json, json_option


@click.command("pause", short_help="Capture nothing until 'capture resume'.")
@click.argument("repo", required=False, type=click.Path(path_type=Path))
@click.option("--all", "everywhere", is_flag=True, help="Every enrolled repository.")
@json_option
def command(repo: Path | None, everywhere: bool, as_json: bool) -> None:
    """Capture nothing in the repository REPO (default: this one) until 'capture resume'. What is done meanwhile is not taken later."""
    from capture.hooks.pausing import pause

    if everywhere and repo is not None:
        raise click.UsageError("Name a repository or give --all, not both.")
    paused = pause(None if everywhere else repo or Path())
    if as_json:
        echo_json({"paused": [str(common) for common in paused]})
    else:
        click.echo(f"Paused: {', '.join(map(str, paused)) or 'every repository enrolled from now on'}. 'capture resume' goes on.")
