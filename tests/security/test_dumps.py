"""A store dumped whole: whoever has every byte of it reads nothing, and without a seal reads everything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

import llmcache
from tests.redis.servers import Server
from tests.security.canaries import CAME, CANARIES, PROMPT, SESSION, SETTING, TAG, seen_in, use

KEY, OLD, NAMES = (bytes([number]) * 32 for number in (1, 2, 3))
BODIES_ONLY, EVERYTHING = llmcache.Seal(KEY), llmcache.Seal(KEY, OLD, names=NAMES)
Dump = Callable[[], bytes]


@pytest.fixture(params=["sqlite", "disk", "redis"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Dump]:
    """A fresh store that others can read, and what gives every byte of it."""
    if request.param != "redis":
        return f"{request.param}:{tmp_path / 'store'}", lambda: b"".join(_files(tmp_path / "store"))
    server: Server = request.getfixturevalue("redis_server")
    client = Redis(port=server.port, db=9)
    client.flushdb()
    return f"redis://127.0.0.1:{server.port}/9?timeout=20s&log_timeout=20s", lambda: b"".join(_everything(client))


def _files(folder: Path) -> list[bytes]:
    """The names and bytes of every file: the database, its log of writes, and whatever lies beside it."""
    return [part for path in folder.rglob("*") if path.is_file() for part in (path.name.encode(), path.read_bytes())]


def _everything(client: "Redis") -> list[bytes]:
    """Every key and value, read by the commands of their types."""
    found: list[bytes] = []
    for key in client.scan_iter(count=1_000):
        assert isinstance(key, bytes)
        kind = client.type(key)
        values: Any = client.lrange(key, 0, -1) if kind == b"list" else [client.get(key) or b""]
        found += [key, *values]
    return found


def dumped(stored: tuple[str, Dump], seal: llmcache.Seal | None) -> set[str]:
    """Use a store under a seal and return the canaries in it, while it is open and after it was closed."""
    url, dump = stored
    with llmcache.open(url, namespace="shop", seal=seal) as cache:
        assert CAME == use(cache)
        while_open = dump()
    assert len(while_open) > 1_000
    return seen_in(while_open) | seen_in(dump())


def test_a_sealed_store_shows_nothing(stored: tuple[str, Dump]) -> None:
    """No prompt, answer, tag, message, name of a session or model, squeezed or not, in any file or value."""
    assert set() == dumped(stored, EVERYTHING)


def test_without_hidden_names_a_sealed_store_shows_names_alone(stored: tuple[str, Dump]) -> None:
    """Tags and sessions stand in keys; that is documented."""
    assert {TAG, SESSION} == dumped(stored, BODIES_ONLY)


def test_a_store_without_a_seal_shows_what_is_kept(stored: tuple[str, Dump]) -> None:
    """So the two tests above would see it; of a request it shows the model, because keys are digests."""
    assert set(CANARIES) - {PROMPT, SETTING} == dumped(stored, None)
