"""`keys.langchain_prompt`: any text has one canonical form, which can be shown, and no text raises."""

import json

from llmcache.keys.difference import first_difference
from llmcache.keys.explain import explain_langchain
from llmcache.keys.langchain_prompt import canonical_prompt, messages_of
from tests.fuzz.feed import Feed

_HEAD = '{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "'
_REMEMBERED = (frozenset[str](), frozenset({"id", "model_name"}))


def _message(name: str, fields: object) -> str:
    return f'{_HEAD}{name}"], "kwargs": {json.dumps(fields)}}}'


_CALL = {"name": "f", "args": {"a": 1}, "id": "call_1", "type": "tool_call"}
_TALK = (
    _message("HumanMessage", {"content": "hi", "type": "human"}),
    _message("AIMessage", {"content": "", "type": "ai", "id": "x", "tool_calls": [_CALL], "additional_kwargs": {}}),
    _message("ToolMessage", {"content": "4", "type": "tool", "tool_call_id": "call_1", "artifact": None}),
)

SEEDS = (
    b"\x00plain",
    b"\x00" + f"[{', '.join(_TALK)}]".encode(),
    b"\x01" + ("[" + _message("AIMessage", {"content": [{"type": "text", "text": "a"}], "type": "ai"}) + "]").encode(),
    b"\x02" + b'", "type": "human"' + b"\xff" + b'"content": "hi", "type": "human"',
    b"\x03" + b'"content": "hi", "type": "ai", "response_metadata": {"id": "r"}',
)


def check(data: bytes) -> None:
    """Make the canonical form: of a text, or of messages with the fields given."""
    feed = Feed(data)
    way = feed.byte()
    prompt, other = feed.text(), feed.text()
    if way & 2:
        names = ("HumanMessage", "AIMessage", "ToolMessage", "SystemMessage")
        fields = [(names[(way >> 2) % 4], prompt)] + ([(names[(way >> 4) % 4], other)] if other else [])
        prompt = "[" + ", ".join(f'{_HEAD}{name}"], "kwargs": {{{given}}}}}' for name, given in fields) + "]"
    part = canonical_prompt(prompt, _REMEMBERED[way & 1])
    assert part.piece == canonical_prompt(prompt, _REMEMBERED[way & 1], []).piece
    if part.name == "messages":
        assert len(messages_of(part)) >= 1
    else:
        assert part.text == prompt
    if way & 128:
        mine, theirs = (explain_langchain(text, "[('stop', None)]") for text in (prompt, other))
        # Not the other way round: two spellings of one text are two keys, and look alike.
        assert mine.digest != theirs.digest or first_difference(mine, theirs) is None
        assert mine.text
