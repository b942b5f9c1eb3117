"""``capture feedback``: keep rejected answers and their corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpus.console import echo_json, json_option, plain, root_option

if TYPE_CHECKING:
    from capture.whose import Owner


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one file: its record's key, where the record lies, and whether it is new."""

    file: str
    key: str
    path: str
    new: bool


@click.command("feedback", short_help="Keep rejected answers and their corrections; an inbox.")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--inbox", metavar="DIR", type=click.Path(path_type=Path), help="Take in a folder of messages, and archive each that is kept."
)
@click.option("--complete", "completed", metavar="ID", help="Add the correction in FILE ('-': standard input) to the rejection ID.")
@click.option("--tenant", metavar="NAME", help="Whose it is, where no enrolled repository says so.")
@click.option("--cluster", metavar="NAME", help="The cluster it belongs to.")
@root_option
@json_option
def command(
    files: tuple[Path, ...],
    inbox: Path | None,
    completed: str | None,
    tenant: str | None,
    cluster: str | None,
    root: str | None,
    as_json: bool,
) -> None:
    """Keep what each FILE holds: one rejected answer and its correction, as JSON.

    With --inbox: every message in DIR (Markdown, JSON, or e-mail; docs/feedback.md says how they are written). A message is moved to the
    archive once its record is on disk; one that cannot be kept stays, is named with its line, and the command ends with 2.
    """
    if completed is not None and inbox is None and len(files) <= 1:
        _complete(completed, files[0] if files else Path("-"), tenant, cluster, root, as_json)
    elif inbox is not None and completed is None and not files:
        _inbox(inbox, tenant, cluster, root, as_json)
    elif completed is None and inbox is None and files:
        _show(keep(files, tenant, cluster, root), as_json)
    else:
        raise click.UsageError("give FILE..., or --inbox DIR, or --complete ID and one FILE")


def _show(kept: Sequence[Kept], as_json: bool) -> None:
    if as_json:
        echo_json([{"file": one.file, "key": one.key, "path": one.path, "new": one.new} for one in kept])
        return
    for one in kept:
        click.echo(f"{one.key[:12]}  {one.path if one.new else 'already captured'}")


def _inbox(folder: Path, tenant: str | None, cluster: str | None, root: str | None, as_json: bool) -> None:
    from capture import inboxes
    from capture.hooks.inbox import place
    from capture.inbox import Inbox, Outcome, look_after, take_in
    from capture.ingest import Ingest, tidy
    from corpus.errors import BadInput

    path = folder.resolve()
    if not path.is_dir():
        raise BadInput(f"{folder} is no folder: name the one that the messages lie in")
    owner = (inboxes.owner_of(path) if not (tenant or cluster or root) else None) or _owner([path / "message"], tenant, cluster, root)
    with Ingest(owner.root, owner.label.tenant) as ingest:
        inboxes.remember(path, owner)
        place()
        outcome, inbox = Outcome(), Inbox(path)
        for done in (take_in(ingest, inbox, owner.label), look_after(ingest, inbox, owner.label)):
            outcome.kept += [one for one in done.kept if one.new or one.file != one.archived]
            outcome.troubles += done.troubles
    tidy(owner.root, owner.label.tenant)
    if as_json:
        kept = [{"file": str(one.file), "key": one.key, "new": one.new, "archived": str(one.archived)} for one in outcome.kept]
        echo_json({"kept": kept, "troubles": [{"file": str(one.file), "said": one.said} for one in outcome.troubles]})
    else:
        for one in outcome.kept:
            click.echo(f"{one.key[:12]}  {one.file.name}{'' if one.new else '  already captured'}")
        for trouble in outcome.troubles:
            click.echo(plain(f"capture: {trouble.file}: {trouble.said}").replace("\n", "\\n"), err=True)
    if outcome.code:
        raise SystemExit(outcome.code)


def _complete(ident: str, file: Path, tenant: str | None, cluster: str | None, root: str | None, as_json: bool) -> None:
    from capture.completing import complete
    from capture.ingest import Ingest
    from capture.sources.feedback import MAX_BYTES
    from corpus.errors import BadInput

    where = "-" if str(file) == "-" else str(file)
    try:
        with click.open_file(where, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}: not UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise BadInput(f"{where}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise BadInput(f"{where}: larger than {MAX_BYTES >> 20} MiB")
    owner = _owner([] if where == "-" else [file], tenant, cluster, root)
    with Ingest(owner.root, owner.label.tenant) as ingest:
        done = complete(ingest, ident, text)
    if as_json:
        echo_json({"completes": done.rejected, "key": done.key, "new": done.new})
    else:
        click.echo(f"{done.key[:12]}  {'completes' if done.new else 'completed already'} {done.rejected[:12]}")


def keep(files: Sequence[Path], tenant: str | None, cluster: str | None, root: str | None) -> list[Kept]:
    """Read every file, then keep every pair; a file that cannot be read stops all before anything is kept.

    Raises :class:`corpus.errors.BadInput` for such a file or where nobody says whose it is, :class:`corpus.errors.Refused` at a boundary.
    """
    from capture.ingest import Ingest
    from capture.sources import answers, feedback

    owner = _owner(files, tenant, cluster, root)
    drafts = [answers.draft(feedback.read(file).pair(), owner.label) for file in files]
    found = []
    with Ingest(owner.root, owner.label.tenant) as ingest:
        for file, draft in zip(files, drafts, strict=True):
            new = ingest.keep(draft)
            path = owner.root / owner.label.tenant / "engineering" / "feedback" / f"{draft.stem}.jsonl"
            found.append(Kept(str(file), draft.key, str(path), new))
    return found


def _owner(files: Sequence[Path], tenant: str | None, cluster: str | None, root: str | None) -> Owner:
    """The working directory's repository says whose it is, else the flags. A file in another tenant's repository is refused."""
    from capture.enrol import find
    from capture.git.run import common_dir
    from capture.whose import Owner, whose
    from corpus.errors import BadInput, Refused
    from corpus.names import check
    from corpus.redaction.draft import Label
    from corpus.xdg import corpus_root

    here = Path.cwd()
    try:
        common_dir(here)
    except BadInput:  # no repository here
        if tenant is None or cluster is None:
            raise BadInput(f"{here} is in no repository: give --tenant and --cluster, or run it in an enrolled one") from None
        named = check("cluster", cluster)
        owner = Owner(corpus_root(root), Label(check("tenant", tenant), named, module_id=named, role=check("role", "contributor")))
    else:
        owner = whose(here, tenant=tenant, cluster=cluster, root=root)
    for place in sorted({file.absolute().parent for file in files}):
        try:
            theirs = find(place)
        except BadInput:
            continue
        if theirs is not None and theirs.label.tenant != owner.label.tenant:
            raise Refused(f"{place} is enrolled to tenant {theirs.label.tenant!r}, not {owner.label.tenant!r}: run it there")
    return owner
