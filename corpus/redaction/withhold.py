"""The form of a body that holds no content: what is left of a record when something in it was let by."""

from __future__ import annotations

import re
from collections.abc import Callable

from corpus.record import Body, EditBody, Event, FeedbackBody, FileChange, LinkBody, Signature, TrajectoryBody, anchored, dumps
from corpus.redaction.finding import IDENTIFIER
from corpus.redaction.programs import stands
from corpus.redaction.second import Passed

REASON = "found-again"
"""The reason such a body gives."""
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MODE = re.compile(r"[0-7]{6}")


def withhold(body: Body, created: str, passed: Passed) -> Body:
    """``body`` of the same model without any text: kinds, counts and hashes, and the paths and branch that ``passed`` knows."""
    if isinstance(body, FeedbackBody):
        return FeedbackBody(
            prompt=[],
            rejected_trajectory=[],
            corrected_trajectory=None,
            constraint_violation_tag="",
            reason=None,
            seen_in=body.seen_in,
            withheld=REASON,
        )
    if isinstance(body, TrajectoryBody):
        kept = {name: _known(getattr(body, name), passed) for name in ("agent_version", "model", "branch")}
        return anchored(body.model_copy(update={**kept, "events": [], "withheld": body.withheld or REASON}))
    if isinstance(body, LinkBody):
        to = body.to if body.to and _HASH.fullmatch(body.to) else None
        from_ = body.from_ if _HASH.fullmatch(body.from_) else ""
        return LinkBody(kind=body.kind, from_=from_, to=to, value=None, basis="", withheld=REASON)
    return EditBody(
        message=None,
        withheld=REASON,
        author=_signature(body.author, created),
        committer=_signature(body.committer, created),
        parents=[parent for parent in body.parents if _HASH.fullmatch(parent)],
        branch=_known(body.branch, passed),
        files=[_file(file, passed) for file in body.files],
        changes_withheld=body.changes_withheld,
        diff="",
        lines_cut=0,
        additions=body.additions,
        deletions=body.deletions,
        backend=body.backend,
    )


def without_texts(body: TrajectoryBody, strays: Callable[[bytes], bool]) -> TrajectoryBody:
    """``body`` without the texts of those events in which something was let by: ``strays`` is asked about each, as the line of a body."""
    return anchored(body.model_copy(update={"events": [_silent(each) if strays(_line(each)) else each for each in body.events]}))


def _line(event: Event) -> bytes:
    return dumps({"body": {"events": [event.model_dump(mode="json")]}})


def _silent(event: Event) -> Event:
    texts = dict.fromkeys(("name", "content", "arguments", "detail", "model", "model_claimed", "directory"))
    return event.model_copy(update={**texts, "withheld": REASON})


def _signature(who: Signature, created: str) -> Signature:
    """The time is the record's own: what stood there may be what was let by."""
    name, email = who.name if stands(who.name) else "", who.email if IDENTIFIER.fullmatch(who.email) else ""
    return Signature(name=name, email=email, time=created, tz="+0000")


def _file(file: FileChange, passed: Passed) -> FileChange:
    return FileChange(
        path=_known(file.path, passed) or "",
        old_path=_known(file.old_path, passed),
        status=file.status,
        mode=file.mode if _MODE.fullmatch(file.mode) else "000000",
        old_mode=file.old_mode if _MODE.fullmatch(file.old_mode) else "000000",
        language=None,
        before=None,
        before_cut=False,
        additions=file.additions,
        deletions=file.deletions,
        withheld=REASON,
    )


def _known(text: str | None, passed: Passed) -> str | None:
    return text if text is not None and text in passed else None
