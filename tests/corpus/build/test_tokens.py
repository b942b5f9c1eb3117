"""A user's tokenizer: budgets, counts, and chat templates rendered as transformers renders them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus.build.options import Options
from corpus.build.quality.template import Template, Unrenderable
from corpus.build.rebuild import Given, rebuild
from corpus.build.turn import Function, ToolCall, Turn
from corpus.errors import BadInput
from tests.corpus.build.world import Change, World, make, rows

pytest.importorskip("jinja2", reason="the extra 'tokens' is not installed")

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message.role }}|>{{ message.content }}"
    "{% if message.role == 'tool' %}{{ raise_exception('No tools here') }}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """A tokenizer of words, made in place; the template stands in its configuration."""
    tokenizers = pytest.importorskip("tokenizers", reason="the extra 'tokens' is not installed")
    made = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({"[UNK]": 0, "<|user|>": 1, "<|assistant|>": 2, "<|end|>": 3, "<s>": 4}, "[UNK]")
    )
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.add_special_tokens(["<|user|>", "<|assistant|>", "<|end|>", "<s>"])
    made.enable_truncation(3)
    place = tmp_path / "tokenizer"
    place.mkdir()
    made.save(str(place / "tokenizer.json"))
    (place / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE, "bos_token": {"content": "<s>"}}))
    return place


def pairs(world: World) -> None:
    world.feedback("How are you", "Not so well", "Very well")
    world.feedback(
        "How are you today my friend", "Bad and so are all of us", "Very well indeed and you and yours", created="2026-05-18T00:00:00Z"
    )


def test_tokens_are_counted_as_the_template_prints_and_the_longest_side_counts(world: World, tmp_path: Path, tokenizer: Path) -> None:
    pairs(world)
    (built,) = make(world, tmp_path / "out", "dpo", options=Options(tokenizer_at=tokenizer)).sets
    # <s> <|user|> How are you <|end|> <|assistant|> Not so well <|end|>; the truncation that the file asks for is no part of it.
    assert [row["tokens"] for row in rows(tmp_path / "out", "dpo")] == [11, 18]
    assert built.tokens == 29
    assert "- name: tokens\n    dtype: int64" in (tmp_path / "out/README.md").read_text()


def test_a_file_alone_counts_words_without_a_template(world: World, tmp_path: Path, tokenizer: Path) -> None:
    pairs(world)
    make(world, tmp_path / "out", "dpo", options=Options(tokenizer_at=tokenizer / "tokenizer.json"))
    assert [row["tokens"] for row in rows(tmp_path / "out", "dpo")] == [6, 13]


def test_rows_of_too_many_or_too_few_tokens_are_left_out(world: World, tmp_path: Path, tokenizer: Path) -> None:
    pairs(world)
    (built,) = make(world, tmp_path / "out", "dpo", options=Options(tokenizer_at=tokenizer, max_tokens=11)).sets
    assert (built.rows, built.dropped) == (1, {"too-many-tokens": 1})
    (built,) = make(world, tmp_path / "out", "dpo", options=Options(tokenizer_at=tokenizer, min_tokens=12)).sets
    assert (built.rows, built.dropped, built.tokens) == (1, {"too-few-tokens": 1}, 18)


def test_what_the_template_refuses_is_left_out_and_its_words_are_kept(world: World, tmp_path: Path, tokenizer: Path) -> None:
    pairs(world)
    world.feedback("And then?", "More", "Less", created="2026-05-19T00:00:00Z")
    config = {"chat_template": TEMPLATE.replace("message.role == 'tool'", "'today' in message.content")}
    (tokenizer / "tokenizer_config.json").write_text(json.dumps(config))
    (built,) = make(world, tmp_path / "out", "dpo", options=Options(tokenizer_at=tokenizer, keep_dropped=True)).sets
    assert (built.rows, built.dropped) == (2, {"template": 1})
    (line,) = (tmp_path / "out/dropped/dpo").iterdir()
    assert json.loads(line.read_text())["detail"] == "TemplateError: No tools here"


def test_the_manifest_names_the_tokenizer_by_its_digest_alone(world: World, tmp_path: Path, tokenizer: Path) -> None:
    pairs(world)
    first = make(world, tmp_path / "out", "dpo", options=Options(tokenizer_at=tokenizer))
    assert str(first.query.options.tokenizer).startswith("sha256:")
    assert str(tmp_path) not in (tmp_path / "out/manifest.json").read_text()
    (tokenizer / "chat_template.jinja").write_text("{{ messages | length }}")
    second = make(world, tmp_path / "out", "dpo", options=Options(tokenizer_at=tokenizer))
    assert [row["tokens"] for row in rows(tmp_path / "out", "dpo")] == [1, 1], "the template in a file of its own counts"
    assert second.query.options.tokenizer != first.query.options.tokenizer


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("tokenizer.json", "{}", "does not load"),
        ("tokenizer.json", None, "no tokenizer.json there"),
        ("tokenizer_config.json", "[]", "is not an object"),
        ("tokenizer_config.json", "{", "is not JSON"),
        ("chat_template.jinja", "{% for %}", "chat template is not one"),
    ],
)
def test_a_tokenizer_that_does_not_load_is_bad_input(
    world: World, tmp_path: Path, tokenizer: Path, name: str, text: str | None, said: str
) -> None:
    pairs(world)
    (tokenizer / name).unlink() if text is None else (tokenizer / name).write_text(text)
    with pytest.raises(BadInput, match=said):
        make(world, tmp_path / "out", "dpo", options=Options(tokenizer_at=tokenizer))
    assert not (tmp_path / "out").exists()


def test_a_rebuild_takes_no_tokenizer_that_the_build_had_not(world: World, tmp_path: Path, tokenizer: Path) -> None:
    pairs(world)
    make(world, tmp_path / "out", "dpo")
    with pytest.raises(BadInput, match="the build used none"):
        rebuild(world.root, tmp_path / "out/manifest.json", tmp_path / "again", given=Given(tokenizer_at=tokenizer))


def test_a_budget_without_a_tokenizer_is_bad_input(world: World, tmp_path: Path) -> None:
    pairs(world)
    with pytest.raises(BadInput, match="name a --tokenizer"):
        make(world, tmp_path / "out", "dpo", options=Options(max_tokens=5))
    with pytest.raises(BadInput, match="no row could be both"):
        make(world, tmp_path / "out", "dpo", options=Options(tokenizer_at=tmp_path, min_tokens=6, max_tokens=5))


def test_where_its_packages_are_missing_one_line_says_so(world: World, tmp_path: Path, tokenizer: Path) -> None:
    world.feedback()
    words = [
        "build",
        "--tenant",
        "acme",
        "--root",
        str(world.root),
        "--recipe",
        "dpo",
        "--out",
        str(tmp_path / "out"),
        "--tokenizer",
        str(tokenizer),
    ]
    script = "import sys; sys.modules['tokenizers'] = None; from corpus.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "corpus: --tokenizer needs the package 'tokenizers': install this project with its extra 'tokens'\n",
    )


def sample(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "corpus", "sample", "--tenant", "acme", "--root", str(world.root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_sample_shows_what_is_read_and_what_is_learned(world: World, tokenizer: Path) -> None:
    pairs(world)
    (row, _) = sorted(
        json.loads(sample(world, "--recipe", "dpo", "--tokenizer", str(tokenizer), "--json").stdout), key=lambda row: int(row["tokens"])
    )
    asked = "<s><|user|>How are you<|end|><|assistant|>"
    assert [(side["name"], side["read"], side["learned"]) for side in row["sides"]] == [
        ("chosen", asked, "Very well<|end|>"),
        ("rejected", asked, "Not so well<|end|>"),
    ]
    assert row["tokens"] == 11
    shown = sample(world, "--recipe", "dpo", "--tokenizer", str(tokenizer)).stdout
    assert f"{asked}\n──── learned, chosen\nVery well<|end|>\n" in shown


def test_a_sample_says_where_a_template_does_not_go_on_from_the_prompt_or_refuses_a_row(world: World, tokenizer: Path) -> None:
    world.feedback("How are you", "Not so well", "Very well")
    words = ("--recipe", "dpo", "--tokenizer", str(tokenizer))
    (tokenizer / "chat_template.jinja").write_text("{{ messages | length }}{{ messages[-1].content }}")
    assert "learned, chosen (the template prints the prompt otherwise" in sample(world, *words).stdout
    (tokenizer / "chat_template.jinja").write_text("{{ raise_exception('Not that') }}")
    assert "the template refuses it\nTemplateError: Not that" in sample(world, *words).stdout
    done = sample(world, "--tokenizer", str(tokenizer))
    assert done.returncode == 2
    assert "say of which --recipe" in done.stderr


def rendered(source: str, *turns: Turn, **more: Any) -> str:
    return Template(source, {"eos_token": "</s>"}).render(turns, more.pop("tools", None), "2026-05-15T09:30:00.000Z", **more)


ASKED = Turn("user", "Hi")


def test_a_template_has_what_transformers_gives_it() -> None:
    assert rendered("{% for m in messages %}\n{{ m.content }}\n{% endfor %}\n{{ eos_token }}", ASKED) == "Hi\n</s>", "blocks are trimmed"
    assert rendered("{{ messages[0] | tojson }}", Turn("user", "<ä>")) == '{"role": "user", "content": "<ä>"}'
    assert rendered("{{ tools | tojson(indent=1) }}", ASKED, tools=[{"a": 1}]) == '[\n {\n  "a": 1\n }\n]'
    assert rendered("{% for m in [1, 2, 3] %}{% if m == 2 %}{% break %}{% endif %}{{ m }}{% endfor %}", ASKED) == "1"
    assert rendered("{% generation %}{{ messages[0].content }}{% endgeneration %}!", ASKED) == "Hi!"
    assert rendered("{{ strftime_now('%d %B %Y') }}", ASKED) == "15 May 2026", "the day of the work"
    assert rendered("{{ add_generation_prompt }}", ASKED, prompt=True) == "True"
    call = Turn("assistant", "", tool_calls=(ToolCall("1", Function("Read", {"path": "a"})),))
    assert rendered("{{ messages[0].tool_calls[0].function.arguments.path }}", call) == "a"


@pytest.mark.parametrize(
    "source", ["{{ raise_exception('x') }}", "{{ messages[5].content }}", "{{ ''.__class__.__mro__ }}", "{{ messages.append(1) }}"]
)
def test_a_template_that_fails_or_reaches_out_renders_nothing(source: str) -> None:
    with pytest.raises(Unrenderable):
        rendered(source, ASKED)


def test_a_document_has_the_special_tokens_that_the_tokenizer_adds(world: World, tmp_path: Path, tokenizer: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    made.post_processor = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 4)])
    made.save(str(tokenizer / "tokenizer.json"))
    world.edit("Two words", [Change("a.md", None, "three\n")])
    make(world, tmp_path / "out", "pretrain", options=Options(tokenizer_at=tokenizer))
    (row,) = rows(tmp_path / "out", "pretrain")
    assert row["tokens"] == 1 + len(row["text"].split())
