"""Agents and conversations are fully cached after one run; with LangChain's own cache they never are at once."""

from collections.abc import Callable

import pytest
from langchain.agents import create_agent
from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.tools import tool

from llmcache_langchain import LLMCache
from tests.langchain.models import FakeModel, three_steps


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def run_agent(model: FakeModel) -> list[BaseMessage]:
    """One run of an agent that calls its tool twice and then answers."""
    state = create_agent(model, tools=[add]).invoke({"messages": [HumanMessage("add twice")]})
    messages: list[BaseMessage] = state["messages"]
    return messages


def run_conversation(model: FakeModel) -> list[BaseMessage]:
    """Five turns, each with all that was said before."""
    messages: list[BaseMessage] = []
    for turn in range(5):
        messages.append(HumanMessage(f"turn {turn}"))
        messages.append(model.invoke(messages))
    return messages


def calls_after_each_run(
    cache: BaseCache, run: Callable[[FakeModel], list[BaseMessage]], model: FakeModel
) -> list[int]:
    """Run four times and return how often the model had been asked after each."""
    model.cache = cache
    counts = []
    for _ in range(4):
        run(model)
        counts.append(model.calls)
    return counts


def test_a_three_step_agent_is_asked_three_times_in_four_runs(cache: LLMCache) -> None:
    """[n, n, n, n]; LangChain's InMemoryCache asks on, because a hit changes the next prompt."""
    ours = calls_after_each_run(cache, run_agent, FakeModel(answer=three_steps))
    theirs = calls_after_each_run(InMemoryCache(), run_agent, FakeModel(answer=three_steps))

    assert ours == [3, 3, 3, 3]
    assert theirs[-1] > 3


def test_a_five_turn_conversation_is_asked_five_times_in_four_runs(cache: LLMCache) -> None:
    """[n, n, n, n]; LangChain's InMemoryCache asks on."""
    ours = calls_after_each_run(cache, run_conversation, FakeModel())
    theirs = calls_after_each_run(InMemoryCache(), run_conversation, FakeModel())

    assert ours == [5, 5, 5, 5]
    assert theirs[-1] > 5


def test_a_cached_run_of_an_agent_keeps_all_its_messages(cache: LLMCache) -> None:
    """Fresh ids: nothing in LangGraph's state is replaced by a hit."""
    model = FakeModel(answer=three_steps, cache=cache)
    first, second = run_agent(model), run_agent(model)

    assert [(type(m), m.text) for m in second] == [(type(m), m.text) for m in first]
    assert len({message.id for message in second}) == len(second)


@pytest.mark.parametrize("question", ["add twice", "add thrice"])
def test_another_question_is_another_conversation(cache: LLMCache, question: str) -> None:
    """Renaming tool-call ids never makes two conversations meet."""
    model = FakeModel(answer=three_steps, cache=cache)
    agent = create_agent(model, tools=[add])
    agent.invoke({"messages": [HumanMessage("something else")]})
    agent.invoke({"messages": [HumanMessage(question)]})

    assert model.calls == 6
