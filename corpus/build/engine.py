"""What runs a selection: DuckDB, embedded. Another engine takes the same expressions and tables."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from corpus.errors import Failed

if TYPE_CHECKING:
    import ibis.expr.operations as ops
    import ibis.expr.types as ir
    import pyarrow as pa

MEMORY = "256MB"
"""What DuckDB may hold of its own, about 80 bytes a record; more goes to a directory that is removed at the end."""
THREADS = 4
"""At most so many: each takes memory of its own, and a million records keep two busy for a second."""
AT_ONCE = 16_384


class Engine(Protocol):
    """Tables by name, and expressions over them. Rows of an expression come in its order."""

    def keep(self, table: ir.Table, rows: pa.Table) -> None:
        """Let ``table`` be ``rows``, which have its columns and stay where they are."""

    def run(self, expression: ir.Table) -> Iterator[pa.RecordBatch]:
        """The rows of ``expression``."""


class DuckDB:
    """An engine in this process, with nothing on disk but what does not fit :data:`MEMORY`. A context manager."""

    def __init__(self) -> None:
        import duckdb

        self._stack = contextlib.ExitStack()
        spilled = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="corpus-build-"))
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "threads": min(THREADS, len(os.sched_getaffinity(0))),
            "temp_directory": spilled,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._connection = self._stack.enter_context(duckdb.connect(":memory:", config=settings))
        self._connection.execute("SET enable_external_access = false")  # no query of ours names a file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def keep(self, table: ir.Table, rows: pa.Table) -> None:
        self._connection.register(table.get_name(), rows.select(list(table.columns)))

    def run(self, expression: ir.Table) -> Iterator[pa.RecordBatch]:
        import duckdb

        try:
            yield from self._connection.sql(_sql(expression.op())).to_arrow_reader(AT_ONCE)
        except duckdb.Error as error:
            what = type(error).__name__
            said = f"the selection failed ({what}): free memory, or disk space in the temporary directory, then build again"
            raise Failed(said) from error


@lru_cache(maxsize=64)
def _sql(operation: ops.Relation) -> str:
    import ibis

    return str(ibis.to_sql(operation.to_expr(), dialect="duckdb"))
