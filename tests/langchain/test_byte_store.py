"""A store of bytes for LangChain on every store: the standard suites, and what they do not ask."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import pytest
from langchain_classic.embeddings import CacheBackedEmbeddings
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.stores import BaseStore
from langchain_tests.integration_tests import BaseStoreAsyncTests, BaseStoreSyncTests

import llmcache
from llmcache.errors import StoreUnavailable, UnsupportedError, UsageError
from llmcache.model.key import Key, Kind, Space
from llmcache.protocols.key_value import Put
from llmcache_langchain import ByteStore
from tests.api.failing import Fault, failing_cache
from tests.stores import Clock

pytestmark = pytest.mark.stores(few=True)

THREE = (b"foo", b"", b"\x00\xff" * 5_000)


@pytest.mark.stores(needs="scan")
class TestStandard(BaseStoreSyncTests[bytes]):
    """The blocking suite."""

    @pytest.fixture
    def kv_store(self, url: str) -> Iterator[BaseStore[str, bytes]]:
        with llmcache.open(url) as cache:
            yield ByteStore(cache)

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return THREE


@pytest.mark.stores(needs="scan")
class TestStandardAsync(BaseStoreAsyncTests[bytes]):
    """The async suite."""

    @pytest.fixture
    async def kv_store(self, url: str) -> AsyncIterator[BaseStore[str, bytes]]:
        async with llmcache.open_async(url) as cache:
            yield ByteStore(cache)

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return THREE


@pytest.fixture
def cache(url: str, clock: Clock) -> Iterator[llmcache.Cache]:
    """An open cache."""
    with llmcache.open(url, namespace="shop", clock=clock) as opened:
        yield opened


async def test_what_was_set_is_there_until_it_is_deleted(cache: llmcache.Cache) -> None:
    """In both colours, on the stores that cannot be listed, too; more at once than a store takes."""
    store, pairs = ByteStore(cache), [(f"key {number}", b"%d" % number) for number in range(600)]
    store.mset(pairs)
    store.mset([("twice", b"1"), ("twice", b"2")])
    names = [name for name, _ in pairs]

    assert [raw for _, raw in pairs] == store.mget(names) == await store.amget(names)
    assert [b"2", None, b"2"] == store.mget(["twice", "other", "twice"])
    await store.amdelete(names[:300])
    store.mdelete([*names[300:599], "other"])
    assert [None] * 599 + [b"599"] == store.mget(names)
    assert [] == store.mget([])


@pytest.mark.stores(needs="scan")
async def test_keys_are_given_by_their_beginning(cache: llmcache.Cache) -> None:
    """Of this namespace alone, page by page, any characters in them."""
    store = ByteStore(cache)
    names = [f"doc/{number}" for number in range(300)] + ["other", "döc", "*", "doc"]
    await store.amset([(name, b"x") for name in names])
    with llmcache.options(namespace="tenant"):
        store.mset([("doc/theirs", b"x")])

    assert sorted(names[:300]) == sorted(store.yield_keys(prefix="doc/"))
    assert sorted(names) == sorted([name async for name in store.ayield_keys()])
    assert ["*"] == list(store.yield_keys(prefix="*"))


@pytest.mark.stores(lacks="scan")
def test_a_store_that_cannot_be_listed_says_so(cache: llmcache.Cache) -> None:
    """When keys are asked for; everything else works."""
    with pytest.raises(UnsupportedError, match="cannot be listed"):
        list(ByteStore(cache).yield_keys())


def test_bytes_end_when_they_should(cache: llmcache.Cache, clock: Clock) -> None:
    """At the instant itself."""
    store = ByteStore(cache, ttl=60)
    store.mset([("a", b"x")])
    clock.now += 59.5
    before = store.mget(["a"])
    clock.now += 0.5

    assert ([b"x"], [None]) == (before, store.mget(["a"]))


def test_clearing_what_can_be_had_again_leaves_bytes(cache: llmcache.Cache) -> None:
    """Nobody knows whether they can."""
    store = ByteStore(cache)
    store.mset([("a", b"x")])
    cache.clear()

    assert [b"x"] == store.mget(["a"])


def test_a_damaged_value_is_missing(cache: llmcache.Cache) -> None:
    """And counted."""
    store = ByteStore(cache)
    key = Key(Space(cache.namespace, Kind.BYTES), "a")
    store.mset([("a", b"x"), ("b", b"y")])
    body = cache.body(key)
    assert body is not None
    for wrong in (body[:-1], b"", cache.body(Key(key.space, "b"))):
        assert wrong is not None
        cache.setup.blocking_world.store.put_many([Put(key, wrong)])
        assert [None] == store.mget(["a"])

    assert 3 == cache.stats().unreadable


@pytest.mark.stores(needs="scan")
def test_sealed_bytes_are_not_seen_and_hidden_names_not_listed(url: str) -> None:
    """Listing them would give nothing that anybody asked for."""
    with llmcache.open(url, seal=llmcache.Seal(b"k" * 32, names=b"n" * 32)) as cache:
        store = ByteStore(cache)
        store.mset([("secret name", b"secret value")])
        (use,) = cache.spaces()
        (listed,) = cache.scan(use.space)
        body = cache.body(listed.key)

        assert [b"secret value"] == store.mget(["secret name"])
        with pytest.raises(UnsupportedError, match="hides names"):
            list(store.yield_keys())
    assert body is not None
    assert (False, False) == (b"secret" in body, "secret" in listed.key.name)


def test_failures_raise() -> None:
    """Bytes that were lost silently would be missed much later."""
    store = ByteStore(failing_cache(Fault(StoreUnavailable("down"))))
    with pytest.raises(StoreUnavailable):
        store.mget(["a"])
    with pytest.raises(StoreUnavailable):
        store.mset([("a", b"x")])


@pytest.mark.parametrize("wrong", [("", b"x"), ("a" * 401, b"x"), ("a", "text"), ("a", bytearray(b"x"))])
def test_what_cannot_be_kept_is_refused(wrong: tuple[str, object]) -> None:
    """And nothing of the same call is written."""
    with llmcache.open("memory:") as cache:
        store = ByteStore(cache)
        with pytest.raises(UsageError):
            store.mset([("b", b"x"), wrong])  # type: ignore[list-item] # the point

        assert [None] == store.mget(["b"])


def test_what_is_no_list_is_refused() -> None:
    """A mapping, or one name, which would be taken for its letters."""
    with llmcache.open("memory:") as cache:
        store = ByteStore(cache)
        with pytest.raises(UsageError, match=r"found a mapping; give its items\(\)"):
            store.mset(cast(Any, {"a": b"x"}))
        with pytest.raises(UsageError, match="a list of texts, found one str"):
            store.mget("name")


def test_langchains_own_cached_embeddings_run_on_it(cache: llmcache.Cache) -> None:
    """Each text is embedded once, and comes back as it was."""
    asked: list[list[str]] = []

    class Counting(DeterministicFakeEmbedding):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            asked.append(texts)
            return super().embed_documents(texts)

    cached = CacheBackedEmbeddings.from_bytes_store(
        Counting(size=8), ByteStore(cache), namespace="m", key_encoder="sha256"
    )
    first, second = cached.embed_documents(["a", "b"]), cached.embed_documents(["b", "a"])

    assert [["a", "b"]] == asked
    assert first == second[::-1]
