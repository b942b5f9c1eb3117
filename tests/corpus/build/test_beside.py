"""The files beside the sets: histograms that show the rows there are, and metadata that names every file and column."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.build.charts import histogram, short
from corpus.build.files import FileType
from corpus.build.options import Options
from tests.corpus.build.world import Change, World, make

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def full(world: World) -> World:
    for number in range(5):
        world.edit(f"Change {number}", [Change("a.md", None, "x" * 50**number + "\n")], created=f"2026-0{1 + number % 3}-01T00:00:00Z")
    world.feedback()
    return world


@given(
    st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8), st.integers(0, 10**12)), max_size=30)
)
def test_a_histogram_has_a_bar_for_each_count_in_proportion_and_is_the_same_every_time(bars: list[tuple[str, int]]) -> None:
    picture = histogram("rows <by> month", bars)
    assert picture == histogram("rows <by> month", bars)
    drawn = ET.fromstring(picture)
    heights = [int(bar.attrib["height"]) for bar in drawn.iter(f"{SVG}rect")]
    assert len(heights) == len(bars)
    most = max((count for _, count in bars), default=0)
    for (_, count), height in zip(bars, heights, strict=True):
        assert (height == 0) == (count == 0)
        assert not most or abs(height - 120 * count / most) <= 1


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (999, "999"), (1000, "1k"), (12_900, "12k"), (3_000_000, "3M"), (10**9, "1G")])
def test_a_count_is_short_enough_for_its_bar(number: int, text: str) -> None:
    assert short(number) == text


def test_the_card_shows_how_long_the_rows_are_and_of_which_months(full: World, tmp_path: Path) -> None:
    done = make(full, tmp_path / "out", "pretrain", "dpo")
    pretrain, dpo = done.sets
    assert pretrain.months == {"2026-01": 2, "2026-02": 2, "2026-03": 1}
    assert sum(pretrain.lengths.values()) == pretrain.rows == 5
    steps = list(pretrain.lengths)
    assert all(later == 2 * earlier for earlier, later in itertools.pairwise(steps)), "no gap"
    assert dpo.months == {"2026-05": 1}
    card = (tmp_path / "out/README.md").read_text()
    for name in ("pretrain-length", "pretrain-month", "dpo-length", "dpo-month"):
        assert f"![charts/{name}.svg](charts/{name}.svg)" in card
        ET.parse(tmp_path / f"out/charts/{name}.svg")
    assert {file.path for file in done.side} == {
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").glob("charts/*")
    } | {"croissant.json"}


@pytest.mark.parametrize("kind", FileType)
def test_croissant_metadata_names_every_file_and_column(full: World, tmp_path: Path, kind: FileType) -> None:
    done = make(full, tmp_path / "out", "pretrain", "dpo", "kto", options=Options(file_type=kind, shard_bytes=700))
    told = json.loads((tmp_path / "out/croissant.json").read_bytes())
    files = {each["contentUrl"]: each["sha256"] for each in told["distribution"] if each["@type"] == "cr:FileObject"}
    assert files == {file.path: file.sha256 for built in done.sets for file in built.files}
    assert [records["@id"] for records in told["recordSet"]] == ["pretrain", "dpo", "kto"]
    label = next(field for field in told["recordSet"][2]["field"] if field["@id"] == "kto/label")
    assert label["dataType"] == "sc:Boolean"
