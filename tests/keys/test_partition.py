"""Partitions: nothing but the text of the last question is outside, and what must not be answered by meaning has none."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.keys.partition import LONGEST, Question, langchain_question, request_question
from llmcache.model.key import Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.request import Request
from tests.keys.langchain_pairs import pairs
from tests.keys.test_key_properties import one_change
from tests.keys.texts import AS_JSON, NASTY, PLAIN, SHOP, as_json, own, prompt, same

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "partitions.json").read_text("utf-8"))
EMBEDDER = "minilm"
ASK: dict[str, Any] = {"role": "user", "content": "Where is my card?"}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1", "function": {"name": "f"}}]}


def asked(*messages: Any, tools: Any = (), with_tool_calls: bool = False, **parameters: Any) -> Question | None:
    """Return the question of a request."""
    request = Request("m", messages, parameters, tools)
    return request_question(request, SHOP, EMBEDDER, with_tool_calls=with_tool_calls)


def chained(*messages: dict[str, Any], llm: str = "[]", with_tool_calls: bool = False) -> Question | None:
    """Return the question of LangChain's texts."""
    return langchain_question(prompt(*messages), llm, SHOP, EMBEDDER, with_tool_calls=with_tool_calls)


def partition(found: Question | None) -> str:
    """Return the name of the partition, which there is."""
    assert found is not None
    return found.partition.name


@pytest.mark.parametrize("title", GOLDEN["requests"])
def test_golden_requests_keep_their_partitions(title: str) -> None:
    """A question that was kept yesterday is compared with today's."""
    vector = GOLDEN["requests"][title]
    found = request_question(Request(**vector["request"]), SHOP, EMBEDDER)

    assert found is not None
    assert (vector["name"], vector["text"]) == (found.partition.name, found.text)


@pytest.mark.parametrize("title", GOLDEN["langchain"])
def test_golden_texts_keep_their_partitions(title: str) -> None:
    """LangChain's likewise."""
    vector = GOLDEN["langchain"][title]
    found = langchain_question(vector["prompt"], vector["llm_string"], SHOP, EMBEDDER)

    assert found is not None
    assert (vector["name"], vector["text"]) == (found.partition.name, found.text)


def test_partition_is_a_log_of_questions_of_its_namespace() -> None:
    """Clearing the questions of a namespace touches nobody else's."""
    found = asked(ASK)

    assert found is not None
    assert Space(SHOP, Kind.QUESTION) == found.partition.space
    assert "Where is my card?" == found.text


@given(NASTY, NASTY)
def test_text_of_the_question_is_outside(one: str, other: str) -> None:
    """Whatever it is: a quote, a surrogate, a null, and as a block as well as a string."""
    for text in (one, other):
        found = asked({"role": "system", "content": "s"}, {"role": "user", "content": text})
        if not text.strip() or len(text) > LONGEST:
            assert found is None
        else:
            assert found is not None
            assert text == found.text
            assert partition(asked({"role": "system", "content": "s"}, ASK)) == found.partition.name


@given(st.data(), PLAIN, st.sampled_from(["before", "beside", "parameters", "tools", "block"]))
def test_one_change_elsewhere_moves_the_partition(data: st.DataObject, tree: Any, place: str) -> None:
    """Earlier turns, what stands beside the text, parameters, tools, another block: however small the change."""

    def name(value: Any) -> str:
        before = [{"role": "user", "content": [{"type": "text", "text": "a", "x": value}]}] if place == "before" else []
        last = {**ASK, "x": value} if place == "beside" else ASK
        if place == "block":
            last = {
                "role": "user",
                "content": [{"type": "text", "text": "a", "x": value}, {"type": "text", "text": "b"}],
            }
        tools = [{"x": value}] if place == "tools" else []
        parameters = {"x": [value]} if place == "parameters" else {}
        return partition(request_question(Request("m", [*before, last], parameters, tools), SHOP, EMBEDDER))

    other = one_change(data.draw, tree)

    assert same(tree, other) is (name(tree) == name(other))


@given(st.data(), AS_JSON, st.sampled_from(["before", "beside", "block"]))
def test_one_change_elsewhere_in_langchains_text_moves_the_partition(
    data: st.DataObject, tree: Any, place: str
) -> None:
    """The same for the two texts that LangChain gives."""

    def name(value: Any) -> str:
        before = [own("SystemMessage", [{"type": "text", "text": "a", "x": value}])] if place == "before" else []
        last = own("HumanMessage", "hi", unknown=[value]) if place == "beside" else own("HumanMessage", "hi")
        if place == "block":
            last = own("HumanMessage", [{"type": "text", "text": "a", "x": value}, {"type": "text", "text": "b"}])
        return partition(chained(*before, last))

    tree, other = as_json(tree), as_json(one_change(data.draw, tree))

    assert same(tree, other) is (name(tree) == name(other))


def test_what_is_not_the_text_tells_partitions_apart() -> None:
    """Tenant, model, parameters, system prompt, tools, earlier turns, embedding model, and who asks."""
    system = {"role": "system", "content": "Be brief."}
    answer = {"role": "assistant", "content": "Yes."}
    other = Request("other", [ASK])
    names = [
        partition(asked(ASK)),
        partition(asked(ASK, temperature=0)),
        partition(asked(ASK, tools=[{"name": "f"}])),
        partition(asked(system, ASK)),
        partition(asked({**system, "content": "Be brief!"}, ASK)),
        partition(asked(ASK, answer, ASK)),
        partition(asked({**ASK, "name": "Ann"})),
        partition(asked({**ASK, "content": [{"type": "text", "text": "Where is my card?"}]})),
        partition(request_question(other, SHOP, EMBEDDER)),
        partition(request_question(Request("m", [ASK]), SHOP, "another")),
        partition(request_question(Request("m", [ASK]), Namespace(("shop", "prod", "tenant")), EMBEDDER)),
        partition(chained(own("HumanMessage", "hi"))),
        partition(chained(own("HumanMessage", "hi"), llm="[('stop', None)]--")),
    ]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "system", "content": "s"}],
        [ASK, {"role": "assistant", "content": "a"}],
        [{"content": "no role"}],
        [{"role": "user"}],
        [{"role": "user", "content": ""}],
        [{"role": "user", "content": " \n"}],
        [{"role": "user", "content": []}],
        [{"role": "user", "content": "x" * (LONGEST + 1)}],
        [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {}}, {"type": "text", "text": "what is it?"}],
            }
        ],
        [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": ""}]}],
        [{"role": "user", "content": [{"type": "text", "text": 3}]}],
    ],
)
def test_requests_without_a_question_have_no_partition(messages: Any) -> None:
    """Not asked by the user, no text, more than text, or too long for a model of embeddings."""
    assert asked(*messages) is None


def test_longest_question_is_one() -> None:
    """The limit itself is inside."""
    assert asked({"role": "user", "content": "x" * LONGEST}) is not None


@pytest.mark.parametrize(
    "turn",
    [
        CALL,
        {"role": "tool", "tool_call_id": "call_1", "content": "ok"},
        {"role": "function", "name": "f", "content": "ok"},
        {"role": "assistant", "content": None, "function_call": {"name": "f"}},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "x", "name": "f"}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x"}]},
        {"role": "assistant", "content": [{"type": "something_new"}]},
        {"type": "function_call", "call_id": "x"},
    ],
)
def test_turns_with_tools_have_no_partition_unless_asked_for(turn: Any) -> None:
    """What a tool said yesterday is not what it says today; a block that nobody knows may be one."""
    assert asked(ASK, turn, ASK) is None
    assert asked(ASK, turn, ASK, with_tool_calls=True) is not None


@pytest.mark.parametrize(
    "turn",
    [
        own("AIMessage", "", tool_calls=[{"name": "f", "args": {}, "id": "call_1", "type": "tool_call"}]),
        own("AIMessage", "", additional_kwargs={"tool_calls": [{"id": "call_1"}]}),
        own("AIMessage", [{"type": "tool_use", "id": "x", "name": "f", "input": {}}]),
        own("ToolMessage", "ok", tool_call_id="call_1"),
        own("FunctionMessage", "ok", name="f"),
    ],
)
def test_langchain_turns_with_tools_have_no_partition_unless_asked_for(turn: Any) -> None:
    """The same for LangChain's messages."""
    assert chained(own("HumanMessage", "hi"), turn, own("HumanMessage", "hi")) is None
    assert chained(own("HumanMessage", "hi"), turn, own("HumanMessage", "hi"), with_tool_calls=True) is not None


def test_images_of_earlier_turns_are_part_of_the_partition() -> None:
    """They are compared exactly there, so that they may be."""
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a"}}]}
    other = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "b"}}]}
    said = {"role": "assistant", "content": "A cat."}

    assert partition(asked(image, said, ASK)) != partition(asked(other, said, ASK))


@pytest.mark.parametrize(
    "text",
    [
        "plain text of a text model",
        prompt(own("HumanMessage", "hi"), own("AIMessage", "no question")),
        prompt(own("StrangeMessage", "hi")),
        prompt(own("HumanMessage", [{"type": "image", "url": "x"}])),
        prompt(own("HumanMessage", "")),
    ],
)
def test_what_langchain_asks_otherwise_has_no_partition(text: str) -> None:
    """A text model's prompt may hold a system prompt; a message of an unknown class may hold anything."""
    assert langchain_question(text, "[]", SHOP, EMBEDDER) is None


def test_questions_of_real_langchain_objects_are_found() -> None:
    """Of the conversations that the keys are tested with, those that end with a person's text have a question."""
    found = {title: langchain_question(*asked, SHOP, EMBEDDER) for title, asked in pairs().items()}
    texts = {title: question.text for title, question in found.items() if question is not None}

    assert GOLDEN["real"] == texts
