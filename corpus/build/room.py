"""Whether a build has room where it is made, looked at before the work: only a disk that is clearly too small is refused."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from corpus.build import recipes
from corpus.build.files import FileType
from corpus.build.manifest import Query
from corpus.build.select import Selection
from corpus.errors import Failed

_LEAST = {FileType.JSONL: 20}
"""A set of lines takes from about a fifth of its records' bytes; one in that many is asked for."""
_LEAST_PACKED = 200
"""So of what is compressed, by ten or less."""


def check(directory: Path, selected: Selection, query: Query) -> None:
    """Raises :class:`Failed` where the disk of ``directory`` has less than a small share of what the selected records take.

    Nothing is asked where the options may leave out nearly all of them.
    """
    options = query.options
    narrow = (options.weights, options.max_per, options.min_tokens, options.max_tokens, options.decontaminate)
    if (
        any(narrow)
        or options.exclude_paths
        or options.exclude_licenses
        or any(condition.startswith(("model", "agent")) for condition in query.where)
    ):
        return
    chosen = recipes.named(query.recipes)
    size = selected.size(lambda kind: any(recipe.takes(kind) for recipe in chosen))
    needed = size // _LEAST.get(options.file_type, _LEAST_PACKED)
    free = shutil.disk_usage(directory).free
    if free < needed:
        place = os.path.dirname(directory)
        raise Failed(f"{place} has {_shown(free)} free, and the records are {_shown(size)}: free some, or choose another --out")


def _shown(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
