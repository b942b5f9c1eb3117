"""The page that lists where the product writes, and what forgetting does there, leaves no file out."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

from corpus.store import put_hold
from corpus.xdg import cache_dir, config_dir, state_dir
from tests.capture.forgetting.two import ANN, Two

PAGE = Path(__file__).resolve().parents[3] / "docs/decisions/0042-forgetting.md"


def listed() -> dict[str, list[str]]:
    rows = re.findall(r"^\| (root|state|cache|config): (.*?) \|", PAGE.read_text(), re.MULTILINE)
    found: dict[str, list[str]] = {}
    for top, names in rows:
        found.setdefault(top, []).extend(re.findall(r"`([^`]+)`", names))
    return found


def test_every_file_that_the_product_writes_is_on_the_page_of_forgetting(two: Two) -> None:
    tops = {"root": two.work.root, "state": state_dir(), "cache": cache_dir(), "config": config_dir()}
    files = {(name, path.relative_to(top).as_posix()) for name, top in tops.items() for path in top.rglob("*") if path.is_file()}
    two.forget(subject=ANN[1], opt_out=True)
    put_hold(two.work.root, "acme", "case-7", "x")
    two.all_of_it_again()
    files |= {(name, path.relative_to(top).as_posix()) for name, top in tops.items() for path in top.rglob("*") if path.is_file()}
    known = listed()
    assert set(known) == set(tops)
    assert {one for one in files if not any(fnmatch.fnmatch(one[1], pattern) for pattern in known[one[0]])} == set()
    assert len(files) > 25
