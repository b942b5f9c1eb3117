"""Addresses and announced names: found whole in prose, at the right place, and nowhere in code."""

from __future__ import annotations

import time

import pytest

from corpus.redaction import addresses, introduced
from corpus.redaction.finding import Place, Subject, resolve

ADDRESSES = [
    "742 Maple Ridge Avenue, Apt. 12, Springdale, OH 45419",
    "19 Crown Street",
    "8 The Old Mill Road, Farnham, GU9 7QA",
    "221 West 57th Street, New York, NY 10019",
    "4410 King George Highway, Surrey, BC V3S 2K9",
    "Lindenstra\u00dfe 27b, 10969 Berlin",
    "Alte Landstr. 4, 80331 M\u00fcnchen",
    "12 rue de la R\u00e9publique, 69002 Lyon",
    "Via Giuseppe Garibaldi 14, 20121 Milano",
    "Calle de Alcal\u00e1 48, 28014 Madrid",
    "Rua das Flores, 120, Porto",
    "Keizersgracht 401, 1016 EK Amsterdam",
    "Storgatan 15, 111 22 Stockholm",
    "Vestergade 9, 8000 Aarhus",
    "Mannerheimintie 5, 00100 Helsinki",
    "ul. Pi\u0119kna 31, 00-547 Warszawa",
    "Pet\u0151fi utca 12.",
    "P.O. Box 5512, Tulsa, OK 74101",
    "Postfach 3320",
    "PSC 4417, Box 912\nAPO AE 09012",
    "5 Gro\u00dfer Hirschgraben 23\n Suite 410\n Frankfurt\n Germany 60311",
    "the corner of Oak Street and Elm Avenue",
    "\u0433. \u0422\u0443\u043b\u0430, \u0443\u043b. \u041c\u0438\u0440\u0430, \u0434. 8, 300041",
    "\u6771\u4eac\u90fd\u65b0\u5bbf\u533a\u897f\u65b0\u5bbf2\u4e01\u76ee8\u756a1\u53f7",
]
NOT_ADDRESSES = [
    "Python 3 and Django 5 are supported since version 2.",
    "See section 4, row 3 of table 12 for the 20 March release.",
    "There are 3 ways to go and 12 places left in 2024.",
    "Run 5 workers on 2 hosts; return 0 when done. Fixes #123 and #124.",
    "Released 2023-05-01: 14 files changed, 120 insertions.",
    "The Drive 5 API returns 100 rows a page; Route 53 is a service.",
    "Chapter 7 Point 3: use Path 2 of the Main Loop 1.",
    "HTTP 404 Not Found, 500 Internal Server Error",
]
RUSSIAN = "\u041c\u0430\u0440\u0438\u043d\u0430 \u0412\u043e\u043b\u043a\u043e\u0432\u0430"
NAMES = {
    "My name is Jarmila Novotn\u00e1 and I need help.": "Jarmila Novotn\u00e1",
    "Please forward this to Dr. Quillfeather.": "Quillfeather",
    "Ask Mrs. van der Zwaluw about it.": "van der Zwaluw",
    "Hi Ottokar,\nthe build fails.": "Ottokar",
    "All done.\n\nKind regards,\nIlse Brandauer": "Ilse Brandauer",
    "Name: Tuomas R. Kivel\u00e4\nStatus: open": "Tuomas R. Kivel\u00e4",
    "What is your name? Ferdinand Oyelaran": "Ferdinand Oyelaran",
    f"It was {RUSSIAN} who saw it.": RUSSIAN,
    "Zsuzsa K. Bartal\n\n14 Crown Street\nSpringdale": "Zsuzsa K. Bartal",
}
NOT_NAMES = [
    "My name is not important here.",
    "Hi All,\nthis is Python.",
    "Name: MarkupSafe\nVersion: 2",
    "Dear Maintainers,",
    "Class name: Parser",
    "What is your name? The user is asked for it.",
]


def found(module, text: str, place: Place = Place.PROSE) -> list[str]:
    subject = Subject(text, place)
    return [subject.text[each.start : each.end] for each in subject.locate(resolve(module.find(subject)))]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("sentence", ["Please send it to {}\n\nThank you.", "\u017de \u2014 our office is at {}\nand nowhere else."])
def test_an_address_is_found_whole(address: str, sentence: str) -> None:
    text = sentence.format(address)
    (span,) = found(addresses, text)
    assert span.rstrip(".") == address.rstrip(".")


@pytest.mark.parametrize("text", NOT_ADDRESSES)
def test_numbers_in_technical_prose_are_no_addresses(text: str) -> None:
    assert found(addresses, text) == []


@pytest.mark.parametrize(("text", "name"), NAMES.items())
def test_a_name_that_is_announced_is_found(text: str, name: str) -> None:
    assert found(introduced, text) == [name]


@pytest.mark.parametrize("text", NOT_NAMES)
def test_what_is_announced_but_no_name_stays(text: str) -> None:
    assert found(introduced, text) == []


@pytest.mark.parametrize("place", [Place.CODE, Place.PATH])
def test_nothing_is_looked_for_in_code_and_paths(place: Place) -> None:
    text = "Send it to 742 Maple Ridge Avenue, Springdale. My name is Jarmila Novotn\u00e1."
    assert found(addresses, text, place) == []
    assert found(introduced, text, place) == []


def test_an_address_is_found_wherever_it_stands_in_a_long_text() -> None:
    filler = "Die \u00c4nderung l\u00e4uft; nothing to see here.\n"
    for before in (0, 1, 5, 400):
        text = filler * before + "She lives at 742 Maple Ridge Avenue, Springdale, OH 45419 now.\n" + filler * 50
        assert found(addresses, text) == ["742 Maple Ridge Avenue, Springdale, OH 45419"]


@pytest.mark.parametrize("unit", ["12 Ab ", "12 Aaa Bbb Ccc ", "Rue de la ", "Hi Aaa\n", "name: ", "corner of ", "Aa-", "9"])
def test_time_is_linear_in_hostile_prose(unit: str) -> None:
    def spent(size: int) -> float:
        subject = Subject((unit * size)[:size], Place.PROSE)
        best = 9.0
        for _ in range(2):
            started = time.process_time()
            addresses.find(subject)
            introduced.find(subject)
            best = min(best, time.process_time() - started)
        return best

    assert spent(60_000) < 6 * spent(15_000) + 0.2
