"""A corpus with something for every recipe, and a tokenizer made in place that a build counts with and a trainer trains with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from corpus.record import Event, TupleType
from corpus.redaction.draft import Draft, Scrub
from corpus.store import add_tenant, init_root
from tests.corpus.build.world import World
from tests.talk import Session, part

# No line end after a role: a tokenizer would join it with those that an answer begins with, and prompts would end inside a token.
TEMPLATE = """{% for tool in tools or [] %}<|tool|>{{ tool | tojson }}{% endfor %}
{%- for message in messages %}<|{{ message.role }}|>
{%- if message.reasoning_content %}({{ message.reasoning_content }}){% endif %}{{ message.content }}
{%- for call in message.tool_calls or [] %}<|call|>{{ call.function.name }} {{ call.function.arguments | tojson }}{% endfor %}<|end|>
{%- endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"""
SPECIAL = ["<|pad|>", "<|end|>", "<|tool|>", "<|call|>", "<|system|>", "<|user|>", "<|assistant|>"]

NESTED: list[dict[str, Any]] = [
    {"path": "a.py", "edits": [{"old": "1", "new": None}, {"old": "", "new": "2", "all": True}]},
    {"path": None, "edits": [], "limit": 3},
    {"edits": "none", "limit": [1, 2.5, {"deep": {"er": [None, False, "x"]}}]},
    {},
    {"limit": {"least": 0, "most": None}, "path": "2026-01-01T00:00:00.000Z"},
]
"""What tools are called with: the same argument as text, number, list, object and null, and calls without any."""


def filled(root: Path, pairs: int = 8) -> World:
    """Accepted commits, two for each of ``pairs`` of words and of calls, and as many sessions with tools."""
    init_root(root)
    add_tenant(root, "acme")
    world = World(root)
    for number in range(2 * pairs):
        world.evidence(world.edit(f"Greet number {number}\n"), "accepted")
    for number in range(pairs):
        world.feedback(f"How do I list the files of month {number}?", f"del *.{number}", f"ls -l *.{number}")
        nested = NESTED[number % len(NESTED)]
        world.called(f"Count the lines of part {number}", ("Edit", nested), ("Bash", {"command": f"wc -l part{number}"}))
        talk = Session()
        talk.user(f"Why is build {number} red?")
        if number % 2:  # some readers have no place for words beside a call
            talk.says("I look.", reply="r1")
        talk.calls("Edit", json.dumps(nested), f"c{number}", reply="r1")
        talk.answers(f"{number} failed", f"c{number}")
        talk.calls("Bash", json.dumps({"command": f"pytest part{number}"}), f"d{number}", reply="r2")
        talk.answers("all passed", f"d{number}")
        talk.says(f"It was part {number}.", reply="r3")
        session(world, talk.events)
    return world


def session(world: World, events: list[Event]) -> str:
    """A session of one part, through the gate."""
    name = hashlib.sha256(f"session {len(world.appended)}".encode()).hexdigest()

    def render(scrub: Scrub) -> Any:
        told = [
            event.model_copy(
                update={
                    "content": None if event.content is None else scrub.prose(event.content),
                    "arguments": None if event.arguments is None else scrub.code(event.arguments, "call.json"),
                }
            )
            for event in events
        ]
        return part(0, told).body

    label = world.label(None, None)
    names = ("claude-code", name, "0")
    return world.keep(Draft(TupleType.TRAJECTORY, label, names, name, "2026-05-18T09:30:00Z", render, session_id=name))


def tokenizer(place: Path) -> Path:
    """Byte-level pairs over a few lines of code, with the chat template beside it, as transformers keeps them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    texts = [Path(__file__).read_text(encoding="utf-8")]
    made.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=600, special_tokens=SPECIAL, initial_alphabet=alphabet))
    place.mkdir()
    made.save(str(place / "tokenizer.json"))
    settings = {"pad_token": SPECIAL[0], "eos_token": SPECIAL[1], "tokenizer_class": "PreTrainedTokenizerFast"}
    (place / "tokenizer_config.json").write_text(json.dumps(settings))
    (place / "chat_template.jinja").write_text(TEMPLATE)
    return place
