"""What a user may choose of the rows and files of a build; the same choices are quoted in its manifest."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict

from corpus.build.files import SHARD_BYTES, FileType
from corpus.errors import BadInput

_SIZE = re.compile(r"([0-9]{1,12})\s*(?:([KMGT])(i?)B?|B)?", re.IGNORECASE)
_STEPS = "KMGT"


class Options(BaseModel):
    """``format`` is a name of :data:`corpus.build.formats.FORMATS`, or nothing for what each recipe is for; ``shard_bytes`` are of rows as
    JSON, whatever they are written as."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str | None = None
    file_type: FileType = FileType.JSONL
    shard_bytes: int = SHARD_BYTES


DEFAULTS = Options()


def size(text: str) -> int:
    """A size in bytes: ``500MB`` and ``1GB`` count in thousands, ``64MiB`` in 1,024s. Raises :class:`BadInput` for any other text."""
    shape = _SIZE.fullmatch(text.strip())
    number = 0
    if shape is not None:
        digits, step, binary = shape.groups()
        number = int(digits) * (1024 if binary else 1000) ** (_STEPS.index(step.upper()) + 1 if step else 0)
    if number < 1:
        raise BadInput(f"--shard-size {text[:40]!r} is no size: use one like 500MB, 1GB or 64MiB")
    return number
