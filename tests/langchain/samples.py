"""One message of each kind with everything a provider puts in it, as LangChain's validated constructors make it."""

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

FULL_AI = AIMessage(
    content=[
        {"type": "reasoning", "reasoning": "hm", "extras": {"signature": "c2ln"}},
        {"type": "text", "text": "It is ", "annotations": [{"type": "citation", "url": "https://example.org"}]},
        "21 °C.",
    ],
    additional_kwargs={"refusal": None, "audio": {"id": "audio_1"}},
    response_metadata={
        "model_name": "gpt-5.4-mini",
        "finish_reason": "stop",
        "logprobs": {"content": [{"logprob": -0.5}]},
    },
    name="weather",
    id="run-1",
    tool_calls=[{"name": "look", "args": {"city": "Zürich", "days": 2}, "id": "call_1", "type": "tool_call"}],
    invalid_tool_calls=[{"name": "look", "args": "{", "id": "call_2", "error": "cut off", "type": "invalid_tool_call"}],
    usage_metadata={
        "input_tokens": 12,
        "output_tokens": 9,
        "total_tokens": 21,
        "input_token_details": {"cache_read": 8},
        "output_token_details": {"reasoning": 4},
    },
    seen=True,
)

SAMPLES: tuple[BaseMessage, ...] = (
    FULL_AI,
    AIMessage("4"),
    AIMessage("", tool_calls=[{"name": "add", "args": {"a": 2, "b": 2}, "id": None}]),
    HumanMessage(
        [{"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"}, {"type": "text", "text": "what?"}]
    ),
    HumanMessage("hi", name="Mary", id="h-1", example=False),
    SystemMessage("be brief", additional_kwargs={"__openai_role__": "developer"}),
    ToolMessage("21", tool_call_id="call_1", artifact={"rows": [[1, 2.5]]}, name="look", status="error"),
    ToolMessage([{"type": "text", "text": "ok"}], tool_call_id="call_2", artifact=[]),
    FunctionMessage(content="done", name="run"),
    ChatMessage(content="yes", role="critic"),
    RemoveMessage(id="h-1"),
)

PLAIN_FULL_AI = {
    "type": "ai",
    "content": FULL_AI.content,
    "additional_kwargs": {"refusal": None, "audio": {"id": "audio_1"}},
    "response_metadata": FULL_AI.response_metadata,
    "name": "weather",
    "id": "run-1",
    "tool_calls": [{"name": "look", "args": {"city": "Zürich", "days": 2}, "id": "call_1", "type": "tool_call"}],
    "invalid_tool_calls": [
        {"name": "look", "args": "{", "id": "call_2", "error": "cut off", "type": "invalid_tool_call"}
    ],
    "usage_metadata": {
        "input_tokens": 12,
        "output_tokens": 9,
        "total_tokens": 21,
        "input_token_details": {"cache_read": 8},
        "output_token_details": {"reasoning": 4},
    },
    "extra": {"seen": True},
}

PLAIN_SAMPLES: tuple[object, ...] = (
    PLAIN_FULL_AI,
    {"type": "ai", "content": "4"},
    {
        "type": "ai",
        "content": "",
        "tool_calls": [{"name": "add", "args": {"a": 2, "b": 2}, "id": None, "type": "tool_call"}],
    },
    {
        "type": "human",
        "content": [
            {"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"},
            {"type": "text", "text": "what?"},
        ],
    },
    {"type": "human", "content": "hi", "name": "Mary", "id": "h-1", "extra": {"example": False}},
    {"type": "system", "content": "be brief", "additional_kwargs": {"__openai_role__": "developer"}},
    {
        "type": "tool",
        "content": "21",
        "name": "look",
        "tool_call_id": "call_1",
        "artifact": {"rows": [[1, 2.5]]},
        "status": "error",
    },
    {"type": "tool", "content": [{"type": "text", "text": "ok"}], "tool_call_id": "call_2", "artifact": []},
    {"type": "function", "content": "done", "name": "run"},
    {"type": "chat", "content": "yes", "role": "critic"},
    {"type": "remove", "content": "", "id": "h-1"},
)
"""The plain form of each sample, in order: what lies in stores, and must be read by every later release."""
