"""What a server says instead of an answer becomes the right error of ours, says what to do, and quotes nothing."""

import asyncio
import contextlib
from collections.abc import Callable
from itertools import count

import pytest
from redis.exceptions import ResponseError

from llmcache.errors import (
    ClosedError,
    LLMCacheError,
    StoreError,
    StoreLimit,
    StoreRefused,
    StoreTimeout,
    StoreUnavailable,
    UnsupportedError,
    UsageError,
)
from llmcache.model.key import Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.deed import Deed
from llmcache.protocols.key_value import Put
from llmcache_conformance.faults import LostReply, Proxy
from llmcache_redis import AsyncRedisStore, RedisStore, open_pair, open_store
from llmcache_redis.errors import refused
from tests.redis.scripted import HANG
from tests.redis.servers import Server, free_port
from tests.redis.things import Answering, key, log

SAID: dict[str, tuple[type[StoreError], str]] = {
    "-LOADING Redis is loading the dataset in memory": (StoreUnavailable, "loading"),
    "-READONLY You can't write against a read only replica.": (StoreRefused, "replica"),
    "-MOVED 3999 127.0.0.1:6381": (StoreRefused, "redis\\+cluster"),
    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.": (
        StoreUnavailable,
        "MASTERDOWN",
    ),
    "-CLUSTERDOWN Hash slot not served": (StoreUnavailable, "CLUSTERDOWN"),
    "-OOM command not allowed when used memory > 'maxmemory'.": (StoreLimit, "maxmemory"),
    "-ERR Error running script (call to f_0): @user_script:9: @user_script: 9: -OOM command not allowed when used memory > "
    "'maxmemory'.": (StoreLimit, "maxmemory"),
    "-NOPERM User app has no permissions to run the 'evalsha' command": (StoreRefused, "access list"),
    "-NOAUTH Authentication required.": (StoreRefused, "wants a password"),
    "-WRONGTYPE Operation against a key holding the wrong kind of value": (StoreRefused, "something else"),
    "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.": (
        StoreUnavailable,
        "MISCONF",
    ),
    "-BUSY Redis is busy running a script.": (StoreUnavailable, "BUSY"),
    "-ERR max number of clients reached": (StoreUnavailable, "MAXCLIENTS"),
    "-ERR something new, with a secret-prompt inside": (StoreRefused, "ERR"),
}


@pytest.mark.parametrize("said", SAID, ids=lambda said: said.split()[0] + said[-8:])
def test_what_a_server_says(answering: Answering, said: str) -> None:
    """Each refusal has its class and its advice, in both colours, and is not repeated."""
    kind, advice = SAID[said]
    scripted = answering([said])
    pair = open_pair(f"redis://127.0.0.1:{scripted.port}", timeout=20.0, log_timeout=20.0)
    assert isinstance(pair.blocking, RedisStore)
    assert isinstance(pair.awaiting, AsyncRedisStore)
    with pytest.raises(StoreError, match=advice) as blocking:
        pair.blocking.put_many((Put(key("secret-name" * 3), b"secret-body"),))
    with pytest.raises(StoreError, match=advice) as awaiting:
        asyncio.run(pair.awaiting.append(log("secret-session"), (b"secret-body",)))
    pair.blocking.close()

    assert (kind, kind) == (type(blocking.value), type(awaiting.value))
    assert [] == [text for text in (str(blocking.value), str(awaiting.value)) if "prompt" in text or "body" in text]
    assert 2 == len(scripted.commands)


def test_unknown_script_is_sent_in_full(answering: Answering) -> None:
    """A server that does not know a script is sent its text."""
    scripted = answering(["-NOSCRIPT No matching script. Please use EVAL.", ":1"])
    store = open_store(f"redis://127.0.0.1:{scripted.port}", timeout=20.0)
    store.put_many((Put(key(1), b"body"),))
    store.close()

    assert [b"EVALSHA", b"EVAL"] == [words[0] for words in scripted.commands]
    assert scripted.commands[0][2:] == scripted.commands[1][2:]


def test_sent_around_in_circles(answering: Answering) -> None:
    """Members of a cluster that keep sending us to each other are given up."""
    ranges = "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:{port}"
    scripted = answering(["+PONG"])
    scripted._replies = [ranges.format(port=scripted.port), f"-MOVED 1 127.0.0.1:{scripted.port}"]
    store = open_store(f"redis+cluster://127.0.0.1:{scripted.port}", timeout=20.0)
    with pytest.raises(StoreTimeout, match="circles"):
        store.get_many((key(1),))
    store.close()


def test_asked_to_ask_elsewhere(answering: Answering) -> None:
    """ASK is followed once, behind ASKING, and the table stays as it was."""
    here, there = answering(["+PONG"]), answering(["+OK", "*2\r\n$-1\r\n$-1"])
    ranges = f"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:{here.port}"
    here._replies = [ranges, f"-ASK 1 127.0.0.1:{there.port}"]
    store = open_store(f"redis+cluster://127.0.0.1:{here.port}", timeout=20.0)
    found = store.get_many((key(1),))
    store.close()

    assert [None] == found
    assert [b"ASKING", b"MGET"] == [words[0] for words in there.commands]
    assert [b"CLUSTER", b"MGET"] == [words[0] for words in here.commands]


def test_master_that_became_a_replica(answering: Answering) -> None:
    """A master that says it is none any more is left for the one that the sentinel names now."""
    old, new = answering(["-READONLY You can't write against a read only replica."]), answering([":1"])
    named = [f"*2\r\n$9\r\n127.0.0.1\r\n${len(str(one.port))}\r\n{one.port}" for one in (old, new)]
    sentinel = answering(named)
    store = open_store(f"redis+sentinel://127.0.0.1:{sentinel.port}/main", timeout=20.0)
    store.put_many((Put(key(1), b"body"),))
    store.close()

    assert (1, 1, 2) == (len(old.commands), len(new.commands), len(sentinel.commands))


def test_no_sentinel_knows(answering: Answering) -> None:
    """Where sentinels do not know the name, or are not there, the call says so, and that nothing was done."""
    ignorant = answering(["*-1"])
    for port, told in ((ignorant.port, "knows the master's name"), (free_port(), "no sentinel answered")):
        store = open_store(f"redis+sentinel://127.0.0.1:{port}/main", timeout=20.0)
        with pytest.raises(StoreUnavailable, match=told):
            store.put_many((Put(key(1), b"body"),))
        store.close()


def test_lost_write_and_then_nobody(answering: Answering) -> None:
    """A write whose reply was lost, with no sentinel left to ask, may have been done, and the error says so."""
    with Proxy(("127.0.0.1", answering([":1"]).port)) as master:
        named = f"*2\r\n$9\r\n127.0.0.1\r\n${len(str(master.port))}\r\n{master.port}"
        sentinel = answering([named, "*-1"])
        store = open_store(f"redis+sentinel://127.0.0.1:{sentinel.port}/main", timeout=20.0)
        with master.under(LostReply()), pytest.raises(StoreTimeout, match="at most once"):
            store.put_if_absent(Put(key(1), b"body"))
        store.close()


def test_hung_member_is_asked_last(answering: Answering) -> None:
    """A member that hangs costs one deadline; the next call asks another one who has its slots."""
    members = [answering([HANG]), answering(["*2\r\n$-1\r\n$-1"])]
    tables = [f"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:{one.port}" for one in members]
    members[0]._replies = [tables[0], HANG]
    members[1]._replies = [tables[1], "*2\r\n$-1\r\n$-1"]
    hosts = ",".join(f"127.0.0.1:{one.port}" for one in members)
    store = open_store(f"redis+cluster://{hosts}", timeout=0.3)
    with pytest.raises(StoreTimeout):
        store.get_many((key(1),))
    found = store.get_many((key(1),))
    store.close()

    assert [None] == found


def test_restricted_store_sends_only_what_is_allowed(answering: Answering) -> None:
    """A restricted store never sends SCAN, MULTI, SELECT, SUBSCRIBE, CONFIG, INFO, KEYS, FLUSHDB or CLIENT; no store SCANs else."""
    scripted = answering([":0"])
    store = open_store(f"redis://127.0.0.1:{scripted.port}", timeout=20.0, restricted=True)
    store.put_many((Put(key(1), b"body", 60.0),))
    store.put_if_absent(Put(key(1), b"body"))
    store.delete_if_equal(key(1), b"body")
    store.delete_many((key(1),))
    store.append(log(), (b"1",))
    store.log_length(log())
    store.delete_log(log())
    store.clear(key(1).space)
    with pytest.raises(UnsupportedError, match="restricted"):
        store.scan(key(1).space)
    store.close()

    assert {b"EVALSHA", b"UNLINK"} == {words[0] for words in scripted.commands}
    assert 8 == len(scripted.commands)


def test_full_server(own_server: Server) -> None:
    """A server that may neither grow nor evict refuses writes with StoreLimit, whole, and still answers and deletes."""
    store = open_store(f"redis://127.0.0.1:{own_server.port}", timeout=20.0, log_timeout=20.0)
    store.put_many((Put(key("there"), b"body"),))
    store.append(log(), (b"1",))
    own_server.ask("CONFIG", "SET", "maxmemory", "1mb")
    with pytest.raises(StoreLimit, match="maxmemory"):
        store.put_many((Put(key("new"), b"body"),))
    with pytest.raises(StoreLimit, match="maxmemory"):
        store.append(log(), (b"2",))
    with pytest.raises(StoreLimit, match="maxmemory"):
        store.put_if_absent(Put(key("other", "elsewhere"), b"body"))
    found = store.get_many((key("there"), key("new"))), store.read_log(log())
    store.delete_many((key("there"),))
    store.clear(log().space)
    after = store.get_many((key("there"),)), store.log_length(log())
    store.close()

    assert (([b"body", None], [b"1"]), ([None], 0)) == (found, after)


def test_something_else_under_our_key(own_server: Server) -> None:
    """Another program's value under our key: a read is a miss, a put replaces it, a log of it is refused."""
    store = open_store(f"redis://127.0.0.1:{own_server.port}", timeout=20.0, log_timeout=20.0)
    store.put_many((Put(key("sound"), b"body"),))
    for number, words in enumerate((("LPUSH", "x"), ("SET", "plain"), ("SADD", "x"), ("SETEX", "100", "0" * 16))):
        own_server.ask(words[0], key(number).physical, *words[1:])
    own_server.ask("SET", log("text").physical, "text")
    own_server.ask("RPUSH", log("list").physical, "text")
    found = store.get_many([key(number) for number in range(4)])
    listed = [one.key for one in store.scan(key(0).space)]
    with pytest.raises(StoreRefused, match="something else"):
        store.append(log("text"), (b"1",))
    length = store.append(log("list"), (b"1",))
    store.put_many([Put(key(number), b"ours") for number in range(4)])
    after = store.get_many([key(number) for number in range(4)])
    store.close()

    assert ([None] * 4, [key("sound")], 1, [b"ours"] * 4) == (found, listed, length, after)


def test_space_without_its_stamp(own_server: Server) -> None:
    """A stamp that was evicted makes every entry of the space a miss, and never brings cleared ones back."""
    store = open_store(f"redis://127.0.0.1:{own_server.port}", timeout=20.0)
    store.put_many((Put(key("old"), b"old"),))
    own_server.ask("DEL", key(1).space.prefix)
    lost = store.get_many((key("old"),))
    store.put_many((Put(key("new"), b"new"),))
    found = store.get_many((key("old"), key("new")))
    store.close()

    assert ([None], [None, b"new"]) == (lost, found)


def test_clearing_gives_memory_back(own_server: Server) -> None:
    """After a clear nothing of the space is left on the server; of others everything is."""
    store = open_store(f"redis://127.0.0.1:{own_server.port}", timeout=20.0, log_timeout=20.0)
    other = Space(Namespace.of("shop/other"), Kind.RESPONSE)
    store.put_many([Put(key(number), b"body") for number in range(3_000)])
    store.put_many([Put(key(number, "shop/other"), b"body") for number in range(10)])
    own_server.ask("SET", "llmcache:1:shop:responses", "foreign")
    store.clear(key(0).space)
    left = own_server.ask("DBSIZE")
    uses = store.spaces()
    store.close()

    assert ":12" == left
    assert [(other, 10, 40)] == [(use.space, use.entries, use.body_bytes) for use in uses]


def test_put_while_memory_is_given_back(own_server: Server) -> None:
    """What is put after the stamp is gone, while `clear` still gives memory back, is kept."""
    store = open_store(f"redis://127.0.0.1:{own_server.port}", timeout=20.0, log_timeout=20.0)
    store.put_many((Put(key("old"), b"old"),))
    steps = store._core.spaces.clear(key("old").space)
    request = next(steps)
    for turn in count():
        reply = store._wire._done(request)
        if turn == 0:
            store.put_many((Put(key("new"), b"new"),))
        try:
            request = steps.send(reply)
        except StopIteration:
            break
    found = store.get_many((key("old"), key("new")))
    left = own_server.ask("DBSIZE")
    store.close()

    assert ([None, b"new"], ":2") == (found, left)


@pytest.mark.parametrize(
    "words",
    [
        "Keys in request don't hash to the same slot",
        "Script attempted to access keys that do not hash to the same slot",
    ],
)
def test_member_of_a_cluster_that_has_all_slots_is_named_as_one(words: str) -> None:
    """It redirects nothing, and refuses what lies in several slots: the scheme is to be changed."""
    told = str(refused(ResponseError(words), Deed("append")))

    assert "CROSSSLOT: the server is part of a cluster; open it as redis+cluster:" in told


WRONG_OPTIONS: dict[str, dict[str, object]] = {
    "timeout is a positive": {"timeout": 0},
    "log_timeout is a positive": {"log_timeout": float("nan")},
    "restricted is True or False": {"restricted": "yes"},
    "max_connections is an integer": {"max_connections": 0},
    "vectors is native or native-int8, found 'nativ'": {"vectors": "nativ"},
    "unknown option 'ttl'": {"ttl": 1},
}


@pytest.mark.parametrize("told", WRONG_OPTIONS)
def test_wrong_options(told: str) -> None:
    """A wrong option is refused when the store is opened."""
    with pytest.raises(UsageError, match=told):
        open_store("redis:", **WRONG_OPTIONS[told])  # type: ignore[arg-type]  # checked by open_store


def test_closed_in_either_colour(server: Server) -> None:
    """Closing one colour closes both; what is closed says so."""
    told: list[LLMCacheError] = []
    for colour in ("blocking", "async"):
        pair = open_pair(f"redis://127.0.0.1:{server.port}")
        assert isinstance(pair.blocking, RedisStore)
        assert isinstance(pair.awaiting, AsyncRedisStore)
        pair.blocking.close() if colour == "blocking" else asyncio.run(pair.awaiting.close())
        with pytest.raises(ClosedError) as blocking:
            pair.blocking.get_many((key(1),))
        with pytest.raises(ClosedError) as awaiting:
            asyncio.run(pair.awaiting.get_many((key(1),)))
        told += [blocking.value, awaiting.value]

    assert 4 == len(told)


# A list in a list, nothing at all, and a word: no command here is answered by any of them.
@pytest.mark.parametrize("reply", ["*1\r\n*0", "$-1", "+PONG"])
def test_replies_of_another_shape_are_errors_of_ours(reply: str, answering: Answering) -> None:
    """A broken wire may make anything of a reply: a read has read nothing, a write may have been done."""
    with contextlib.closing(open_store(f"redis://127.0.0.1:{answering([reply]).port}/0")) as store:
        reads: list[Callable[[], object]] = [
            lambda: store.get_many([key(1)]),
            lambda: store.read_log(log()),
            lambda: store.log_length(log()),
            lambda: store.scan(log().space),
            store.spaces,
        ]
        writes: list[Callable[[], object]] = [
            lambda: store.append(log(), [b"body"]),
            lambda: store.put_if_absent(Put(key(1), b"body", 5.0)),
            lambda: store.delete_if_equal(key(1), b"body"),
        ]
        for calls, kind in ((reads, StoreUnavailable), (writes, StoreTimeout)):
            for call in calls:
                with pytest.raises(kind, match="the reply is none that was asked for"):
                    call()


@pytest.mark.parametrize(
    "reply", ["-ASK 12 h:$1", "-MOVED", "-MOVED 12", "-ERR \udcff", "*999999999999", "%1\r\n*0\r\n:1"]
)
def test_replies_that_the_client_cannot_read_are_errors_of_ours(reply: str, answering: Answering) -> None:
    """redis-py and hiredis raise what they happen to meet where a reply is none."""
    address = f"redis://127.0.0.1:{answering([reply]).port}/0"

    async def ask() -> None:
        store = open_pair(address).awaiting
        assert store is not None
        try:
            await store.get_many([key(1)])
        finally:
            await store.close()

    with contextlib.closing(open_store(address)) as store, pytest.raises(StoreError):
        store.get_many([key(1)])
    with pytest.raises(StoreError):
        asyncio.run(ask())


@pytest.mark.parametrize(
    "reply",
    [
        "*1\r\n*3\r\n:0\r\n:9999999999\r\n*2\r\n$1\r\nh\r\n:1",
        "*1\r\n*2\r\n:0\r\n:1",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\nh\r\n$1\r\nx",
        ":1",
    ],
)
def test_tables_of_slots_that_are_none_are_no_answer(reply: str, answering: Answering) -> None:
    """A member of a cluster that says what nobody can follow is passed over, and so is each other one."""
    with (
        contextlib.closing(open_store(f"redis+cluster://127.0.0.1:{answering([reply]).port}")) as store,
        pytest.raises(StoreUnavailable, match="no member of the cluster answered"),
    ):
        store.get_many([key(1)])
