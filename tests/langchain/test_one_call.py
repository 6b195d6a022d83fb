"""Behind LangChain's door, where only look-up and update are seen, a cold prompt is paid once however many ask."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from llmcache_langchain import LLMCache
from tests.langchain.crowding import SlowModel, TextModel, in_threads, missed
from tests.langchain.models import ASKED, FakeModel, echo


def texts(messages: list[Any]) -> list[str]:
    """The texts of answers."""
    return [message.text if isinstance(message, AIMessage) else message for message in messages]


def test_invoke_in_fifty_threads_pays_once(cache: LLMCache) -> None:
    """The others get the answer as a hit: no tokens, an id of their own, and marked."""
    model = SlowModel(cache=cache, waiting=49)

    answers = in_threads(50, lambda: model.invoke("cold"))

    assert ["you said: cold"] * 50 == texts(answers)
    assert (1, 49) == (model.calls, cache.stats().coalesced)
    assert 50 == len({answer.id for answer in answers})
    assert 15 == sum(answer.usage_metadata["total_tokens"] for answer in answers)
    assert 49 == sum("llmcache" in answer.response_metadata for answer in answers)


async def test_ainvoke_in_two_hundred_tasks_pays_once(cache: LLMCache) -> None:
    """The same, awaited."""
    model = SlowModel(cache=cache, waiting=199)

    answers = await asyncio.gather(*(model.ainvoke("cold") for _ in range(200)))

    assert ["you said: cold"] * 200 == texts(list(answers))
    assert (1, 199) == (model.calls, cache.stats().coalesced)


def test_batch_pays_once(cache: LLMCache) -> None:
    """A batch of one prompt over and over."""
    model = SlowModel(cache=cache, waiting=4)

    answers = model.batch(["cold"] * 20, config={"max_concurrency": 5})

    assert ["you said: cold"] * 20 == texts(list(answers))
    assert 1 == model.calls


async def test_abatch_pays_once(cache: LLMCache) -> None:
    """The same, awaited."""
    model = SlowModel(cache=cache, waiting=19)

    answers = await model.abatch(["cold"] * 20)

    assert ["you said: cold"] * 20 == texts(list(answers))
    assert 1 == model.calls


async def test_threads_and_tasks_pay_once(cache: LLMCache) -> None:
    """Half of the callers block, the others await."""
    model = SlowModel(cache=cache, waiting=19)

    blocking, awaiting = await asyncio.gather(
        asyncio.to_thread(in_threads, 10, lambda: model.invoke("cold")),
        asyncio.gather(*(model.ainvoke("cold") for _ in range(10))),
    )

    assert ["you said: cold"] * 20 == texts([*blocking, *awaiting])
    assert 1 == model.calls


def test_a_text_model_in_threads_pays_once(cache: LLMCache) -> None:
    """Its look-ups happen in another function than its call."""
    model = TextModel(cache=cache, waiting=9)

    assert ["you said: cold"] * 10 == in_threads(10, lambda: model.invoke("cold"))
    assert 1 == model.calls


def test_a_batch_of_a_text_model_with_one_prompt_twice_does_not_wait_for_itself(cache: LLMCache) -> None:
    """Both are looked up before the first is answered."""
    model = TextModel(cache=cache)

    assert ["you said: cold"] * 2 == model.batch(["cold", "cold"])


def test_two_batches_in_opposite_order_do_not_wait_for_each_other(cache: LLMCache) -> None:
    """Each leads what the other asks for next."""
    model = TextModel(cache=cache)
    prompts: list[Any] = [str(number) for number in range(20)]

    answers = in_threads(2, iter([lambda: model.batch(prompts), lambda: model.batch(prompts[::-1])]).__next__)

    assert all(callable(answer) for answer in answers)
    first, second = (answer() for answer in answers)
    assert first == second[::-1]


def failing_at_first(messages: list[BaseMessage]) -> AIMessage:
    """Fail in the first call of a process's life for this prompt."""
    failed.append(messages[-1].text)
    if len(failed) == 1:
        raise ConnectionError("the provider's")
    return echo(messages)


failed: list[str] = []


def test_a_model_that_raises_hands_over_at_once(cache: LLMCache) -> None:
    """Nothing is heard of its call any more, and yet one of the waiters goes on; one more call in all."""
    failed.clear()
    model = SlowModel(cache=cache, waiting=9, answer=failing_at_first)

    answers = in_threads(10, lambda: model.invoke("cold"))

    assert 1 == sum(isinstance(answer, ConnectionError) for answer in answers)
    assert 9 == texts(answers).count("you said: cold")
    assert 2 == model.calls


async def test_an_awaited_model_that_raises_hands_over_at_once(cache: LLMCache) -> None:
    """The same, awaited; the error is held on to, and with it all that is in its traceback."""
    failed.clear()
    model = SlowModel(cache=cache, waiting=9, answer=failing_at_first)

    answers = await asyncio.gather(*(model.ainvoke("cold") for _ in range(10)), return_exceptions=True)

    assert 1 == sum(isinstance(answer, ConnectionError) for answer in answers)
    assert 2 == model.calls


def test_an_error_that_is_kept_keeps_nobody_waiting(cache: LLMCache) -> None:
    """Its traceback holds the call that failed, which is over all the same; the thread that made it lives on."""
    failed.clear()
    model = FakeModel(cache=cache, answer=failing_at_first)
    with pytest.raises(ConnectionError) as kept:
        model.invoke("cold")

    assert ["you said: cold"] == texts(in_threads(1, lambda: model.invoke("cold")))
    assert kept.value.__traceback__ is not None


async def test_a_cancelled_call_hands_over(cache: LLMCache) -> None:
    """One more call."""
    model = SlowModel(cache=cache, waiting=4)
    leader = asyncio.create_task(model.ainvoke("cold"))
    while model.calls < 1:
        await asyncio.sleep(0.001)
    tasks = [asyncio.create_task(model.ainvoke("cold")) for _ in range(3)]
    while missed(model) < 4:
        await asyncio.sleep(0.001)
    leader.cancel()
    tasks.append(asyncio.create_task(model.ainvoke("cold")))

    assert ["you said: cold"] * 4 == texts(list(await asyncio.gather(*tasks)))
    assert leader.cancelled()
    assert 2 == model.calls


def test_looking_up_by_hand_makes_nobody_wait(cache: LLMCache) -> None:
    """Who looks up outside of a model's call may never bring an answer."""
    assert cache.lookup(*ASKED) is None
    assert [None] * 3 == in_threads(3, lambda: cache.lookup(*ASKED))


async def test_blocking_and_awaited_calls_of_one_thread_do_not_wait_for_each_other(cache: LLMCache) -> None:
    """A task leads and waits for the loop, whose thread asks the same, blocking."""
    model = SlowModel(cache=cache, waiting=1)
    leader = asyncio.create_task(model.ainvoke("cold"))
    while model.calls < 1:
        await asyncio.sleep(0.001)

    assert "you said: cold" == model.invoke("cold").text
    assert "you said: cold" == (await leader).text


def test_a_cut_off_answer_is_shared_with_those_who_wait(cache: LLMCache) -> None:
    """It is not kept, but it is the answer to what they asked."""

    def cut_off(messages: list[BaseMessage]) -> AIMessage:
        return AIMessage("half of", response_metadata={"finish_reason": "length"})

    model = SlowModel(cache=cache, waiting=4, answer=cut_off)

    assert ["half of"] * 5 == texts(in_threads(5, lambda: model.invoke("cold")))
    assert (1, 0) == (model.calls, cache.stats().kept)
