"""A commit as an edit: whole images redacted first, then compared and cut (the design, "edit")."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from capture.git.objects import GITLINK, SYMLINK, Change, CommitInfo, Ident, Missing, Status, is_object_id
from capture.git.quote import as_text
from capture.git.repository import Repository
from capture.sources.diff import Cut, Hunks, Name, compare, section
from capture.sources.language import language_of
from capture.sources.text import decode, is_skipped, message_of, moment
from corpus.errors import BadInput
from corpus.record import EditBody, FileChange, Signature, TupleType
from corpus.redaction import programs
from corpus.redaction.draft import Draft, Label, Scrub, Withheld

__all__ = ["edit_draft", "is_skipped", "message_of"]

# Larger blobs are asked for their size and never read.
MAX_BLOB_BYTES = 8 << 20
MAX_BEFORE_BYTES = 64 << 10
MAX_BEFORE_BYTES_A_COMMIT = 256 << 10
_MOVED = {Status.RENAMED: "rename", Status.COPIED: "copy"}


def edit_draft(repository: Repository, commit_id: str, label: Label, branch: str | None, *, with_before: bool = True) -> Draft:
    """The draft of the commit ``commit_id`` (hex), captured on ``branch``. Its files are read when it is rendered.

    Without ``with_before`` no file's earlier content is kept, and ``before_cut`` says so. Raises :class:`BadInput` when there is no
    such commit.
    """
    try:
        commit = repository.commit(commit_id)
    except Missing as error:
        raise BadInput(f"no commit {commit_id[:64]} in {repository.git_dir}: git fetch may bring it") from error
    return Draft(
        tuple_type=TupleType.EDIT,
        label=label,
        names=(commit.id,),
        stem=commit.id,
        created=moment(commit.committer.seconds),
        render=partial(_body, repository, commit, branch, with_before),
        source_commit=commit.id,
        people=tuple((decode(who.name, commit.encoding), decode(who.email, commit.encoding)) for who in (commit.author, commit.committer)),
    )


def _body(repository: Repository, commit: CommitInfo, branch: str | None, with_before: bool, scrub: Scrub) -> EditBody:
    missing = None
    try:
        changes = repository.changes(commit)
    except Missing:
        changes, missing = [], "missing"
    files = _Files(repository, scrub, with_before)
    for change in changes:
        files.add(change)
    message, withheld = _or_why(partial(scrub.prose, message_of(commit)))
    return EditBody(
        message=message,
        withheld=withheld,
        author=_signature(commit.author, commit.encoding, scrub),
        committer=_signature(commit.committer, commit.encoding, scrub),
        # What a malformed commit names besides is text that no rule looked at.
        parents=[parent for parent in commit.parents if is_object_id(parent)],
        branch=_or_why(partial(scrub.path, branch))[0] if branch is not None else None,
        files=files.changes,
        changes_withheld=missing,
        diff=files.diff.text,
        lines_cut=files.diff.lines_cut,
        additions=sum(file.additions for file in files.changes),
        deletions=sum(file.deletions for file in files.changes),
        backend=repository.backend,
    )


def _or_why(scrubbed: partial[str]) -> tuple[str | None, str | None]:
    """The redacted text and no reason, or nothing and why."""
    try:
        return scrubbed(), None
    except Withheld as error:
        return None, error.reason


def _signature(ident: Ident, encoding: str | None, scrub: Scrub) -> Signature:
    raw, address = decode(ident.name, encoding), decode(ident.email, encoding)
    name, _ = _or_why(partial(scrub.person, programs.called(raw, address)))
    email, _ = _or_why(partial(scrub.email, address))
    return Signature(name=name or "", email=email or "", time=moment(ident.seconds), tz=ident.tz)


@dataclass(frozen=True, slots=True)
class _Path:
    """A path raw, as the scrubber takes it, and redacted, as the record and its diff write it."""

    raw: str
    name: Name


class _Files:
    """The files of one commit, one after the other, within what a commit may hold."""

    def __init__(self, repository: Repository, scrub: Scrub, with_before: bool) -> None:
        self._repository = repository
        self._scrub = scrub
        self._before_left = MAX_BEFORE_BYTES_A_COMMIT if with_before else 0
        self._with_before = with_before
        self.changes: list[FileChange] = []
        self.diff = Cut()

    def add(self, change: Change) -> None:
        path = old_path = None
        before = None
        cut = False
        additions = deletions = 0
        withheld = None
        try:
            path = self._path(change.path)
            old_path = self._path(change.old_path) if change.old_path is not None else None
            old, new = self._images(change, path, old_path or path)
            sections = _sections(change, (old_path or path).name, path.name, old, new)
        except Withheld as error:
            withheld = error.reason
        else:
            for hunks, text in sections:
                self.diff.add(text)
                additions += hunks.additions
                deletions += hunks.deletions
            if change.old_blob is not None:
                before = self._kept(old)
                cut = before is None
        self.changes.append(
            FileChange(
                path=_write(path),
                old_path=_write(old_path) if change.old_path is not None else None,
                status=change.status.value,
                mode=change.mode,
                old_mode=change.old_mode,
                language=_language(change, path),
                before=before,
                before_cut=cut,
                additions=additions,
                deletions=deletions,
                withheld=withheld,
            )
        )

    def _path(self, raw: bytes) -> _Path:
        text, escaped = as_text(raw)
        return _Path(text, Name(self._scrub.path(text), escaped))

    def _images(self, change: Change, path: _Path, old_path: _Path) -> tuple[str, str]:
        """Both sides, redacted; ``""`` where there is nothing. A blob that stayed the same is read only to be kept."""
        if change.old_blob is not None and change.old_blob == change.blob:
            same = self._image(change.old_blob, None, old_path) if self._with_before else ""
            return same, same
        return self._image(change.old_blob, change.old_link, old_path), self._image(change.blob, change.link, path)

    def _image(self, blob: str | None, link: str | None, path: _Path) -> str:
        if link is not None:
            return f"Subproject commit {link}\n"
        if blob is None:
            return ""
        return self._scrub.image(blob, path.raw, partial(_load, self._repository, blob))

    def _kept(self, image: str) -> str | None:
        """``image`` if it may be kept as ``before``."""
        size = len(image) if image.isascii() else len(image.encode())
        if not self._with_before or size > min(MAX_BEFORE_BYTES, self._before_left):
            return None
        self._before_left -= size
        return image


def _load(repository: Repository, blob: str) -> str:
    """A blob's text. Raises :class:`Withheld`: ``missing``, ``too-large``, ``binary`` (a NUL byte in it) or ``undecodable`` (not UTF-8)."""
    try:
        if repository.size(blob) > MAX_BLOB_BYTES:
            raise Withheld("too-large")
        data = repository.blob(blob)
    except Missing:
        raise Withheld("missing") from None
    if b"\0" in data:
        raise Withheld("binary")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # Not chained: the cause holds the bytes.
        raise Withheld("undecodable") from None


def _sections(change: Change, old_name: Name, name: Name, old: str, new: str) -> list[tuple[Hunks, str]]:
    """The parts of the diff that ``change`` takes: one, or a deletion and an addition where the type changed, as git has it."""
    if change.status is Status.TYPE_CHANGED:
        gone, come = compare(old, ""), compare("", new)
        return [
            (gone, section(old_name, None, change.old_mode, change.mode, None, gone)),
            (come, section(None, name, change.old_mode, change.mode, None, come)),
        ]
    hunks = compare(old, new)
    before = None if change.status is Status.ADDED else old_name
    after = None if change.status is Status.DELETED else name
    return [(hunks, section(before, after, change.old_mode, change.mode, _MOVED.get(change.status), hunks))]


def _write(path: _Path | None) -> str:
    """The path as the record has it; empty where it could not be made safe."""
    if path is None:
        return ""
    return f'"{path.name.text}"' if path.name.escaped else path.name.text


def _language(change: Change, path: _Path | None) -> str | None:
    mode = change.mode if change.status is not Status.DELETED else change.old_mode
    return language_of(path.raw) if path is not None and mode not in (SYMLINK, GITLINK) else None
