"""What a row is: typed columns, the provenance that every row carries, and what the row is to a trainer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, ClassVar, Literal, NamedTuple, get_type_hints

from corpus.build.shape import Shape
from corpus.build.turn import Tool, Tools, Turns
from corpus.record import Record


def instant(created: str) -> str:
    """A header's time with milliseconds, as Dolma writes times.

    Arrow's JSON reader takes ``...:00Z`` for a timestamp and hands it back in another form; with a fraction it stays the string it is.
    """
    return f"{created.removesuffix('Z')}.000Z"


class Provenance(NamedTuple):
    """Where a row comes from: the record's key and id and its twelve header fields, as strings; what is null there is ``""`` here."""

    key: str
    id: str
    tuple_type: str
    tenant: str
    moduleId: str  # noqa: N815 - the header's own spelling
    cluster: str
    role: str
    scope: str
    evidence_class: str
    redaction_class: str
    doctrine_version: str
    source_commit: str
    session_id: str
    created: str

    @classmethod
    def of(cls, record: Record) -> Provenance:
        *told, doctrine_version, source_commit, session_id, created = _OF_HEADER(record.header)
        ends = doctrine_version or "", source_commit or "", session_id or "", instant(created)
        return cls._make((record.key, record.id, *told, *ends))

    def flat(self) -> dict[str, object]:
        """Every part of it by name: the columns that each row has."""
        return dict(zip(PROVENANCE, self, strict=True))


PROVENANCE = Provenance._fields
_ENUMS = ("tuple_type", "scope", "evidence_class", "redaction_class")
_OF_HEADER = attrgetter(*(f"{name}._value_" if name in _ENUMS else name for name in PROVENANCE[2:]))  # .value takes a call of Python's


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """The base of every row type: a dataclass with a field for each column, and one of type :class:`Provenance`.

    ``SHAPE`` is what the row is to a trainer; the row has that shape's fields, by name and type. A field ``provenance`` is spread into
    columns of its own when the row is written; one of another name stays one column, a structure.
    """

    SHAPE: ClassVar[type[Shape]]
    SPREAD: ClassVar[str] = "provenance"

    def shape(self) -> Shape:
        """What the row is to a trainer."""
        return self.SHAPE(*_plan(type(self)).shape(self))

    def taught(self) -> tuple[str | Turns, ...]:
        """What a trainer learns from this row; rows that teach the same are duplicates."""
        return tuple([str(value) if isinstance(value, bool) else value for value in _plan(type(self)).taught(self)])

    def where(self) -> Provenance:
        """Where the row comes from."""
        return next(value for name in _names(type(self)) if isinstance(value := getattr(self, name), Provenance))

    def made_by(self) -> dict[str, str]:
        """The agent and the model that made it, where the row has such columns; ``""`` where that is not known."""
        return {name: getattr(self, name) for name in _plan(type(self)).made_by}

    def columns(self) -> dict[str, object]:
        """The row as plain values, ready for JSON, in the order of :func:`columns`."""
        flat: dict[str, object] = {}
        plan = _plan(type(self))
        for name, value in zip(plan.names, plan.values(self), strict=True):
            if type(value) is str:  # most are
                flat[name] = value
            elif isinstance(value, Provenance):
                if name == self.SPREAD:
                    flat |= value.flat()
                else:
                    flat[name] = value.flat()
            elif isinstance(value, tuple):
                flat[name] = [each.schema() if isinstance(each, Tool) else each.message() for each in value]
            else:
                flat[name] = value
        return flat


_Taken = Callable[[Row], tuple[Any, ...]]


class _Plan(NamedTuple):
    """How rows of one class are taken apart."""

    names: tuple[str, ...]
    values: _Taken
    shape: _Taken
    taught: _Taken
    made_by: tuple[str, ...]


_PLANS: dict[type[Row], _Plan] = {}


def _plan(kind: type[Row]) -> _Plan:
    found = _PLANS.get(kind)
    if found is None:
        names, shape = _names(kind), _names(kind.SHAPE)
        taught = [name for name in shape if name not in ("id", "tools")]
        made_by = tuple(name for name in ("agent", "model") if hasattr(kind, name))
        found = _PLANS[kind] = _Plan(names, _taker(names), _taker(shape), _taker(taught), made_by)
    return found


def _taker(names: Sequence[str]) -> _Taken:
    """What takes the attributes of these names; :func:`attrgetter` hands back one alone as it is, and wants one."""
    if len(names) == 1:
        only = attrgetter(*names)
        return lambda row: (only(row),)
    return attrgetter(*names) if names else lambda row: ()


def _names(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a dataclass, and nothing that is of the class alone."""
    found: tuple[str, ...] = kind.__match_args__
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column of a set.

    ``kind`` is ``string``, ``bool`` or ``int64``; ``json``, a value of any shape; ``messages``, a list of such values; ``struct``, a
    structure of strings, or ``structs``, a list of them, whose names are ``parts``. Each of ``messages`` so keeps its own keys: a table
    would give every message every key, and chat templates ask which are there.
    """

    name: str
    kind: Literal["string", "bool", "int64", "json", "messages", "struct", "structs"] = "string"
    parts: tuple[str, ...] = ()


SPREAD = tuple(Column(name) for name in PROVENANCE)


def columns(row_type: type[Row]) -> tuple[Column, ...]:
    """The columns that :meth:`Row.columns` fills, read from the row type itself so that card and rows cannot disagree."""
    hints = get_type_hints(row_type)
    found: list[Column] = []
    for name in _names(row_type):
        if name == row_type.SPREAD:
            found += SPREAD
        elif hints[name] is Provenance:
            found.append(Column(name, "struct", PROVENANCE))
        elif hints[name] == Turns:
            found.append(Column(name, "messages"))
        elif hints[name] is bool:
            found.append(Column(name, "bool"))
        elif hints[name] == Tools | None:
            found.append(Column(name, "json"))
        else:
            found.append(Column(name))
    return tuple(found)
