"""The position of the log that a build is of: what had come to count by then is looked at, and nothing that comes meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.build.select import Selection, select
from corpus.build.splits import Splits
from corpus.build.where import Condition
from corpus.store import Corpus


def fix(corpus: Corpus) -> int:
    """The log's position, once it names all that is kept; written to only where something waits. Raises as :meth:`Corpus.sequence`."""
    return corpus.sequence() if corpus.unsequenced().records else corpus.position()


def select_at(corpus: Corpus, conditions: Sequence[Condition], position: int, splits: Splits | None = None) -> Selection:
    """The selection at ``position``. The log itself is only read where it has more, or where something landed since."""
    found = select(corpus, conditions, splits=splits)
    if corpus.position() == position and not corpus.unsequenced().records:
        return found
    return select(corpus, conditions, as_of=position, splits=splits)
