"""`keys.request`: whatever JSON a caller hands in has a key or is UsageError, and asking again gives the same key."""

import json

from llmcache.errors import UsageError
from llmcache.keys.difference import first_difference
from llmcache.keys.explain import explain_request
from llmcache.keys.request import request_key
from llmcache.model.namespace import Namespace
from llmcache.model.request import Request
from tests.fuzz.feed import as_text

_HERE = Namespace(("shop",))
_CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}

SEEDS = tuple(
    json.dumps(given).encode()
    for given in (
        ["m", [{"role": "user", "content": "hi"}], {"temperature": 0, "stream": False}, []],
        ["m", [{"role": "assistant", "tool_calls": [_CALL]}, {"role": "tool", "tool_call_id": "call_1"}]],
        ["m", [{"content": [{"type": "tool_use", "id": "a"}, {"type": "tool_result", "tool_use_id": "a"}]}]],
        ["m", [], {"extra_headers": {}, "timeout": 3, "a": [1e400, -0.0, 12345678901234567890123]}],
    )
)


def check(data: bytes) -> None:
    """Make the key of a request, and explain it."""
    try:
        given = json.loads(as_text(data))
    except (ValueError, RecursionError):
        return
    if not isinstance(given, list) or not 1 < len(given) < 5:
        return
    try:
        asked = Request(*given)
        key = request_key(asked, _HERE)
    except UsageError:
        return
    explained = explain_request(asked)
    assert explained.text
    same = Request(*json.loads(as_text(data)))
    assert key == request_key(same, _HERE)
    assert first_difference(explained, explain_request(same)) is None
