"""The cache of findings: what it gives is what searching gives, it holds no text, and nothing that is wrong with it shows."""

from __future__ import annotations

import base64
import multiprocessing
import os
import random
import resource
import sqlite3
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.names import Name
from corpus.redaction import Redactor, cache
from corpus.redaction.cache import Cache, Rounds
from corpus.redaction.draft import Withheld
from corpus.redaction.finding import IDENTIFIER, Finding, Place, Subject
from corpus.redaction.people import People, remember
from corpus.redaction.pseudonym import Pseudonyms
from corpus.redaction.recognizers import Recognizer
from corpus.redaction.redactor import SMALLEST, Scanner, scanner
from corpus.redaction.rule import builtin
from corpus.xdg import cache_dir
from tests.corpus.redaction.conftest import PAIRS
from tests.corpus.redaction.made_up import like, private_key

ACME = Name("acme")
RANDOM = random.Random(31)
SECRETS = [like(rule, RANDOM)[0] for rule in builtin()] + ["Ann Lee", "ann.lee@example.test", "\n".join(private_key(RANDOM))]
KEY = b"k" * 32
LONG = "a line that says nothing\n" * 40
FOUND: Rounds = [[(3, 20, "REDACTED_API_KEY_0123456789ab")], [(0, 2, '"REDACTED_X_0123456789ab"')]]
fork = multiprocessing.get_context("fork")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "found" / "acme.sqlite"


def on_disk(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


def rows(file: Path) -> int:
    with sqlite3.connect(file) as database:
        count: int = database.execute("SELECT count(*) FROM entries").fetchone()[0]
    database.close()
    return count


def test_what_was_put_is_had_by_the_next_process(file: Path) -> None:
    first = Cache(file, KEY)
    name = first.name("code .py", LONG)
    assert first.get(name) is None
    first.put(name, FOUND)
    assert first.get(name) == FOUND
    assert Cache(file, KEY).get(name) is None
    first.close()
    assert Cache(file, KEY).get(name) == FOUND
    assert len({first.name("code .py", LONG), first.name("code .env", LONG), first.name("code .py", LONG + " "), name}) == 3


def test_nobody_else_can_read_it(file: Path) -> None:
    before = os.umask(0)
    try:
        made = Cache(file, KEY)
        made.put(b"n" * 16, FOUND)
        made.close()
    finally:
        os.umask(before)
    assert {each.stat().st_mode & 0o777 for each in file.parent.iterdir()} == {0o600}
    assert file.parent.stat().st_mode & 0o777 == 0o700


class TestBehindTheGate:
    @pytest.fixture
    def texts(self) -> list[tuple[str, str]]:
        rng = random.Random(7)
        found = []
        for at in range(0, len(SECRETS), 12):
            lines = [f"see {secret} here" for secret in SECRETS[at : at + 12]]
            lines += [base64.b64encode(lines[0].encode()).decode(), lines[1].encode().hex()]
            lines += ["".join(rng.choices(string.ascii_letters, k=60)) for _ in range(10)]
            found.append(("\n".join(lines), rng.choice([".py", ".env", ".json", ".toml", ""])))
        return found

    def redact_all(self, texts: list[tuple[str, str]]) -> list[str]:
        gate = Redactor.for_tenant(ACME)
        found = [gate.image(str(at), path, lambda text=text: text) for at, (text, path) in enumerate(texts)]  # type: ignore[misc]
        found += [gate.prose(text) for text, _ in texts]
        gate.close()
        return found

    def test_it_holds_no_byte_of_any_text(self, texts: list[tuple[str, str]]) -> None:
        remember(ACME, PAIRS)
        redacted = self.redact_all(texts)
        kept = on_disk(cache_dir() / "found")
        identifiers = {found[0] for text in redacted for found in IDENTIFIER.finditer(text)}
        assert sum(each.encode() in kept for each in identifiers) > 300  # it is there, and it is not packed
        eights = {kept[at : at + 8] for at in range(len(kept) - 7)}
        for text, _ in texts:
            whole = IDENTIFIER.sub("", text).encode()
            # Eight bytes of a text in a row would say something of it; what it is made of besides are digests and our identifiers.
            held = {whole[at : at + 8] for at in range(len(whole) - 7)} & eights
            assert [each for each in held if not set(each) <= set(b"0123456789abcdef")] == []

    def test_the_next_process_searches_nothing_and_says_the_same(
        self, texts: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = self.redact_all(texts)

        def search(*_: object) -> list[Finding]:
            raise AssertionError("searched again")

        monkeypatch.setattr(Scanner, "_search", search)
        assert self.redact_all(texts) == first

    def test_a_list_of_people_that_grew_empties_it(self, texts: list[tuple[str, str]]) -> None:
        self.redact_all(texts)
        file = cache_dir() / "found" / "acme.sqlite"
        assert rows(file) > len(texts)
        remember(ACME, [("Nadia Okonkwo", "nadia@example.test")])
        gate = Redactor.for_tenant(ACME)
        gate.image("x", ".py", lambda: LONG)
        gate.close()
        assert rows(file) == 1

    def test_tenants_share_nothing(self, texts: list[tuple[str, str]]) -> None:
        self.redact_all(texts)
        other = Redactor.for_tenant(Name("other"))
        other.image("x", texts[0][1], lambda: texts[0][0])
        other.close()
        names = []
        for tenant in ("acme", "other"):
            database = sqlite3.connect(cache_dir() / "found" / f"{tenant}.sqlite")
            names.append({name for (name,) in database.execute("SELECT name FROM entries")})
            database.close()
        assert names[0].isdisjoint(names[1])

    def test_without_a_tenant_nothing_is_kept(self) -> None:
        scanner(Pseudonyms(KEY), People()).redact(LONG)
        assert not (cache_dir() / "found").exists()

    def test_short_texts_are_not_worth_it(self) -> None:
        gate = Redactor.for_tenant(ACME)
        gate.prose("x" * (SMALLEST - 1))
        gate.close()
        assert not (cache_dir() / "found").exists()


SECRET = st.integers(0, len(SECRETS) - 1).map(lambda at: SECRETS[at])
ODD = st.sampled_from(["\ud800", "\0", "\r\n", "é\u0301", "\U0001f600", LONG])
TEXTS = st.lists(st.one_of(SECRET, ODD, st.text(max_size=8)), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEXTS, st.sampled_from(Place), st.sampled_from(["", ".json", ".env", ".py", ".toml"]))
def test_remembered_or_searched_it_is_the_same(tmp_path_factory: pytest.TempPathFactory, parts: list[str], place: Place, path: str) -> None:
    text = " ".join(parts) + LONG
    folder = tmp_path_factory.mktemp("found")
    folder.chmod(0o700)
    plain = scanner(Pseudonyms(KEY), People(PAIRS))
    cached = scanner(Pseudonyms(KEY), People(PAIRS))
    cached._cache = Cache(folder / "a", KEY)
    for _ in range(2):
        assert cached.redact(text, place, path) == plain.redact(text, place, path)
        assert cached.redact_version(text, path) == plain.redact_version(text, path)
        cached.close()
    assert rows(folder / "a") == 2


def only(find: Callable[[Subject], list[Finding]], file: Path) -> Scanner:
    return Scanner([Recognizer("r", ["X"], find)], Pseudonyms(KEY), "r@0", cache=Cache(file, KEY))


def test_a_verdict_on_the_text_is_remembered_and_a_mishap_is_not(file: Path) -> None:
    calls = []

    def greedy(subject: Subject) -> list[Finding]:
        calls.append(1)
        return [Finding(0, 1, "X", 1.0, "x")]

    def raises(subject: Subject) -> list[Finding]:
        calls.append(1)
        raise RuntimeError

    for find, expected in ((greedy, 0), (raises, 1)):
        first = only(find, file)
        with pytest.raises(Withheld, match="redaction-failed"):
            first.redact(LONG + find.__name__)
        first.close()
        calls.clear()
        with pytest.raises(Withheld, match="redaction-failed"):
            only(find, file).redact(LONG + find.__name__)
        assert len(calls) == expected


class TestWhatIsWrongWithTheFile:
    """In each case: no error, and nothing that was not put there."""

    NAME = b"n" * 16

    @pytest.fixture
    def filled(self, file: Path) -> Path:
        made = Cache(file, KEY)
        made.put(self.NAME, FOUND)
        made.close()
        return file

    def change(self, file: Path, statement: str, *values: object) -> None:
        database = sqlite3.connect(file)
        database.execute(statement, values)
        database.commit()
        database.close()

    def works(self, file: Path, *, again: bool = True) -> None:
        """A miss, and a put that is had by the next one if ``again``."""
        made = Cache(file, KEY)
        assert made.get(self.NAME) is None
        made.put(self.NAME, FOUND)
        made.close()
        assert (Cache(file, KEY).get(self.NAME) == FOUND) is again

    def test_every_flipped_bit_is_seen(self, filled: Path) -> None:
        database = sqlite3.connect(filled)
        ((value,),) = database.execute("SELECT value FROM entries")
        database.close()
        assert Cache(filled, KEY).get(self.NAME) == FOUND
        for bit in range(0, len(value) * 8, 5):
            flipped = bytearray(value)
            flipped[bit // 8] ^= 1 << bit % 8
            self.change(filled, "UPDATE entries SET value = ?", bytes(flipped))
            assert Cache(filled, KEY).get(self.NAME) is None
        for other in (b"", value[:16], value[:-1], value + b" ", "text", 7):
            self.change(filled, "UPDATE entries SET value = ?", other)
            assert Cache(filled, KEY).get(self.NAME) is None

    def test_a_value_under_another_name_is_none(self, filled: Path) -> None:
        self.change(filled, "UPDATE entries SET name = ?", b"m" * 16)
        assert Cache(filled, KEY).get(b"m" * 16) is None

    def test_another_key_removes_what_it_cannot_read(self, filled: Path) -> None:
        assert Cache(filled, b"o" * 32).get(self.NAME) is None
        assert rows(filled) == 0

    @pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 4000])
    def test_a_broken_file_is_made_anew(self, filled: Path, damage: bytes) -> None:
        for end in ("-wal", "-shm"):
            Path(f"{filled}{end}").unlink(missing_ok=True)
        filled.write_bytes(damage)
        self.works(filled)

    def test_pages_overwritten_under_it_are_survived(self, file: Path) -> None:
        made = Cache(file, KEY)
        for at in range(3000):
            made.put(at.to_bytes(16, "big"), FOUND)
        made.close()
        rng = random.Random(3)
        whole = bytearray(file.read_bytes())
        for _ in range(40):
            whole[rng.randrange(4096, len(whole))] ^= 0xFF
        file.write_bytes(whole)
        again = Cache(file, KEY)
        got = [again.get(at.to_bytes(16, "big")) for at in range(3000)]
        assert set(map(str, got)) <= {str(FOUND), "None"}

    def test_tables_of_another_shape_are_survived(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700)
        self.change(file, "CREATE TABLE entries (a, b, c)")
        file.chmod(0o600)
        self.works(file, again=False)

    @pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
    def test_a_file_that_others_can_reach_is_not_used(self, filled: Path, mode: int) -> None:
        filled.chmod(mode)
        self.works(filled, again=False)

    def test_a_folder_of_somebody_else_is_not_used(self, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        self.works(filled, again=False)

    @pytest.mark.parametrize("what", ["link", "folder", "pipe"])
    def test_what_is_no_file_is_not_used(self, file: Path, what: str) -> None:
        file.parent.mkdir(mode=0o700)
        if what == "link":
            (file.parent / "elsewhere").touch(0o600)
            file.symlink_to(file.parent / "elsewhere")
        elif what == "folder":
            file.mkdir(0o700)
        else:
            os.mkfifo(file, 0o600)
        self.works(file, again=False)

    def test_a_file_where_the_folder_would_be(self, file: Path) -> None:
        file.parent.write_text("")
        self.works(file, again=False)

    def test_another_that_holds_it_is_not_waited_for_long(self, filled: Path) -> None:
        holder = sqlite3.connect(filled, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        made = Cache(filled, KEY)
        made.put(b"m" * 16, FOUND)
        made.close()  # is lost
        assert made.get(self.NAME) == FOUND
        holder.execute("ROLLBACK")
        holder.close()
        made.put(b"m" * 16, FOUND)
        made.close()
        assert Cache(filled, KEY).get(b"m" * 16) == FOUND

    @pytest.mark.parametrize("state", ["full", "readonly"])
    def test_a_disk_that_takes_nothing(self, filled: Path, state: str) -> None:
        def inside() -> None:
            if state == "full":
                resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
            made = Cache(filled, KEY)
            assert made.get(self.NAME) == FOUND
            if state == "readonly":
                made._connection.execute("PRAGMA query_only = ON")  # type: ignore[union-attr]
            for at in range(2000):
                made.put(b"%16d" % at, FOUND)
            made.close()
            assert made._off

        process = fork.Process(target=inside)
        process.start()
        process.join()
        assert process.exitcode == 0
        assert Cache(filled, KEY).get(self.NAME) == FOUND


def test_it_stays_below_its_bound_and_what_came_last_stays(file: Path) -> None:
    made = Cache(file, KEY, limit=400_000)
    for at in range(6000):
        made.put(at.to_bytes(16, "big"), FOUND)
        if at % 1000 == 0:
            assert file.stat().st_size < 500_000 if file.exists() else at == 0
    made.close()
    assert file.stat().st_size < 500_000
    assert made.get((5999).to_bytes(16, "big")) == FOUND
    assert made.get((0).to_bytes(16, "big")) is None


def test_processes_share_it(file: Path) -> None:
    """Some forked with the connection open, all writing at once."""
    before = Cache(file, KEY)
    before.put(b"b" * 16, FOUND)
    before.close()

    def inside(number: int) -> None:
        for at in range(300):
            before.put(b"%8d%8d" % (number, at), FOUND)
            if at % 20 == 0:
                before.close()
            assert before.get(b"b" * 16) == FOUND
        before.close()

    team = [fork.Process(target=inside, args=(number,)) for number in range(3)]
    for process in team:
        process.start()
    inside(3)
    for process in team:
        process.join()
    assert [process.exitcode for process in team] == [0, 0, 0]
    after = Cache(file, KEY)
    got = [after.get(b"%8d%8d" % (number, at)) for number in range(4) for at in range(300)]
    assert all(each in (FOUND, None) for each in got)
    assert sum(each == FOUND for each in got) > 900  # a lock held too long may cost a batch
    database = sqlite3.connect(file)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_what_other_code_found_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    def remembered() -> object:
        kept = cache.for_tenant(ACME, Pseudonyms(KEY), "builtin@0")
        name = kept.name("code .py", LONG)
        known = kept.get(name)
        kept.put(name, FOUND)
        kept.close()
        return known

    assert (remembered(), remembered()) == (None, FOUND)
    monkeypatch.setattr(cache, "_code", lambda: "another")
    assert remembered() is None
