"""What is older than a tenant keeps its kind: days a type, from ``[retention]`` in ``tenant.toml``."""

from __future__ import annotations

import time
from collections.abc import Mapping

from corpus.forgetting.closure import Known, known
from corpus.record import TupleType
from corpus.store import Corpus

_DAY_US = 86_400 * 1_000_000


def expired(corpus: Corpus, days: Mapping[TupleType, int], now: float | None = None) -> set[str]:
    """Keys of the records past their days; of a session none is before its last part is. ``now`` in seconds since 1970."""
    moment = int((time.time() if now is None else now) * 1_000_000)
    before = {kind.value: moment - kept * _DAY_US for kind, kept in days.items()}
    if not before or not _any(corpus, before):
        return set()
    records = known(corpus)
    young = {one.session_id for one in records if one.tuple_type == TupleType.TRAJECTORY and not _past(one, before)}
    return {one.key for one in records if _past(one, before) and (one.tuple_type != TupleType.TRAJECTORY or one.session_id not in young)}


def _past(one: Known, before: Mapping[str, int]) -> bool:
    return one.tuple_type in before and one.created_us < before[one.tuple_type]


def _any(corpus: Corpus, before: Mapping[str, int]) -> bool:
    """Whether anything is past its days: told by two columns."""
    import pyarrow.compute as pc

    old = [(pc.field("tuple_type") == kind) & (pc.field("created_us") < moment) for kind, moment in before.items()]
    asked = old[0]
    for one in old[1:]:
        asked |= one
    return any(batch.num_rows for batch in corpus.select(asked, ("key",)))
