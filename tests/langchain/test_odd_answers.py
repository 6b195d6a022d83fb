"""Answers of shapes that no LangChain model should give, and some do: none of them is lost or breaks a call."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation

from llmcache_langchain import LLMCache
from llmcache_langchain.judging import provenance_of
from tests.langchain.models import ASKED, chat


def odd(**fields: Any) -> ChatGeneration:
    """A generation whose message was changed past validation, as providers' packages do."""
    message = AIMessage("x")
    for name, value in fields.items():
        object.__setattr__(message, name, value)
    return ChatGeneration.model_construct(text="x", message=message, generation_info=None, type="ChatGeneration")


@pytest.mark.parametrize(
    "answer",
    [
        odd(usage_metadata={"input_tokens": None, "output_tokens": 3}),
        odd(usage_metadata={"input_tokens": "5"}),
        odd(usage_metadata={"input_tokens": 1.5, "output_tokens": float("nan")}),
        odd(usage_metadata=[1]),
        odd(usage_metadata="many"),
        odd(response_metadata=None),
        odd(additional_kwargs=None),
        odd(content=None),
        odd(content=[1]),
        odd(tool_calls=None),
        Generation.model_construct(text=None),
        Generation.model_construct(text="x", generation_info=[1]),
        "not a generation",
    ],
    ids=repr,
)
async def test_an_answer_of_an_odd_shape_is_told_and_not_kept(cache: LLMCache, answer: Any) -> None:
    """Its caller has paid for it: keeping it does not raise, in neither colour."""
    cache.update(*ASKED, [answer])
    await cache.aupdate(*ASKED, [answer])

    assert cache.lookup(*ASKED) is None
    assert cache.stats().not_admitted + cache.stats().not_encodable == 2


def test_an_iterator_of_answers_is_kept_whole(cache: LLMCache) -> None:
    """It is read once, so that what is judged is what is kept."""
    cache.update(*ASKED, iter([Generation(text="a"), Generation(text="b")]))  # type: ignore[arg-type] # the point

    assert cache.lookup(*ASKED) == [Generation(text="a"), Generation(text="b")]


def test_counts_that_are_no_numbers_are_not_known() -> None:
    """Only whole numbers count; the largest of several answers stands for the call."""
    answers = [
        odd(usage_metadata={"input_tokens": 3, "output_tokens": True}),
        odd(usage_metadata={"input_tokens": 7}, response_metadata={"model_name": "m"}),
        odd(usage_metadata={"input_tokens": "9"}, response_metadata=None),
    ]
    found = provenance_of(answers, None)

    assert (found.input_tokens, found.output_tokens) == (7, None)


@pytest.mark.parametrize("field", ["model_name", "model", "model_id"])
def test_the_model_is_named_by_whichever_field_the_provider_uses(field: str) -> None:
    """None where it says nothing."""
    assert provenance_of([chat("x", response_metadata={field: "m"})], None).model == "m"
    assert provenance_of([chat("x", response_metadata={field: 5})], None).model is None
