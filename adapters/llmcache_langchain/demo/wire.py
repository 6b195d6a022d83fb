"""The JSON of OpenAI's chat completions: one object, or the chunks of a stream.

Shapes as in the API reference of `POST /v1/chat/completions`, the objects `chat.completion` and
`chat.completion.chunk`. The id and the time of an answer are functions of the request, so that equal
requests get equal bytes.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence

from llmcache.model.units import Plain
from llmcache_langchain.demo.reply import Body, Reply, ToolCall, count_prompt_tokens, count_tokens, pieces

_MADE_AT = 1_760_000_000


def completion(body: Body, replies: Sequence[Reply]) -> dict[str, Plain]:
    """Return the whole answer as one `chat.completion` object."""
    choices = [
        {"index": index, "message": _message(reply), "finish_reason": reply.reason, "logprobs": None}
        for index, reply in enumerate(replies)
    ]
    return _head(body, "chat.completion") | {"choices": choices, "usage": usage(body, replies)}


def chunks(body: Body, replies: Sequence[Reply]) -> Iterator[dict[str, Plain]]:
    """Give the answer as `chat.completion.chunk` objects, a token each; the last carries usage where it was asked for."""
    head = _head(body, "chat.completion.chunk")
    for index, reply in enumerate(replies):
        for delta in _deltas(reply):
            yield head | {"choices": [_choice(index, delta)]}
        yield head | {"choices": [_choice(index, {}, reply.reason)]}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield head | {"choices": [], "usage": usage(body, replies)}


def usage(body: Body, replies: Sequence[Reply]) -> dict[str, Plain]:
    """Return the `usage` object: tokens of the prompt once, and of every choice."""
    given = replies[0].input_tokens if replies else None
    asked = count_prompt_tokens(body) if given is None else given
    answered = sum(_output_tokens(reply) for reply in replies)
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def problem(message: str, kind: str) -> dict[str, Plain]:
    """Return an error object as the API gives it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def _output_tokens(reply: Reply) -> int:
    if reply.output_tokens is not None:
        return reply.output_tokens
    return count_tokens(reply.text) + sum(count_tokens(_arguments(call)) for call in reply.tool_calls)


def _head(body: Body, kind: str) -> dict[str, Plain]:
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return {"id": f"chatcmpl-{digest[:24]}", "object": kind, "created": _MADE_AT, "model": body.get("model", "")}


def _message(reply: Reply) -> dict[str, Plain]:
    message: dict[str, Plain] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.tool_calls:
        message["tool_calls"] = [_call(call) for call in reply.tool_calls]
    return message


def _call(call: ToolCall) -> dict[str, Plain]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": _arguments(call)}}


def _arguments(call: ToolCall) -> str:
    return json.dumps(dict(call.arguments))


def _choice(index: int, delta: dict[str, Plain], reason: str | None = None) -> dict[str, Plain]:
    return {"index": index, "delta": delta, "finish_reason": reason, "logprobs": None}


def _deltas(reply: Reply) -> Iterator[dict[str, Plain]]:
    yield {"role": "assistant", "content": ""}
    for piece in pieces(reply.text):
        yield {"content": piece}
    for index, call in enumerate(reply.tool_calls):
        yield {"tool_calls": [{"index": index} | _call(call)]}
