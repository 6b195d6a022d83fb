"""What stands between a near question and its answer: somebody who verifies, a time limit, and a store that fails."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import llmcache
from llmcache.api.semantic import SemanticCache
from llmcache.errors import StoreUnavailable, UnsupportedError, UsageError
from llmcache.flows.meaning import FINDABLE
from llmcache.memory import MemoryStore
from llmcache.protocols.whole import StorePair
from tests.api.failing import Fault, failing_cache
from tests.api.meaning import CARD, CARD_TOO, MONEY, Angles, awaited, request, semantic
from tests.stores import Clock

pytestmark = pytest.mark.stores(few=True)

NEAR_CARD = "Has my card been sent?"
TABLE = {CARD: 0.0, CARD_TOO: 15.0, NEAR_CARD: 40.0, MONEY: 90.0}


@pytest.fixture
def cache(clock: Clock) -> Iterator[llmcache.Cache]:
    """An open cache in memory."""
    with llmcache.open("memory:", clock=clock) as opened:
        yield opened


def counted(cache: llmcache.Cache, *names: str) -> dict[str, int | float]:
    """These counters of meaning."""
    return {name: cache.stats().as_dict()[f"semantic_{name}"] for name in names}


@pytest.mark.parametrize(("says", "expected"), [(True, "On its way."), (False, None), (1, None), (None, None)])
def test_verified_answer_is_given_where_that_is_true(cache: llmcache.Cache, says: Any, expected: str | None) -> None:
    """Nothing but True is; it is asked with both questions and a copy of the answer."""
    asked: list[tuple[str, str, Any]] = []

    def verify(*given: Any) -> Any:
        asked.append(given)
        return says

    answers = semantic(cache, Angles(), verify=verify)
    answers.put(request(CARD), "On its way.")

    assert expected == answers.get(request(CARD_TOO))
    assert [(CARD_TOO, CARD, "On its way.")] == asked
    assert {"hits": int(says is True), "rejected": int(says is not True)} == counted(cache, "hits", "rejected")


def test_verifier_that_fails_gives_no_answer(cache: llmcache.Cache) -> None:
    """Closed by default: its error is counted, and the model is asked."""

    def verify(*_: Any) -> bool:
        raise RuntimeError("judge is down")

    answers = semantic(cache, Angles(), verify=verify)
    answers.put(request(CARD), "On its way.")

    assert "fresh" == answers.get_or_call(request(CARD_TOO), lambda: "fresh")
    assert {"hits": 0, "failed": 1} == counted(cache, "hits", "failed")


@pytest.mark.parametrize("which", ["embed", "verify"])
def test_nobody_waits_longer_than_patience(cache: llmcache.Cache, which: str) -> None:
    """A model or a verifier that hangs is a counted miss."""
    released = threading.Event()
    model = Angles()

    def hang(*_: Any) -> Any:
        released.wait(60)
        return True

    semantic(cache, model).put(request(CARD), "On its way.")
    slow: dict[str, Callable[..., Any]] = {"embed": model, "verify": hang} if which == "verify" else {"embed": hang}
    answers = semantic(cache, **slow, patience=0.05)
    try:
        assert "fresh" == answers.get_or_call(request(CARD_TOO), lambda: "fresh")
        assert counted(cache, "failed")["failed"] >= 1
    finally:
        released.set()


def test_awaited_model_that_hangs_is_cancelled(cache: llmcache.Cache) -> None:
    """The same in the other colour, where nothing is left behind."""

    async def hang(texts: list[str]) -> Any:
        await asyncio.Event().wait()

    async def call() -> str:
        return "fresh"

    async def conversation() -> Any:
        return await awaited(cache, hang, patience=0.05).get_or_call(request(CARD), call)

    assert "fresh" == asyncio.run(conversation())
    assert counted(cache, "failed")["failed"] == 2


def test_near_miss_is_verified_behind_the_caller_and_then_an_answer_of_its_own(clock: Clock) -> None:
    """The caller's own call goes on; afterwards both questions speak for one answer, and others near either find it."""
    asked: list[str] = []
    begun = threading.Event()

    def verify(question: str, kept: str, answer: Any) -> bool:
        asked.append(question)
        begun.set()
        return True

    with llmcache.open("memory:", clock=clock) as cache:
        answers = semantic(cache, Angles(TABLE), verify=verify)
        answers.put(request(CARD), "On its way.", ttl=60.0)
        assert answers.get(request(NEAR_CARD)) is None
        assert begun.wait(60)
        cache.setup.background.close()

        assert [NEAR_CARD] == asked
        assert "On its way." == cache.responses.get(request(NEAR_CARD))
        assert {"near_misses": 1, "promoted": 1} == counted(cache, "near_misses", "promoted")
        clock.now += 60.0
        assert cache.responses.get(request(NEAR_CARD)) is None


def promoted(cache: llmcache.Cache, table: dict[str, float], asked: str, **given: Any) -> SemanticCache:
    """Have the answer of CARD kept for what is asked, too, after a near miss."""
    begun = threading.Event()

    def verify(*_: Any) -> bool:
        begun.set()
        return True

    answers = semantic(cache, Angles(table), verify=verify)
    with llmcache.options(**given):
        answers.put(request(CARD), "On its way.")
    assert answers.get(request(asked)) is None
    assert begun.wait(60)
    cache.setup.background.close()
    assert "On its way." == cache.responses.get(request(asked))
    return answers


def test_what_the_guard_only_doubts_is_verified_behind_the_caller(cache: llmcache.Cache) -> None:
    """A word more may restrict a question or not: whoever verifies can tell, and is never asked about a number, a name or a denial."""
    more = "Where is my stolen card?"
    promoted(cache, {CARD: 0.0, more: 10.0}, more)

    assert {"refused": 1, "promoted": 1} == counted(cache, "refused", "promoted")


@pytest.mark.parametrize("question", ["Where is my 2nd card?", "Where is my Visa card?", "Where is my card not?"])
def test_what_the_guard_is_sure_of_is_not_verified(clock: Clock, question: str) -> None:
    """No verifier can let it through."""

    def verify(*_: Any) -> bool:
        raise AssertionError("was asked")

    with llmcache.open("memory:", clock=clock) as cache:
        answers = semantic(cache, Angles({CARD: 0.0, question: 10.0}), verify=verify)
        answers.put(request(CARD), "On its way.")
        assert answers.get(request(question)) is None
        cache.setup.background.close()

        assert {"refused": 1, "failed": 0, "promoted": 0} == counted(cache, "refused", "failed", "promoted")


@pytest.mark.parametrize("chosen", [{"tags": ["faq"]}, {"models": ["m"]}, {}])
def test_clearing_takes_the_copy_of_a_confirmed_near_miss(clock: Clock, chosen: dict[str, list[str]]) -> None:
    """It carries the tags of what it is a copy of, and lies in the same namespace."""
    with llmcache.open("memory:", clock=clock, tag_models=True) as cache:
        promoted(cache, TABLE, NEAR_CARD, tags=["faq"])
        cache.clear(**chosen)

        assert [None, None] == [cache.responses.get(request(question)) for question in (CARD, NEAR_CARD)]


def test_promotion_overwrites_no_answer_of_its_own(clock: Clock) -> None:
    """What the caller got from the model in the meantime stays."""
    begun, may_say = threading.Event(), threading.Event()

    def verify(*_: Any) -> bool:
        begun.set()
        return may_say.wait(60)

    with llmcache.open("memory:", clock=clock) as cache:
        answers = semantic(cache, Angles(TABLE), verify=verify)
        answers.put(request(CARD), "On its way.")
        assert "own" == answers.get_or_call(request(NEAR_CARD), lambda: "own")
        assert begun.wait(60)
        may_say.set()
        cache.setup.background.close()

        assert "own" == answers.get(request(NEAR_CARD))


@pytest.mark.parametrize("says", [False, RuntimeError("down")])
def test_near_miss_that_is_not_confirmed_stays_one(clock: Clock, says: Any) -> None:
    """Nothing is kept for it."""
    begun = threading.Event()

    def verify(*_: Any) -> Any:
        begun.set()
        if isinstance(says, Exception):
            raise says
        return says

    with llmcache.open("memory:", clock=clock) as cache:
        answers = semantic(cache, Angles(TABLE), verify=verify)
        answers.put(request(CARD), "On its way.")
        assert answers.get(request(NEAR_CARD)) is None
        assert begun.wait(60)
        cache.setup.background.close()

        assert cache.responses.get(request(NEAR_CARD)) is None
        assert {"promoted": 0} == counted(cache, "promoted")


def test_store_that_fails_is_not_asked_by_meaning() -> None:
    """One read fails, and the model is asked: no second deadline is spent, and nothing is embedded for the look-up."""
    fault = Fault()
    cache = failing_cache(fault)
    model = Angles()
    answers = semantic(cache, model)
    answers.put(request(CARD), "On its way.")
    fault.error = StoreUnavailable("down")
    fault.asked.clear()
    asked = len(model.asked)

    assert answers.get(request(CARD_TOO)) is None
    assert 1 == len(fault.asked)
    assert asked == len(model.asked)


def test_index_that_fails_is_a_miss() -> None:
    """The exact read went well, the search does not: the model is asked, and its answer returned."""
    fault = Fault(StoreUnavailable("down"), spares=1)
    answers = semantic(failing_cache(fault), Angles())

    assert "fresh" == answers.get_or_call(request(CARD), lambda: "fresh")


def test_question_is_found_by_meaning_for_thirty_days(cache: llmcache.Cache, clock: Clock) -> None:
    """Also where its answer never expires; an index without an end would fill the store."""
    answers = semantic(cache, Angles())
    answers.put(request(CARD), "On its way.")
    clock.now += FINDABLE - 1
    assert "On its way." == answers.get(request(CARD_TOO))
    clock.now += 1

    assert answers.get(request(CARD_TOO)) is None
    assert "On its way." == answers.get(request(CARD))


def test_sealed_questions_are_found_and_not_seen(clock: Clock, tmp_path: Any) -> None:
    """With hidden names, too; no byte of the store says what was asked."""
    seal = llmcache.Seal(b"1" * 32, names=b"2" * 32)
    with llmcache.open(f"sqlite:{tmp_path / 'store'}", seal=seal, clock=clock) as cache:
        answers = semantic(cache, Angles())
        answers.put(request(CARD), "On its way.")
        found = answers.get(request(CARD_TOO))
        written = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())

    assert "On its way." == found
    assert b"On its way" not in written
    assert b"Where is my card" not in written


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"embed": None}, "embed is a function"),
        ({"embed_query": 3}, "embed_query is a function"),
        ({"verify": "yes"}, "verify is a function, found str"),
        ({"verify": Angles().awaited}, "verify is an async function, and this cache is a blocking one"),
        ({"embed": Angles().awaited}, "embed is an async function, and this cache is a blocking one"),
        ({"model": ""}, "model is the embedding model's name"),
        ({"similarity": 1.5}, "similarity is a number from 0 to 1, found 1.5"),
        ({"margin": True}, "margin is a number from 0 to 1"),
        ({"margin": float("nan")}, "margin is a number from 0 to 1"),
        ({"patience": 0}, "patience is 0"),
    ],
)
def test_wrong_arguments_say_what_is_allowed(cache: llmcache.Cache, wrong: dict[str, Any], message: str) -> None:
    """Before anything is asked."""
    given: dict[str, Any] = {"embed": Angles(), "model": "m", **wrong}

    with pytest.raises(UsageError, match=message):
        cache.semantic(**given)


def test_store_without_logs_says_so(clock: Clock) -> None:
    """A stranger's store that keeps no logs has no index; it is told at once, and not with each question."""

    class Bare(MemoryStore):
        """Declares no logs."""

        @property
        def capabilities(self) -> Any:
            return replace(super().capabilities, log=False, vectors=False)

    with llmcache.open("memory:", clock=clock) as cache:
        bare = llmcache.Cache(replace(cache.setup, pair=StorePair(Bare(), None)))
        with pytest.raises(UnsupportedError, match="keeps no vectors"):
            semantic(bare, Angles())


def test_model_whose_vectors_have_another_length_now_is_a_counted_miss(cache: llmcache.Cache) -> None:
    """Somebody replaced it under the same name: nothing can be compared, and the application does not hear of it."""
    semantic(cache, Angles()).put(request(CARD), "On its way.")
    longer = semantic(cache, lambda texts: [[1.0] * 12 for _ in texts])

    assert "fresh" == longer.get_or_call(request(CARD_TOO), lambda: "fresh")
    assert {"failed": 2} == counted(cache, "failed")


def test_vectors_of_questions_end_as_questions_do(cache: llmcache.Cache, clock: Clock) -> None:
    """Nobody would delete them; a file may say how long vectors are kept, and a call may."""
    model = Angles(TABLE)
    answers = semantic(cache, model)
    asked: list[int] = []
    for seconds in (0.0, FINDABLE - 1, 1.0):
        clock.now += seconds
        answers.get(request(CARD))
        asked.append(len(model.asked))

    assert [1, 1, 2] == asked
