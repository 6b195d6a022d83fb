"""LangChain's answers and messages: any plain data is one or DecodeError; one comes back, and casts share nothing."""

import json
from itertools import count

from llmcache.codec.plain import decode_plain, encode_plain
from llmcache.errors import DecodeError
from llmcache_langchain.generations import generations_from_plain, generations_to_plain
from llmcache_langchain.messages import message_from_plain, message_to_plain
from llmcache_langchain.moulds import Mould
from tests.fuzz.feed import Feed

_LIMIT = 1 << 16
_CALL = {"name": "f", "args": {"a": 1}, "id": "c", "type": "tool_call"}
_USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3, "input_token_details": {}}
_MESSAGES = (
    {"type": "ai", "content": "4", "id": "x", "tool_calls": [_CALL], "usage_metadata": _USAGE, "extra": {"a": 1}},
    {"type": "ai", "content": [{"type": "text", "text": "a"}, "b"], "invalid_tool_calls": []},
    {"type": "tool", "content": "4", "tool_call_id": "c", "artifact": [1], "status": "error"},
    {"type": "human", "content": "hi", "name": "Ann"},
    {"type": "system", "content": "be"},
    {"type": "function", "content": "x", "name": "f"},
    {"type": "chat", "content": "x", "role": "r"},
    {"type": "remove", "content": "", "id": "x"},
)

SEEDS = (
    *(b"\x00" + json.dumps(message).encode() for message in _MESSAGES),
    b"\x01" + json.dumps([{"message": _MESSAGES[0], "generation_info": {"finish_reason": "stop"}}]).encode(),
    b"\x01" + json.dumps([{"text": "4"}, {"message": _MESSAGES[1], "text": "other"}]).encode(),
)


def check(data: bytes) -> None:
    """Read a message, or an answer."""
    feed = Feed(data)
    way, body = feed.byte() % 2, feed.rest()
    try:
        plain = decode_plain(body, max_bytes=_LIMIT)
        (_answer if way else _message)(plain)
    except DecodeError:
        return


def _message(plain: object) -> None:
    again = encode_plain(message_to_plain(message_from_plain(plain)))
    assert again == encode_plain(message_to_plain(message_from_plain(decode_plain(again, max_bytes=_LIMIT))))


def _answer(plain: object) -> None:
    generations = generations_from_plain(plain)
    again = encode_plain(generations_to_plain(generations))
    assert again == encode_plain(generations_to_plain(generations_from_plain(decode_plain(again, max_bytes=_LIMIT))))
    numbers = count()
    mould = Mould(generations)
    first, second = (mould.cast(lambda: f"run-{next(numbers)}") for _ in range(2))
    assert len(first) == len(second) == len(generations)
