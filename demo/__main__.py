"""``./install.sh demo [PATH]``: from commits to training sets in a scratch folder, with the two commands as a user types them."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from scenes import captured_by_hooks, captured_from, dataset_of, feedback
from world import DemoError, World


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("repository", required=False, metavar="[PATH]", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Also write the closing page as SVG.")
def main(repository: Path | None, picture: Path | None) -> None:
    """Show the whole way from a commit to a training set in a scratch folder.

    Without PATH a small project is made up, committed with hooks installed, and captured by them. With PATH the last 200 commits
    of that repository are captured; it is only read.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 110
    world = World.create(console)
    try:
        notes = captured_from(world, repository.resolve()) if repository else captured_by_hooks(world)
        notes += feedback(world)
        report = dataset_of(world, notes)
    except DemoError as error:
        click.echo(f"demo: {error}\ndemo: what was made so far lies in {world.folder}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    console.print()
    report.show(console)
    if picture:
        report.picture(picture)


if __name__ == "__main__":
    main()
