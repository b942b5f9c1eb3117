"""What a user may choose of the rows and files of a build; the same choices are quoted in its manifest."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from corpus.build.files import SHARD_BYTES, FileType
from corpus.build.quality.bots import Bots
from corpus.build.quality.paths import Unwritten
from corpus.errors import BadInput

_SIZE = re.compile(r"([0-9]{1,12})\s*(?:([KMGT])(i?)B?|B)?", re.IGNORECASE)
_STEPS = "KMGT"


class Options(BaseModel):
    """``format`` is a name of :data:`corpus.build.formats.FORMATS`, or nothing for what each recipe is for; ``shard_bytes`` are of rows as
    JSON, whatever they are written as.

    ``generated`` says which commits are left out for files that nobody wrote, ``bots`` what becomes of those that programs made,
    ``exclude_paths`` are patterns of :mod:`corpus.build.quality.globs`, ``exclude_licenses`` SPDX identifiers or families of
    :mod:`corpus.build.quality.licences`, ``near_percent`` the similarity in hundredths from which a row is a near duplicate, ``max_per``
    and ``weights`` as :mod:`corpus.build.quality.shares` reads them. ``tokenizer`` and ``decontaminate`` name files by their digests; where
    those files lie is only known while a build runs. ``license`` is what the owner says, for the card alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str | None = None
    file_type: FileType = FileType.JSONL
    shard_bytes: int = SHARD_BYTES
    generated: Unwritten = Unwritten.ALL
    bots: Bots = Bots.DROP
    exclude_paths: tuple[str, ...] = ()
    exclude_licenses: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    decontaminate: tuple[str, ...] = ()
    tokenizer: str | None = None
    min_tokens: int | None = None
    max_tokens: int | None = None
    near_percent: int | None = None
    max_per: tuple[str, ...] = ()
    keep_dropped: bool = False
    license: str | None = None
    tokenizer_at: Path | None = Field(default=None, exclude=True)
    decontaminate_at: tuple[Path, ...] = Field(default=(), exclude=True)


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


def percent(text: str) -> int:
    """A similarity like ``0.8`` in hundredths. Raises :class:`BadInput` for what is none from 0.3 to 1, in two digits."""
    shape = re.fullmatch(r"([01])(?:\.([0-9]{1,2}))?", text.strip())
    number = 0 if shape is None else int(shape[1]) * 100 + int((shape[2] or "0").ljust(2, "0"))
    if not 30 <= number <= 100:
        raise BadInput(f"--near-duplicates {text[:40]!r}: use a similarity from 0.3 to 1, like 0.8")
    return number
