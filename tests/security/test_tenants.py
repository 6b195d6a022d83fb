"""Two tenants that ask the same never meet in one entry: by every door, on every store, sealed or not."""

from contextvars import ContextVar

import pytest
from langchain_core.outputs import Generation

import llmcache
from llmcache.protocols.key_value import Put
from llmcache_langchain import ChatMessageHistory, LLMCache
from tests.security.canaries import ASKED, CHAIN

SEALS = [None, llmcache.Seal(b"k" * 32), llmcache.Seal(b"k" * 32, names=b"n" * 32)]
TENANTS = ("alice", "bob", "alice/x")

tenant: ContextVar[str] = ContextVar("tenant")


@pytest.mark.parametrize("seal", SEALS, ids=["readable", "sealed", "hidden"])
async def test_each_tenant_has_entries_of_its_own(seal: llmcache.Seal | None, url: str) -> None:
    """Whoever was first, each is answered with what was paid for it, in both colours and behind LangChain's door."""
    with llmcache.open(url, tenant=tenant, seal=seal) as cache:
        chain = LLMCache(cache)
        for name in (*TENANTS, *TENANTS):
            tenant.set(name)
            answer = cache.responses.get_or_call(ASKED, f"for {name}".__str__, tags=("t",))
            awaited = await cache.awaiting.responses.get(ASKED)
            found = chain.lookup(*CHAIN)
            chain.update(*CHAIN, [Generation(text=f"for {name}")])
            again = await chain.alookup(*CHAIN)
            ChatMessageHistory("session", cache).add_user_message(f"for {name}")

            assert (f"for {name}",) * 2 == (answer, awaited)
            assert found is None or f"for {name}" == found[0].text
            assert again is not None
            assert f"for {name}" == again[0].text
            assert {f"for {name}"} == {message.text for message in ChatMessageHistory("session", cache).messages}

    assert len(TENANTS) == cache.stats().misses - len(TENANTS)


@pytest.mark.parametrize("seal", SEALS, ids=["readable", "sealed", "hidden"])
def test_clearing_for_one_tenant_leaves_the_others(seal: llmcache.Seal | None, url: str) -> None:
    """By tag, and everything."""
    with llmcache.open(url, tenant=tenant, seal=seal) as cache:
        for name in TENANTS:
            tenant.set(name)
            cache.responses.put(ASKED, name, tags=("t",))
        tenant.set("alice")
        cache.clear(tags=("t",))
        tenant.set("bob")
        cache.clear()
        left = {name: (tenant.set(name), cache.responses.get(ASKED))[1] for name in TENANTS}

    assert {"alice": None, "bob": None, "alice/x": "alice/x"} == left


@pytest.mark.stores(needs="scan")
def test_a_body_moved_from_one_tenant_to_another_is_no_answer(url: str) -> None:
    """Somebody who can write to the store copies every entry of one tenant over those of another: a counted miss."""
    with llmcache.open(url, tenant=tenant, seal=SEALS[2]) as cache:
        for name in ("alice", "bob"):
            tenant.set(name)
            cache.responses.put(ASKED, name)
        bobs = cache.responses.space()
        tenant.set("alice")
        (source,), (target,) = cache.scan(cache.responses.space()), cache.scan(bobs)
        body = cache.body(source.key)
        assert body is not None
        cache.setup.blocking_world.store.put_many([Put(target.key, body)])
        tenant.set("bob")

        assert (None, 1) == (cache.responses.get(ASKED), cache.stats().unreadable)
        assert source.key.name != target.key.name
