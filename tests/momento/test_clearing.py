"""Clearing a space by a new token, and tokens that outlive what lies under them."""

from typing import Any

import pytest

import llmcache
from llmcache.errors import StoreError
from llmcache.model.key import Kind
from llmcache.protocols.key_value import Put
from llmcache_momento.errors import Failure
from llmcache_momento.generations import Generations, under
from llmcache_momento.layout import DEFAULT_TTL, MAX_TTL, generation_key
from llmcache_momento.local import MomentoLocal
from llmcache_momento.rpcs import Get
from tests.clearings import CLEARINGS, fill, question
from tests.momento.driving import COLOURS, LOG, Clock, Shop, key, space

KEY = key()
LEASE = 0.05


@pytest.fixture(params=COLOURS)
def two(request: pytest.FixtureRequest, server: MomentoLocal, clock: Clock) -> Any:
    """Two handles on one cache, as two processes have them, by real leases."""
    with (
        Shop(server, clock, request.param, lease=LEASE) as first,
        Shop(server, clock, request.param, lease=LEASE) as second,
    ):
        yield first, second


def test_a_clearing_is_seen_by_every_handle_when_it_returns(two: tuple[Shop, Shop]) -> None:
    """Also by one that used its token just before."""
    first, second = two
    for round_ in range(5):
        first("put_many", [Put(KEY, b"%d" % round_)])
        before = second("get_many", [KEY])
        first("clear", space())

        assert ([b"%d" % round_], [None]) == (before, second("get_many", [KEY]))


def test_what_is_written_after_a_clearing_stays(two: tuple[Shop, Shop]) -> None:
    """By a handle that had used the old token just before, and for all."""
    first, second = two
    for round_ in range(5):
        second("put_many", [Put(KEY, b"old")])
        first("clear", space())
        second("put_many", [Put(KEY, b"%d" % round_)])

        assert [[b"%d" % round_]] * 2 == [first("get_many", [KEY]), second("get_many", [KEY])]


def test_a_conversation_goes_on_in_the_new_generation(two: tuple[Shop, Shop]) -> None:
    """Lengths, reads and appends of both handles agree."""
    first, second = two
    second("append", LOG, [b"old"])
    first("clear", LOG.space)

    assert (0, []) == (second("log_length", LOG), first("read_log", LOG))
    assert [1, 2] == [second("append", LOG, [b"1"]), first("append", LOG, [b"2"])]
    assert [b"1", b"2"] == second("read_log", LOG)


def test_while_a_lease_runs_a_call_is_one_call(server: MomentoLocal, clock: Clock) -> None:
    """A read, a put and an append ask nothing else."""
    with Shop(server, clock, "blocking", lease=60.0) as shop:
        shop("put_many", [Put(KEY, b"body")])
        shop("append", LOG, [b"1"])
        server.calls.clear()
        shop("get_many", [KEY])
        shop("put_many", [Put(KEY, b"body")])
        shop("append", LOG, [b"2"])
        shop("read_log", LOG, -1)

    assert ["Get", "SetBatch", "ListConcatenateBack", "ListFetch"] == [called.rpc for called in server.calls]


def test_without_a_lease_a_read_is_still_one_call(server: MomentoLocal, shop: Shop) -> None:
    """The token travels with the entry."""
    shop("put_many", [Put(KEY, b"body")])
    server.calls.clear()
    shop("get_many", [KEY])

    assert ["GetBatch"] == [called.rpc for called in server.calls]


def test_a_space_that_was_never_written_is_not_touched_by_reading(server: MomentoLocal, shop: Shop) -> None:
    """Nor by deleting: no token is made."""
    shop("get_many", [KEY])
    shop("delete_many", [KEY])
    shop("delete_if_equal", KEY, b"body")
    shop("read_log", LOG)
    shop("delete_log", LOG)

    assert {} == server.keep.caches["shop"]


def test_clearing_leaves_what_it_cannot_list_to_its_time_to_live(
    server: MomentoLocal, shop: Shop, clock: Clock
) -> None:
    """Out of reach at once; out of the cache when it expires."""
    shop("put_many", [Put(KEY, b"body", 60.0)])
    shop("clear", space())
    held = len(server.keep.caches["shop"])
    clock.now += 60.0
    old = next(name for name in server.keep.caches["shop"] if name != generation_key(space().prefix))

    assert 2 == held
    assert server.keep.live("shop", old) is None


@pytest.mark.parametrize("ttl", [None, MAX_TTL, MAX_TTL / 2])
def test_a_token_lives_as_long_as_what_is_written_under_it(ttl: float | None, clock: Clock, shop: Shop) -> None:
    """However old it was, to the end of the entry's time to live."""
    life = DEFAULT_TTL if ttl is None else ttl
    shop("put_many", [Put(key("first"), b"1")])
    for pause in (1.0, 600.0, MAX_TTL / 3, MAX_TTL / 3):
        clock.now += pause
        shop("put_many", [Put(KEY, b"body", ttl)])
        shop("append", LOG, [b"1"], max_length=1, ttl=ttl)
    clock.now += life - 0.01

    assert ([b"body"], [b"1"]) == (shop("get_many", [KEY]), shop("read_log", LOG))


def test_a_token_that_expired_does_not_bring_anything_back(clock: Clock, shop: Shop) -> None:
    """A new one is made, and what is written under it stays."""
    shop("put_many", [Put(KEY, b"old", 60.0)])
    clock.now += 2 * MAX_TTL
    gone = shop("get_many", [KEY])
    shop("put_many", [Put(KEY, b"new")])

    assert ([None], [b"new"]) == (gone, shop("get_many", [KEY]))


def test_a_token_that_vanishes_under_a_lease_costs_one_more_round(server: MomentoLocal, clock: Clock) -> None:
    """When its life is to be lengthened and it is not there, everything is done again under a new one."""
    with Shop(server, clock, "blocking", lease=60.0) as shop:
        shop("put_many", [Put(KEY, b"1")])
        server.keep.caches["shop"].clear()
        clock.now += 3600.0
        shop("put_many", [Put(KEY, b"2")])

        assert [b"2"] == shop("get_many", [KEY])


def test_what_lies_in_the_place_of_a_token_and_is_none_is_no_token(server: MomentoLocal, shop: Shop) -> None:
    """Reads find nothing, writes are an error of ours, which does not pass until the space is cleared."""
    for where in (space(), LOG.space):
        shop("put_many", [Put(key("x", where.kind), b"1")])
        server.keep.put("shop", generation_key(where.prefix), b"\xff:", 60_000)

    assert [None] == shop("get_many", [KEY])
    assert [] == shop("read_log", LOG)
    for method, arguments in (("put_many", [[Put(KEY, b"2")]]), ("append", [LOG, [b"2"]])):
        with pytest.raises(StoreError):
            shop(method, *arguments)
        shop("clear", LOG.space if method == "append" else space())
        shop(method, *arguments)
    assert ([b"2"], [b"2"]) == (shop("get_many", [KEY]), shop("read_log", LOG))


@pytest.mark.parametrize("life", [60.0, None])
def test_a_token_that_is_gone_as_soon_as_it_is_made_is_a_failure(life: float | None) -> None:
    """Whatever is written without a token nobody would find: it is told, and not passed over."""
    generations = Generations(0.0, Clock())
    steps = under(generations, [space().prefix], lambda tokens: [Get([tokens[space().prefix]])], life=life)

    def nothing_is_found() -> None:
        calls = next(steps)
        while True:
            calls = steps.send([[None] if isinstance(call, Get) else True for call in calls])

    with pytest.raises(StopIteration if life is None else Failure):
        nothing_is_found()


def test_a_clock_that_was_set_back_does_not_shorten_lives(clock: Clock, shop: Shop) -> None:
    """A token that seems to live longer than any is lengthened again."""
    clock.now += 10 * MAX_TTL
    shop("put_many", [Put(key("first"), b"1")])
    clock.now -= 10 * MAX_TTL
    shop("put_many", [Put(KEY, b"body")])
    clock.now += DEFAULT_TTL - 1

    assert [b"body"] == shop("get_many", [KEY])


def test_two_who_make_a_token_at_once_agree(server: MomentoLocal, clock: Clock) -> None:
    """The one that comes second uses the first one's."""
    with Shop(server, clock, "blocking") as first, Shop(server, clock, "blocking") as second:
        server.faults.add("SetIf", delay=0.2, count=1)
        import threading  # noqa: PLC0415 -- beside its only use

        racing = threading.Thread(target=first, args=("put_many", [Put(KEY, b"1")]))
        racing.start()
        second("put_many", [Put(key("other"), b"2")])
        racing.join(30)

        assert [b"1", b"2"] == first("get_many", [KEY, key("other")])


@pytest.mark.parametrize(
    ("time_of_day", "monotonic"), [(3600.0, 0.0), (-1.0, 0.0), (0.0, 3600.0)], ids=["slept", "set back", "passed"]
)
def test_a_lease_ends_by_either_clock(time_of_day: float, monotonic: float) -> None:
    """A machine that slept has not counted the hour in which another cleared the space."""
    clock, counted = Clock(), Clock()
    generations = Generations(0.1, clock, counted)
    generations.learn({"a": b"token"}, generations.now())
    before = generations.sure(["a"])
    clock.now += time_of_day
    counted.now += monotonic

    assert ({"a": b"token"}, None) == (before, generations.sure(["a"]))


def test_leases_are_written_by_conditions_only(server: MomentoLocal, shop: Shop) -> None:
    """Momento forbids to mix both ways of writing on one key; so puts and deletions of leases are conditions, too."""
    lease = key(kind=Kind.LEASE)
    shop("put_if_absent", Put(lease, b"1"))
    shop("put_many", [Put(lease, b"2"), Put(lease, b"3")])
    found = shop("get_many", [lease])
    deleted = shop("delete_if_equal", lease, b"3")
    shop("put_many", [Put(lease, b"4")])
    shop("delete_many", [lease])

    assert ([b"3"], True, [None]) == (found, deleted, shop("get_many", [lease]))
    assert (0, 0, 0) == tuple(server.count(rpc) for rpc in ("Set", "SetBatch", "Delete"))


def test_what_is_remembered_is_bounded() -> None:
    """A server of a million tenants does not grow by them."""
    from llmcache_momento.generations import Moment  # noqa: PLC0415 -- beside its only use

    generations = Generations(1.0, Clock())
    for number in range(30_000):
        generations.learn({f"space {number}": b"token"}, Moment(0.0, 0.0))

    assert len(generations._known) <= 10_002


@pytest.mark.parametrize("clearing", CLEARINGS)
def test_every_kind_of_clearing_takes_the_same_few_calls(server: MomentoLocal, clock: Clock, clearing: str) -> None:
    """However much is kept; other namespaces, conversations and foreign keys of the same cache are what they were."""
    url = f"momento-local://{server.address}/shop?timeout=20s"
    asked: list[list[str]] = []
    server.keep.put("shop", b"foreign", b"kept", 3_600_000)
    with llmcache.open(url, namespace="shop", tag_models=True, clock=clock) as cache:
        cache.history("session").append(["kept"])
        with llmcache.options(namespace="other"):
            fill(cache, answer="theirs")
        CLEARINGS[clearing](cache)  # the first one makes a token for the marks
        for count in (3, 60):
            fill(cache, count)
            server.calls.clear()
            CLEARINGS[clearing](cache)
            asked.append([called.rpc for called in server.calls])
            assert cache.responses.get(question(0)) is None
        with llmcache.options(namespace="other"):
            theirs = cache.responses.get(question(0))
        said = cache.history("session").all()

    assert len(asked[0]) == len(asked[1]) <= 6
    assert ("theirs", ["kept"]) == (theirs, said)
    assert b"kept" == server.keep.caches["shop"][b"foreign"].value
