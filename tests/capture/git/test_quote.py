"""Paths as text: nothing is lost, and the quoted form is git's."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from capture.git.quote import as_text, escape_bytes, escape_text, name_of

_BACK = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


def _unescape(text: str) -> bytes:
    parts = re.findall(r"\\([0-7]{3})|\\(.)|([^\\]+)", text, re.DOTALL)
    return b"".join(
        bytes([int(octal, 8)]) if octal else bytes([_BACK[named]]) if named else plain.encode() for octal, named, plain in parts
    )


@given(st.binary())
@example(b'"quoted"')
@example(b"caf\xe9")
def test_every_path_can_be_had_back_from_its_text(path: bytes) -> None:
    text = name_of(path)
    assert (_unescape(text[1:-1]) if text.startswith('"') else text.encode()) == path
    assert _unescape(escape_bytes(path)) == path
    assert escape_bytes(path).isascii()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_text_has_no_control_character_and_can_be_had_back(path: str) -> None:
    assert _unescape(escape_text(path)) == path.encode()
    assert not re.search(r"[\x00-\x1f\x7f]", escape_text(path))


@given(st.binary(), st.binary())
def test_two_paths_never_have_the_same_text(one: bytes, other: bytes) -> None:
    assert (name_of(one) == name_of(other)) == (one == other)


def test_the_quoted_form_is_what_git_prints(work: Any) -> None:
    names = [b"caf\xe9.txt", b'a"b\\c', b"bell\x07 tab\t nl\n del\x7f x", b"plain"]
    tree = b"".join(b"100644 blob e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\t%s\0" % name for name in sorted(names))
    work.git("hash-object", "-w", "--stdin", stdin=b"")
    ident = work.git("mktree", "-z", stdin=tree)
    printed = subprocess.run(["git", "ls-tree", "--name-only", ident], cwd=work.at, capture_output=True, check=True).stdout
    ours = [f'"{escape_bytes(name)}"' if escape_bytes(name) != name.decode("latin-1") else name.decode() for name in sorted(names)]
    assert printed.decode("ascii").split("\n")[:-1] == ours
    assert as_text(b"plain") == ("plain", False)
