"""What stands between the two ``---`` of a dataset card: what the Hub files a data set under, and what ``load_dataset`` reads of it.

Facts from Hugging Face's ``datasetcard.md`` (repository hub-docs) and from ``DatasetCardData`` of ``huggingface_hub``. No language of
people is said: nobody looked which ones are spoken in the sets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from corpus.build import features, licence
from corpus.build.formats import Layout
from corpus.build.manifest import BuiltSet, Query
from corpus.build.recipe import Recipe
from corpus.record import TupleType

_STEPS = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"), (10**8, "10M<n<100M"))
_MORE = "100M<n<1B"


def lines(query: Query, recipes: Mapping[str, Recipe], layouts: Mapping[str, Layout], full: Sequence[BuiltSet]) -> Iterator[str]:
    """The lines with their ``---``; ``full`` are the sets that have rows."""
    rows = sum(built.rows for built in full)
    yield "---"
    yield f"pretty_name: {json.dumps(title(query, full))}"
    yield from licence.lines(query.options.license)
    if any(TupleType.EDIT in recipes[built.recipe].reads for built in full):
        yield from _list("language", ["code"])
    yield from _list("task_categories", ["text-generation"])
    yield from _list("size_categories", [next((name for least, name in _STEPS if rows < least), _MORE)])
    yield from _list("source_datasets", ["original"])
    yield from _list("tags", sorted({layouts[built.recipe].format for built in full}))
    yield "configs:"
    for built in full:
        yield from (f"- config_name: {built.recipe}", f"  description: {_digest(built)}", "  data_files:")
        for split in built.splits:
            yield from (f"  - split: {split}", f"    path: {json.dumps(f'{built.recipe}/{split}-*.{query.options.file_type}')}")
    yield "dataset_info:"
    for built in full:
        yield from (f"- config_name: {built.recipe}", "  features:")
        for column in layouts[built.recipe].columns:
            yield from features.lines(column)
    yield "---"


def _digest(built: BuiltSet) -> str:
    """``datasets`` (5.2) keeps what it loaded under the directory's name and a hash of this front matter, and looks at no file again: were
    nothing here to change with the rows, a set built again in the same place would load as the old one."""
    told = "".join(f"{file.path} {file.sha256}\n" for file in built.files)
    return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"


def title(query: Query, full: Sequence[BuiltSet]) -> str:
    """What the build is called: its tenant and its sets."""
    return f"{query.tenant}: {', '.join(built.recipe for built in full)}"


def _list(key: str, values: Sequence[str]) -> Iterator[str]:
    yield f"{key}:"
    yield from (f"- {value}" for value in values)
