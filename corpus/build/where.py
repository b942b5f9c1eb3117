"""``--where``: conditions on header fields, and on the agent and model of a row, checked before anything is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from corpus.errors import BadInput
from corpus.record import EvidenceClass, Header

_COMPARED = re.compile(r"([A-Za-z_]*)\s*(!=|>=|<=|=|>|<)(.*)", re.DOTALL)
_LISTED = re.compile(r"([A-Za-z_]+)\s+in\s+(.*)", re.DOTALL)
_TIME = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}(?:T[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}Z)?)?)?)?)?")
_START = "2000-01-01T00:00:00Z"
"""When what a time leaves open begins, in any year."""
ROW_FIELDS = ("agent", "model")
"""What no header tells: it stands in a body, and so is looked at once the row is made."""
FIELDS = (*Header.model_fields, *ROW_FIELDS)


class Operator(StrEnum):
    EQUAL = "="
    UNEQUAL = "!="
    IN = "in"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """One condition. A null header field compares as ``""``, as it stands in a row; the evidence is what is known now.

    ``values`` is one text, or those of ``in``, sorted. A range is over ``created`` alone, by as much of the time as its value tells:
    ``created<=2026-05`` holds to the end of May.
    """

    field: str
    operator: Operator
    values: tuple[str, ...]

    def matches(self, found: str) -> bool:
        """Whether a field of this text meets the condition."""
        value = self.values[0]
        match self.operator:
            case Operator.EQUAL | Operator.IN:
                return found in self.values
            case Operator.UNEQUAL:
                return found != value
            case Operator.LESS:
                return found[: len(value)] < value
            case Operator.AT_MOST:
                return found[: len(value)] <= value
            case Operator.MORE:
                return found[: len(value)] > value
            case Operator.AT_LEAST:
                return found[: len(value)] >= value

    def holds(self, header: Header, evidence: EvidenceClass | None = None) -> bool:
        """``evidence`` is what is known now, where that may be other than the header says."""
        found = evidence if evidence is not None and self.field == "evidence_class" else getattr(header, self.field)
        return self.matches("" if found is None else str(found))

    def __str__(self) -> str:
        if self.operator is Operator.IN:
            return f"{self.field} in {','.join(self.values)}"
        return f"{self.field}{self.operator}{self.values[0]}"


@dataclass(frozen=True, slots=True)
class Asked:
    """All conditions of a build: those that the index answers, and those that a row does."""

    headers: tuple[Condition, ...] = ()
    rows: tuple[Condition, ...] = ()

    def __str__(self) -> str:
        return " and ".join(map(str, (*self.headers, *self.rows)))

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(map(str, sorted((*self.headers, *self.rows))))

    def keeps(self, made_by: Mapping[str, str]) -> bool:
        """Whether a row is asked for; ``made_by`` has its agent and model, where it has them."""
        return all(condition.matches(made_by.get(condition.field, "")) for condition in self.rows)


def parse(text: str) -> Condition:
    """Read one condition. Raises :class:`BadInput` for another shape, a field there is not, or a value its field never takes."""
    if listed := _LISTED.fullmatch(text):
        field, operator, values = listed[1], Operator.IN, tuple(sorted({value.strip() for value in listed[2].split(",")}))
    elif compared := _COMPARED.fullmatch(text):
        field, operator, values = compared[1], Operator(compared[2]), (compared[3],)
    else:
        raise BadInput(f"--where {text[:80]!r} is not FIELD=VALUE, FIELD!=VALUE, 'FIELD in A,B' or created>=TIME")
    if field not in FIELDS:
        raise BadInput(f"--where {field[:80]!r} is not a field to select by: use one of {', '.join(sorted(FIELDS))}")
    if operator not in (Operator.EQUAL, Operator.UNEQUAL, Operator.IN):
        if field != "created":
            raise BadInput(f"--where {field} {operator}: only created has an order; use =, != or in")
        if not _is_time(values[0]):
            raise BadInput(f"--where created{operator}{values[0][:40]!r}: say 2026, 2026-05, 2026-05-15 or 2026-05-15T09:30:00Z")
    kind = Header.model_fields[field].annotation if field in Header.model_fields else None
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        for value in values:
            if value not in set(kind):
                raise BadInput(f"--where {field}: {value[:80]!r} never occurs: use one of {', '.join(kind)}")
    return Condition(field, operator, values)


def _is_time(text: str) -> bool:
    """Whether it is a time, or as much of one as is told from the left; months, days and hours are those that there are."""
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text + _START[len(text) :])
    except ValueError:
        return False
    return True


def parse_all(texts: Iterable[str]) -> Asked:
    """All conditions, sorted and without repeats, so that their order on a command line cannot change a build."""
    found = sorted({parse(text) for text in texts})
    return Asked(
        tuple(condition for condition in found if condition.field not in ROW_FIELDS),
        tuple(condition for condition in found if condition.field in ROW_FIELDS),
    )


def of_headers(texts: Iterable[str]) -> tuple[Condition, ...]:
    """As :func:`parse_all`, where no row is made: raises :class:`BadInput` for a condition on what stands in no header."""
    asked = parse_all(texts)
    if asked.rows:
        raise BadInput(f"--where {asked.rows[0].field}: it stands in no header: use one of {', '.join(sorted(Header.model_fields))}")
    return asked.headers
