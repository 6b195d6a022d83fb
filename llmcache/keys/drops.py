"""What is dropped before hashing, and why: every list in one place (docs/reference/keys.md shows them to users).

A name belongs here only if no provider's answer can depend on it. Each list is looked at in one place only, never in
data that a user nested deeper: a tool may well have an argument called `timeout`. What is in no list is kept.
"""

from collections.abc import Mapping
from typing import NamedTuple

from llmcache.model.units import Plain


class Dropped(NamedTuple):
    """One thing that is not in the key: where it stood, and why it cannot change the answer."""

    path: str
    reason: str


Note = list[Dropped]
"""Where a canonicaliser writes down what it drops, for `explain`; None where nobody asks."""

NULL = "null: the same as not given"
EMPTY = "empty: the same as not given"
CREDENTIAL = "a credential: says who pays, not what is asked (keep tenants apart by namespaces)"
ADDRESS = "a memory address: differs in every process"
DEFAULT = "the default: the same as not given"
NOT_STREAMED = "false: the same as not given"
KIND = "stands at the head of the message already"
RENAMED = "tool-call ids: numbered by order of appearance, because each call makes new ones"

_WIRE = "how the call travels, not what is asked"
_LOOK = "for whoever watches the program, not for the model"
_PIECES = "whether the answer comes in pieces, not what it is"

REQUEST_PARAMETERS: Mapping[str, str] = {
    "timeout": _WIRE,
    "request_timeout": _WIRE,
    "max_retries": _WIRE,
    "num_retries": _WIRE,
    "api_key": CREDENTIAL,
}
"""Members of `Request.parameters`.

`stream: true` is not among them, because what is kept for it may be events and not an answer; nor are headers, which
switch features on.
"""

CALL_SETTINGS: Mapping[str, str] = {
    "timeout": _WIRE,
    "request_timeout": _WIRE,
    "default_request_timeout": _WIRE,
    "stream_chunk_timeout": _WIRE,
    "max_retries": _WIRE,
    "proxies": _WIRE,
    "openai_proxy": _WIRE,
    "anthropic_proxy": _WIRE,
    "http_client": _WIRE,
    "http_async_client": _WIRE,
    "http_socket_options": _WIRE,
    "rate_limiter": _WIRE,
    "stream": _PIECES,
    "streaming": _PIECES,
    "disable_streaming": _PIECES,
    "stream_usage": _PIECES,
    "callbacks": _LOOK,
    "verbose": _LOOK,
    "cache": "the cache itself",
}
"""Arguments of a LangChain call (`bind`, `invoke(..., timeout=3)`), and what a model without lc support calls itself.

Streaming is here and not in `REQUEST_PARAMETERS`, because LangChain always gives the cache whole messages.
"""

MODEL_SETTINGS: Mapping[str, str] = {
    **CALL_SETTINGS,
    "name": _LOOK,
    "tags": _LOOK,
    "metadata": _LOOK,
}
"""Fields of a LangChain model that serialises itself, where these three names are LangChain's own, for tracing."""

NUMBERS = frozenset(
    {
        "temperature",
        "top_p",
        "top_k",
        "top_a",
        "min_p",
        "typical_p",
        "frequency_penalty",
        "presence_penalty",
        "repetition_penalty",
        "repeat_penalty",
        "length_penalty",
    }
)
"""Settings that are numbers, so that `0` and `0.0` are one value. Everywhere else they are two."""

_ID = "made anew for every message, not sent as such"
_COUNTS = "what the earlier call cost; a cached message even gets `total_cost: 0`"
_METADATA = "facts about the earlier call; what a client does send of it is kept"
_CHUNK = "how a streamed message arrived; the whole is in its other fields"

_ANY: Mapping[str, str] = {"id": _ID, "response_metadata": _METADATA}
_AI: Mapping[str, str] = {**_ANY, "usage_metadata": _COUNTS}
_TOOL: Mapping[str, str] = {**_ANY, "artifact": "for the program, never sent to a model"}

MESSAGE_FIELDS: Mapping[str, Mapping[str, str]] = {
    "HumanMessage": _ANY,
    "HumanMessageChunk": _ANY,
    "SystemMessage": _ANY,
    "SystemMessageChunk": _ANY,
    "ChatMessage": _ANY,
    "ChatMessageChunk": _ANY,
    "FunctionMessage": _ANY,
    "FunctionMessageChunk": _ANY,
    "AIMessage": _AI,
    "AIMessageChunk": {**_AI, "tool_call_chunks": _CHUNK, "chunk_position": _CHUNK},
    "ToolMessage": _TOOL,
    "ToolMessageChunk": _TOOL,
}
"""Own fields of a LangChain message, by the name of its class. A message of another class is not understood."""

MESSAGE_DEFAULTS: Mapping[tuple[str, str], Plain] = {
    ("human", "example"): False,
    ("ai", "example"): False,
    ("tool", "status"): "success",
}
"""Values of own fields, by kind of message and field, that are the same as leaving the field out."""

PARSED = "read from the content by the client, never sent to a model"
"""Why `additional_kwargs.parsed` of an AI message goes; it comes back from a cache in another form than it went in."""

BLOCK_METADATA = ("model_provider", "output_version")
"""Members of an AI message's `response_metadata` by which a client decides how content blocks are sent."""

REMEMBERED: Mapping[str, str] = {"use_previous_response_id": "id", "reuse_last_container": "container"}
"""Settings under which a client sends a member of `response_metadata` back to the provider, and which member."""
