"""The columns of a set as ``datasets`` is told them in a card: the types are said, never guessed.

Arrow would make a timestamp of a column in which every text looks like one.
"""

from __future__ import annotations

from collections.abc import Iterator

from corpus.build.row import Column


def lines(column: Column) -> Iterator[str]:
    """One column's lines of YAML below ``features:``."""
    yield f"  - name: {column.name}"
    if column.kind == "messages":
        yield "    list: json"
    elif column.kind in ("struct", "structs"):
        yield "    struct:" if column.kind == "struct" else "    list:"
        for part in column.parts:
            yield f"    - name: {part}"
            yield "      dtype: string"
    else:
        yield f"    dtype: {column.kind}"
