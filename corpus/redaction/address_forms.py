"""The shapes of postal addresses, put together from lists of words.

Letters are those of alphabets with cases; an address of another script has its own shape. Every repetition is bounded.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from corpus.redaction.windows import compiled
from corpus.redaction.wordlist import alternatives

_UPPER = (
    "A-Z\u00c0-\u00d6\u00d8-\u00de\u0100\u0102\u0104\u0106\u010c\u010e\u0110\u0112\u0118\u011a\u0130\u0139\u013d\u0141\u0143\u0147\u0150"
    "\u0158\u015a\u015e\u0160\u0164\u016e\u0170\u0179\u017b\u017d\u0218\u021a\u0386\u0388-\u038f\u0391-\u03ab\u0401-\u042f"
)
# A capitalised word, with what a name may hold inside it.
WORD = rf"[{_UPPER}][^\W\d_]*(?:['\u2019.-]{{1,2}}[^\W\d_]+){{0,3}}\.?"
_SMALL = (
    r"(?:d[aeo]s?|du|de la|de los|de las|del|della|delle|dell'|di|da|dos|van|van de[nr]?|von|von de[rm]|zu[rm]?|der|den|het|ter|ten|op|aan|"
    r"am|an|an der|auf der|auf dem|in der|im|of|the|la|le|les|l'|el|al|y|e|et|i|na|w|pod|nad|av|og)"
)
_NAME = rf"{WORD}(?:[ \u00a0](?:{_SMALL}[ ]?)?(?:{WORD}|\d{{1,2}}(?:st|nd|rd|th|\.)?(?= [{_UPPER}]))){{0,4}}?"
_LONG = rf"{WORD}(?:[ \u00a0](?:{_SMALL}[ ]?)?{WORD}){{0,4}}"
_NUMBER = r"(?<![\w.,:/$#-])\d{1,6}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"
_HOUSE = r"\d{1,5}(?:[ ]?[A-Za-z]\b)?(?:[-/]\d{1,4}[A-Za-z]?)?\b\.?"
_AFTER = rf"(?:{alternatives('ways-after.txt')})"
_BEFORE = rf"(?:{alternatives('ways-before.txt')})"
_TAILS = alternatives("ways-fused.txt")
_FUSED = rf"(?:[{_UPPER}][^\W\d_]{{1,30}}(?:-[{_UPPER}][^\W\d_]{{1,30}}){{0,4}}-?[ ]?)?[{_UPPER}]?[^\W\d_]{{1,40}}(?:{_TAILS})"
UNIT = (
    rf"(?:(?:{alternatives('units.txt')})\.?[ ]?#?[ ]?[A-Za-z]?-?\d{{1,5}}[A-Za-z]?\b|#[ ]?\d{{1,5}}[A-Z]?\b"
    r"|\d{1,2}(?:st|nd|rd|th) [Ff]l(?:oor|\.))"
)
_BOX = rf"(?:{alternatives('post-boxes.txt')})[ ]?(?:[Nn]o\.? ?|#)?\d{{1,7}}\b"
_MILITARY = r"(?:PSC|CMR|Unit|UNIT|OMC|unit|psc)[ ]\d{1,5},?[ ]Box[ ]\d{1,6}\s{1,4}[AFD]PO,?[ ]A[AEP][ ]\d{5}(?:-\d{4})?"
# From the large to the small, in Han and kana.
_IDEOGRAPH = "[\u3040-\u30ff\u4e00-\u9fff]"
_BLOCKS = "(?:\u4e01\u76ee|\u756a\u5730?|\u53f7|\u865f|\u5f04|\u5df7|\u697c|\u6a13|\u5ba4|\u5ea7|\u680b|-\\d{1,4})"
_HAN = (
    rf"{_IDEOGRAPH}{{1,12}}[\u7701\u5e02\u53bf\u5340\u533a\u770c\u5e9c\u90fd\u9053\u90e1\u5dde](?:{_IDEOGRAPH}|\w){{0,24}}?"
    rf"(?:\d{{1,4}}{_BLOCKS}{{1,2}}(?:\d{{1,4}}{_BLOCKS}?){{0,2}}|[\u8def\u8857\u9053\u5df7][A-Za-z\d]{{1,5}}[\u53f7\u865f\u5ea7\u5ba4\u680b])"
    rf"(?:[ ]?{_IDEOGRAPH}{{2,12}}\d{{1,4}})?(?:[ ]\d{{6}})?"
)
# Town, kind of way and name, house with its word, block, postcode.
_TOWN_WORDS = "(?:\u0433|\u0441|\u043f|\u0434|\u043f\u043e\u0441|\u0434\u0435\u0440|\u0441\u0442|\u043a\u043b\u0445|\u043a)"
_HOUSE_WORDS = "(?:\u0434|\u0434\u043e\u043c|\u0431\u0443\u0434|\u0431\u0443\u0434\u0438\u043d\u043e\u043a|\u0441\u0442\u0440)"
_PART_WORDS = "(?:\u043a|\u043a\u0432|\u043a\u043e\u0440\u043f|\u0441\u0442\u0440|\u043e\u0444)"
_CYRILLIC = (
    rf"(?:{_TOWN_WORDS}\.? [\u0400-\u042f][\w-]{{1,30}}(?: [\w-]{{1,30}})?, )?(?:{alternatives('ways-cyrillic.txt')}) [\w. -]{{2,40}}, "
    rf"{_HOUSE_WORDS}\.? ?\d{{1,4}}(?:/\d{{1,3}})?(?:,? {_PART_WORDS}\.? ?\d{{1,4}}(?:/\d{{1,3}})?){{0,2}}"
    r"(?:, [\u0400-\u042f][\w-]{1,30})?(?:, \d{5,6})?"
)
# Cores that are sure by themselves.
SURE = re.compile(
    rf"(?P<military>{_MILITARY})|(?P<han>{_HAN})|(?P<cyrillic>{_CYRILLIC})|(?P<box>(?:{_NUMBER} )?{_BOX})"
    rf"|(?P<numbered>{_NUMBER},?[ ](?:\d{{1,5}}[ ])?{_NAME}[ ]{_AFTER}\b\.?(?:[ ]{_HOUSE})?)"
    rf"|(?P<prefixed>{_NUMBER},?[ ](?:\d{{1,5}}[ ])?{_BEFORE}[ ](?:{_SMALL}[ ]?)?{_NAME}(?:[ ]{_HOUSE}|(?=[,.;\n]|\Z| [a-z(])))"
    rf"|(?P<unnumbered>(?<![\w.-]){_BEFORE}[ ](?:{_SMALL}[ ]?)?{_NAME},?[ ](?:[nN](?:r\.|[°º.])?[ ]?)?{_HOUSE})"
    rf"|(?P<fused>(?<![\w.-])(?:\d{{1,5}}[ ])?{_FUSED}[ ]{_HOUSE})"
    rf"|(?P<house>(?<![\w.-])(?:\d{{1,6}}[ ])?{_NAME}[ ]{_AFTER}\.?[ ]{_HOUSE})"
)
# Cores that something before or after must make sure.
LIKELY = re.compile(rf"{_NUMBER}[ ](?:\d{{1,5}}[ ])?(?:{_LONG}|{_FUSED}|[^\W\d_]{{4,30}})(?:[ ]{_HOUSE})?|(?<![\w.-]){_LONG}[ ]{_HOUSE}")
CORNER = re.compile(
    rf"(?:[Tt]he )?[Cc]orner of (?:{_NUMBER} )?(?:{_LONG}|{_BEFORE} {_LONG})(?: {_AFTER}\b\.?)?(?: {_HOUSE})?"
    rf" (?:and|&) (?:\d{{1,5}} )?(?:{_BEFORE} )?{_LONG}(?: {_HOUSE})?"
)
_ROOMS = "office|shop|store|restaurant|house|home|flat|stop|station|warehouse|school|clinic"
# What before a core makes it sure.
LIVES = re.compile(
    r"(?i)\b(?:address(?:es)?(?: (?:is|are|to|with|of [^:\n]{1,40} is))?|liv(?:es?|ing) (?:at|in|on)(?: the \w{3,6} side of)?|"
    r"resid(?:es?|ing) (?:at|in)|locat(?:ed|ion) (?:is )?(?:at|on|in)|moved to|meet(?: (?:me|you|us|at)){1,3}|"
    r"(?:sen[dt]|ship|deliver|mail|return|forward|move)(?:ed|ped)?(?: [a-z]{1,12}){0,4} (?:to|at)|"
    rf"(?:{_ROOMS})s?(?: [a-z]{{1,12}}){{0,2}} (?:at|on|in))[:,]?\s{{0,6}}\Z"
)
AT = re.compile(r"(?i)\b(?:at|on|to|in|is|are|of|and|with)[:,]?\s{0,4}\Z|[:>]\s{0,4}\Z|(?:\A|\n)[ \t>]{0,8}\Z")
_POSTCODE = (
    r"(?:[A-Z]{1,2}-)?\d{4,8}(?:-\d{3,4})?|\d{3} \d{2}|\d{2}-\d{3}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} [A-Z]{2}"
)
_BREAK = r"[,;.]?[ \t]{0,4}\r?\n[ \t>]{0,12}(?:\r?\n[ \t>]{0,12})?[,;]?[ \t]{0,4}"
# One piece of what follows a core, with the gap before it.
PIECE = re.compile(
    rf"(?P<gap>[ \t]{{0,8}}(?:{_BREAK}|[,;][ \t]{{0,8}}|[ \t]{{1,2}}))"
    rf"(?:(?P<unit>{UNIT}|{_BOX})|(?P<code>(?:{_POSTCODE})(?!\w|[.:]\d))(?:[ ](?P<after>{_LONG}(?: / [A-Z]{{2}})?))?"
    rf"|(?P<street>{_NAME} {_AFTER}\b\.?(?= ?[\n,]))|(?P<state>[A-Z]{{2,3}}(?!\w))"
    rf"|(?P<town>{_LONG}(?:[ ]\([^()\n]{{1,40}}\))?|\d{{1,2}}(?=[ \n,]\s{{0,4}}\d{{4,6}}\b)))"
)
_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
# A date or a quantity.
NOT = re.compile(rf"(?i)\A\d{{1,6}} ?(?:st|nd|rd|th|x|k|m|s|ms|kb|mb|gb|am|pm|px)?\b[ ]?(?:{_MONTHS}|times|of|x)\b")


@cache
def corner_gate() -> Any:
    """What every corner contains; it need have no number."""
    return compiled(r"[Cc]orner of [0-9A-Z\x80-\xff]")


@cache
def gate() -> Any:
    """What some part of every core contains; a digit stands near it."""
    return compiled(
        rf"\b{_AFTER}\b",
        rf"{_BEFORE} ",
        rf"(?:{_TAILS})[ ]\d",
        rf"\b(?:{alternatives('units.txt')}|[Bb]ox|BOX|B\.?P\.|Postfach|Postbus|Postboks|Postbox|[Pp]ostale?|Casilla|Correos?|Apartado|pocztowa|Bag|PSC|CMR|OMC)"
        r"\.?[ ]?(?:[Nn]o\.? ?|#)?[ ]?[A-Za-z]?-?\d",
        rf"(?i)\b(?:address|liv(?:es?|ing)|resid|locat|sen[dt]\b|ship|deliver|mail|return(?:ed)? to|forward|moved|meet|{_ROOMS})",
        r"\d{2,6} [A-Z\x80-\xff][^\s]*(?: [^\s]+){0,4} \d",
        "\\d(?:\u4e01\u76ee|\u756a|\u53f7|\u865f|\u5f04|\u5df7|\u697c|\u6a13|\u5ba4|\u5ea7|\u680b)|(?:\u8def|\u8857|\u9053|\u5df7)[A-Za-z\\d]",
        rf"{_HOUSE_WORDS}\.? ?\d",
    )
