"""The semantic cache on every store: exact first, then by meaning, and never what is gone or another's."""

import asyncio
from contextvars import ContextVar

import pytest

import llmcache
from llmcache.api import telling
from llmcache.errors import UsageError
from llmcache.flows.looking import Found
from llmcache.model.event import Event, Happening
from tests.api.meaning import CARD, CARD_TOO, FEES, MONEY, Angles, awaited, request, semantic
from tests.stores import Clock, Fresh

pytestmark = pytest.mark.stores(few=True)


def never() -> str:
    """Be called although something is kept."""
    raise AssertionError("the model was asked")


def counted(cache: llmcache.Cache) -> dict[str, int | float]:
    """The counters of meaning that are not zero."""
    return {name: number for name, number in cache.stats().as_dict().items() if number and name.startswith("semantic")}


def test_question_that_means_the_same_gets_the_answer_and_says_so(cache: llmcache.Cache) -> None:
    """With the question that was answered, how near it is, and by how much nearer than any with another answer."""
    told: list[Found] = []
    answers = semantic(cache, Angles())
    answers.put(request(CARD), "On its way.")
    answers.put(request(MONEY), "By transfer.")
    answer = answers.get_or_call(request(CARD_TOO), never, on_near=told.append)

    assert "On its way." == answer
    assert [CARD] == [found.near.question for found in told if found.near]
    assert told[0].near is not None
    assert 0.966 == pytest.approx(told[0].near.similarity, abs=1e-3)
    assert 0.266 == pytest.approx(told[0].near.margin, abs=1e-3)
    assert {"semantic_hits": 1} == counted(cache)
    assert 1.0 == cache.stats().hit_rate


def test_same_words_are_answered_exactly_and_not_embedded(cache: llmcache.Cache) -> None:
    """Meaning costs nothing where it is not needed; `near` says that it was not."""
    model = Angles()
    answers = semantic(cache, model)
    answers.get_or_call(request(CARD), lambda: "On its way.")
    asked = len(model.asked)
    found = answers.find(request(CARD))

    assert "On its way." == answers.get_or_call(request(CARD), never)
    assert found is not None
    assert found.near is None
    assert asked == len(model.asked)
    assert {} == counted(cache)


def test_question_that_misses_is_embedded_once(cache: llmcache.Cache) -> None:
    """Its vector is kept, however short the longest life of the store is."""
    model = Angles()
    answers = semantic(cache, model)

    assert [None, None] == [answers.get(request(CARD)) for _ in range(2)]
    assert [CARD] == model.asked


def test_answers_are_those_of_the_response_cache(cache: llmcache.Cache) -> None:
    """What is kept by meaning is found exactly by `cache.responses`, and the reverse."""
    answers = semantic(cache, Angles())
    answers.put(request(CARD), "On its way.")
    cache.responses.put(request(FEES), "None.")

    assert "On its way." == cache.responses.get(request(CARD))
    assert "None." == answers.get(request(FEES))
    assert cache.responses.get(request(CARD_TOO)) is None


def test_no_question_is_near_across_partitions(cache: llmcache.Cache) -> None:
    """Another system prompt, model, parameter, tool, earlier turn, or embedding model: however near the words are."""
    answers = semantic(cache, Angles())
    answers.put(request(CARD), "On its way.")
    asked = request(CARD_TOO)
    messages = list(asked.messages)
    others = [
        request(CARD_TOO, system="Be rude."),
        request(CARD_TOO, temperature=1),
        llmcache.Request("other", messages),
        llmcache.Request("m", messages, tools=[{"name": "f"}]),
        llmcache.Request("m", [*messages, {"role": "assistant", "content": "Which?"}, messages[-1]]),
    ]

    assert [None] * 5 == [answers.get(other) for other in others]
    assert cache.semantic(Angles(), model="another").get(asked) is None
    assert "On its way." == answers.get(asked)


def test_no_question_is_near_across_tenants_and_namespaces(fresh: Fresh, clock: Clock) -> None:
    """A tenant's question is compared with its own alone, and so is that of a namespace below."""
    tenant: ContextVar[str] = ContextVar("tenant", default="a")
    with llmcache.open(fresh(), namespace="shop", tenant=tenant, clock=clock) as cache:
        answers = semantic(cache, Angles())
        answers.put(request(CARD), "On its way to a.")
        tenant.set("b")

        assert answers.get(request(CARD_TOO)) is None
        tenant.set("a")
        with llmcache.options(namespace="below"):
            assert answers.get(request(CARD_TOO)) is None
        assert "On its way to a." == answers.get(request(CARD_TOO))


def test_what_is_gone_is_never_served_by_meaning(cache: llmcache.Cache, clock: Clock) -> None:
    """Expired, to the instant; cleared by tag; deleted; older than `max_age`: a hit reads the entry itself."""
    answers = semantic(cache, Angles())
    answers.put(request(CARD), "old", ttl=60.0, tags=("cards",))
    clock.now += 30.0
    with llmcache.options(max_age=10.0):
        assert answers.get(request(CARD_TOO)) is None
    assert "old" == answers.get(request(CARD_TOO))
    clock.now += 30.0
    assert answers.get(request(CARD_TOO)) is None

    answers.put(request(CARD), "new", tags=("cards",))
    assert "new" == answers.get(request(CARD_TOO))
    clock.now += 1.0
    cache.clear(tags=("cards",))
    assert answers.get(request(CARD_TOO)) is None

    answers.put(request(CARD), "newest")
    answers.delete(request(CARD))
    assert answers.get(request(CARD_TOO)) is None


def test_answer_that_was_replaced_is_served_as_it_is_now(cache: llmcache.Cache) -> None:
    """The index points to answers and holds none."""
    answers = semantic(cache, Angles())
    answers.put(request(CARD), "old")
    cache.responses.put(request(CARD), "new")

    assert "new" == answers.get(request(CARD_TOO))


def test_clearing_forgets_questions_and_answers(cache: llmcache.Cache) -> None:
    """Of this namespace alone."""
    answers = semantic(cache, Angles())
    answers.put(request(CARD), "here")
    with llmcache.options(namespace="below"):
        answers.put(request(CARD), "below")
    answers.clear()

    assert answers.get(request(CARD)) is None
    assert answers.get(request(CARD_TOO)) is None
    with llmcache.options(namespace="below"):
        assert "below" == answers.get(request(CARD_TOO))


def test_clearing_the_whole_cache_forgets_questions_too(cache: llmcache.Cache) -> None:
    """Their texts are not kept longer than their answers."""
    answers = semantic(cache, Angles())
    answers.put(request(CARD), "here")
    cache.clear()
    cache.responses.put(request(CARD), "again")

    assert answers.get(request(CARD_TOO)) is None


def test_guard_refuses_and_near_misses_are_counted_apart(cache: llmcache.Cache) -> None:
    """A reversal is refused; a paraphrase beside which both lie is told as a near miss."""
    model = Angles({"from a to b": 0.0, "from b to a": 1.0, "from a to b please": 0.4, "something else": 60.0})
    answers = semantic(cache, model)
    answers.put(request("from a to b"), "one")
    assert "two" == answers.get_or_call(request("from b to a"), lambda: "two")
    assert answers.get(request("from a to b please")) is None
    assert answers.get(request("something else")) is None

    assert {"semantic_refused": 1, "semantic_near_misses": 1} == counted(cache)


def test_answers_that_say_the_same_speak_together(cache: llmcache.Cache) -> None:
    """Two questions with one answer do not stand in each other's way; with two answers they do."""
    table = {CARD: 0.0, CARD_TOO: 20.0, "Where is that card of mine?": 10.0}
    same, apart = semantic(cache, Angles(table)), cache.semantic(Angles(table), model="apart")
    for answers, second in ((same, "On its way."), (apart, "In the post office.")):
        answers.put(request(CARD), "On its way.")
        answers.put(request(CARD_TOO), second)
        answers.delete(request("Where is that card of mine?"))

    assert "On its way." == same.get(request("Where is that card of mine?"))
    assert apart.get(request("Where is that card of mine?")) is None


def test_new_answer_speaks_for_itself_alone(cache: llmcache.Cache) -> None:
    """Two questions shared an answer; one is answered anew and otherwise. They stand in each other's way from then on."""
    between = "Where is that card of mine?"
    answers = semantic(cache, Angles({CARD: 0.0, CARD_TOO: 20.0, between: 10.0}))
    answers.put(request(CARD), "On its way.")
    answers.put(request(CARD_TOO), "On its way.")
    assert "On its way." == answers.get(request(between))
    answers.put(request(CARD), "In the post office.")

    assert answers.get(request(between)) is None


@pytest.mark.parametrize("error", [RuntimeError("down"), UsageError("odd")])
def test_model_of_embeddings_that_fails_is_a_counted_miss(cache: llmcache.Cache, error: Exception) -> None:
    """Before the call and after it; the application hears nothing, and its answer is kept."""
    answers = semantic(cache, Angles(error=error))

    assert "paid" == answers.get_or_call(request(CARD), lambda: "paid")
    assert "paid" == answers.get_or_call(request(CARD), never)
    assert {"semantic_failed": 2} == counted(cache)


@pytest.mark.parametrize(("error", "told"), [(NameError("secret"), "NameError"), (None, "UsageError")])
def test_mistake_in_what_embeds_is_logged_once(
    cache: llmcache.Cache,
    error: Exception | None,
    told: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that is not there, or one number where a vector belongs: it would look like a cache that never hits."""

    def embed(texts: list[str]) -> list[float]:
        if error is not None:
            raise error
        return [1.0 for _ in texts]

    monkeypatch.setattr(telling, "_warned", set())  # once in a process, and others may have
    answers = cache.semantic(embed, model="wrong")

    assert ["paid"] * 2 == [answers.get_or_call(request(each), lambda: "paid") for each in (CARD, MONEY)]
    (said,) = [one.getMessage() for one in caplog.records]
    assert f"ended in {told}, which looks like a mistake" in said
    assert "secret" not in said


def test_answers_that_call_tools_are_not_found_by_meaning(cache: llmcache.Cache) -> None:
    """Their arguments are for one question alone; exactly they are found as ever."""
    answers = semantic(cache, Angles(), with_tool_calls=True)
    call = {"choices": [{"message": {"content": None, "tool_calls": [{"id": "1"}]}, "finish_reason": "tool_calls"}]}
    answers.put(request(CARD), call)

    assert call == answers.get(request(CARD))
    assert answers.get(request(CARD_TOO)) is None


def test_options_hold(cache: llmcache.Cache) -> None:
    """Who bypasses or refreshes gets no answer of another question, and what is refreshed is found by others."""
    answers = semantic(cache, Angles())
    answers.put(request(CARD), "old")
    with llmcache.options(bypass=True):
        assert "bypassed" == answers.get_or_call(request(CARD_TOO), lambda: "bypassed")
        assert answers.get(request(CARD_TOO)) is None
    with llmcache.options(refresh=True):
        assert answers.get(request(CARD_TOO)) is None
        assert "new" == answers.get_or_call(request(CARD), lambda: "new")

    assert "new" == answers.get(request(CARD_TOO))


def test_other_colour_finds_what_this_one_kept(cache: llmcache.Cache) -> None:
    """Both work on one index; the awaited one takes coroutine functions."""
    told: list[Found] = []
    blocking, model = semantic(cache, Angles()), Angles()
    blocking.put(request(MONEY), "By transfer.")

    async def call() -> str:
        return "On its way."

    async def conversation() -> list[object]:
        answers = awaited(cache, model.awaited)
        return [
            await answers.get_or_call(request(CARD), call),
            await answers.get_or_call(request(CARD_TOO), never, on_near=told.append),
            await answers.get(request(CARD_TOO)),
            await answers.get(request(FEES)),
            await answers.find(request(CARD)) is not None,
        ]

    assert ["On its way.", "On its way.", "On its way.", None, True] == asyncio.run(conversation())
    assert "On its way." == blocking.get(request(CARD_TOO))
    assert [CARD] == [found.near.question for found in told if found.near]


def test_async_put_and_clear_do_what_the_blocking_ones_do(cache: llmcache.Cache) -> None:
    """Kept and found, and forgotten."""

    async def conversation() -> list[object]:
        answers = awaited(cache, Angles().awaited)
        await answers.put(request(CARD), "On its way.")
        before = await answers.get(request(CARD_TOO))
        with llmcache.options(bypass=True):
            bypassed = await answers.find(request(CARD_TOO))
        await answers.clear()
        return [before, bypassed, await answers.get(request(CARD_TOO))]

    assert ["On its way.", None, None] == asyncio.run(conversation())


def test_event_of_a_refusal_names_the_rule_alone(url: str, clock: Clock) -> None:
    """Nothing that was asked is in it."""
    told: list[Event] = []
    model = Angles({"I have 2 cards": 0.0, "I have 3 cards": 1.0})
    with llmcache.open(
        url, clock=clock, listener=lambda one: told.append(one) if isinstance(one, Event) else None
    ) as cache:
        answers = semantic(cache, model)
        answers.put(request("I have 2 cards"), "So?")
        answers.get(request("I have 3 cards"))

    assert ["numbers"] == [one.detail for one in told if one.what is Happening.SEMANTIC_REFUSED]
