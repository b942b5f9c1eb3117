"""A session becomes one candidate a reply: what is in its prompt, and why some teach nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.build import conversation
from corpus.build.conversation import Reply, replies
from corpus.build.reasons import Reason
from corpus.build.recipes.sft import converse
from corpus.build.row import Row
from corpus.record import Actor, Kind, Mark
from tests.corpus.build.world import World, make, rows
from tests.talk import Session


def outcomes_of(session: Session, **more: Any) -> list[Reply | Reason]:
    found = session.parts(**more)
    return [outcome for _, outcome in replies(lambda: iter(found))]


def only(outcomes: Iterable[Reply | Reason]) -> list[Reply]:
    return [each for each in outcomes if isinstance(each, Reply)]


def told(reply: Reply) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in reply.prompt]


def test_each_reply_is_a_row_with_all_that_was_said_before() -> None:
    session = Session()
    session.user("Why is it red?")
    session.add(Actor.ASSISTANT, Kind.REASONING, "Let me look.", reply="r1")
    session.says("I run the tests.", reply="r1")
    session.calls("Bash", '{"command":"pytest"}', "c1", reply="r1")
    session.answers("1 failed", "c1")
    session.says("A test fails.", reply="r2")
    first, second = only(outcomes_of(session))
    assert told(first) == [("user", "Why is it red?")]
    assert first.completion.reasoning_content == "Let me look."
    assert [(call.id, call.function.name, call.function.arguments) for call in first.completion.tool_calls] == [
        ("c1", "Bash", {"command": "pytest"})
    ]
    assert told(second) == [("user", "Why is it red?"), ("assistant", "I run the tests."), ("tool", "1 failed")]
    assert (second.first, second.last, second.model) == (5, 5, "m-1")
    assert [tool.schema() for tool in second.tools or ()] == [
        {
            "type": "function",
            "function": {
                "name": "Bash",
                "description": "",
                "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
            },
        }
    ]


def test_a_call_a_person_turned_down_is_no_row_and_stays_in_what_followed() -> None:
    session = Session()
    session.user("Clean up.")
    session.calls("Bash", '{"command":"rm -rf build"}', "c1", reply="r1")
    session.answers("The user said no", "c1", error=True)
    session.add(Actor.USER, Kind.DECISION, "not that", name="denied", call_id="c1")
    session.says("I leave it.", reply="r2")
    assert outcomes_of(session)[0] is Reason.DENIED
    assert [turn.role for turn in only(outcomes_of(session))[0].prompt] == ["user", "assistant", "tool"]


def test_a_branch_that_was_left_is_neither_row_nor_prompt() -> None:
    session = Session(parents=True)
    first = session.user("Do it.", parent="")
    session.calls("Bash", "{}", "c1", reply="r1")
    session.answers("left", "c1")
    session.says("The wrong way.", reply="r2")
    session.says("The right way.", parent=first, reply="r3")
    assert outcomes_of(session)[:2] == [Reason.ABANDONED, Reason.ABANDONED]
    assert [told(reply) for reply in only(outcomes_of(session))] == [[("user", "Do it.")]]


def test_a_conversation_begun_anew_in_one_session_knows_nothing_of_the_one_before() -> None:
    session = Session(parents=True)
    session.user("First.", parent="")
    session.says("One.", reply="r1")
    session.add(Actor.SYSTEM, Kind.NOTE, "cleared", parent="")
    session.user("Second.")
    session.says("Two.", reply="r2")
    assert [told(reply) for reply in only(outcomes_of(session))] == [[("user", "First.")], [("user", "Second.")]]


def test_parents_that_go_in_a_circle_or_nowhere_end_the_way_back() -> None:
    session = Session(parents=True)
    session.user("Go.", parent="e2")
    session.says("A", parent="e2", reply="r1")
    session.says("B", parent="e1", reply="r2")
    session.says("C", parent="nowhere", reply="r3")
    assert outcomes_of(session)[1:] == [Reason.TURN_ORDER, Reason.TURN_ORDER]


def test_calls_made_side_by_side_are_one_reply_whichever_result_goes_on() -> None:
    session = Session(parents=True)
    session.user("Both.", parent="")
    one = session.calls("Bash", '{"command":"a"}', "c1", reply="r1")
    session.calls("Bash", '{"command":"b"}', "c2", reply="r1")
    session.answers("B", "c2")
    result = session.answers("A", "c1", parent=one)
    session.says("Done.", parent=result, reply="r2")
    first, second = only(outcomes_of(session))
    assert [call.id for call in first.completion.tool_calls] == ["c1", "c2"]
    assert [turn.role for turn in second.prompt] == ["user", "assistant", "tool", "tool"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"marks": [Mark.COPIED]}, Reason.COPIED),
        ({"marks": [Mark.NO_MODEL]}, Reason.NO_MODEL),
        ({"marks": [Mark.SIDECHAIN]}, Reason.SIDECHAIN),
        ({"error": True}, Reason.ERROR),
        ({"withheld": "too-large"}, Reason.EVENT_WITHHELD),
    ],
)
def test_what_should_not_be_learnt_says_why(more: dict[str, Any], reason: Reason) -> None:
    session = Session()
    session.user("Go on.")
    session.says("Text", **more)
    assert outcomes_of(session) == [reason]


def test_a_reply_that_was_stopped_or_said_again_is_no_row() -> None:
    session = Session()
    session.user("Go on.")
    old = session.says("I begin", reply="r1")
    session.says("I begin again", reply="r2", amends=old)
    session.user("More.")
    session.says("Then I", reply="r3")
    session.add(Actor.USER, Kind.DECISION, name="interrupted")
    outcomes = outcomes_of(session)
    assert (outcomes[0], outcomes[2]) == (Reason.AMENDED, Reason.INTERRUPTED)
    assert [told(reply) for reply in only(outcomes)] == [[("user", "Go on.")]]


def test_what_a_withheld_part_hid_is_in_no_prompt() -> None:
    session = Session()
    session.user("One.")
    session.says("1", reply="r1")
    session.user("Two.")
    session.says("2", reply="r2")
    session.says("3", reply="r3")
    session.user("Four.")
    session.says("4", reply="r4")
    outcomes = outcomes_of(session, size=2, withheld=1)
    assert [outcome if isinstance(outcome, Reason) else told(outcome) for outcome in outcomes] == [
        [("user", "One.")],
        Reason.WITHHELD,
        Reason.TURN_ORDER,
        [("user", "Four.")],
    ]


def test_what_was_said_before_a_part_that_was_not_selected_is_in_no_prompt_after_it(world: World, tmp_path: Path) -> None:
    session = Session()
    for number in range(4):
        session.user(f"Ask {number}.")
        session.calls("Bash", json.dumps({"command": f"look {number}"}), f"c{number}", reply=f"a{number}")
        session.answers(f"Seen {number}.", f"c{number}")
        session.says(f"Answer {number}.", reply=f"b{number}")
    world.session("one", session, size=5, withheld=1)  # the answers to 1 and the question 2
    make(world, tmp_path / "out", "sft")
    told = {row["events"]: [turn["content"] for turn in row["prompt"]] for row in rows(tmp_path / "out", "sft")}
    assert told == {
        "1-1": ["Ask 0."],
        "3-3": ["Ask 0.", "", "Seen 0."],
        "13-13": ["Ask 3."],
        "15-15": ["Ask 3.", "", "Seen 3."],
    }


def test_after_a_compaction_its_summary_stands_for_what_was_said() -> None:
    session = Session()
    session.user("One.")
    session.says("1", reply="r1")
    session.user("Summary of it all.", marks=[Mark.SUMMARY])
    session.says("2", reply="r2")
    assert told(only(outcomes_of(session))[1]) == [("user", "Summary of it all.")]


def test_a_prompt_holds_the_newest_requests_that_fit_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "PROMPT_CHARACTERS", 40)
    session = Session()
    session.add(Actor.SYSTEM, Kind.MESSAGE, "Be kind.")
    session.user("a" * 20)
    session.says("b" * 10, reply="r1")
    session.user("c" * 10)
    session.says("d" * 10, reply="r2")
    session.answers("e" * 30, "c9")
    session.says("f", reply="r3")
    session.user("g")
    session.says("h", reply="r4")
    outcomes = outcomes_of(session)
    assert outcomes[2] is Reason.PROMPT_TOO_LONG
    assert [told(reply) for reply in only(outcomes)] == [
        [("system", "Be kind."), ("user", "a" * 20)],
        [("system", "Be kind."), ("user", "c" * 10)],
        [("system", "Be kind."), ("user", "g")],
    ]


@given(
    st.lists(st.sampled_from(["user", "says", "call", "answer", "summary", "interrupt", "sidechain"]), min_size=1, max_size=40),
    st.integers(1, 9),
)
def test_however_a_session_is_cut_its_rows_are_the_same(words: list[str], size: int) -> None:
    session = Session()
    for number, word in enumerate(words):
        text = str(number)
        match word:
            case "user":
                session.user(text)
            case "says":
                session.says(text, reply=f"r{number // 2}")
            case "call":
                session.calls("Bash", json.dumps({"command": text}), f"c{number}", reply=f"r{number // 2}")
            case "answer":
                session.answers(text, f"c{number - 1}")
            case "summary":
                session.user(text, marks=[Mark.SUMMARY])
            case "interrupt":
                session.add(Actor.USER, Kind.DECISION, name="interrupted")
            case _:
                session.says(text, marks=[Mark.SIDECHAIN], reply=f"s{number}")

    def rows(size: int) -> list[bytes]:
        found = session.parts(size=size)
        made = [outcome for _, outcome in converse(lambda: iter(found)) if isinstance(outcome, Row)]
        plain = [row.columns() for row in made]
        return [json.dumps({name: row[name] for name in ("prompt", "completion", "tools", "events")}).encode() for row in plain]

    assert rows(size) == rows(256)
    for row in map(json.loads, rows(256)):
        assert row["prompt"][-1]["role"] in ("user", "tool")
        assert [turn["role"] for turn in row["completion"]] == ["assistant"]


# In the manner of the templates of Qwen and Hermes models: what they ask of a message, and what they print of a call.
TEMPLATE = """
{%- if tools %}<tools>{% for tool in tools %}{{ tool | tojson }}{% endfor %}</tools>{% endif %}
{%- for message in messages %}<|{{ message.role }}|>
{%- if 'tool_calls' in message %}
{%- for call in message.tool_calls %}<call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</call>
{%- endfor %}
{%- endif %}
{%- if message.reasoning_content is string %}<think>{{ message.reasoning_content }}</think>{% endif %}{{ message.content }}
{%- endfor %}"""


def test_a_chat_template_prints_calls_as_json_and_asks_only_for_keys_that_are_there() -> None:
    import jinja2

    session = Session()
    session.user("Look.")
    session.calls("Bash", '{"command":"ls \\"a b\\""}', "c1", reply="r1")
    session.answers("x", "c1")
    session.says("One file.", reply="r2")
    found = session.parts()
    row = [outcome for _, outcome in converse(lambda: iter(found)) if isinstance(outcome, Row)][-1]
    given = json.loads(orjson.dumps(row.columns()))
    template = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(TEMPLATE)
    text = template.render(messages=given["prompt"] + given["completion"], tools=given["tools"])
    assert json.loads(text.split("<call>")[1].split("</call>")[0]) == {"name": "Bash", "arguments": {"command": 'ls "a b"'}}
    assert text.endswith("<|tool|>x<|assistant|>One file.")
