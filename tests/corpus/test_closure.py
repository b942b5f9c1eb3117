"""Whatever is forgotten, what stays behind names nothing that is gone, holds no half of a session and no copy of what went."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.forgetting import closure
from corpus.forgetting.closure import Known, going
from corpus.record import LinkKind, TupleType

KINDS = [kind.value for kind in LinkKind]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Known], list[tuple[str, str]], list[str], list[str]]:
    """Records of every type, what feedback is about, which are meant, and which are a person's own."""

    def plain(key: str, kind: TupleType, session: str | None = None, commit: str | None = None) -> Known:
        return Known(key, kind.value, 0, session, commit, None, None, None)

    edits = [plain(f"e{number}", TupleType.EDIT, commit=f"c{number}") for number in range(draw(st.integers(1, 5)))]
    parts = [
        plain(f"t{session}.{part}", TupleType.TRAJECTORY, session=f"s{session}")
        for session in range(draw(st.integers(0, 3)))
        for part in range(draw(st.integers(1, 3)))
    ]
    feedback = [
        plain(f"f{number}", TupleType.FEEDBACK, draw(st.sampled_from([None, "s0", "s1"])), draw(st.sampled_from([None, "c0", "c9"])))
        for number in range(draw(st.integers(0, 4)))
    ]
    keys = [one.key for one in (*edits, *parts, *feedback)]
    ends = st.sampled_from(keys)
    links = [
        Known(f"l{number}", TupleType.LINK.value, 0, None, None, draw(st.sampled_from(KINDS)), draw(ends), draw(st.none() | ends))
        for number in range(draw(st.integers(0, 8)))
    ]
    about = [(one.key, draw(ends)) for one in feedback if draw(st.booleans())]
    records = draw(st.permutations([*edits, *parts, *feedback, *links]))
    meant = draw(st.lists(st.sampled_from([one.key for one in records]), min_size=1, unique=True))
    return records, about, meant, draw(st.lists(st.sampled_from(meant), unique=True))


@given(worlds())
def test_nothing_that_stays_depends_on_what_goes(world: tuple[list[Known], list[tuple[str, str]], list[str], list[str]]) -> None:
    records, about, meant, authored = world
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(closure, "_about", lambda corpus, feedback: iter(about))
        found = going(None, records, meant, authored)  # type: ignore[arg-type]
        again = going(None, records, list(found.units), authored)  # type: ignore[arg-type]
    gone = set(found.units)
    assert set(meant) <= gone <= {one.key for one in records}
    assert set(again.units) == gone  # what went took everything along
    by_key = {one.key: one for one in records}
    commits = {by_key[key].source_commit for key in gone if by_key[key].tuple_type == TupleType.EDIT}
    for one in records:
        if one.key in gone:
            continue
        assert not {one.link_from, one.link_to} & gone
        assert one.tuple_type != TupleType.TRAJECTORY or one.session_id not in found.sessions
        assert one.tuple_type != TupleType.FEEDBACK or not ({one.session_id} & found.sessions or {one.source_commit} & commits)
        assert not [end for key, end in about if key == one.key and end in gone]
    for link in records:
        ends = {link.link_from, link.link_to}
        if link.link_kind == LinkKind.SUPERSEDED_BY and ends & gone and link.link_to is not None:
            assert ends <= gone
        if link.link_kind == LinkKind.SESSION_OF and link.link_to in authored:
            assert link.link_from in gone


def test_what_a_record_does_not_depend_on_stays() -> None:
    def linked(kind: LinkKind, start: str, end: str) -> Known:
        return Known(f"{kind.value} {start} {end}", TupleType.LINK.value, 0, None, None, kind.value, start, end)

    edits = [Known(key, TupleType.EDIT.value, 0, None, f"c{key}", None, None, None) for key in ("a", "b", "c")]
    session = Known("t", TupleType.TRAJECTORY.value, 0, "s", None, None, None, None)
    links = [linked(LinkKind.REVERTED_BY, "a", "b"), linked(LinkKind.SESSION_OF, "t", "a"), linked(LinkKind.SESSION_OF, "t", "c")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(closure, "_about", lambda corpus, feedback: iter(()))

        def gone(meant: str, authored: tuple[str, ...] = ()) -> set[str]:
            return {key for key in going(None, [*edits, session, *links], [meant], authored).units if len(key) == 1}  # type: ignore[arg-type]

        assert gone("b") == {"b"}  # what it reverted stands as it was
        assert gone("a") == {"a", "b"}
        assert gone("a", ("a",)) == {"a", "b", "t"}
        assert gone("t") == {"t"}
