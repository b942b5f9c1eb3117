"""A drain starts no engine: what reads indexes by columns, and all that it brings along, takes longer to import than the work takes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

from corpus.record import LinkBody, TupleType
from corpus.store import Corpus
from corpus.xdg import spool_dir
from tests.capture.drain.working import Work
from tests.capture.handover.talking import Talk, hand_over, told

ENGINES = {"pandas", "pyarrow", "duckdb", "ibis"}
if importlib.util.find_spec("onnxruntime") is None:  # what runs the model of names needs it for itself
    ENGINES.add("numpy")
CHILD = (
    "import json, sys; from pathlib import Path; from capture.drain import drain; outcome = drain(Path(sys.argv[1]));"
    "print(json.dumps([outcome.troubles, sorted({name.split('.')[0] for name in sys.modules})]))"
)


def drained() -> set[str]:
    """What a drain of the spool, in a process of its own, had imported at its end."""
    done = subprocess.run([sys.executable, "-c", CHILD, str(spool_dir())], check=True, capture_output=True, text=True)
    troubles, modules = json.loads(done.stdout)
    assert troubles == []
    return set(modules)


def test_a_session_that_grew_and_its_commit_are_drained_beside_packs_without_an_engine(work: Work) -> None:
    talk = Talk(work.path, "0b9e5c1e-7f0e-4a2d-9f38-0c0f5b6b7a11").talk(300)
    hand_over(talk)
    assert not drained() & ENGINES
    with Corpus.open(work.root, "acme") as corpus:
        corpus.pack()
    talk.say("and now commit it")
    when = "2026-05-15T09:32:00Z"
    work.spool(work.commit(f"bill\n\nSession: {talk.name}", GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when))
    hand_over(talk)
    assert not drained() & ENGINES
    assert told(work.root) == talk.said
    links = [record.body for record in work.records(TupleType.LINK)]
    assert "a trailer names the session" in [body.basis for body in links if isinstance(body, LinkBody)]
