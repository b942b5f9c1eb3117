"""Commits of files that say a licence which was to be left out are left out, whole; what says nothing stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.build.options import Options
from corpus.build.quality import notices, spdx
from corpus.build.quality.licences import ByLicence, listed
from corpus.build.quality.step import Left
from corpus.build.quality.steps import checked
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.errors import BadInput
from corpus.record import EditBody, FileChange, Record
from tests.boundaries.told import told
from tests.corpus.build.world import Change, World, make

TAG = "SPDX-License-Identifier:"
CODE = "".join(f"value{number} = {number}\n" for number in range(60))
GPL = """/*
 * This program is free software: you can redistribute it and/or modify
 * it under the terms of the GNU General Public License as published by
 * the Free Software Foundation, either version 3 of the License, or
 * (at your option) any later version.
 */
"""
KERNEL = """ * This program is free software; you can redistribute it and/or modify
 * it under the terms of the GNU General Public License version 2 as
 * published by the Free Software Foundation.
"""
LGPL = """# This library is free software; you can redistribute it and/or
# modify it under the terms of the GNU Lesser General Public
# License as published by the Free Software Foundation; either
# version 2.1 of the License, or (at your option) any later version.
"""
AGPL = """-- it under the terms of the GNU Affero General Public License as
-- published by the Free Software Foundation, version 3 of the License.
"""
MOVED = "# You should have received a copy of the GNU General Public License\n# along with this program.\n"
ANSIBLE = "# GNU General Public License v3.0+ (see COPYING or the project's page)\n"
APACHE = '# Licensed under the Apache License, Version 2.0 (the "License");\n# you may not use this file except in compliance with it.\n'
EITHER = "// Licensed under the Apache License, Version 2.0 <LICENSE-APACHE> or the MIT license\n// <LICENSE-MIT>, at your option.\n"
MIT = """// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to deal
"""
BSD_HEAD = """ * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
"""
BSD_2 = f"{BSD_HEAD} * 1. Source code must retain the notice.\n * THIS SOFTWARE IS PROVIDED AS IS\n"
BSD_3 = f"{BSD_HEAD} * Neither the name of the owner\n * THIS SOFTWARE IS PROVIDED AS IS\n"
BSD_4 = f"{BSD_HEAD} * All advertising materials must say so.\n * Neither the name\n * THIS SOFTWARE IS PROVIDED AS IS\n"
GO = "// Use of this source code is governed by a BSD-style\n// license that can be found in the LICENSE file.\n"
MPL = "<!-- This Source Code Form is subject to the terms of the Mozilla Public\n   - License, v. 2.0. If a copy was not distributed -->\n"


def kept(world: World, out: Path, *asked: str) -> tuple[int, list[str]]:
    """The rows of a build of ``pretrain`` without the licences, and for each that was left out the detail."""
    (built,) = make(world, out, "pretrain", options=Options(exclude_licenses=asked, keep_dropped=True)).sets
    assert built.candidates == built.rows + sum(built.dropped.values())
    place = out / "dropped/pretrain"
    lines = [json.loads(line) for file in sorted(place.iterdir()) for line in file.read_text().splitlines()] if place.exists() else []
    assert {line["reason"] for line in lines} <= {"license"}
    return built.rows, sorted(line["detail"] for line in lines)


def test_a_commit_that_touches_a_file_of_such_a_licence_is_left_out_whole(world: World, tmp_path: Path) -> None:
    marked = f"# {TAG} GPL-3.0-only\n{CODE}"
    world.edit("Far from it", [Change("ours.py", "1\n", "2\n"), Change("lib/far.py", marked, f"{marked}more = 1\n")])
    world.edit("New", [Change("lib/new.c", None, GPL)])
    world.edit("Marked", [Change("lib/marked.py", CODE, f"{CODE}# {TAG} (MIT or gpl-3.0-ONLY)\n")])
    world.edit("Too large", [Change("lib/large.c", f"// 1\n{GPL}", f"// 2\n{GPL}", before_cut=True)])
    world.edit("Too large, and changed elsewhere", [Change("lib/below.c", f"{GPL}{CODE}1\n", f"{GPL}{CODE}2\n", before_cut=True)])
    world.edit("Other", [Change("lib/other.py", f"# {TAG} LGPL-3.0-only\n", f"# {TAG} LGPL-3.0-only\nmore = 1\n")])
    world.edit("Ours", [Change("ours.py", "1\n", "3\n")])
    only = ["lib/far.py GPL-3.0-only", "lib/marked.py gpl-3.0-ONLY"]
    assert kept(world, tmp_path / "out", "gpl-3.0-only") == (5, only)
    assert kept(world, tmp_path / "out", "GPL-*") == (3, sorted([*only, "lib/large.c GPL-*", "lib/new.c GPL-3.0-or-later"]))
    assert kept(world, tmp_path / "out", "LGPL-*", "GPL-3.0-only") == (4, [*only, "lib/other.py LGPL-3.0-only"])
    assert kept(world, tmp_path / "out", "MPL-*") == (7, [])
    assert kept(world, tmp_path / "out") == (7, [])


def test_a_licence_that_stands_far_below_or_goes_with_its_file_elsewhere_is_none_of_the_file(world: World, tmp_path: Path) -> None:
    world.edit("Below", [Change("a.py", f"{CODE}# {TAG} GPL-2.0-only\n", f"more = 1\n{CODE}# {TAG} GPL-2.0-only\n")])
    world.edit("Taken away", [Change("b.py", f"{CODE}# {TAG} GPL-2.0-only\n", CODE)])
    world.edit("Spoken of", [Change("c.md", None, "We never take code under a GPL, a licence that asks for much.\n")])
    assert kept(world, tmp_path / "out", "GPL-*") == (3, [])
    world.edit("Taken away at the top", [Change("d.py", f"# {TAG} GPL-2.0-only\n{CODE}", CODE)])
    assert kept(world, tmp_path / "out", "GPL-*") == (3, ["d.py GPL-2.0-only"])


@pytest.mark.parametrize(
    ("path", "old", "head"),
    [
        ("b.c", "a.c", "diff --git a/a.c b/b.c\nrename from a.c\nrename to b.c"),
        ('"caf\\351.c"', None, 'diff --git "a/caf\\351.c" "b/caf\\351.c"'),
        ("a b/b.c", None, "diff --git a/a b/b.c b/a b/b.c"),
    ],
)
def test_the_file_is_named_whose_difference_says_it(path: str, old: str | None, head: str) -> None:
    files = [FileChange.model_construct(path=name, old_path=was, before=None) for name, was in (("first.c", None), (path, old))]
    first = "diff --git a/first.c b/first.c\n--- a/first.c\n+++ b/first.c\n@@ -1 +1 @@\n-1\n+2\n"
    diff = f"{first}{head}\n--- a\n+++ b\n@@ -1 +1,2 @@\n-1\n+// {TAG} MIT\n+2\n"
    record = Record.model_construct(body=EditBody.model_construct(files=files, diff=diff))
    left = ByLicence(["MIT"]).look(record, cast("Row", None))
    assert left == Left(Reason.LICENSE, f"{path} MIT")


def test_the_user_s_command_counts_them_and_says_what_was_asked(world: World, tmp_path: Path) -> None:
    world.edit("Theirs", [Change("lib/a.c", f"// {TAG} GPL-2.0+ WITH Classpath-exception-2.0\n1\n", "2\n")])
    world.edit("Ours", [Change("a.py", "1\n", "3\n")])
    command = ("corpus", "build", "--tenant", "acme", "--root", world.root, "--recipe", "sft", "--out", "out")
    done = told(
        *command, "--exclude-license", "gpl-2.0-or-later", "--exclude-license", "GPL-2.0+", "--exclude-license", "AGPL-*", cwd=tmp_path
    )
    assert done.code == 0, done.err
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["query"]["options"]["exclude_licenses"] == ["AGPL-*", "GPL-2.0+"]
    assert manifest["sets"][0]["dropped"] == {"license": 1}
    card = (tmp_path / "out/README.md").read_text()
    assert "| sft | license | 1 | the commit touches a file that says of itself a licence" in card
    assert "are left out whole (other files, LICENSE among them, are not asked for it): `AGPL-*`, `GPL-2.0+`." in card
    assert told("corpus", "rebuild", "out/manifest.json", "--root", world.root, "--out", "again", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (GPL, ["GPL-3.0-or-later"]),
        (KERNEL, ["GPL-2.0-only"]),
        (LGPL, ["LGPL-2.1-or-later"]),
        (AGPL, ["AGPL-3.0-only"]),
        (MOVED, ["GPL-*"]),
        (ANSIBLE, ["GPL-3.0-or-later"]),
        ("it under the terms of the GNU General Public License; version 2\nof the License, or any later version.\n", ["GPL-2.0-or-later"]),
        ("# Distributed under the terms of the GNU General Public License v2\n", ["GPL-2.0-only"]),
        ("# under the terms of version 2 of the GNU General Public License, not of 3\n", ["GPL-2.0-only"]),
        (APACHE, ["Apache-2.0"]),
        (EITHER, ["Apache-2.0", "MIT"]),
        (MIT, ["MIT"]),
        ("Released under the MIT license.\n", ["MIT"]),
        (BSD_2, ["BSD-2-Clause"]),
        (BSD_3, ["BSD-3-Clause"]),
        (BSD_4, ["BSD-4-Clause"]),
        (BSD_HEAD, ["BSD-*"]),
        (GO, ["BSD-*"]),
        (MPL, ["MPL-2.0"]),
        ("This is better than the GNU General Public License version 3, we think.\n", []),
        ("Copyright (c) Acme. All rights reserved. See LICENSE.\n", []),
    ],
)
def test_the_usual_notices_are_known_and_what_they_do_not_tell_is_not_made_up(text: str, names: list[str]) -> None:
    assert list(notices.told(text.split("\n"))) == names


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (f"/* {TAG} GPL-2.0 WITH Linux-syscall-note */", ["GPL-2.0", "Linux-syscall-note"]),
        (f"<!--{TAG}MIT-->", ["MIT"]),
        (f"// {TAG} MIT/Apache-2.0", ["MIT", "Apache-2.0"]),
        (f"# {TAG} DocumentRef-a.b:LicenseRef-Own.1 and ((MIT))", ["DocumentRef-a.b:LicenseRef-Own.1", "MIT"]),
        (f"# {TAG} MIT GPL-3.0-only", ["MIT"]),
        (f"# {TAG} MIT OR", ["MIT"]),
        (f're.compile("{TAG} (.*)")', []),
        (f"# {TAG}", []),
        ("# License-Identifier: MIT", []),
    ],
)
def test_an_identifier_ends_where_the_expression_does(line: str, names: list[str]) -> None:
    assert spdx.identifiers(line) == names


IDENTIFIERS = st.from_regex(r"[A-Za-z0-9]{1,5}([.-][A-Za-z0-9]{1,4}){0,3}\+?", fullmatch=True).filter(
    lambda text: text.lower() not in ("and", "or", "with")
)
BLANKS = st.sampled_from([" ", "  ", "\t"])


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> tuple[str, list[str]]:
    """An expression as SPDX writes it, and the identifiers in it."""
    form = draw(st.sampled_from(["one", "with", "both", "around"])) if depth else "one"
    if form == "one":
        name = draw(IDENTIFIERS)
        return name, [name]
    if form == "with":
        name, besides = draw(IDENTIFIERS), draw(IDENTIFIERS)
        return f"{name}{draw(BLANKS)}{draw(st.sampled_from(['WITH', 'with']))}{draw(BLANKS)}{besides}", [name, besides]
    text, names = draw(expressions(depth=depth - 1))
    if form == "around":
        return f"({draw(st.sampled_from(['', ' ']))}{text})", names
    other, others = draw(expressions(depth=depth - 1))
    operator = draw(st.sampled_from(["AND", "OR", "and", "or"]))
    return f"{text}{draw(BLANKS)}{operator}{draw(BLANKS)}{other}", names + others


@given(
    expressions(),
    st.sampled_from(["", "# ", "/* ", "<!-- ", '"""']),
    st.sampled_from(["", " */", "*/", " -->", "-->", '"""', "\r", " \u2014 so"]),
)
def test_every_identifier_of_an_expression_is_found_and_nothing_else(made: tuple[str, list[str]], before: str, after: str) -> None:
    text, names = made
    assert spdx.identifiers(f"{before}{TAG} {text}{after}") == names


@given(st.text(st.sampled_from("()/+.-* \tandorwithGPL20\u00e9"), max_size=40))
@example(") MIT")
def test_whatever_stands_behind_the_tag_only_what_may_be_an_identifier_is_one(text: str) -> None:
    for name in spdx.identifiers(f"{TAG}{text}"):
        assert name in text
        assert listed([name]) == (name,), "what a file may say a user may leave out"


def test_what_means_the_same_is_asked_for_once() -> None:
    asked = ["LGPL-2.1+", "GPL-2.0-only", "gpl-2.0", "mit", "MIT", "lgpl-2.1-or-later", "GPL-*"]
    assert listed(asked) == ("GPL-*", "GPL-2.0-only", "LGPL-2.1+", "MIT")
    assert listed(reversed(asked)) == listed(asked)


@pytest.mark.parametrize("text", ["", " ", "GPL 3", "GPL-3.0 ", "*", "-*", "G*L", "a/b", "é", "x" * 101, "MIT\n", "(MIT)"])
def test_what_is_no_identifier_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="--exclude-license"):
        checked(Options(exclude_licenses=(text,)))
