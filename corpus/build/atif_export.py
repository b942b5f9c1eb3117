"""Sessions leave a corpus in the exchange format: one ATIF document each, into a directory of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from corpus.build.atif import written
from corpus.errors import BadInput, Refused
from corpus.record import Header, LinkKind, TrajectoryBody
from corpus.store import Corpus
from corpus.store.sessions import sessions
from corpus.xdg import write_private


@dataclass(slots=True)
class Written:
    """How many sessions were written, of how many events; ``superseded`` were left out, because a newer generation is here, ``withheld``
    because no part of them holds an event."""

    sessions: int = 0
    events: int = 0
    superseded: int = 0
    withheld: int = 0


def export_atif(
    corpus: Corpus,
    out: Path,
    chosen: Callable[[Header], bool] = lambda header: True,
    seen: Callable[[int, int], None] = lambda done, total: None,
) -> Written:
    """Write ``<session id>.json`` into ``out``, which is new or empty, for each session whose first part is ``chosen`` by its header.

    A session is held while it is written. Raises :class:`BadInput` where ``out`` holds something, :class:`Refused` where it lies inside
    the corpus root, and what reading a corpus raises.
    """
    import pyarrow.compute as pc

    target = _check(out, corpus.path.parent)
    links = corpus.select(pc.field("link_kind") == LinkKind.SUPERSEDED_BY.value, ("link_from",))
    old = {key for batch in links for key in batch.column(0).to_pylist()}
    done = Written()
    total = sum(batch.num_rows for batch in corpus.select(pc.field("tuple_type") == "trajectory", ("key",)))
    looked = 0
    for session in sessions(corpus):
        looked += len(session)
        first = session[0][1]
        seen(looked, total)
        if not chosen(first.header):
            continue
        if first.key in old:
            done.superseded += 1
            continue
        bodies = [body for _, entry in session if isinstance(body := corpus.read(entry).body, TrajectoryBody)]
        if not any(body.events for body in bodies):
            done.withheld += 1
            continue
        name = first.header.session_id or first.key
        write_private(target / f"{name}.json", written(name, bodies))
        done.sessions += 1
        done.events += sum(len(body.events) for body in bodies)
    return done


def _check(out: Path, root: Path) -> Path:
    """Where ``out`` really is, a directory then."""
    target = Path(os.path.realpath(out))
    if target.is_relative_to(os.path.realpath(root)):
        raise Refused(f"--out {out} lies inside the corpus root: choose a directory elsewhere")
    if target.exists() and not target.is_dir():
        raise BadInput(f"--out {out} is a file: choose a directory")
    if not target.exists() and not target.parent.is_dir():
        raise BadInput(f"--out {out}: {target.parent} is not a directory; make it first")
    if target.exists() and any(target.iterdir()):
        raise BadInput(f"--out {out} is not empty: choose another directory or empty it")
    target.mkdir(0o700, exist_ok=True)
    return target
