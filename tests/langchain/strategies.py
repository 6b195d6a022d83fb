"""LangChain's messages and generations of every kind, made by its own validated constructors."""

from typing import Any

from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    ChatMessageChunk,
    FunctionMessage,
    FunctionMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, GenerationChunk

from tests.codec.strategies import NASTY_TEXTS

texts = st.one_of(st.sampled_from(NASTY_TEXTS), st.text(max_size=30))
words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
counts = st.integers(0, 10**6)

leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.binary(max_size=8), texts)
data = st.recursive(
    leaves,
    lambda inside: st.one_of(
        st.lists(inside, max_size=3), st.dictionaries(st.one_of(words, texts), inside, max_size=3)
    ),
    max_leaves=8,
)
"""What may stand anywhere in a message; no nan, which equals nothing."""

objects = st.dictionaries(st.one_of(words, texts), data, max_size=3)

blocks: st.SearchStrategy[Any] = st.one_of(
    texts,
    st.fixed_dictionaries(
        {"type": st.just("text"), "text": texts}, optional={"annotations": st.lists(objects, max_size=2)}
    ),
    st.fixed_dictionaries(
        {"type": st.just("image"), "base64": st.just("iVBORw0KGgo="), "mime_type": st.just("image/png")}
    ),
    st.fixed_dictionaries({"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": texts})}),
    st.fixed_dictionaries({"type": st.just("audio"), "base64": st.just("UklGRg=="), "mime_type": st.just("audio/wav")}),
    st.fixed_dictionaries({"type": st.just("file"), "file_id": texts, "extras": objects}),
    st.fixed_dictionaries({"type": st.just("reasoning"), "reasoning": texts, "extras": objects}),
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": texts, "signature": texts}),
    st.fixed_dictionaries({"type": st.just("media"), "data": st.binary(max_size=8)}),
    st.fixed_dictionaries({"text": texts}),
    objects.filter(lambda block: "text" not in block),
)

contents = st.one_of(texts, st.lists(blocks, max_size=4))

tool_calls = st.fixed_dictionaries(
    {"name": words, "args": objects, "id": st.none() | texts, "type": st.just("tool_call")}
)

invalid_tool_calls = st.fixed_dictionaries(
    {
        "name": st.none() | words,
        "args": st.none() | texts,
        "id": st.none() | texts,
        "error": st.none() | texts,
        "type": st.just("invalid_tool_call"),
    }
)

usages = st.builds(
    lambda read, written, details: {
        "input_tokens": read,
        "output_tokens": written,
        "total_tokens": read + written,
        **details,
    },
    counts,
    counts,
    st.fixed_dictionaries(
        {},
        optional={
            "input_token_details": st.fixed_dictionaries({}, optional={"cache_read": counts, "audio": counts}),
            "output_token_details": st.fixed_dictionaries({}, optional={"reasoning": counts}),
        },
    ),
)

_common = {
    "additional_kwargs": objects,
    "response_metadata": objects,
    "name": st.none() | texts,
    "id": st.none() | texts,
}
_extra = {"seen": st.booleans(), "score": data, "example": data}
_of_ai = {
    "tool_calls": st.lists(tool_calls, max_size=2),
    "invalid_tool_calls": st.lists(invalid_tool_calls, max_size=2),
    "usage_metadata": st.none() | usages,
}
_of_tool = {"artifact": data, "status": st.sampled_from(("success", "error"))}


def _made(kind: type[BaseMessage], required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Any]:
    free = {name: made for name, made in {**_common, **optional, **_extra}.items() if name not in required}
    fields = st.fixed_dictionaries({"content": contents, **required}, optional=free)

    def make(given: dict[str, Any]) -> BaseMessage:
        return kind(**given)

    return fields.map(make)


human = _made(HumanMessage, {}, {})
system = _made(SystemMessage, {}, {})
ai = _made(AIMessage, {}, _of_ai)
tool = _made(ToolMessage, {"tool_call_id": texts}, _of_tool)
function = _made(FunctionMessage, {"name": words}, {})
chat = _made(ChatMessage, {"role": texts}, {})
remove = texts.map(lambda id_: RemoveMessage(id=id_))

messages: st.SearchStrategy[BaseMessage] = st.one_of(ai, human, system, tool, function, chat, remove)
"""Whole messages of every kind."""

tool_call_chunks = st.fixed_dictionaries(
    {
        "name": words,
        "args": st.sampled_from(('{"a": 1}', '{"a":', "", "[1]", "no json")),
        "id": st.none() | words,
        "index": st.none() | st.integers(0, 3),
    }
)

chunks: st.SearchStrategy[BaseMessage] = st.one_of(
    _made(
        AIMessageChunk,
        {},
        {
            "usage_metadata": st.none() | usages,
            "tool_call_chunks": st.lists(tool_call_chunks, max_size=2),
            "chunk_position": st.sampled_from((None, "last")),
        },
    ),
    _made(HumanMessageChunk, {}, {}),
    _made(SystemMessageChunk, {}, {}),
    _made(ToolMessageChunk, {"tool_call_id": texts}, _of_tool),
    _made(FunctionMessageChunk, {"name": words}, {}),
    _made(ChatMessageChunk, {"role": texts}, {}),
)
"""Pieces of messages, as streaming yields them."""

infos = st.none() | objects

generations: st.SearchStrategy[Generation] = st.one_of(
    st.builds(Generation, text=texts, generation_info=infos),
    st.builds(ChatGeneration, message=messages, generation_info=infos),
)
"""Generations of both kinds."""

answers = st.lists(generations, max_size=3)

generation_chunks: st.SearchStrategy[Generation] = st.one_of(
    st.builds(GenerationChunk, text=texts, generation_info=infos),
    st.builds(ChatGenerationChunk, message=chunks, generation_info=infos),
)
"""Pieces of generations."""
