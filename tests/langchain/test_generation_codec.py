"""Answers come back equal, of the exact classes."""

import copy
import pickle
import threading
from typing import Any

import pytest
from hypothesis import given
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, message_chunk_to_message
from langchain_core.messages.base import TextAccessor
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, GenerationChunk
from pydantic import BaseModel

from llmcache.codec.plain import copy_plain, decode_plain, encode_plain
from llmcache.errors import UsageError
from llmcache_langchain.generations import generations_from_plain, generations_to_plain
from tests.codec.strategies import containers
from tests.langchain.samples import FULL_AI, PLAIN_FULL_AI
from tests.langchain.strategies import answers, generation_chunks, generations

LIMIT = 1 << 20

ANSWERS: tuple[tuple[list[Generation], object], ...] = (
    ([], []),
    ([Generation(text="4")], [{"text": "4"}]),
    ([Generation(text="", generation_info={})], [{"text": "", "generation_info": {}}]),
    (
        [ChatGeneration(message=FULL_AI, generation_info={"finish_reason": "stop", "logprobs": None})],
        [{"message": PLAIN_FULL_AI, "generation_info": {"finish_reason": "stop", "logprobs": None}}],
    ),
    (
        [ChatGeneration(message=AIMessage("a")), Generation(text="b"), ChatGeneration(message=HumanMessage("c"))],
        [{"message": {"type": "ai", "content": "a"}}, {"text": "b"}, {"message": {"type": "human", "content": "c"}}],
    ),
)
"""Answers and their plain form: what lies in stores, and must be read by every later release."""

each_answer = pytest.mark.parametrize(("answer", "plain"), ANSWERS)


class Joke(BaseModel):
    setup: str
    rating: float = 1.5


class MyGeneration(Generation):
    score: float = 0.5


class MyChatGeneration(ChatGeneration):
    pass


def through_bytes(answer: list[Generation]) -> list[Generation]:
    """Return what a store gives back for `answer`."""
    return generations_from_plain(decode_plain(encode_plain(generations_to_plain(answer)), max_bytes=LIMIT))


def mutables(value: Any) -> set[int]:
    """Return the identities of everything mutable in `value`, generations and messages included."""
    if isinstance(value, BaseModel):
        own = {id(value), id(value.__dict__), id(value.model_fields_set)}
        return own.union(*map(mutables, (value.__dict__, value.__pydantic_extra__, value.__pydantic_private__)))
    if isinstance(value, dict):
        return {id(value)}.union(*map(mutables, value.values()))
    if isinstance(value, list | tuple):
        return {id(value)}.union(*map(mutables, value))
    return {id(value)} if isinstance(value, set | bytearray) else set()


@given(answers)
def test_an_answer_comes_back_equal(answer: list[Generation]) -> None:
    """Every generation comes back as what was put, of exactly its class."""
    found = through_bytes(answer)

    assert answer == found
    assert [type(generation) for generation in answer] == [type(generation) for generation in found]


@given(generations)
def test_a_handmade_generation_is_as_validation_makes_it(generation: Generation) -> None:
    """Fields in order, no extra and no private fields, and the same names count as given."""
    (found,) = through_bytes([generation])

    assert list(generation.__dict__.items()) == list(found.__dict__.items())
    assert (None, None) == (found.__pydantic_extra__, found.__pydantic_private__)
    assert generation.model_fields_set - {"generation_info"} == found.model_fields_set - {"generation_info"}
    assert ("generation_info" in found.model_fields_set) is (generation.generation_info is not None)


@each_answer
def test_the_plain_form_is_this(answer: list[Generation], plain: Any) -> None:
    """The form that lies in stores, both ways."""
    assert plain == generations_to_plain(answer)
    assert answer == generations_from_plain(copy_plain(plain))


@each_answer
def test_a_generation_behaves_as_before(answer: list[Generation], plain: Any) -> None:
    """Dumping, pickling, copying and showing give the same."""
    found = through_bytes(answer)

    assert dumps(answer) == dumps(found)
    assert [one.model_dump_json() for one in answer] == [one.model_dump_json() for one in found]
    assert answer == pickle.loads(pickle.dumps(found)) == copy.deepcopy(found)
    assert repr(answer) == repr(found)


@given(answers)
def test_the_plain_form_shares_nothing_with_the_answer(answer: list[Generation]) -> None:
    """A later change of the answer does not change what was made of it."""
    assert set(containers(generations_to_plain(answer))).isdisjoint(mutables(answer))


@given(generation_chunks)
def test_a_chunk_comes_back_as_a_generation(chunk: Generation) -> None:
    """Pieces become what they stand for."""
    (found,) = through_bytes([chunk])
    if isinstance(chunk, ChatGenerationChunk):
        message = message_chunk_to_message(chunk.message)
        message.__pydantic_extra__ = chunk.message.__pydantic_extra__
        expected: Generation = ChatGeneration(message=message, generation_info=chunk.generation_info)
    else:
        expected = Generation(text=chunk.text, generation_info=chunk.generation_info)

    assert (type(expected), expected) == (type(found), found)


def test_subclasses_come_back_as_generations() -> None:
    """A user's class is never made."""
    found = through_bytes([MyGeneration(text="a"), MyChatGeneration(message=AIMessage("b")), GenerationChunk(text="c")])

    assert [Generation(text="a"), ChatGeneration(message=AIMessage("b")), Generation(text="c")] == found
    assert [Generation, ChatGeneration, Generation] == [type(one) for one in found]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        ([], ""),
        (["a", "b"], "ab"),
        ([{"type": "text", "text": "a"}, {"type": "reasoning", "text": "x"}, "b"], "ab"),
        ([{"text": "a"}, {"type": "text", "text": "b"}, {"type": "text"}, {"type": "image", "text": "x"}, "c"], "abc"),
        ([{"type": None, "text": "a"}, {"other": 1}], "a"),
        ([{"type": "text", "text": None}], ""),
        ([{"type": ["text"], "text": "x"}, {"type": "text", "text": "a"}], "a"),
    ],
)
def test_the_text_is_what_langchain_computes(content: Any, text: str) -> None:
    """It need not be stored: LangChain's own rule, for blocks of every age, gives it back."""
    generation = ChatGeneration(message=AIMessage(content))
    (found,) = through_bytes([generation])

    assert text == generation.text == found.text
    assert [{"message"}] == [set(one) for one in generations_to_plain([generation])]
    assert TextAccessor is type(found.text)


def test_a_text_of_its_own_is_kept() -> None:
    """A text that somebody set comes back as it is."""
    generation = ChatGeneration(message=AIMessage("a"))
    generation.text = "b"
    (found,) = through_bytes([generation])

    assert ("b", generation) == (found.text, found)
    assert str is type(found.text)


def test_a_parsed_object_comes_back_as_data() -> None:
    """What `with_structured_output` put into the message is data, and its class reads it."""
    message = AIMessage('{"setup": "knock"}', additional_kwargs={"parsed": Joke(setup="knock"), "refusal": None})
    (found,) = through_bytes([ChatGeneration(message=message)])

    assert isinstance(found, ChatGeneration)
    assert {"parsed": {"setup": "knock", "rating": 1.5}, "refusal": None} == found.message.additional_kwargs
    assert Joke(setup="knock") == Joke(**found.message.additional_kwargs["parsed"])


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (["hi"], "generations[0] is of type str, not a generation"),
        ([Generation(text="a"), None], "generations[1] is of type NoneType, not a generation"),
        ([AIMessage("a")], "generations[0] is of type AIMessage, not a generation"),
        (
            [Generation(text="a", generation_info={"x": {"y": object()}})],
            "generations[0].generation_info{0}{0} is of type object;",
        ),
        ([Generation.model_construct(text=None)], "generations[0].text is of type NoneType, not text"),
        ([Generation.model_construct(text="a", generation_info=[1])], "generations[0].generation_info is not a dict"),
        (
            [ChatGeneration.model_construct(message="a", text="")],
            "generations[0].message is of type str, not a known kind of message",
        ),
        (
            [ChatGeneration(message=AIMessage("a", lock=threading.Lock()))],
            "generations[0].message.extra{0} is of type lock;",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(answer: Any, complaint: str) -> None:
    """The error names the place and the type."""
    with pytest.raises(UsageError) as refused:
        generations_to_plain(answer)

    assert str(refused.value).startswith(complaint)


def test_a_streamed_answer_is_kept_whole() -> None:
    """Generations added up from a stream come back as one."""
    parts = [ChatGenerationChunk(message=AIMessageChunk(content=text), generation_info=None) for text in ("4", "2")]

    assert [ChatGeneration(message=AIMessage("42"))] == through_bytes([parts[0] + parts[1]])
