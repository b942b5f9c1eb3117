"""Why a record, or a reply of a session, gave no row: every reason a build counts, and the sentence its card prints."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Checked in this order where several hold, so that each is counted once."""

    WITHHELD = "withheld"
    SUPERSEDED = "superseded"
    REVERTED = "reverted"
    REJECTED = "rejected"
    ACROSS_SPLITS = "across-splits"
    BRANCH = "branch"
    MERGE = "merge"
    EMPTY_MESSAGE = "empty-message"
    EMPTY_DIFF = "empty-diff"
    DIFF_CUT = "diff-cut"
    BEFORE_CUT = "before-cut"
    FILE_WITHHELD = "file-withheld"
    NOT_BLOCKS = "not-blocks"
    COMPLETED = "completed"
    NOT_ACCEPTED = "not-accepted"
    NO_CORRECTION = "no-correction"
    EMPTY_SIDE = "empty-side"
    EQUAL_SIDES = "equal-sides"
    REPEATS_REJECTED = "repeats-rejected"
    LENGTH_RATIO = "length-ratio"
    TOO_LONG = "too-long"
    TURN_ORDER = "turn-order"
    NO_REPLY = "no-reply"
    SIDECHAIN = "sidechain"
    AMENDED = "amended"
    ABANDONED = "abandoned"
    COPIED = "copied"
    NO_MODEL = "no-model"
    DENIED = "denied"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    EVENT_WITHHELD = "event-withheld"
    PROMPT_TOO_LONG = "prompt-too-long"
    NOT_ASKED = "not-asked"
    PATH = "path"
    LICENSE = "license"
    GENERATED = "generated"
    BOT = "bot"
    WEIGHED = "weighed"
    CONTAMINATED = "contaminated"
    TEMPLATE = "template"
    TOO_FEW_TOKENS = "too-few-tokens"
    TOO_MANY_TOKENS = "too-many-tokens"
    NO_FORM = "no-form"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near-duplicate"
    CAPPED = "capped"


SENTENCES: dict[Reason, str] = {
    Reason.WITHHELD: "the record could not be made safe and holds no content",
    Reason.SUPERSEDED: "an amend, a fixup or a rebase replaced it",
    Reason.REVERTED: "a later commit reverted it, and that revert still stands",
    Reason.REJECTED: "a person turned it down; what they said of it is feedback",
    Reason.ACROSS_SPLITS: "it joins work that is in different splits",
    Reason.BRANCH: "it was made on a branch that the cluster's manifest does not name",
    Reason.MERGE: "a merge: its difference repeats the commits it brings in",
    Reason.EMPTY_MESSAGE: "the commit message is empty, or only trailers",
    Reason.EMPTY_DIFF: "no line of text changed",
    Reason.DIFF_CUT: "the diff was cut at capture, so the answer is not whole",
    Reason.BEFORE_CUT: "a changed file was too large to keep, so the prompt cannot show what the answer edits",
    Reason.FILE_WITHHELD: "a changed file that is text, or may be, was withheld, so the answer is not whole",
    Reason.NOT_BLOCKS: "search/replace blocks cannot say it: a file goes or moves, a last line has no end, or lines look like theirs",
    Reason.COMPLETED: "a later record of the same rejection has its correction",
    Reason.NOT_ACCEPTED: "nobody is known to have let it stand, and no check to have passed",
    Reason.NO_CORRECTION: "rejected, and not corrected yet",
    Reason.EMPTY_SIDE: "the prompt or one of the two answers is empty",
    Reason.EQUAL_SIDES: "both answers are the same, blank space aside",
    Reason.REPEATS_REJECTED: "the correction has the whole of what was rejected in it",
    Reason.LENGTH_RATIO: "one answer is so much longer than the other that length would be the lesson",
    Reason.TOO_LONG: "prompt and answers together are longer than a row may be",
    Reason.TURN_ORDER: "the prompt does not end with a user or a tool, or an answer does not begin with the assistant",
    Reason.NO_REPLY: "a part of a session in which no model's reply ends",
    Reason.SIDECHAIN: "a subagent's reply told inside its parent's transcript",
    Reason.AMENDED: "the source says it again later, changed",
    Reason.ABANDONED: "on a branch that the person went back from",
    Reason.COPIED: "context that was said elsewhere before and is repeated",
    Reason.NO_MODEL: "the program said it, and no model",
    Reason.DENIED: "a person turned a call of it down",
    Reason.INTERRUPTED: "a person stopped it",
    Reason.ERROR: "the model or the program failed",
    Reason.EVENT_WITHHELD: "it, or what it answers, holds text that could not be made safe",
    Reason.PROMPT_TOO_LONG: "all that followed the person's request is longer than a prompt may be",
    Reason.NOT_ASKED: "its agent or model is not one that was asked for",
    Reason.PATH: "the commit touches a path that was to be left out",
    Reason.LICENSE: "the commit touches a file that says of itself a licence which was to be left out",
    Reason.GENERATED: "its files are generated, vendored, minified, or lock files: nobody wrote them",
    Reason.BOT: "a program made the commit, as its author's name says",
    Reason.WEIGHED: "of its source a share was asked for, and it is not in that share",
    Reason.CONTAMINATED: "it shares a run of 13 words with a text that models are tested on",
    Reason.TEMPLATE: "the tokenizer's chat template cannot render it",
    Reason.TOO_FEW_TOKENS: "it has fewer tokens than was asked for",
    Reason.TOO_MANY_TOKENS: "it has more tokens than was asked for",
    Reason.NO_FORM: "the format has no place for all of it",
    Reason.DUPLICATE: "an earlier row of the set teaches exactly the same",
    Reason.NEAR_DUPLICATE: "an earlier row of the set teaches nearly the same",
    Reason.CAPPED: "its author, session, file or source has as many rows as one may have",
}
