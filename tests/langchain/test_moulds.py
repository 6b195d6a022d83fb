"""Casts: what a hit hands out is equal to what was kept, whole in every detail of pydantic, and each caller's own."""

import copy
import itertools
import pickle
from typing import Any

from hypothesis import given
from langchain_core.messages import AIMessage, message_to_dict, messages_from_dict
from langchain_core.outputs import ChatGeneration, Generation

from llmcache_langchain.moulds import Mould, Single
from tests.langchain.samples import FULL_AI
from tests.langchain.strategies import answers
from tests.langchain.test_generation_codec import mutables, through_bytes


def with_ids_of(found: list[Generation], kept: list[Generation]) -> list[Generation]:
    """Return copies of `found` that have the ids of `kept`, which a cast replaces."""
    copied = copy.deepcopy(found)
    for one, other in zip(copied, kept, strict=True):
        if isinstance(one, ChatGeneration) and isinstance(other, ChatGeneration):
            one.message.id = other.message.id
    return copied


@given(answers)
def test_casts_are_equal_and_share_nothing(answer: list[Generation]) -> None:
    """Whatever one caller does to its cast, nobody else sees it."""
    kept = through_bytes(answer)
    mould = Mould(kept)
    casts = [mould.cast(lambda: "fresh") for _ in range(2)]

    assert [with_ids_of(cast, kept) for cast in casts] == [kept, kept]
    assert [type(one) for one in casts[0]] == [type(one) for one in kept]
    assert mutables(casts[0]).isdisjoint(mutables(casts[1]))
    assert mutables(casts[0]).isdisjoint(mutables(kept))


@given(answers)
def test_the_one_cast_of_a_single_is_a_cast_like_any_other(answer: list[Generation]) -> None:
    """Which of the two serves a hit cannot be told."""
    single, mould = Single(through_bytes(answer)), Mould(through_bytes(answer))
    first, other = single.cast(lambda: "fresh"), mould.cast(lambda: "fresh")

    assert first == other
    assert [details(one) for one in first] == [details(one) for one in other]


def details(generation: Generation) -> list[Any]:
    """Return what equality does not compare: names given, extra and private fields, and the order of fields."""
    parts: list[Any] = [generation, *([generation.message] if isinstance(generation, ChatGeneration) else [])]
    return [
        (part.model_fields_set, part.__pydantic_extra__, part.__pydantic_private__, list(part.__dict__))
        for part in parts
    ]


def test_a_cast_is_a_message_like_any_other() -> None:
    """It is pickled, copied, dumped, stored and added up as one that validation made."""
    ids = map(str, itertools.count())
    (generation,) = Mould(through_bytes([ChatGeneration(message=FULL_AI)])).cast(lambda: next(ids))
    assert isinstance(generation, ChatGeneration)
    message = generation.message
    made = AIMessage.model_validate(message.model_dump())

    assert message == made
    assert message.id == "0"
    for same in (
        pickle.loads(pickle.dumps(message)),
        copy.deepcopy(message),
        message.model_copy(deep=True),
        messages_from_dict([message_to_dict(message)])[0],
        AIMessage.model_validate_json(message.model_dump_json()),
    ):
        assert same == message
    assert (message + made).messages == [message, made]
