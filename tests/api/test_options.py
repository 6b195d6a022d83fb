"""Options in force: nesting, checking, and where they reach."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

import llmcache
from llmcache.api.options import in_force
from llmcache.errors import UsageError
from llmcache.model.namespace import Namespace
from llmcache.model.options import NO_OPTIONS, Options


def test_blocks_nest_and_end() -> None:
    """The inner wins, tags add up, namespaces nest; afterwards all is as before."""
    with llmcache.options(ttl=10, tags=("a", "b"), namespace="x", max_age=5):
        outer = in_force()
        with llmcache.options(ttl=20, tags=("b", "c"), namespace="y", refresh=True):
            inner = in_force()
        after = in_force()

    assert outer == Options(ttl=10, tags=("a", "b"), namespace=Namespace.of("x"), max_age=5)
    assert inner == Options(refresh=True, ttl=20, tags=("a", "b", "c"), namespace=Namespace(("x", "y")), max_age=5)
    assert after == outer
    assert in_force() is NO_OPTIONS


def test_an_exception_ends_the_block_too() -> None:
    """Nothing leaks out of a failed call."""
    with pytest.raises(KeyError), llmcache.options(bypass=True):
        raise KeyError

    assert in_force() is NO_OPTIONS


def test_one_object_may_be_entered_twice() -> None:
    """As with any context manager that says nothing else."""
    again = llmcache.options(tags=("a",))
    with again, again:
        seen = in_force().tags

    assert seen == ("a",)
    assert in_force() is NO_OPTIONS


def test_other_threads_see_them_only_with_the_context() -> None:
    """A context variable's rule: LangChain's executors copy the context, bare threads do not."""
    seen: list[bool] = []
    with llmcache.options(bypass=True), ThreadPoolExecutor(1) as pool:
        bare = threading.Thread(target=lambda: seen.append(in_force().bypass))
        bare.start()
        bare.join()
        seen.append(pool.submit(copy_context().run, lambda: in_force().bypass).result())

    assert seen == [False, True]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"refesh": True}, "unknown option 'refesh'; allowed: bypass, refresh, ttl, tags, namespace, max_age"),
        ({"ttl": -1}, "ttl is -1; allowed are positive"),
        ({"ttl": "1h"}, "ttl is a number of seconds, found str"),
        ({"max_age": 0}, "max_age is 0"),
        ({"bypass": 1}, "bypass is True or False, found int"),
        ({"tags": "faq"}, r"tags is a collection of texts, such as \('faq',\), found str"),
        ({"tags": 3}, "tags is a collection"),
        ({"tags": [""]}, "a tag is a non-empty text"),
        ({"tags": [3]}, "a tag is a non-empty text, found int"),
        ({"namespace": 3}, "namespace is a text"),
        ({"namespace": "a//b"}, "part is empty"),
    ],
)
def test_a_wrong_option_is_refused_before_the_block(given: dict[str, Any], message: str) -> None:
    """It names what was found and what is allowed."""
    with pytest.raises(UsageError, match=message):
        llmcache.options(**given)
