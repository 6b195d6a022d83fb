"""Awaited writes that are cancelled before they began."""

import asyncio
from pathlib import Path

import pytest

from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_sqlite import AsyncSqliteStore, SqliteStore, open_pair

LONGEST = 5.0
KEY = Key(Space(Namespace(("withdrawn",)), Kind.RESPONSE), "key")


async def test_cancelled_write_keeps_nobody_waiting(tmp_path: Path) -> None:
    """A write that was taken back is over for the worker, too: a blocking write of the same process comes next, at once."""
    pair = open_pair(tmp_path)
    blocking, awaiting = pair.blocking, pair.awaiting
    assert isinstance(blocking, SqliteStore)
    assert isinstance(awaiting, AsyncSqliteStore)
    turn = blocking._handle.engine("test")._writing._turn
    with turn:
        waiting = asyncio.ensure_future(awaiting.put_many((Put(KEY, b"cancelled"),)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    await asyncio.wait_for(asyncio.to_thread(blocking.put_many, (Put(KEY, b"next"),)), LONGEST)
    found = blocking.get_many((KEY,))
    await awaiting.close()

    assert [b"next"] == found
