"""Documents on a Momento that fails: in each call that an operation makes, whatever is acknowledged holds and nothing else is seen."""

from collections.abc import Callable
from typing import Any

import pytest
from grpc import StatusCode

import llmcache
from llmcache import Document
from llmcache.errors import LLMCacheError
from llmcache_momento.local import MomentoLocal

AT = {"a": [1.0, 0.1, 0.1], "b": [0.1, 1.0, 0.1], "c": [0.1, 0.1, 1.0]}
KEPT = {"a": "old", "b": "old"}


def found(shelf: Any) -> dict[str, str]:
    """Return what is found, by name."""
    return {match.document.id: match.document.text for match in shelf.search(AT["a"], 9)}


OPERATIONS: dict[str, tuple[Callable[[Any], object], dict[str, str]]] = {
    "new": (lambda shelf: shelf.upsert([Document("c", "new")], [AT["c"]]), {**KEPT, "c": "new"}),
    "over": (lambda shelf: shelf.upsert([Document("a", "new")], [AT["a"]]), {**KEPT, "a": "new"}),
    "delete": (lambda shelf: shelf.delete(["a"]), {"b": "old"}),
    "search": (found, KEPT),
}
CALLS = ("Delete", "Get", "GetBatch", "ListConcatenateBack", "ListFetch", "SetBatch", "UpdateTtl")
FAULTS: dict[str, dict[str, Any]] = {
    "refused": {"code": StatusCode.INTERNAL},
    "answer lost": {"code": StatusCode.UNAVAILABLE, "is_after": True},
    "over the rate": {"code": StatusCode.RESOURCE_EXHAUSTED},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_acknowledged_holds_whichever_call_goes_wrong(server: MomentoLocal, name: str, fault: str) -> None:
    """Each name of a call in turn, the first one of it. What failed by our own error is done or not done."""
    operation, after = OPERATIONS[name]
    for call in CALLS:
        url = f"momento-local://{server.address}/shop?timeout=20s"
        with llmcache.open(url, namespace=call) as cache, llmcache.open(url, namespace=call) as others:
            shelf = cache.vectors("docs", ttl=3600)
            shelf.upsert([Document(one, "old") for one in KEPT], [AT[one] for one in KEPT])
            server.faults.add(call, count=1, **FAULTS[fault])
            try:
                answer, may_be = operation(shelf), [after]
            except LLMCacheError:
                answer, may_be = None, [KEPT, after]
            server.faults.clear()

            assert found(others.vectors("docs", ttl=3600)) in may_be, call
            assert name != "search" or answer in (None, KEPT), call
