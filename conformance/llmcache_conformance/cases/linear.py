"""Cases of histories: several clients do whatever comes to their mind to the same keys and logs, and what they saw must be
what one client could have seen, one call after the other.

The programs are drawn with fixed seeds, so that a failure is tried again with the same calls; how they interleave is the
machine's doing. A call whose outcome is unknown (`StoreTimeout`) is taken as done or not, as it fits.
"""

from collections.abc import Callable, Hashable, Iterator
from functools import partial
from itertools import count
from random import Random
from typing import Any, TypeAlias

from llmcache.errors import StoreTimeout
from llmcache.model.key import Key
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import (
    Append,
    DeleteIfEqual,
    DeleteLog,
    DeleteMany,
    GetMany,
    LogLength,
    PutIfAbsent,
    PutMany,
    ReadLog,
)
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect
from llmcache_conformance.linear.checker import Undecided, is_linearizable
from llmcache_conformance.linear.history import Done, History, told
from llmcache_conformance.linear.models import Model, State, log, register
from llmcache_conformance.ops import Pause, Together
from llmcache_conformance.result import NotRun

_CLIENTS = 6
_CALLS = 12
_ROUNDS = 6

Call: TypeAlias = tuple[tuple[Hashable, ...], Op[Any]]
"""A call in the words of the model, and as an op."""


def keys_are_linearizable(bench: Bench) -> Steps[None]:
    """However several clients get, put, delete and compare at once, there is an order that explains all their answers."""
    for seed in range(_ROUNDS):
        keys = bench.keys(2)
        histories = yield from _observed(keys, _calls_of_key, seed)
        for history in histories:
            _judge(history, register, None, "key")


def logs_are_linearizable(bench: Bench) -> Steps[None]:
    """However several clients append, read, count and delete at once, there is an order that explains all their answers."""
    for seed in range(_ROUNDS):
        logs = [bench.log(), bench.log()]
        histories = yield from _observed(logs, _calls_of_log, seed)
        for history in histories:
            _judge(history, log, (), "log")


def _observed(keys: list[Key], calls: Callable[[Key, Random], Call], seed: int) -> Steps[list[list[Done]]]:
    """Have the clients run their programs and return what was seen of each key."""
    ticks = count()
    histories: list[list[Done]] = [[] for _ in keys]

    def client(number: int) -> Steps[None]:
        chance = Random(f"{seed}/{number}")  # noqa: S311 -- repeatable on purpose
        for _ in range(_CALLS):
            place = chance.randrange(len(keys))
            yield from _recorded(calls(keys[place], chance), histories[place], ticks)
            if chance.random() < 0.5:
                yield from Pause()

    yield from Together([partial(client, number) for number in range(_CLIENTS)])
    return histories


def _recorded(call: Call, history: list[Done], ticks: Iterator[int]) -> Steps[None]:
    words, op = call
    began = next(ticks)
    try:
        answer = yield from op
    except StoreTimeout:
        history.append(Done(words, None, began, None))
    else:
        history.append(Done(words, _plain(answer), began, next(ticks)))


def _plain(answer: Any) -> Hashable:
    """Return an answer in the words of the model: a single slot for a read, a tuple for a log."""
    return tuple(answer) if isinstance(answer, list | tuple) else answer


def _calls_of_key(key: Key, chance: Random) -> Call:
    # Few bodies, so that one client's is often what another expects.
    body = b"%d" % chance.randrange(3)
    calls: tuple[Call, ...] = (
        (("get",), _GetOne((key,))),
        (("put", body), PutMany((Put(key, body),))),
        (("delete",), DeleteMany((key,))),
        (("put_if_absent", body), PutIfAbsent(Put(key, body))),
        (("delete_if_equal", body), DeleteIfEqual(key, body)),
    )
    return chance.choices(calls, weights=(6, 3, 1, 3, 2))[0]


def _calls_of_log(key: Key, chance: Random) -> Call:
    # Bodies of one's own, so that a body lost or doubled cannot be taken for another.
    bodies = tuple(b"%d" % chance.randrange(1 << 60) for _ in range(chance.randrange(1, 3)))
    cap = chance.choice((None, None, 4))
    calls: tuple[Call, ...] = (
        (("append", bodies, cap), Append(key, bodies, cap)),
        (("read",), ReadLog(key)),
        (("length",), LogLength(key)),
        (("delete",), DeleteLog(key)),
    )
    return chance.choices(calls, weights=(6, 4, 2, 1))[0]


class _GetOne(GetMany):
    """A read of one key whose reply is the body alone, as the model has it."""

    __slots__ = ()

    def __iter__(self) -> Any:
        (body,) = yield GetMany(self.keys)
        return body


def _judge(history: History, model: Model, first: State, what: str) -> None:
    try:
        fits = is_linearizable(history, model, first)
    except Undecided as reason:
        raise NotRun(f"a history of a {what} could not be judged: {reason}") from reason
    expect(fits, f"no order of these calls explains what was seen of a {what}: {told(history)}")


LINEAR = (
    Case(keys_are_linearizable, ("KV-6", "KV-10", "KV-11", "KV-13")),
    Case(logs_are_linearizable, ("LOG-1", "LOG-2", "LOG-3", "LOG-4", "LOG-8", "LOG-9"), (Need.LOG,)),
)
