"""The options that say which rows of a set are kept and how they are written: one decorator, and one value for a command."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

_PATH: Any = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--format", "form", metavar="NAME", help="trl, openai, axolotl, llama-factory or dolma; else what each recipe is for."),
    click.option(
        "--file-type", type=click.Choice(["jsonl", "jsonl.zst", "parquet"]), default="jsonl", show_default=True, help="Of the sets' files."
    ),
    click.option("--shard-size", default="128MiB", show_default=True, metavar="SIZE", help="How much of rows, as JSON, a file takes."),
    click.option(
        "--generated",
        type=click.Choice(["all", "any", "keep"]),
        default="all",
        show_default=True,
        help="Leave out commits of which all files, or any, are generated, vendored, minified or lock files.",
    ),
    click.option(
        "--bots", type=click.Choice(["drop", "keep"]), default="drop", show_default=True, help="What becomes of commits that programs made."
    ),
    click.option("--exclude-path", multiple=True, metavar="GLOB", help="Leave out commits that touch such a path, as .gitignore has it."),
    click.option(
        "--exclude-license", multiple=True, metavar="ID", help="Leave out commits of files that say this licence; GPL-3.0-only, or 'GPL-*'."
    ),
    click.option(
        "--weight", "weights", multiple=True, metavar="FIELD=VALUE:SHARE", help="Take a share of a source, like cluster=docs:0.2."
    ),
    click.option("--decontaminate", multiple=True, metavar="FILE", type=_PATH, help="Leave out rows that share 13 words with these tests."),
    click.option("--tokenizer", metavar="FILE|DIR", type=_PATH, help="Count tokens, and leave out what its chat template cannot render."),
    click.option("--min-tokens", type=click.IntRange(1), metavar="N", help="Leave out rows of fewer tokens."),
    click.option("--max-tokens", type=click.IntRange(1), metavar="N", help="Leave out rows of more tokens."),
    click.option("--near-duplicates", metavar="SIMILARITY", help="Leave out rows that teach nearly what another does, like 0.8."),
    click.option("--max-per", multiple=True, metavar="OWNER=ROWS", help="No more of one author, session, file, module, cluster or model."),
    click.option("--license", "licence", metavar="ID", help="The licence that the card states, like CC-BY-4.0; else none is stated."),
    click.option("--keep-dropped", is_flag=True, help="Keep what was left out, and why, in DIR/dropped."),
)


def row_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give ``command`` these options; it gets them as one ``options``. Raises :class:`BadInput` for texts that are none."""

    @wraps(command)
    def run(**given: Any) -> None:
        from corpus.build.files import FileType
        from corpus.build.options import Options, percent, size
        from corpus.build.quality.bots import Bots
        from corpus.build.quality.paths import Unwritten

        near = given.pop("near_duplicates")
        options = Options(
            format=given.pop("form"),
            file_type=FileType(given.pop("file_type")),
            shard_bytes=size(given.pop("shard_size")),
            generated=Unwritten(given.pop("generated")),
            bots=Bots(given.pop("bots")),
            exclude_paths=given.pop("exclude_path"),
            exclude_licenses=given.pop("exclude_license"),
            weights=given.pop("weights"),
            decontaminate_at=given.pop("decontaminate"),
            tokenizer_at=given.pop("tokenizer"),
            min_tokens=given.pop("min_tokens"),
            max_tokens=given.pop("max_tokens"),
            near_percent=None if near is None else percent(near),
            max_per=given.pop("max_per"),
            license=given.pop("licence"),
            keep_dropped=given.pop("keep_dropped"),
        )
        command(options=options, **given)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run
