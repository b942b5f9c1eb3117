"""The model's finder: what it makes of the model's words, what it leaves alone, and what holds with and without the model."""

from __future__ import annotations

import re

import pytest

from corpus.redaction import ner_model, prose, pseudonym, redactor, screen
from corpus.redaction.draft import Withheld
from corpus.redaction.finding import Place, Subject, resolve
from corpus.redaction.ner import NerFinder
from corpus.redaction.ner_model import Word
from corpus.redaction.people import People

needs_model = pytest.mark.skipif(not ner_model.identity(), reason="the ner extra is not installed")

GIVEN = [
    "Ottokar",
    "Ilse",
    "Jarmila",
    "Tuomas",
    "Zsuzsa",
    "Ferdinand",
    "Anneliese",
    "Gudrun",
    "Miroslav",
    "Beatriz",
    "Siobhan",
    "Thandiwe",
    "Rajesh",
    "Katarzyna",
    "Henrik",
]
FAMILY = [
    "Brandauer",
    "Kivelä",
    "Oyelaran",
    "Novotná",
    "Bartal",
    "Quillfeather",
    "Lindqvist",
    "Castellanos",
    "Wojciechowski",
    "Mukherjee",
    "O'Sullivan",
    "Papadakis",
]
SENTENCES = [
    "{} reported that the upload fails when the file is empty.",
    "Talked to {} about the parser yesterday; merge after the release.",
    "Thanks to {} for the patch!",
    "The customer, {}, cannot log in since Tuesday.",
    "Fix crash seen by {} on start-up",
    "Reviewed with {} over lunch.",
]


class Stub:
    """A model that knows the words of ``labels`` and has a count of the blocks it was shown."""

    def __init__(self, **labels: tuple[str, float]) -> None:
        self.labels = labels
        self.blocks: list[str] = []

    def __call__(self, block: str) -> list[Word]:
        self.blocks.append(block)
        tokens = re.finditer(r"[^\W_]+|[^\w\s]", block)
        return [Word(*token.span(), *self.labels.get(token[0].replace("-", ""), ("SURNAME", 0.0))) for token in tokens]


def found(finder: NerFinder, text: str, place: Place = Place.PROSE) -> list[tuple[str, str]]:
    subject = Subject(text, place)
    return [(subject.text[each.start : each.end], each.entity_type) for each in subject.locate(resolve(finder.find(subject)))]


def test_words_of_one_name_are_one_finding_with_initials_and_particles() -> None:
    stub = Stub(Ilse=("GIVEN_NAME", 0.9), Brandauer=("SURNAME", 0.9), R=("CITY", 0.9))
    assert found(NerFinder(stub), "Žádost: ask Ilse R. Brandauer today") == [("Ilse R. Brandauer", "PERSON")]


def test_a_name_takes_along_the_rare_capitalised_word_beside_it_and_no_ordinary_one() -> None:
    stub = Stub(Ilse=("GIVEN_NAME", 0.9), shouted=("SURNAME", 0.9))
    assert found(NerFinder(stub), "Then Ilse Brandauer shouted. Python Ilse The") == [("Ilse Brandauer", "PERSON"), ("Ilse", "PERSON")]


def test_a_name_known_in_one_place_is_found_in_every_other() -> None:
    sure = "We asked Ilse Brandauer about it."
    text = sure + " Nothing else.\n\n" * 60 + "Later Brandauer agreed, see Brandauer.py and brandauer()."
    seen = NerFinder(lambda block: Stub(Brandauer=("SURNAME", 0.9))(block) if sure in block else [])
    assert found(seen, text) == [("Ilse Brandauer", "PERSON"), ("Brandauer", "PERSON")]


@pytest.mark.parametrize(
    "text", ["Ilse.close() was called", "see x/Ilse for Bob's", "the Ilse_key of Bob's", "@Ilse decorates", "NumPy of Ada"]
)
def test_parts_of_identifiers_paths_and_things_are_nobody(text: str) -> None:
    assert found(NerFinder(Stub(Ilse=("GIVEN_NAME", 0.9), NumPy=("SURNAME", 0.9))), text) == []


def test_code_is_never_shown_to_the_model_and_fenced_code_neither() -> None:
    stub = Stub(Ilse=("GIVEN_NAME", 0.9))
    finder = NerFinder(stub)
    assert found(finder, "Ask Ilse Brandauer", Place.CODE) == []
    assert found(finder, "Ask Ilse Brandauer", Place.PATH) == []
    assert stub.blocks == []
    assert found(finder, "Bob's code:\n```python\nIlse = 1\n```\n") == []
    assert found(finder, "Bob's words:\n```\nAsk Ilse about it\n```\n") == [("Ilse", "PERSON")]


def test_prose_that_can_hold_no_name_is_not_shown_to_the_model() -> None:
    stub = Stub()
    assert found(NerFinder(stub), "The parser reads each file once. Then it writes the result.\n" * 30) == []
    assert stub.blocks == []


def test_blocks_cover_the_text_and_stay_small() -> None:
    for text in ("", "a", "word " * 500, "x" * 5000, "line\n" * 900, ("Ä" * 100 + ". ") * 40 + "\n\n" + "z" * 900):
        spans = list(screen.blocks(text))
        assert "".join(text[low:high] for low, high in spans) == text
        assert all(0 < high - low <= screen.BLOCK for low, high in spans)


def test_identifiers_of_ours_are_no_names_and_what_stands_beside_them_stays() -> None:
    identifier = "REDACTED_PERSON_0123456789ab"
    stub = Stub(Maria=("GIVEN_NAME", 0.99), Smith=("SURNAME", 0.99), Ilse=("GIVEN_NAME", 0.6))
    assert found(NerFinder(stub), f"ask {identifier} or Ilse about it") == []
    assert found(NerFinder(stub), "ask Bob or Ilse about it") == [("Ilse", "PERSON")]


def test_a_model_that_raises_withholds_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(block: str) -> list[Word]:
        raise RuntimeError(block)

    monkeypatch.setattr(prose, "_finder", lambda cache_dir: NerFinder(broken))
    monkeypatch.setattr(ner_model, "identity", lambda: "a model 1")
    scanner = redactor.scanner(pseudonym.ephemeral(), People())
    assert scanner.find("nothing here", Place.PROSE) == []
    with pytest.raises(Withheld, match="redaction-failed") as raised:
        scanner.find("Ask Ilse Brandauer", Place.PROSE)
    assert raised.value.__cause__ is None


def test_the_ruleset_names_the_model_and_without_it_the_rest_works(monkeypatch: pytest.MonkeyPatch) -> None:
    rulesets = set()
    for identity in ("", "a model 1", "a model 2"):
        monkeypatch.setattr(ner_model, "identity", lambda identity=identity: identity)
        monkeypatch.setattr(prose, "_finder", lambda cache_dir: NerFinder(lambda block: []))
        scanner = redactor.scanner(pseudonym.ephemeral(), People())
        rulesets.add(scanner.ruleset)
        (only,) = scanner.find("My name is Ilse Brandauer.", Place.PROSE)
        assert only.entity_type == "PERSON"
    assert len(rulesets) == 3


@needs_model
def test_the_model_finds_names_of_many_countries_in_prose() -> None:
    scanner = redactor.scanner(pseudonym.ephemeral(), People())
    hit = total = 0
    for number, given in enumerate(GIVEN):
        for step, sentence in enumerate(SENTENCES):
            name = f"{given} {FAMILY[(number + 5 * step) % len(FAMILY)]}"
            text = sentence.format(name)
            spans = scanner.find(text, Place.PROSE)
            start = text.index(name)
            hit += any(each.start <= start and start + len(name) <= each.end for each in spans)
            total += 1
    assert hit >= 0.95 * total


@needs_model
def test_redacting_twice_is_redacting_once_with_the_model() -> None:
    scanner = redactor.scanner(pseudonym.ephemeral(), People())
    people = [f"{given} {family}" for given, family in zip(GIVEN, FAMILY, strict=False)]
    text = "\n\n".join(sentence.format(name) for name in people for sentence in SENTENCES)
    once = scanner.redact(text, Place.PROSE)
    assert "REDACTED_PERSON_" in once
    assert scanner.redact(once, Place.PROSE) == once


@needs_model
def test_one_name_is_one_identifier() -> None:
    scanner = redactor.scanner(pseudonym.ephemeral(), People())
    redacted = scanner.redact(
        "Thanks to Ilse Brandauer.\n\n" + "Filler. " * 200 + "\n\nWe asked ilse brandauer or Ilse Brandauer.", Place.PROSE
    )
    assert len(set(re.findall(r"REDACTED_PERSON_\w+", redacted))) == 1


@needs_model
def test_weights_are_rewritten_once_and_a_broken_copy_is_not_used(tmp_path) -> None:
    model = ner_model.Model(tmp_path)
    (kept,) = tmp_path.iterdir()
    before = model.words("My name is Ilse Brandauer")
    kept.write_bytes(kept.read_bytes()[:-1000])
    assert ner_model.Model(tmp_path).words("My name is Ilse Brandauer") == before
