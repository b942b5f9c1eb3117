"""A commit that was turned down, as feedback: what was asked and the files as they were, what was committed, what replaced it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from capture.git.repository import Repository
from capture.sources.edit import edit_draft
from capture.sources.tags import tag_of
from capture.sources.text import moment
from corpus.record import EditBody, EvidenceClass, FeedbackBody, Message, SeenIn, TupleType, key_of
from corpus.redaction.draft import Draft, Label, Scrub, Withheld

SIDE = 12_000
"""Characters that each answer may have. Where one is longer, both end at the same place, so that length is not the lesson."""
PROMPT = 24_000
"""Characters of files that a prompt shows; a file that no longer fits is only named."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The session that a commit came out of: ``session`` is its key, ``request`` the person's words, redacted already."""

    agent: str | None = None
    model: str | None = None
    session: str | None = None
    request: str | None = None


@dataclass(frozen=True, slots=True)
class TurnedDown:
    """``commit`` was turned down ``by`` another, ``when`` (seconds since 1970); ``instead`` is what stands in its place and ``paired_by``
    the rule that says so. ``reason`` is in the person's words."""

    commit: str
    seen_in: SeenIn
    when: int
    by: str | None = None
    instead: str | None = None
    paired_by: str | None = None
    reason: str | None = None
    asked: Asked = Asked()


def turned_down_draft(repo: Repository, label: Label, what: TurnedDown) -> Draft:
    """The feedback that ``what`` is. Raises :class:`corpus.errors.BadInput` when ``what.commit`` is not in ``repo``."""
    names = ("git", what.seen_in.value, what.commit, what.by, what.instead)
    old = edit_draft(repo, what.commit, label, None)
    new = None if what.instead is None else edit_draft(repo, what.instead, label, None, with_before=False)
    commits = [key_of(label.tenant, TupleType.EDIT, each) for each in (what.commit, what.by, what.instead) if each]
    about = list(dict.fromkeys(filter(None, [what.asked.session, *commits])))
    by = () if what.by is None else edit_draft(repo, what.by, label, None).people
    return Draft(
        tuple_type=TupleType.FEEDBACK,
        label=label,
        names=names,
        stem=key_of(label.tenant, TupleType.FEEDBACK, *names),
        created=moment(what.when),
        render=partial(_body, what, old, new, about),
        evidence_class=EvidenceClass.REJECTED if new is None else EvidenceClass.CORRECTED,
        source_commit=what.commit,
        people=(*old.people, *by, *(new.people if new else ())),
    )


def _body(what: TurnedDown, old: Draft, new: Draft | None, about: list[str], scrub: Scrub) -> FeedbackBody:
    try:
        prompt, rejected, corrected = _told(what.asked.request, old, new, scrub)
        return FeedbackBody(
            prompt=prompt,
            rejected_trajectory=rejected,
            corrected_trajectory=corrected,
            constraint_violation_tag=tag_of(what.reason),
            reason=None if what.reason is None else scrub.prose(what.reason),
            seen_in=what.seen_in,
            about=about,
            agent=what.asked.agent,
            model=what.asked.model,
            paired_by=what.paired_by,
        )
    except Withheld as error:  # a pair without one of its sides teaches nothing
        return FeedbackBody(
            prompt=[],
            rejected_trajectory=[],
            corrected_trajectory=None,
            constraint_violation_tag="unspecified",
            reason=None,
            seen_in=what.seen_in,
            about=about,
            agent=what.asked.agent,
            model=what.asked.model,
            withheld=error.reason,
        )


def _told(request: str | None, old: Draft, new: Draft | None, scrub: Scrub) -> tuple[list[Message], list[Message], list[Message] | None]:
    """The prompt and both answers, of commits as their own records have them."""
    before, after = _edit(old, scrub), None if new is None else _edit(new, scrub)
    prompt = _prompt(None if request is None else scrub.prose(request), before)
    rejected, *corrected = _alike(before, after)
    return _turn(scrub, "user", prompt), _turn(scrub, "assistant", rejected), _turn(scrub, "assistant", corrected[0]) if corrected else None


def _turn(scrub: Scrub, role: Literal["user", "assistant"], text: str) -> list[Message]:
    """What was put together of redacted texts is searched as one: side by side they may say what neither says alone."""
    return [Message(role=role, content=scrub.code(text, ""))]


def _edit(draft: Draft, scrub: Scrub) -> EditBody:
    """The commit as its own record has it; one whose answer would not be whole is withheld."""
    body = draft.render(scrub)
    if not isinstance(body, EditBody):
        raise TypeError("a commit was rendered as something else")
    withheld = [body.withheld, body.changes_withheld, *(file.withheld for file in body.files if file.withheld != "binary")]
    if why := next(filter(None, withheld), None):
        raise Withheld(why)
    return body


def _prompt(request: str | None, old: EditBody) -> str:
    from corpus.build.recipes.sft import instruction, shown

    asked = [request or instruction(old.message or "")]
    left = PROMPT
    for file in old.files:
        text = shown(file)
        asked.append(text if len(text) <= left else f"{file.old_path or file.path} (content not shown)")
        left -= len(asked[-1])
    return "\n\n".join(part for part in asked if part)


def _alike(old: EditBody, new: EditBody | None) -> list[str]:
    """The answers, message and diff, both cut at the same number of characters where either is too long or was cut at capture."""
    from corpus.build.recipes.sft import instruction

    bodies = [old] if new is None else [old, new]
    texts = [f"{instruction(body.message or '')}\n\n{body.diff}" if body.diff else "" for body in bodies]
    limit = min([SIDE, *(len(text) for text, body in zip(texts, bodies, strict=True) if body.lines_cut)])
    if all(len(text) <= limit for text in texts):
        return texts
    return [text if len(text) <= limit else text[: text.rfind("\n", 0, limit) + 1] for text in texts]
