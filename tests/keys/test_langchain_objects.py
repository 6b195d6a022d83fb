"""Real LangChain messages, end to end: what an application keeps and sends again, and whether its key moves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.caches import BaseCache
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.load import dumps
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.content import create_image_block, create_text_block
from langchain_core.outputs import Generation
from pydantic import BaseModel, Field

from llmcache.keys import explain_langchain, first_difference, langchain_key
from llmcache.keys.langchain_prompt import canonical_prompt, messages_of
from llmcache.model.namespace import Namespace
from tests.keys.langchain_pairs import (
    Weather,
    block_conversation,
    streamed_conversation,
    tool_conversation,
)
from tests.keys.texts import ANY_TEXT, NO_MODEL, SHOP


def key_of(*messages: BaseMessage) -> str:
    """Return the name of the key of these messages."""
    return langchain_key(dumps(list(messages)), NO_MODEL, SHOP).name


def changed(message: BaseMessage, **fields: Any) -> BaseMessage:
    """Return the message with some fields in another way."""
    return message.model_copy(update=fields)


CACHED: list[dict[str, Any]] = [
    {"id": "run-aaaa-0"},
    {"id": None},
    {"usage_metadata": {"input_tokens": 90, "output_tokens": 20, "total_tokens": 110, "total_cost": 0}},
    {"usage_metadata": {"total_cost": 0}},
    {"usage_metadata": None},
    {"response_metadata": {}},
    {"response_metadata": {"id": "other", "logprobs": [1], "model_provider": "x", "llmcache": {"hit": True}}},
]


@pytest.mark.parametrize("fields", CACHED)
def test_what_a_hit_changes_in_an_answer_moves_no_key(fields: dict[str, Any]) -> None:
    """`total_cost`, a fresh id, zeroed usage, a marker: the next turn is found in the first repeated run."""
    system, human, answer, *results = tool_conversation()

    assert key_of(system, human, answer, *results) == key_of(system, human, changed(answer, **fields), *results)


@pytest.mark.parametrize(
    "fields",
    [
        {"content": "x"},
        {"tool_calls": []},
        {"invalid_tool_calls": []},
        {"additional_kwargs": {}},
        {"additional_kwargs": {"refusal": "no"}},
        {"name": "bob"},
    ],
)
def test_what_a_model_sees_of_an_answer_moves_the_key(fields: dict[str, Any]) -> None:
    """Content, calls, names and a provider's own fields."""
    system, human, answer, *results = tool_conversation()

    assert key_of(system, human, answer, *results) != key_of(system, human, changed(answer, **fields), *results)


class ByKey(BaseCache):
    """A cache by our key that gives each hit the way LangChain's own do: the object that was kept."""

    def __init__(self) -> None:
        self.kept: dict[str, list[Generation]] = {}

    def lookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        return self.kept.get(langchain_key(prompt, llm_string, SHOP).name)

    def update(self, prompt: str, llm_string: str, return_val: Any) -> None:
        self.kept[langchain_key(prompt, llm_string, SHOP).name] = list(return_val)

    def clear(self, **kwargs: Any) -> None:
        self.kept.clear()


def test_conversation_of_four_turns_is_paid_once() -> None:
    """LangChain's own caches need a run per turn more, because each hit changes the next prompt."""
    answers = (
        AIMessage(f"answer {turn}", usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2})
        for turn in range(100)
    )
    model = GenericFakeChatModel(messages=answers, cache=ByKey())
    runs: list[list[str]] = []
    for _ in range(3):
        said: list[BaseMessage] = []
        for turn in range(4):
            said.append(HumanMessage(f"question {turn}"))
            said.append(model.invoke(said))
        runs.append([str(message.content) for message in said[1::2]])

    assert [[f"answer {turn}" for turn in range(4)]] * 3 == runs


def test_parsed_answer_moves_no_key() -> None:
    """As the client parsed it, as a cache gives it back, or not at all."""
    fresh = AIMessage("{}", additional_kwargs={"parsed": Weather(city="Bern")})
    again = AIMessage("{}", additional_kwargs={"parsed": {"city": "Bern", "days": 1}})

    assert key_of(fresh) == key_of(again) == key_of(AIMessage("{}"))


def test_chunks_are_the_messages_they_become() -> None:
    """A streamed answer that was kept as a chunk is the same turn as one that came whole."""
    human, chunk, *rest = streamed_conversation()
    assert isinstance(chunk, AIMessageChunk)
    whole = AIMessage(chunk.content, tool_calls=chunk.tool_calls)

    assert key_of(human, whole, *rest) == key_of(human, chunk, *rest)
    assert (
        key_of(HumanMessage("a")) == key_of(HumanMessageChunk(content="a")) == key_of(HumanMessage("a", example=False))
    )


def test_blocks_made_anew_move_no_key() -> None:
    """LangChain gives each block a random id; the words and the order of blocks count."""

    def key(*words: str) -> str:
        blocks = [create_text_block(word) for word in words]
        return key_of(HumanMessage(content_blocks=[*blocks, create_image_block(url="http://x/a.png")]))

    assert key("a", "b") == key("a", "b")
    assert key("a", "b") != key("b", "a")


def test_ids_of_blocks_that_a_provider_checks_count() -> None:
    """Reasoning is signed by its id, and an item of a stored answer is fetched by it."""
    human, answer, result = block_conversation()
    names = {key_of(human, answer, result)}
    for index, member in [(0, "id"), (1, "id"), (2, "id"), (0, "summary"), (2, "arguments")]:
        blocks = [dict(block) for block in answer.content if isinstance(block, dict)]
        blocks[index][member] = "other"
        names.add(key_of(human, changed(answer, content=blocks), result))

    assert 6 == len(names)


def test_metadata_that_says_how_blocks_are_sent_counts() -> None:
    """An Anthropic client sends or leaves out a block by who made it; with a plain text nothing depends on it."""
    blocks: list[str | dict[Any, Any]] = [{"type": "reasoning", "reasoning": "hm"}]
    names = {
        key_of(AIMessage(blocks, response_metadata={"model_provider": made_by})) for made_by in ("openai", "anthropic")
    }
    plain = {
        key_of(AIMessage("hm", response_metadata={"model_provider": made_by})) for made_by in ("openai", "anthropic")
    }

    assert (2, 1) == (len(names), len(plain))


def test_speakers_of_every_kind_are_kept_apart() -> None:
    """Roles, names and function names are seen by the model."""
    messages: list[BaseMessage] = [
        SystemMessage("a"),
        HumanMessage("a"),
        HumanMessage("a", name="ann"),
        AIMessage("a"),
        ChatMessage(content="a", role="critic"),
        ChatMessage(content="a", role="user"),
        FunctionMessage(content="a", name="f"),
        FunctionMessage(content="a", name="g"),
        ToolMessage("a", tool_call_id="call_abc"),
        ToolMessage("a", tool_call_id="call_abc", status="error"),
        SystemMessage("a", additional_kwargs={"__openai_role__": "developer"}),
    ]

    assert len(messages) == len({key_of(message) for message in messages})


class Odd(BaseModel):
    """A value LangChain cannot serialise."""

    when: Any = Field(default_factory=object)


def test_messages_that_are_not_understood_still_have_keys() -> None:
    """A removal, a class of the user's own, an object in the content, nesting without measure: no error."""

    class Own(HumanMessage):
        """A class of the user's own."""

    deep: Any = {}
    for _ in range(150):
        deep = {"a": deep}
    odd: list[BaseMessage] = [
        RemoveMessage("x"),
        Own(content="a"),
        HumanMessage([{"type": "x", "data": Odd()}]),
        HumanMessage([deep]),
    ]

    assert len(odd) == len({key_of(HumanMessage("a"), message) for message in odd})
    assert [False, False, True, False] == [canonical_prompt(dumps([message])).name == "messages" for message in odd]
    assert key_of(HumanMessage([{"type": "x", "data": Odd(when=object())}])) == key_of(
        HumanMessage([{"type": "x", "data": Odd(when=object())}])
    )


@given(
    st.lists(ANY_TEXT.map(HumanMessage) | ANY_TEXT.map(AIMessage) | ANY_TEXT.map(SystemMessage), min_size=1, max_size=3)
)
def test_any_words_are_in_the_form(messages: list[BaseMessage]) -> None:
    """As LangChain's JSON has them: two lone surrogates that make a pair are one character there."""
    part = canonical_prompt(dumps(messages))
    expected = [
        str(message.content).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") for message in messages
    ]

    assert "messages" == part.name
    assert expected == [message[1]["content"] for message in messages_of(part)]


def test_namespaces_keep_tenants_apart() -> None:
    """One question, two tenants, two keys."""
    asked = (dumps([HumanMessage("a")]), NO_MODEL)

    assert langchain_key(*asked, Namespace(("a",))) != langchain_key(*asked, Namespace(("b",)))


def test_explanation_of_two_turns_names_the_word_that_differs() -> None:
    """The path leads to the message and the field."""
    system, human, *rest = tool_conversation()
    explained = [
        explain_langchain(dumps([system, said, *rest]), NO_MODEL)
        for said in (human, HumanMessage("Is it cold in Bern?"))
    ]
    difference = first_difference(*explained)

    assert difference is not None
    assert "messages[1][1].content" == difference.path
    assert '"Is it cold in Bern?"' == difference.right
