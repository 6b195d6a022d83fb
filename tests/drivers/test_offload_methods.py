"""Every method of an offloaded store is the blocking store's own."""

import pytest

from llmcache.drivers.offload import Offloaded
from llmcache.memory import MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put

SHOP = Space(Namespace(("shop",)), Kind.RESPONSE)
ONE, TWO = Key(SHOP, "one"), Key(SHOP, "two")
LOG = Key(Space(SHOP.namespace, Kind.HISTORY), "talk")


@pytest.mark.parametrize("is_cleared", [True, False])
async def test_every_call_reaches_the_store_and_its_answer_comes_back(is_cleared: bool) -> None:
    """Arguments and answers pass unchanged, for entries, logs and listings."""
    store = MemoryStore()
    awaited = Offloaded(store, threads=1)
    await awaited.put_many([Put(ONE, b"1"), Put(TWO, b"2")])
    tried = [await awaited.put_if_absent(Put(ONE, b"other")), await awaited.delete_if_equal(TWO, b"other")]
    length = await awaited.append(LOG, (b"a", b"b", b"c"), max_length=2, ttl=60.0)
    seen = [await awaited.read_log(LOG, -1), await awaited.log_length(LOG), await awaited.get_many((ONE, TWO))]
    listed = [item.key for item in await awaited.scan(SHOP, after=ONE, count=5)]
    uses = {use.space: use.entries for use in await awaited.spaces()}
    await (awaited.clear(SHOP) if is_cleared else awaited.delete_many((ONE, TWO)))
    await awaited.delete_log(LOG)
    left = (store.get_many((ONE, TWO)), store.log_length(LOG))
    await awaited.close()

    assert (tried, length, seen) == ([False, False], 2, [[b"c"], 2, [b"1", b"2"]])
    assert (listed, uses[SHOP]) == ([TWO], 2)
    assert left == ([None, None], 0)
