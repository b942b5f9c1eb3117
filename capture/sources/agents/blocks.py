"""The content blocks of a message, as Anthropic's API has them; other agents write them too."""

from __future__ import annotations

from dataclasses import dataclass

from capture.sources.agents.fields import Object, flag, json_text, part, text, without, without_bytes
from capture.sources.transcript import Said
from corpus.record import Actor, Kind, Mark


@dataclass(slots=True, kw_only=True)
class Block:
    """One block; ``raw`` is a tool result's content as it stands."""

    kind: Kind
    name: str | None = None
    text: str | None = None
    arguments: str | None = None
    detail: str | None = None
    call: str | None = None
    error: bool = False
    images: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    raw: object = None

    def said(self, actor: Actor) -> Said:
        return Said(
            name_in_source="",
            actor=actor,
            kind=self.kind,
            name=self.name,
            text=self.text,
            arguments=self.arguments,
            detail=self.detail,
            call=self.call,
            error=self.error,
            images=self.images,
            marks=self.marks,
        )


def blocks(content: object) -> list[Block]:
    """The blocks of a message's ``content``: a string is one block of text."""
    if isinstance(content, str):
        return [Block(kind=Kind.MESSAGE, text=content)]
    return [_block(each) for each in content] if isinstance(content, list) else []


def _block(value: object) -> Block:
    if isinstance(value, str):
        return Block(kind=Kind.MESSAGE, text=value)
    kind = text(value, "type") or ""
    if not isinstance(value, dict):
        return _unknown(kind, value)
    said = text(value, "text" if kind == "text" else "thinking")
    if kind in ("text", "thinking") and said is not None:
        # newer versions write the signature of a thought and not the thought
        return Block(kind=Kind.MESSAGE if kind == "text" else Kind.REASONING, text=said or None)
    if kind == "redacted_thinking":
        return Block(kind=Kind.REASONING, name=kind)
    if kind in ("tool_use", "server_tool_use", "mcp_tool_use"):
        return Block(kind=Kind.TOOL_CALL, call=text(value, "id"), name=text(value, "name"), arguments=json_text(value.get("input")))
    if kind == "tool_result" or kind.endswith("_tool_result"):
        return _result(value)
    if kind in ("image", "document"):
        seen: list[str] = []
        told = text(part(value, "source"), "data") if text(part(value, "source"), "type") == "text" else None
        rest = without(value, ("source",)) if told is not None else value
        return Block(kind=Kind.MESSAGE, text=told, detail=json_text(without_bytes(rest, seen)), images=tuple(seen))
    return _unknown(kind, value)


def _unknown(kind: str, value: object) -> Block:
    seen: list[str] = []
    return Block(
        kind=Kind.NOTE,
        name=f"block.{kind}",
        detail=json_text(without_bytes(value, seen)),
        images=tuple(seen),
        marks=() if kind == "fallback" else (Mark.UNKNOWN,),
    )


def _result(value: Object) -> Block:
    content = value.get("content")
    seen: list[str] = []
    if isinstance(content, str) or content is None:
        told, rest = content, None
    else:
        parts = content if isinstance(content, list) else [content]
        texts = [each if isinstance(each, str) else text(each, "text") for each in parts]
        told = "\n".join(each for each in texts if each is not None)
        left = [without_bytes(each, seen) for each, its in zip(parts, texts, strict=True) if its is None]
        rest = json_text(left) if left else None
    return Block(
        kind=Kind.TOOL_RESULT,
        call=text(value, "tool_use_id"),
        text=told,
        error=flag(value, "is_error"),
        detail=rest,
        images=tuple(seen),
        raw=content,
    )


def result_detail(told: object, block: Block, seen: list[str]) -> str | None:
    """What ``toolUseResult`` says beyond the block, as JSON text; digests of images are added to ``seen``.

    It may be a string, ``Error: `` and the content again; a list, the content again; or an object, of which fields that equal the
    content are left out.
    """
    if told is None or told == block.raw or (isinstance(told, str) and told.removeprefix("Error: ") == (block.text or "").strip()):
        return block.detail
    if isinstance(told, dict):
        repeats = [key for key, each in told.items() if each and each in (block.raw, block.text)]
        told = without(told, repeats)
    images: list[str] = []
    kept = without_bytes(told, images)
    seen += [each for each in images if each not in seen]
    return json_text({"content": block.detail, "toolUseResult": kept}) if block.detail else json_text(kept)
