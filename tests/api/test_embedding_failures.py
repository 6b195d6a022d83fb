"""A store that fails, is full, or holds what nobody can read never costs a vector, and nothing wrong is ever one."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import llmcache
from llmcache.codec.floats import pack_vectors
from llmcache.errors import StoreError
from llmcache.keys import embedding_keys
from llmcache.model.embedder import Embedder
from llmcache.model.key import Key
from llmcache.protocols.key_value import Put
from tests.api.embedding import Model, vector, vectors
from tests.api.failing import Fault, failing_cache
from tests.api.test_failing_store import FAULTS
from tests.stores import Clock

pytestmark = pytest.mark.stores(few=True)

SEALS = [llmcache.Seal(b"\x01" * 32), llmcache.Seal(b"\x01" * 32, b"\x02" * 32, names=b"\x03" * 32)]
TEXTS = [f"text {number}" for number in range(2_500)]


def blocking(cache: llmcache.Cache, texts: list[str], model: Model) -> bytes:
    """Embed, blocking."""
    return cache.embeddings.embed(texts, model, model="m").tobytes()


def awaiting(cache: llmcache.Cache, texts: list[str], model: Model) -> bytes:
    """Embed, awaited."""

    async def embed() -> bytes:
        return (await cache.awaiting.embeddings.embed(texts, model.awaited, model="m")).tobytes()

    return asyncio.run(embed())


@pytest.mark.parametrize("embed", [blocking, awaiting])
@pytest.mark.parametrize("name", FAULTS)
def test_vectors_are_returned_whatever_the_store_does(
    name: str, embed: Callable[[llmcache.Cache, list[str], Model], bytes]
) -> None:
    """Read once and written once, however many vectors there are: a hung store costs two deadlines, not ten."""
    fault, model = FAULTS[name](), Model()
    cache = failing_cache(fault)
    found = embed(cache, TEXTS, model)
    stats = cache.stats()

    assert vectors(TEXTS).tobytes() == found
    assert [TEXTS] == model.asked
    assert set(fault.asked) <= {"get_many", "put_many"}
    assert len(fault.asked) <= 2
    assert 2 == stats.store_failed + stats.too_large
    assert (0, 0) == (stats.embedding_kept, stats.embedding_hits)


def test_a_store_that_cannot_be_written_to_still_answers_those_who_wait() -> None:
    """Each vector of a batch is given to whoever waits for it, kept or not."""
    fault = Fault(StoreError("full"), spares=1)
    cache = failing_cache(fault)
    model = Model()

    assert vectors(["a"]).tobytes() == blocking(cache, ["a"], model)
    assert ["get_many", "put_many"] == fault.asked


def test_a_cache_that_is_closed_meanwhile_costs_no_vector() -> None:
    """What was paid for comes back."""
    cache = llmcache.open("memory:")

    def closing(texts: list[str]) -> object:
        cache.close()
        return vectors(texts)

    assert vectors(["a"]).tobytes() == cache.embeddings.embed(["a"], closing, model="m").tobytes()
    assert 1 == cache.stats().store_failed


def planted(cache: llmcache.Cache, text: str, body: bytes) -> Key:
    """Write under a text's key, behind the cache's back."""
    (key,) = embedding_keys([text], Embedder("m"), cache.namespace)
    named = cache.setup.envelopes.named(key)
    cache.setup.blocking_world.store.put_many([Put(named, body)])
    return named


@pytest.mark.parametrize("seal", [None, *SEALS], ids=repr)
def test_what_cannot_be_read_is_embedded_anew(seal: llmcache.Seal | None, url: str) -> None:
    """Damaged, of another key, of another format, an envelope, nothing; counted, and replaced.

    That a body lies under another key is found by the seal, or by the store where it says that it finds such things.
    """
    model = Model()
    with llmcache.open(url, namespace="shop", seal=seal) as cache:
        cache.embeddings.embed(["a", "b"], model, model="m")
        (other,) = embedding_keys(["b"], Embedder("m"), cache.namespace)
        whole = cache.body(cache.setup.envelopes.named(other))
        assert whole is not None
        wrong = [b"", whole[:-1], whole + b"\0", bytes(40), b'{"llmcache":1}', b"llmcache-sealed:1:00000000:"]
        if seal is not None or not cache.capabilities.finds_damage:
            wrong += [whole, whole[:-1] + bytes([whole[-1] ^ 1])]
        for body in wrong:
            planted(cache, "a", body)
            found = cache.embeddings.embed(["a"], model, model="m")
            assert vectors(["a"]).tobytes() == found.tobytes()
        stats = cache.stats()

    assert [["a", "b"], *[["a"]] * len(wrong)] == model.asked
    assert len(wrong) == stats.embedding_unreadable


@pytest.mark.parametrize("seal", SEALS, ids=repr)
def test_sealed_vectors_come_back_and_are_not_seen(seal: llmcache.Seal, url: str) -> None:
    """And what somebody planted unsealed is none."""
    model = Model(384)
    with llmcache.open(url, namespace="shop", seal=seal) as cache:
        cache.embeddings.embed(["a", "b"], model, model="m")
        again = cache.embeddings.embed(["a", "b"], model, model="m")
        (key,) = embedding_keys(["a"], Embedder("m"), cache.namespace)
        named = cache.setup.envelopes.named(key)
        body = cache.body(named)
        assert body is not None
        (evil,) = pack_vectors(vectors(["evil"], 384), [named], precision="float32", made_at=1.0)
        planted(cache, "a", evil)
        third = cache.embeddings.embed(["a"], model, model="m")

    assert [["a", "b"], ["a"]] == model.asked
    assert vectors(["a", "b"], 384).tobytes() == again.tobytes()
    assert vectors(["a"], 384).tobytes() == third.tobytes()
    assert vector("a", 384).tobytes()[:8] not in body
    assert (named == key) is (seal.names is None)


def test_tenants_share_no_vector(url: str) -> None:
    """A call without a tenant is refused before anything is read."""
    tenant, model = ["ada"], Model()
    with llmcache.open(url, tenant=lambda: tenant[0]) as cache:
        for tenant[0] in ("ada", "bob", "ada"):
            cache.embeddings.embed(["a"], model, model="m")
        tenant[0] = ""
        with pytest.raises(llmcache.UsageError, match="tenant"):
            cache.embeddings.embed(["a"], model, model="m")

    assert [["a"], ["a"]] == model.asked


def test_a_hit_may_come_from_the_near_tier(tmp_path: Path, clock: Clock) -> None:
    """As with answers; the store is not asked then."""
    path = tmp_path / "llmcache.toml"
    path.write_text(
        '[llmcache]\nstore = "s"\n[stores.s]\nurl = "sqlite:./kept"\nnear = { max_bytes = "1MiB", ttl = "30s" }\n'
    )
    model = Model()
    with llmcache.open(str(path), clock=clock) as cache:
        for _ in range(3):
            cache.embeddings.embed(["a", "b"], model, model="m")
        stats = cache.stats()

    assert [["a", "b"]] == model.asked
    assert (4, 4) == (stats.embedding_hits, stats.near_hits)
