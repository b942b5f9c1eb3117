"""How one format lays out the rows of one recipe: its columns, and a pure function from row to plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from corpus.build.reasons import Reason
from corpus.build.row import SPREAD, Column, Provenance, Row, columns
from corpus.build.shape import Shape

Values = dict[str, object]
Note = Callable[[str, Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class Layout:
    """``render`` gives a row's values in the order of ``columns``, or :attr:`Reason.NO_FORM` where the format has no place for the row.

    ``format`` is the format's name; ``note`` says in YAML, from a recipe's name and its files to train on, how a trainer loads them;
    ``counted``: a column ``tokens`` is added to what ``render`` gives.
    """

    format: str
    columns: tuple[Column, ...]
    render: Callable[[Row], Values | Reason]
    note: Note | None = None
    counted: bool = False

    def with_tokens(self) -> Layout:
        """The same with a column of token counts."""
        return replace(self, columns=(*self.columns, Column("tokens", "int64")), counted=True)


def beside(row_type: type[Row]) -> tuple[Column, ...]:
    """The columns of a row that are neither its shape's nor its provenance: what else a person may filter by."""
    taken = {*row_type.SHAPE.__match_args__, *(column.name for column in SPREAD)}
    return tuple(column for column in columns(row_type) if column.name not in taken and column.kind in ("string", "bool", "int64"))


def flat(
    format_name: str, row_type: type[Row], own: tuple[Column, ...], put: Callable[[Shape], Values | None], note: Note | None = None
) -> Layout:
    """A layout of the format's ``own`` columns, filled by ``put`` (``None``: no place for it), then the row's others, then provenance."""
    others = beside(row_type)

    def render(row: Row) -> Values | Reason:
        values = put(row.shape())
        if values is None:
            return Reason.NO_FORM
        where: Provenance = row.where()
        return values | {column.name: getattr(row, column.name) for column in others} | where.flat()

    return Layout(format_name, (*own, *others, *SPREAD), render, note)
