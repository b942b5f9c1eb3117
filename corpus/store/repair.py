"""Mending what verification found: indexes are made again from their packs, readable records are kept, the rest is set aside.

Nothing is deleted that holds a record. What cannot be read keeps its bytes under a name that no reader looks at (``.damaged``), and a
report in ``quarantine/`` says which and why. The caller holds the tenant's lock.
"""

from __future__ import annotations

import hashlib
import heapq
import os
from collections.abc import Callable, Collection, Iterable
from contextlib import closing, suppress
from functools import lru_cache, partial

from corpus.errors import Broken, Refused
from corpus.names import Name
from corpus.store.checking import check_pack
from corpus.store.directory import Directory
from corpus.store.frames import read_frame
from corpus.store.keytable import table_bytes
from corpus.store.lines import lines_of
from corpus.store.loose import replace
from corpus.store.packfile import remove_pack
from corpus.store.packing import by_time, packed_lines
from corpus.store.packlist import NAME, Listed, index_name, keys_name, pack_name, write_list
from corpus.store.packset import PackSet
from corpus.store.places import Place, Places
from corpus.store.quarantine import report
from corpus.store.rows import Row
from corpus.store.swap import swap
from corpus.store.verify import Problem, Verification, What
from corpus.store.whole import whole

_ASIDE = ".damaged"


class Repair:
    """One round of mending after one :class:`Verification`."""

    def __init__(
        self, tenant: Name, home: Directory, places: Places, packs: Directory, seen: Verification, forgotten: Collection[str] = ()
    ) -> None:
        """Records of the keys ``forgotten`` are not taken over, wherever they come from."""
        self._forgotten = forgotten
        self._tenant = tenant
        self._home = home
        self._places = places
        self._packs = packs
        self._seen = seen
        self.done: list[str] = []
        """A line for each thing that was mended or set aside."""

    def run(self) -> None:
        """Mend what can be mended, each file once."""
        mended: set[tuple[What, str | Place | None]] = set()
        for problem in self._seen.found.problems:
            about = problem.what, problem.pack or problem.path
            if about not in mended:
                mended.add(about)
                self._mend(problem)

    def _mend(self, problem: Problem) -> None:
        if problem.what is What.LIST:
            self._list_again(problem)
        elif problem.what is What.INDEX and problem.pack:
            self._index_again(problem.pack)
        elif problem.what in (What.PACK, What.UNLISTED) and problem.pack:
            self._salvage(problem, problem.pack)
        elif problem.what is What.LOOSE and problem.path:
            self._loose(problem, problem.path)

    def _say(self, line: str) -> None:
        self.done.append(line)
        report(self._home, line)

    def _index_again(self, pack: str) -> None:
        rows = self._seen.held[pack].rows
        with closing(PackSet(self._packs.again(), self._tenant)) as packs:
            old = next(one for one in packs.listed if one.pack == pack)
            now = self._indexed(pack, rows, sequenced=old.sequenced)
            write_list(self._packs, self._tenant, tuple(now if one is old else one for one in packs.listed))
        self._say(f"{self._packs.path / pack_name(pack)}: its index was made again")

    def _indexed(self, pack: str, rows: list[Row], *, sequenced: bool) -> Listed:
        from corpus.store.index import index_bytes

        index, keys = index_bytes(self._tenant, rows), table_bytes(self._tenant, rows)
        replace(self._packs, index_name(pack), index)
        replace(self._packs, keys_name(pack), keys)
        size = os.stat(pack_name(pack), dir_fd=self._packs.fd, follow_symlinks=False).st_size
        content = sum({row.frame_offset: row.frame_content for row in rows}.values())
        digests = hashlib.sha256(index).hexdigest(), hashlib.sha256(keys).hexdigest()
        return Listed(pack, *digests, len(rows), size, content, sequenced)

    def _list_again(self, problem: Problem) -> None:
        """A list of every pack that is whole; of the others, and of what they hold twice, the records are taken over one by one."""
        self._aside(self._packs, NAME, problem.line)
        found = sorted(name.removesuffix(pack_name("")) for name in self._packs.names() if name.endswith(pack_name("")))
        for pack in found:
            self._salvage(Problem(What.UNLISTED, f"{self._packs.path / pack_name(pack)} was listed again", pack=pack), pack)

    def _salvage(self, problem: Problem, pack: str) -> None:
        """Keep what can be read of a pack that is damaged, foreign or not listed."""
        name = pack_name(pack)
        try:
            held = check_pack(self._packs, Listed(pack, "", "", 0, 0, 0, False), self._tenant)
        except (FileNotFoundError, Refused):
            held = None
        with closing(PackSet(self._packs.again(), self._tenant)) as packs:
            without = tuple(one for one in packs.listed if one.pack != pack)
            mine = held and not held.damaged and without == packs.listed
            if held and mine and not any(packs.holds(row.key) or row.key in self._forgotten for row in held.rows):
                write_list(self._packs, self._tenant, (*without, self._indexed(pack, held.rows, sequenced=False)))
                self._say(problem.line)
                return
        if held:
            fd = self._packs.open_file(name)
            try:
                frame = lru_cache(maxsize=2)(partial(read_frame, fd, where=name))
                self._adopt(held.rows, lambda row: frame(row.frame)[row.offset : row.offset + row.size], without)
            finally:
                os.close(fd)
        elif len(without) != len(packs.listed):
            write_list(self._packs, self._tenant, without)
        if held and not held.damaged:
            remove_pack(self._packs, pack)
            self._say(f"{problem.line}: its records were taken over")
        else:
            self._aside(self._packs, name, f"{problem.line}: {len(held.rows) if held else 0} records of it were kept")
            remove_pack(self._packs, pack)

    def _adopt(self, rows: Iterable[Row], line_of: Callable[[Row], bytes], listed: tuple[Listed, ...]) -> None:
        """List ``listed`` and a pack of ``rows``; where a pack holds an older version of one, it is written into the new one."""
        write_list(self._packs, self._tenant, listed)
        with closing(PackSet(self._packs.again(), self._tenant)) as packs:
            newer: dict[str, Row] = {}
            older: dict[str, Listed] = {}
            for row in rows:
                found = packs.find(row.key)
                if row.key in self._forgotten:
                    continue
                if found and found[1].order >= row.order:
                    continue
                newer[row.key] = max(row, newer.get(row.key, row), key=lambda one: one.order)
                if found:
                    older[found[0].pack] = found[0]
            if newer:
                mine = ((row, line_of(row)) for row in sorted(newer.values(), key=lambda row: (row.created_us, row.key)))
                theirs = (((row, line) for row, line in packed_lines(packs, one) if row.key not in newer) for one in older.values())
                records = heapq.merge(mine, *theirs, key=by_time)
                swap(self._packs, self._tenant, packs, older.values(), records, sequenced=False)

    def _loose(self, problem: Problem, path: Place) -> None:
        """Take the readable lines of a loose file over, and set it aside."""
        good: dict[str, tuple[Row, bytes]] = {}
        with self._places.open(*path[:-1]) as directory:
            with suppress(Broken):  # half a line ends the file
                for _, line in lines_of(directory, path[-1]):
                    with suppress(Broken, Refused):
                        row = whole(line, directory.path / path[-1], self._tenant)
                        self._places.check(row, directory, path)
                        good[row.key] = max(good.get(row.key, (row, line)), (row, line), key=lambda one: one[0].order)
            if good:
                with closing(PackSet(self._packs.again(), self._tenant)) as packs:
                    listed = packs.listed
                self._adopt([row for row, _ in good.values()], lambda row: good[row.key][1], listed)
            self._aside(directory, path[-1], problem.line)

    def _aside(self, directory: Directory, name: str, why: str) -> None:
        number = 0
        while directory.exists(f"{name}{_ASIDE}{number or ''}"):
            number += 1
        with suppress(FileNotFoundError):
            os.rename(name, f"{name}{_ASIDE}{number or ''}", src_dir_fd=directory.fd, dst_dir_fd=directory.fd)
            directory.sync()
        self._say(f"{why}; set aside")
