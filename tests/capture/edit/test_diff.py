"""Diffs: what git applies to the image before gives the image after, however they are cut up."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capture.sources.diff import MAX_CHARACTERS, Cut, Hunks, Name, compare, section

FILE = "100644"
LINES = st.sampled_from(
    ["a", "b", "def f():", "", " x", "é☃", "\r", "@@ -1 +1 @@", "-- ", "++ b", "\\ No newline", "\u2028", "c" * 90, "d é" * 40]
)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, st.lists(LINES, max_size=40), st.sampled_from(["", "\n"]))


def _edited(text: str, cuts: list[tuple[int, int, str]]) -> str:
    lines = text.split("\n")
    for start, count, new in cuts:
        at = start % (len(lines) + 1)
        lines[at : at + count] = new.split("\n") if new else []
    return "\n".join(lines)


EDITS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3), st.sampled_from(["", "a", "new\nlines", "b\nb"])), max_size=4)


def _apply(diff: str, name: str, before: str | None, at: Path) -> bytes | None:
    """What ``git apply`` makes of ``before`` in an empty directory; ``None`` when the file is gone."""
    path = os.path.join(at, name)
    if before is not None:
        with open(path, "wb") as file:
            file.write(before.encode())
    done = subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=at, input=diff.encode(), capture_output=True, check=False)
    assert done.returncode == 0, (done.stderr, diff)
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        data = file.read()
    os.unlink(path)
    return data


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=TEXTS, after=TEXTS, edits=EDITS, related=st.booleans())
def test_git_applies_every_diff_to_the_text_before_and_gets_the_text_after(
    before: str, after: str, edits: list[tuple[int, int, str]], related: bool, tmp_path: Path
) -> None:
    if related:
        after = _edited(before, edits)
    hunks = compare(before, after)
    text = section(Name("a file"), Name("a file"), FILE, FILE, None, hunks)
    assert bool(text) == (before != after)
    if text:
        assert _apply(text, "a file", before, tmp_path) == after.encode()
    lines = [line for line in hunks.text.split("\n") if line]
    assert hunks.additions == sum(line[0] == "+" for line in lines)
    assert hunks.deletions == sum(line[0] == "-" for line in lines)


@pytest.mark.parametrize("name", ["plain", "with space", 'quo"te', "back\\slash", "tab\there", "new\nline", "é"])
def test_git_finds_the_file_whatever_its_name(name: str, tmp_path: Path) -> None:
    there, gone = compare("", "x\n"), compare("x\n", "")
    assert _apply(section(None, Name(name), "", FILE, None, there), name, None, tmp_path) == b"x\n"
    assert _apply(section(Name(name), None, FILE, "", None, gone), name, "x\n", tmp_path) is None
    assert _apply(section(Name("other one"), Name(name), FILE, FILE, "rename", Hunks()), name, None, _with(tmp_path, "other one")) == b"y\n"


def _with(at: Path, name: str) -> Path:
    (at / name).write_bytes(b"y\n")
    return at


def test_a_hunk_far_down_has_the_line_numbers_and_the_function_it_stands_under() -> None:
    body = "".join(f"    line {number}\n" for number in range(5000))
    before = f"def first():\n{body}"
    after = before.replace("line 4000\n", "line four thousand\n").replace("    line 4900\n", "")
    heads = [line for line in compare(before, after).text.split("\n") if line.startswith("@@")]
    assert heads == ["@@ -3999,7 +3999,7 @@ def first():", "@@ -4899,7 +4899,6 @@ def first():"]


def test_a_long_function_line_is_cut_at_a_word() -> None:
    function = f"def first({'é' * 20}, REDACTED_SOMETHING_{'f' * 60}):"
    lines = "".join(f"    {number}\n" for number in range(20))
    for ahead in ("", "    x\n" * 9):
        before = f"{ahead}{function}\n{lines}"
        head = compare(before, before.replace("    19\n", "    20\n")).text.split("\n")[0]
        assert head.endswith(f"@@ def first({'é' * 20},")


def test_a_diff_is_cut_at_a_thousand_lines_and_the_rest_is_counted() -> None:
    cut = Cut()
    for _ in range(3):
        cut.add("line\n" * 400)
    cut.add("")
    assert cut.text == "line\n" * 1000
    assert cut.lines_cut == 200


def test_a_diff_of_few_long_lines_is_cut_at_a_line_too() -> None:
    cut = Cut()
    cut.add("short\n")
    cut.add("x" * MAX_CHARACTERS + "\nshort\n")
    cut.add("short\n")
    assert cut.text == "short\n"
    assert cut.lines_cut == 3


def test_files_too_long_to_align_are_replaced_whole_in_bounded_time(tmp_path: Path) -> None:
    ahead = "same\n" * 10
    old = "".join("ab"[number * number % 7 % 2] + "\n" for number in range(1_500_000))
    new = "".join("ab"[number * number % 11 % 2] + "\n" for number in range(1_500_000))
    began = time.process_time()
    hunks = compare(ahead + old, ahead + new)
    assert time.process_time() - began < 5
    text = section(Name("a"), Name("a"), FILE, FILE, None, hunks)
    assert _apply(text, "a", ahead + old, tmp_path) == (ahead + new).encode()
    assert hunks.text.startswith("@@ -11,1500000 +11,1500000 @@\n")


def test_a_change_deep_in_a_large_file_is_found_where_it_is() -> None:
    before = "".join(f"{number}\n" for number in range(1_000_000))
    hunks = compare(before, before.replace("\n777777\n", "\nchanged\n"))
    assert hunks.text == "@@ -777775,7 +777775,7 @@\n 777774\n 777775\n 777776\n-777777\n+changed\n 777778\n 777779\n 777780\n"
