"""The ways into the store from Python."""

import time
from collections.abc import Callable

from llmcache.model.units import Instant
from llmcache.protocols.whole import StorePair
from llmcache_momento.async_store import AsyncMomentoStore
from llmcache_momento.link import Link
from llmcache_momento.settings import Account, Settings
from llmcache_momento.store import MomentoStore


def open_account(
    account: Account,
    settings: Settings,
    *,
    clock: Callable[[], Instant] = time.time,
) -> StorePair:
    """Open a cache and return both colours; nothing is sent yet.

    Args:
        account: Where the service is and how to be let in.
        settings: Which cache, and how it is asked.
        clock: Tells the time of day as the service does.
    """
    link = Link(account, settings, clock)
    return StorePair(MomentoStore(link), AsyncMomentoStore(link))
