"""Every way to reach a server: URLs of all forms, and clients that somebody hands in."""

import asyncio
import re
from collections.abc import Callable
from contextlib import closing
from typing import cast
from urllib.parse import quote

import fakeredis
import pytest
import redis
import redis.asyncio
import redis.asyncio.cluster
import redis.cluster
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.sentinel import Sentinel

import llmcache
from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.errors import ConfigError, StoreRefused, StoreUnavailable, UsageError
from llmcache.model.key import Key
from llmcache.protocols.scan import AsyncScanStore, ScanStore
from llmcache.protocols.whole import StorePair
from llmcache_conformance.bench import Handle
from llmcache_conformance.clock import Clock
from llmcache_redis import open_pair, open_store
from tests.redis.clusters import Members
from tests.redis.servers import Server, free_port
from tests.redis.things import MASTER, PASSWORD, SOUND, Encrypted, Watched, everything, key


def used(pair: StorePair) -> list[list[object]]:
    """Do everything in both colours, close the store, and return what each answered."""
    handle = Handle(pair, Clock())
    try:
        return [
            run(everything("blocking"), handle.blocking),
            asyncio.run(run_async(everything("async"), handle.awaiting)),
        ]
    finally:
        handle.close()


BOTH = [SOUND, SOUND]
PATIENT = {"timeout": 20.0, "log_timeout": 20.0}


def opened(where: object, awaiting: object = None, **options: object) -> StorePair:
    """Open with time limits that a busy machine does not reach."""
    return open_pair(where, awaiting, **{**PATIENT, **options})  # type: ignore[arg-type]  # checked by open_pair


def test_one_server_and_a_database(server: Server) -> None:
    """A database other than 0 is another store."""
    found = used(opened(f"redis://127.0.0.1:{server.port}/3"))

    assert BOTH == found


def test_unix_socket(server: Server) -> None:
    """A socket is named by its path."""
    found = used(opened(f"redis+unix://{server.socket}"))

    assert BOTH == found


def test_password_of_any_characters(locked: Server) -> None:
    """A password may be escaped, or stand in the URL as it is."""
    escaped = quote(PASSWORD, "")
    found = [used(opened(f"redis://app:{text}@127.0.0.1:{locked.port}/0")) for text in (escaped, PASSWORD)]

    assert [BOTH] * 2 == found


def test_password_is_never_shown(locked: Server) -> None:
    """A wrong or missing password is refused, and neither the error nor what it came from shows one."""
    secret = "s3cr3t-that-is-wrong"
    told: list[str] = []
    for text in (f"redis://app:{secret}@127.0.0.1:{locked.port}", f"redis://127.0.0.1:{locked.port}"):
        with closing(open_store(text, timeout=20.0)) as store, pytest.raises(StoreRefused) as error:
            store.get_many((key(1),))
        cause: BaseException | None = error.value
        while cause is not None:
            told.append(str(cause))
            cause = cause.__cause__ or cause.__context__
        told.append(repr(store))

    assert [] == [text for text in told if secret in text]


def test_user_who_may_touch_nothing_else(locked: Server) -> None:
    """A user with rights to our keys only, and none to administrate, is enough for everything, listing included."""
    pair = opened(f"redis://app:{quote(PASSWORD, '')}@127.0.0.1:{locked.port}")
    store = cast(ScanStore, pair.blocking)
    listed = store.spaces()
    found = used(pair)

    assert ([], BOTH) == (listed, found)


def test_tls(encrypted: Encrypted) -> None:
    """An encrypted connection to a server whose certificate we were told to trust."""
    plan = redis.Redis(port=encrypted.port, host="127.0.0.1", ssl=True, ssl_ca_certs=str(encrypted.certificate))
    found = used(opened(plan))
    plan.close()

    assert BOTH == found


def test_tls_by_url(encrypted: Encrypted) -> None:
    """A cache is opened by an encrypted URL that names the certificate to trust."""
    url = f"rediss://127.0.0.1:{encrypted.port}?ca_certs={encrypted.certificate}&timeout=20s"
    request = llmcache.Request("m", [{"role": "user", "content": "hi"}])
    with llmcache.open(url) as cache:
        kept = cache.responses.get_or_call(request, lambda: "hello")
        found = cache.responses.get(request)

    assert ("hello", "hello") == (kept, found)


def test_tls_with_a_stranger(encrypted: Encrypted) -> None:
    """A certificate that nobody vouches for is refused, in both colours."""
    pair = opened(f"rediss://127.0.0.1:{encrypted.port}")
    assert pair.blocking is not None
    assert pair.awaiting is not None
    with pytest.raises(StoreUnavailable, match="TLS"):
        pair.blocking.get_many((key(1),))
    with pytest.raises(StoreUnavailable, match="TLS"):
        asyncio.run(_got(pair, key(1)))
    pair.blocking.close()


async def _got(pair: StorePair, one: Key) -> object:
    assert pair.awaiting is not None
    return await pair.awaiting.get_many((one,))


@pytest.mark.slow
def test_sentinel(watched: Watched) -> None:
    """The master is found by its sentinel, by URL and by a client of either colour."""
    ports = [("127.0.0.1", watched.sentinel.port)]
    clients: list[object] = [Sentinel(ports).master_for(MASTER), AsyncSentinel(ports).master_for(MASTER)]  # type: ignore[no-untyped-call]  # redis-py has no types here
    url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{watched.sentinel.port}/{MASTER}/2"
    found = [used(opened(where)) for where in (url, *clients)]

    assert [BOTH] * 3 == found


@pytest.mark.slow
@pytest.mark.xdist_group("cluster")
def test_cluster(cluster: Members) -> None:
    """A cluster is found by any of its members, by URL and by a client of either colour."""
    port = cluster.servers[4].port
    blocking = redis.cluster.RedisCluster("127.0.0.1", port)
    awaiting = redis.asyncio.cluster.RedisCluster("127.0.0.1", port)
    found = [used(opened(where)) for where in (f"redis+cluster://127.0.0.1:{port}", blocking, awaiting)]
    blocking.close()

    assert [BOTH] * 3 == found


CLIENTS: dict[str, Callable[[int], object]] = {
    "blocking": lambda port: redis.Redis(port=port),
    "async": lambda port: redis.asyncio.Redis(port=port),
    "decoding": lambda port: redis.Redis(port=port, decode_responses=True, db=1),
    "from_url": lambda port: redis.Redis.from_url(f"redis://localhost:{port}/2"),
    "pool of one": lambda port: redis.Redis(connection_pool=redis.BlockingConnectionPool(1, port=port)),  # type: ignore[no-untyped-call]  # redis-py has no types here
}


@pytest.mark.parametrize("made", CLIENTS.values(), ids=CLIENTS)
def test_client_that_is_handed_in(server: Server, made: Callable[[int], object]) -> None:
    """A client of either colour gives a store of both, whatever it does with replies and connections of its own."""
    found = used(opened(made(server.port)))

    assert BOTH == found


def test_client_stays_its_owners(server: Server) -> None:
    """The client is neither used nor closed."""
    client = redis.Redis(port=server.port)
    used(opened(client))

    assert [] == list(getattr(client.connection_pool, "_available_connections"))  # noqa: B009 -- private to redis-py
    assert client.ping()
    client.close()


def test_fake_clients() -> None:
    """Two clients of fakeredis on one server of its own make a pair; one alone has one colour."""
    shared = fakeredis.FakeServer()
    pair = opened(fakeredis.FakeRedis(server=shared), fakeredis.FakeAsyncRedis(server=shared))
    alone = opened(fakeredis.FakeRedis(server=shared))

    assert BOTH == used(pair)
    assert (True, None) == (alone.blocking is not None, alone.awaiting)


def test_replica_and_strangers_are_refused(watched: Watched) -> None:
    """A client that reads from replicas, and what is no client at all, are refused with a sentence that says so."""
    replica = Sentinel([("127.0.0.1", watched.sentinel.port)]).slave_for(MASTER)  # type: ignore[no-untyped-call]  # redis-py has no types here
    with pytest.raises(UsageError, match="replica"):
        open_pair(replica)
    with pytest.raises(UsageError, match="found dict"):
        open_pair({})


WRONG = {
    "redis:host": "two slashes",
    "redis://a,b": "redis\\+cluster",
    "redis://host:port": "a port is a number",
    "redis://host:70000": "a port is a number",
    "redis://host/first": "a database is a whole number",
    "redis+cluster://host/1": "one database",
    "redis+sentinel://host": "name the master",
    "redis+unix://host": "whole path",
    "redis://host:6379/1/2": "a database is a whole number",
    "redis://[::1]:port": "a port is a number",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_address(text: str) -> None:
    """An address that is none is refused with a sentence that says what is allowed."""
    with pytest.raises(ConfigError, match=WRONG[text]):
        open_pair(text)


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ("redis://127.0.0.1:{}/99999", "NODATABASE: the server has no database of that number"),
        ("redis+cluster://127.0.0.1:{}", "NOCLUSTER: the server is no member of a cluster; open it as redis:"),
        ("redis+sentinel://127.0.0.1:{}/main", "NOSENTINEL: the server is no sentinel"),
    ],
)
async def test_what_the_server_is_not_is_refused_and_not_waited_for(server: Server, form: str, found: str) -> None:
    """It answers, so it is not away: the URL is to be changed, in both colours."""
    pair = open_pair(form.format(server.port), timeout=20.0)
    assert pair.blocking is not None
    assert pair.awaiting is not None
    with pytest.raises(StoreRefused, match=found):
        pair.blocking.get_many((key(1),))
    with pytest.raises(StoreRefused, match=found):
        await pair.awaiting.get_many((key(1),))
    await pair.awaiting.close()
    pair.blocking.close()


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ("redis://ada:secret@127.0.0.1:{}", "redis at 127.0.0.1:{} could not do get_many of .*: connection refused"),
        ("redis+cluster://ada:secret@127.0.0.1:{}", "no member of the cluster answered, of 127.0.0.1:{};"),
        ("redis+sentinel://ada:secret@127.0.0.1:{}/main", "no sentinel answered, of 127.0.0.1:{};"),
    ],
)
def test_who_was_asked_is_named(form: str, found: str) -> None:
    """Host and port, and no password."""
    port = free_port()
    with closing(open_store(form.format(port), timeout=20.0)) as store, pytest.raises(StoreUnavailable) as told:
        store.get_many((key(1),))

    assert re.search(found.format(port), str(told.value))
    assert "secret" not in str(told.value)


def test_restricted_server_has_no_databases(server: Server) -> None:
    """A restricted server has no SELECT, so another database than 0 is refused when the store is opened."""
    with pytest.raises(ConfigError, match="SELECT"):
        open_pair(f"redis://127.0.0.1:{server.port}/1", restricted=True)


async def test_listing_in_both_colours(server: Server) -> None:
    """Both colours list the same."""
    pair = opened(f"redis://127.0.0.1:{server.port}/5")
    blocking, awaiting = cast(ScanStore, pair.blocking), cast(AsyncScanStore, pair.awaiting)

    assert blocking.spaces() == await awaiting.spaces()
    assert pair.awaiting is not None
    await pair.awaiting.close()
