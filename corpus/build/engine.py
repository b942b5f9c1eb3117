"""What runs a selection: DuckDB, embedded. Another engine takes the same expressions and tables."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from corpus.errors import Failed

if TYPE_CHECKING:
    import ibis.expr.operations as ops
    import ibis.expr.types as ir
    import pyarrow as pa

MEMORY = "1GB"
"""What DuckDB may hold (a record takes about 0.8 KB); more goes to a directory of its own that is removed at the end."""
AT_ONCE = 16_384


class Engine(Protocol):
    """Tables by name, filled once, and expressions over them. Rows of an expression come in its order."""

    def keep(self, table: ir.Table, batches: Iterable[pa.RecordBatch]) -> None:
        """Fill ``table`` from batches that have its columns."""

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

    def keep(self, table: ir.Table, batches: Iterable[pa.RecordBatch]) -> None:
        import pyarrow as pa

        schema = table.schema().to_pyarrow()
        failed: list[BaseException] = []

        def noted() -> Iterator[pa.RecordBatch]:  # DuckDB tells of an error while it reads in words of its own
            try:
                for batch in batches:
                    yield batch.cast(schema)
            except BaseException as error:
                failed.append(error)
                raise

        name = table.get_name()
        self._connection.register(f"{name}_read", pa.RecordBatchReader.from_batches(schema, noted()))
        try:
            self._connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM "{name}_read"')  # noqa: S608 - a name of ours
        except Exception as error:
            raise failed[0] if failed else _failed(error) from error
        self._connection.unregister(f"{name}_read")

    def run(self, expression: ir.Table) -> Iterator[pa.RecordBatch]:
        import duckdb

        try:
            yield from self._connection.sql(_sql(expression.op())).to_arrow_reader(AT_ONCE)
        except duckdb.Error as error:
            raise _failed(error) from error


@lru_cache(maxsize=64)
def _sql(operation: ops.Relation) -> str:
    import ibis

    return str(ibis.to_sql(operation.to_expr(), dialect="duckdb"))


def _failed(error: Exception) -> Failed:
    what = type(error).__name__
    return Failed(f"the selection failed ({what}): free memory, or disk space in the temporary directory, then build again")
