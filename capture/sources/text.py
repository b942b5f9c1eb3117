"""A commit's stored bytes as text and times: decoding that never fails, RFC 3339, trailers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from capture.git.objects import CommitInfo

# The years that RFC 3339 can write, which are also the ones Python's datetime knows: 0001-01-01 to 9999-12-31.
_EARLIEST, _LATEST = -62_135_596_800, 253_402_300_799
_EPOCH = datetime(1970, 1, 1)
_SURROGATE = re.compile("[\ud800-\udfff]")
# What an encoding header may name: character sets that people wrote mail and code in. Python's codec registry also holds what
# unpacks, runs for minutes (idna) or makes lone surrogates (unicode_escape); none of it is an encoding of a message.
_CHARSETS = re.compile(
    r"(?:us-?)?ascii|utf-?(?:8|16|32)(?:-?[lb]e)?|latin-?[0-9]+|iso[-_]?8859[-_]?[0-9]+(?:-[0-9]+)?|(?:cp|ibm|windows-?)[0-9]{3,5}"
    r"|koi8-?[rtu]|mac-?[a-z]+|euc-?(?:jp|kr|cn)|(?:shift|s)[-_]?jis|iso-?2022-?(?:jp|kr)(?:-?[0-9])?|gb(?:k|2312|18030)|big5|tis-?620"
)
_TRAILER = re.compile(r"([A-Za-z0-9-]+)[ \t]*:(.*)\Z", re.DOTALL)
_GENERATED = ("Signed-off-by: ", "(cherry picked from commit ")


def decode(data: bytes, encoding: str | None) -> str:
    """``data`` as text: by ``encoding`` (a commit's header) if it is a known character set, else as UTF-8, else as Latin-1, which
    reads any bytes. What came out as a lone surrogate is U+FFFD."""
    if encoding and _CHARSETS.fullmatch(encoding.lower()):
        try:
            return _SURROGATE.sub("\ufffd", data.decode(encoding))
        except (UnicodeDecodeError, LookupError):
            pass
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def moment(seconds: int) -> str:
    """``seconds`` since 1970 as RFC 3339 in UTC. Times outside the years 1 to 9999 become the nearest second inside."""
    return (_EPOCH + timedelta(seconds=min(max(seconds, _EARLIEST), _LATEST))).isoformat() + "Z"


def message_of(commit: CommitInfo) -> str:
    """The whole message as text, as stored."""
    return decode(commit.message, commit.encoding)


def trailers(message: str) -> list[tuple[str, str]]:
    """``(key, value)`` of the trailers in ``message``, as ``git interpret-trailers --parse --no-divider`` finds them: the last
    paragraph, not the first, if all of it is trailers or a quarter of it is and one of them git's own."""
    lines = message.split("\n")
    while lines and (not lines[-1].strip() or lines[-1].startswith("#")):
        lines.pop()
    start = len(lines)
    while start and lines[start - 1].strip():
        start -= 1
    if not any(line.strip() for line in lines[:start]):
        return []
    found: list[tuple[str, str]] = []
    other = picked = 0
    generated = folding = False
    for line in lines[start:]:
        if line.startswith("#"):
            folding = False
            continue
        match = _TRAILER.match(line)
        generated = generated or line.startswith(_GENERATED)
        if line[:1] in (" ", "\t"):
            if folding:
                found[-1] = (found[-1][0], f"{found[-1][1]} {line.lstrip()}")
            else:
                other += 1
            continue
        folding = match is not None
        if match:
            found.append((match[1], match[2]))
        elif line.startswith(_GENERATED):
            picked += 1
        else:
            other += 1
    if other and not (generated and (len(found) + picked) * 3 >= other):
        return []
    return [(key, value.strip()) for key, value in found]


def is_skipped(message: str) -> bool:
    """Whether ``message`` asks not to be captured, with the trailer ``Capture: skip``."""
    return any(key.lower() == "capture" and value.lower() == "skip" for key, value in trailers(message))
