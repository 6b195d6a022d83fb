"""However many callers miss a key at once, its model is called once, and every caller gets that answer."""

import asyncio
import gc
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import llmcache
from llmcache.api.cache import Cache

REQUEST = llmcache.Request("m", [{"role": "user", "content": "cold"}])
OTHER = llmcache.Request("m", [{"role": "user", "content": "other"}])


def missed(cache: Cache) -> int:
    """How many look-ups found nothing, those included that a loaded machine made too slow."""
    return cache.stats().misses + cache.stats().store_failed


class Model:
    """A model that answers when `everybody` have asked, or says so at once, and counts its calls."""

    def __init__(self, cache: Cache, waiting: int) -> None:
        self.calls = 0
        self._cache = cache
        self._waiting = waiting

    def everybody_waits(self) -> bool:
        """True once all the others have missed."""
        return missed(self._cache) > self._waiting

    def __call__(self) -> dict[str, int]:
        self.calls += 1
        gate = threading.Event()
        while not self.everybody_waits():
            gate.wait(0.001)
        return {"call": self.calls}

    async def awaited(self) -> dict[str, int]:
        """The same, awaited."""
        self.calls += 1
        while not self.everybody_waits():
            await asyncio.sleep(0.001)
        return {"call": self.calls}


def in_threads(count: int, function: Callable[[], object]) -> list[object]:
    """Call a function in so many threads at once; an exception is its own result."""

    def one() -> object:
        try:
            return function()
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return [done.result() for done in [pool.submit(one) for _ in range(count)]]


def test_fifty_threads_pay_once(cache: Cache) -> None:
    """Forty-nine wait, and each has an answer of its own."""
    model = Model(cache, 49)

    answers = in_threads(50, lambda: cache.responses.get_or_call(REQUEST, model))

    assert [{"call": 1}] * 50 == answers
    assert 50 == len({id(answer) for answer in answers})
    assert (1, 49, 1) == (model.calls, cache.stats().coalesced, cache.stats().kept)


async def test_two_hundred_tasks_pay_once(cache: Cache) -> None:
    """The same for tasks of one loop."""
    model = Model(cache, 199)
    awaiting = cache.awaiting.responses

    answers = await asyncio.gather(*(awaiting.get_or_call(REQUEST, model.awaited) for _ in range(200)))

    assert [{"call": 1}] * 200 == answers
    assert (1, 199) == (model.calls, cache.stats().coalesced)


async def test_threads_and_tasks_of_two_loops_pay_once(cache: Cache) -> None:
    """Whoever leads, in whatever colour, the others wait for it."""
    model = Model(cache, 39)

    async def ten_tasks() -> list[object]:
        asked = (cache.awaiting.responses.get_or_call(REQUEST, model.awaited) for _ in range(10))
        return list(await asyncio.gather(*asked))

    answers = await asyncio.gather(
        ten_tasks(),
        asyncio.to_thread(in_threads, 20, lambda: cache.responses.get_or_call(REQUEST, model)),
        asyncio.to_thread(lambda: asyncio.run(ten_tasks())),
    )

    assert [{"call": 1}] * 40 == [answer for some in answers for answer in some]
    assert 1 == model.calls


def test_a_leader_that_fails_keeps_its_error_and_one_of_the_others_leads(cache: Cache) -> None:
    """One more call, and nobody else sees the error."""
    model = Model(cache, 9)

    def fails_once() -> dict[str, int]:
        answer = model()
        if model.calls == 1:
            raise ConnectionError("the provider's")
        return answer

    answers = in_threads(10, lambda: cache.responses.get_or_call(REQUEST, fails_once))

    assert 1 == sum(isinstance(answer, ConnectionError) for answer in answers)
    assert 9 == answers.count({"call": 2})
    assert 2 == model.calls


def test_where_the_model_keeps_failing_nobody_waits_for_more_than_two_others(cache: Cache) -> None:
    """Everybody gets an error of their own, and not one after the other."""
    model = Model(cache, 19)
    at_once, most, lock = [0], [0], threading.Lock()

    def fails() -> None:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        model()
        threading.Event().wait(0.05)
        with lock:
            at_once[0] -= 1
        raise ConnectionError("the provider's")

    answers = in_threads(20, lambda: cache.responses.get_or_call(REQUEST, fails))

    assert all(isinstance(answer, ConnectionError) for answer in answers)
    assert most[0] >= 10


async def test_a_leader_that_is_cancelled_hands_over(cache: Cache) -> None:
    """One of the waiters calls, and the others wait for that."""
    leaders: list[object] = []

    async def model() -> int:
        leaders.append(asyncio.current_task())
        if len(leaders) == 1:
            await asyncio.Event().wait()
        return len(leaders)

    tasks = [asyncio.create_task(cache.awaiting.responses.get_or_call(REQUEST, model)) for _ in range(10)]
    while missed(cache) < 10 or not leaders:
        await asyncio.sleep(0.001)
    (leader,) = (task for task in tasks if task is leaders[0])
    tasks.remove(leader)
    leader.cancel()

    assert [2] * 9 == await asyncio.gather(*tasks)
    assert leader.cancelled()


async def test_a_leader_that_is_collected_hands_over(cache: Cache) -> None:
    """A coroutine that was begun and is dropped ends its flight."""
    begun = asyncio.Event()

    async def hangs() -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    dropped = asyncio.create_task(cache.awaiting.responses.get_or_call(REQUEST, hangs))
    await begun.wait()
    waiter = asyncio.create_task(cache.awaiting.responses.get_or_call(REQUEST, lambda: "mine"))
    while missed(cache) < 2:
        await asyncio.sleep(0.001)
    dropped._log_destroy_pending = False  # type: ignore[attr-defined]  # it is meant to be dropped
    del dropped
    gc.collect()

    assert "mine" == await waiter


async def test_a_waiter_that_is_cancelled_takes_nothing_from_the_others(cache: Cache) -> None:
    """Its time-out is its own."""
    gate = asyncio.Event()

    async def model() -> str:
        await gate.wait()
        return "answer"

    leader = asyncio.create_task(cache.awaiting.responses.get_or_call(REQUEST, model))
    while missed(cache) < 1:
        await asyncio.sleep(0.001)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cache.awaiting.responses.get_or_call(REQUEST, model), 0.01)
    gate.set()

    assert "answer" == await leader
    assert 0 == cache.stats().coalesced


def test_a_call_that_asks_for_itself_goes_on(cache: Cache) -> None:
    """Waiting would never end, so the inner one calls."""
    asked = cache.responses.get_or_call

    assert "inner" == asked(REQUEST, lambda: asked(REQUEST, lambda: "inner"))


async def test_a_blocking_call_in_the_thread_of_a_leading_task_goes_on(cache: Cache) -> None:
    """A task leads and its loop's thread blocks: the leader could never end."""
    begun, gate = asyncio.Event(), asyncio.Event()

    async def model() -> str:
        begun.set()
        await gate.wait()
        return "task's"

    leader = asyncio.create_task(cache.awaiting.responses.get_or_call(REQUEST, model))
    await begun.wait()
    own = cache.responses.get_or_call(REQUEST, lambda: "thread's")
    gate.set()

    assert ("thread's", "task's") == (own, await leader)


def test_two_leaders_that_need_each_other_both_go_on(cache: Cache) -> None:
    """A asks for B inside its call and B for A: one of the two does not wait, and neither hangs."""
    both = threading.Barrier(2)

    def needing(own: llmcache.Request, other: llmcache.Request, name: str) -> Callable[[], object]:
        def call() -> str:
            both.wait(10)
            needed: str = cache.responses.get_or_call(other, lambda: "?")
            return name + needed

        return lambda: cache.responses.get_or_call(own, call)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(needing(REQUEST, OTHER, "a")), pool.submit(needing(OTHER, REQUEST, "b"))
        answers = {first.result(20), second.result(20)}

    # Whichever noticed that waiting would never end asked for itself; the other waited for it.
    assert answers in ({"a?", "ba?"}, {"b?", "ab?"}, {"a?", "b?"})


def test_an_answer_that_is_not_kept_is_still_shared(cache: Cache) -> None:
    """It is what everybody asked for; the next to come pays anew."""
    model = Model(cache, 4)

    def cut_off() -> dict[str, object]:
        return {**model(), "finish_reason": "length"}

    answers = in_threads(5, lambda: cache.responses.get_or_call(REQUEST, cut_off))

    assert [{"call": 1, "finish_reason": "length"}] * 5 == answers
    assert (0, 1) == (cache.stats().kept, model.calls)


def test_other_namespaces_share_nothing(cache: Cache) -> None:
    """Each of two tenants pays for the same question."""
    model = Model(cache, 1)

    def ask(tenant: str) -> object:
        with llmcache.options(namespace=tenant):
            return cache.responses.get_or_call(REQUEST, model)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, ("a", "b")))

    assert (2, 0) == (model.calls, cache.stats().coalesced)


@pytest.mark.parametrize("wish", [{"coalesce": "off"}, {"refresh": True}, {"bypass": True}])
def test_who_wishes_it_calls_for_themselves(cache: Cache, wish: dict[str, object]) -> None:
    """Switched off, or a new answer asked for: no one waits."""
    both = threading.Barrier(2)

    def model() -> str:
        both.wait(10)
        return "answer"

    def ask() -> object:
        with llmcache.options(**wish):
            return cache.responses.get_or_call(REQUEST, model)

    assert ["answer"] * 2 == in_threads(2, ask)


def test_an_unknown_way_of_sharing_is_refused() -> None:
    """The message names what is allowed."""
    with pytest.raises(llmcache.UsageError, match="'off', 'process', 'shared'"):
        llmcache.options(coalesce="always")


def test_a_store_that_keeps_nothing_does_not_keep_callers_from_sharing() -> None:
    """The answer goes from caller to caller, through no store."""
    with llmcache.open("memory:?max_bytes=65536") as cache:
        model, large = Model(cache, 4), secrets.token_hex(30_000)

        answers = in_threads(5, lambda: cache.responses.get_or_call(REQUEST, lambda: [model(), large]))

        assert [[{"call": 1}, large]] * 5 == answers
        assert (1, 0, 4) == (cache.stats().too_large, cache.stats().kept, cache.stats().coalesced)


@pytest.mark.stores(needs="shared")
def test_who_asks_after_a_clearing_by_others_shares_no_call_that_was_begun_before(cache: Cache, url: str) -> None:
    """Another process does not end our flights; the marks of the tags tell."""
    begun, gate = threading.Event(), threading.Event()

    def old() -> str:
        begun.set()
        gate.wait(20)
        return "old"

    def ask(call: Callable[[], str]) -> object:
        return cache.responses.get_or_call(REQUEST, call, tags=("faq",))

    with llmcache.open(url, namespace=cache.namespace) as theirs, ThreadPoolExecutor(2) as pool:
        leader = pool.submit(ask, old)
        begun.wait(20)
        theirs.clear(tags=("faq",))
        follower = pool.submit(ask, lambda: "new")
        while missed(cache) < 2 and not follower.done():
            threading.Event().wait(0.001)
        gate.set()

        assert ("old", "new") == (leader.result(20), follower.result(20))
    assert "new" == cache.responses.get(REQUEST)


@pytest.mark.parametrize(
    ("drop", "left"),
    [
        (lambda c: c.responses.delete(REQUEST), "new"),
        (lambda c: c.responses.clear(), "new"),
        (lambda c: c.clear(), "new"),
        (lambda c: c.clear(tags=("t",)), "old"),
    ],
    ids=["delete", "responses", "all", "tags"],
)
def test_who_asks_after_a_clearing_shares_no_call_that_was_begun_before(
    cache: Cache, drop: Callable[[Cache], None], left: str
) -> None:
    """Whoever cleared wants a new answer. Who waited already gets what is kept then: the old one only where it does not carry the tag."""
    begun, gate = threading.Event(), threading.Event()

    def old() -> str:
        begun.set()
        gate.wait(20)
        return "old"

    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(cache.responses.get_or_call, REQUEST, old)
        begun.wait(20)
        waiter = pool.submit(cache.responses.get_or_call, REQUEST, lambda: "?")
        while missed(cache) < 2:
            threading.Event().wait(0.001)
        drop(cache)
        new = cache.responses.get_or_call(REQUEST, lambda: "new")
        gate.set()

        assert ("old", "new") == (leader.result(20), new)
        assert [left, left] == [waiter.result(20), cache.responses.get(REQUEST)]
