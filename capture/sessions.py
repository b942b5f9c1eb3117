"""Sessions taken in on request: of named files and folders, or of every folder where an agent keeps its transcripts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from capture import agents, drain, quiet
from capture.ground import Ground, Grounds
from capture.ingest import Ingest, tidy
from capture.linking import link_sessions
from capture.sources.transcript import Opening
from capture.trajectory import TakenSession, take
from corpus.errors import BadInput, Failed, SubstrateError
from corpus.names import check
from corpus.xdg import spool_dir


@dataclass(frozen=True, slots=True)
class TakenFile:
    """What became of one file. A file whose sessions belong to several tenants is several of these; ``others`` counts its sessions that
    were left unread: of no enrolled repository, or another tenant's than the one named."""

    path: Path
    tenant: str
    sessions: tuple[TakenSession, ...]
    others: int = 0


def take_all(
    paths: Sequence[Path],
    *,
    agent: str | None = None,
    tenant: str | None = None,
    cluster: str | None = None,
    root: str | os.PathLike[str] | None = None,
    seen: Callable[[int, int], None] = lambda done, total: None,
) -> list[TakenFile]:
    """Keep every session in ``paths``, its open part too. ``seen(done, total)`` follows the files.

    Of a folder those files are taken that are transcripts, and of the agents' own folders the sessions of enrolled repositories. Raises
    :class:`BadInput` for a named file that is no transcript or belongs to nobody, :class:`corpus.errors.Refused` for one that is another
    tenant's or for what is no name, :class:`Failed` while a drainer is at work.
    """
    for kind, name in (("tenant", tenant), ("cluster", cluster)):
        if name is not None:
            check(kind, name)
    found = list(_files(paths, agent))
    taken: list[TakenFile] = []
    try:
        with drain.lock(spool_dir(), wait=quiet.PATIENCE), ExitStack() as open_corpora:
            run = _Run(Grounds(), open_corpora, agent, tenant, cluster, root)
            for done, (path, named) in enumerate(found):
                seen(done, len(found))
                taken += run.file(path, named)
            run.finish()
            seen(len(found), len(found))
    except Timeout as error:
        raise Failed("a drain is at work in the spool: try again when it is done (see 'capture status')") from error
    return taken


class _Run:
    def __init__(
        self,
        grounds: Grounds,
        open_corpora: ExitStack,
        agent: str | None,
        tenant: str | None,
        cluster: str | None,
        root: str | os.PathLike[str] | None,
    ) -> None:
        self._grounds, self._open, self._agent = grounds, open_corpora, agent
        self._tenant, self._cluster, self._root = tenant, cluster, root
        self._ingests: dict[tuple[Path, str, frozenset[tuple[str, str]]], Ingest] = {}

    def file(self, path: Path, named: bool) -> list[TakenFile]:
        """Every session of one file. Where it was not ``named``, what is no transcript or nobody's is left alone."""
        try:
            reader = agents.named(self._agent) if self._agent else agents.recognise(path)
            openings = [transcript.opening for transcript in reader.open(path)]
        except BadInput:
            if named:
                raise
            return []
        taken: list[TakenFile] = []
        others = 0
        grounds: dict[str | None, Ground] = {}
        for directory in dict.fromkeys(opening.cwd for opening in openings):
            try:
                grounds[directory] = self._ground(directory)
            except SubstrateError as error:
                if named:
                    raise type(error)(f"{path}: {error}") from error
                others += sum(opening.cwd == directory for opening in openings)
        for directory, ground in grounds.items():
            label = ground.owner.label

            def mine(opening: Opening, directory: str | None = directory) -> bool:
                return opening.cwd == directory

            one = take(
                path,
                ingest=self._ingest(ground),
                label=label,
                tops=ground.tops,
                foreign=ground.foreign,
                final=True,
                agent=reader.name,
                mine=mine,
                whose=ground.whose,
            )
            taken.append(TakenFile(path, label.tenant, one.sessions))
        return [*taken, TakenFile(path, "", (), others)] if others else taken

    def finish(self) -> None:
        """Link what was kept now with the commits that came out of it, and put the corpora in order."""
        for ingest in self._ingests.values():
            link_sessions(ingest, ingest.fresh)
        for root, tenant in sorted({place[:2] for place in self._ingests}):
            tidy(root, tenant)

    def _ground(self, directory: str | None) -> Ground:
        return self._grounds.of(directory, tenant=self._tenant, cluster=self._cluster, root=self._root)

    def _ingest(self, ground: Ground) -> Ingest:
        place = (ground.owner.root, ground.owner.label.tenant, ground.people)
        if place not in self._ingests:
            self._ingests[place] = self._open.enter_context(Ingest(*place))
        return self._ingests[place]


def _files(paths: Sequence[Path], agent: str | None) -> Iterator[tuple[Path, bool]]:
    """``(file, whether it was named)``."""
    for path in paths:
        if path.is_dir():
            yield from ((each, False) for each in sorted(path.rglob("*")) if each.is_file())
        else:
            yield path, True
    if not paths:
        home = Path("~").expanduser()
        for one in [agents.named(agent)] if agent else agents.agents():
            for folder, pattern in one.folders(home):
                yield from ((each, False) for each in sorted(folder.glob(pattern)) if each.is_file())
