"""Who sees to it that pieces and shards are there: used again where an earlier build left them, else made by a team."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path

from corpus.build.again import Again, Notes
from corpus.build.manifest import OutputFile
from corpus.build.offers import Offers
from corpus.build.piece import Piece
from corpus.build.render import Job
from corpus.build.team import Team, result_of


class Maker:
    """For one build, made in ``directory``; without one nothing is written, and without ``again`` all is made."""

    def __init__(self, team: Team, directory: Path | None, again: Again | None) -> None:
        self._team = team
        self._directory = directory
        self._again = again
        self._pieces: dict[str, Piece] = {}
        self.notes: dict[str, Notes] = {}
        """Where shards are noted, by recipe."""

    def over(self, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, dict[str, Offers]]]:
        """Each piece, and what each recipe makes of it, in order. Raises as :meth:`corpus.build.desk.Desk.make`."""
        return self._team.over(pieces, self._directory, self._known)

    def _known(self, piece: Piece) -> dict[str, Offers] | None:
        offers = None if self._again is None else self._again.offers(piece.name)
        if offers is not None:
            self._pieces[piece.name] = piece  # to be made after all, should a shard need its lines
        return offers

    def begin(self, job: Job) -> Future[OutputFile]:
        """Have a shard linked, where one of the same lines is, or written."""
        if self._again is not None and (known := self._again.shard(job.of())) is not None:
            return self._team.link(job, *known)
        return self._write(job)

    def end(self, job: Job, begun: Future[OutputFile]) -> OutputFile:
        """The shard, once it is there. Raises as writing it does."""
        try:
            file = result_of(begun)
        except ValueError:  # what was to be linked is not what it was
            file = result_of(self._write(job))
        file = file.model_copy(update={"of": job.of()})
        if job.recipe in self.notes:
            self.notes[job.recipe].shard(job, file)
        return file

    def _write(self, job: Job) -> Future[OutputFile]:
        missing = {run.piece for run in job.runs if not run.path.exists()}
        made = [self._team.make(self._pieces[name], self._directory, job.recipe) for name in sorted(missing)]
        for future in made:
            result_of(future)
        return self._team.write(job)
