"""Real LangChain models, end to end: which of their settings move a key."""

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.load import dumps
from langchain_core.messages import (
    AIMessage,
    HumanMessage,
)
from langchain_core.outputs import ChatGeneration
from langchain_core.tracers import ConsoleCallbackHandler
from pydantic import SecretStr

from llmcache.keys import explain_langchain, langchain_key
from tests.keys.langchain_pairs import (
    Spy,
    Weather,
    openai,
    pair,
)
from tests.keys.texts import SHOP


def model_key(spy: Spy, **settings: Any) -> str:
    """Return the name of the key of one question to a model; `call` is what the call is given."""
    call = settings.pop("call", {})
    return langchain_key(*pair(openai(spy, **settings), "hi", spy, **call), SHOP).name


@pytest.fixture
def spy() -> Spy:
    """Return a cache that always answers."""
    return Spy(AIMessage("{}"))


@pytest.mark.parametrize(
    "settings",
    [
        {"max_retries": 7},
        {"timeout": 1.5},
        {"streaming": True},
        {"stream_usage": True},
        {"disable_streaming": True},
        {"api_key": SecretStr("sk-another")},
        {"name": "my model"},
        {"tags": ["a"], "metadata": {"b": 1}, "verbose": True},
        {"callbacks": [ConsoleCallbackHandler()]},
        {"call": {"timeout": 3}},
        {"call": {"stop": None}},
        {"seed": None},
    ],
)
def test_how_a_call_travels_moves_no_key(spy: Spy, settings: dict[str, Any]) -> None:
    """Retries, limits of time, streaming, credentials and tracing of the real client."""
    assert model_key(spy) == model_key(spy, **settings)


def test_what_a_model_is_asked_moves_the_key(spy: Spy) -> None:
    """Model, address, sampling, headers, format of the output, and every argument of the call."""
    settings: list[dict[str, Any]] = [
        {},
        {"model": "gpt-4o"},
        {"base_url": "http://localhost:9/v2"},
        {"temperature": 0},
        {"temperature": 0.5},
        {"seed": 1},
        {"n": 2},
        {"max_tokens": 5},
        {"organization": "o"},
        {"default_headers": {"beta": "1"}},
        {"model_kwargs": {"unheard_of": 1}},
        {"use_responses_api": True},
        {"output_version": "v1"},
        {"call": {"stop": ["x"]}},
        {"call": {"stop": ["x", "y"]}},
        {"call": {"temperature": 0.5}},
        {"call": {"extra_headers": {"beta": "1"}}},
        {"call": {"user": "ann"}},
    ]

    assert len(settings) == len({model_key(spy, **each) for each in settings})


def test_number_of_a_call_has_one_form(spy: Spy) -> None:
    """`invoke(..., temperature=0)` and `0.0` are one question; a tool's default `0` and `0.0` are two."""
    schema = [
        {"type": "function", "function": {"name": "f", "parameters": {"default": default}}} for default in (0, 0.0)
    ]

    assert model_key(spy, call={"temperature": 0}) == model_key(spy, call={"temperature": 0.0})
    assert model_key(spy, call={"tools": schema[:1]}) != model_key(spy, call={"tools": schema[1:]})


def test_bound_tools_are_in_the_key_whatever_the_order_of_members(spy: Spy) -> None:
    """A schema is its members; another schema, another order of tools or another choice is another request."""
    weather = {
        "name": "weather",
        "description": "d",
        "parameters": {"type": "object", "properties": {"a": {}, "b": {}}},
    }
    turned = dict(reversed(weather.items()))
    turned["parameters"] = {"properties": {"b": {}, "a": {}}, "type": "object"}
    other = {**weather, "name": "news"}

    def key(*tools: dict[str, Any], **settings: Any) -> str:
        return langchain_key(*pair(openai(spy).bind_tools(list(tools), **settings), "hi", spy), SHOP).name

    assert key(weather) == key(turned)
    names = [key(weather), key(other), key(weather, other), key(other, weather), key(weather, tool_choice="any"), key()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_structured_output_has_its_schema_in_the_key(spy: Spy, method: str) -> None:
    """As a tool or as a schema: a changed description is another request."""
    schemas = [
        {"title": "Joke", "description": said, "type": "object", "properties": {"a": {"type": "string"}}}
        for said in ("one", "two", "one")
    ]
    names = [
        langchain_key(*pair(openai(spy).with_structured_output(schema, method=method), "hi", spy), SHOP).name  # type: ignore[arg-type]  # the parameter is one of its literals
        for schema in schemas
    ]

    assert names[0] == names[2] != names[1]


def test_structured_output_by_class_has_only_its_name() -> None:
    """What LangChain prints of a class is its name, and below `BaseCache` there is nothing else to see."""
    spy = Spy(AIMessage("{}", additional_kwargs={"parsed": Weather(city="Bern")}))
    schema = explain_langchain(*pair(openai(spy).with_structured_output(Weather, method="json_schema"), "hi", spy))

    assert {"py:repr": f"<class '{Weather.__module__}.Weather'>"} == schema.form["parameters"]["response_format"]


def test_functions_and_objects_of_a_call_have_no_address(spy: Spy) -> None:
    """Two processes print another address; within one, two functions of one name are one."""

    def make() -> Any:
        def function() -> None:
            """Do nothing."""

        return function

    first, second = make(), make()
    texts = [pair(openai(spy), "hi", spy, extra=[function])[1] for function in (first, second)]

    assert texts[0] != texts[1]
    assert langchain_key("hi", texts[0], SHOP) == langchain_key("hi", texts[1], SHOP)
    assert model_key(spy, call={"extra": [first]}) != model_key(spy, call={"extra": [max]})


def test_id_of_the_last_answer_counts_where_the_provider_remembers(spy: Spy) -> None:
    """Then the provider is sent the id in place of the conversation."""

    def key(found: str, **settings: Any) -> str:
        said = [HumanMessage("a"), AIMessage("b", response_metadata={"id": found}), HumanMessage("c")]
        return langchain_key(*pair(openai(spy, use_responses_api=True, **settings), said, spy), SHOP).name

    assert key("resp_1", use_previous_response_id=True) != key("resp_2", use_previous_response_id=True)
    assert key("resp_1") == key("resp_2")


def test_models_of_all_kinds_have_keys() -> None:
    """A fake without its own serialisation, a text model: their settings are in the key."""
    spy = Spy(AIMessage("a"))
    models: list[Any] = [
        FakeListChatModel(responses=["a"], cache=spy),
        FakeListChatModel(responses=["b"], cache=spy),
        FakeListLLM(responses=["a"], cache=spy),
        openai(spy),
    ]

    assert len(models) == len({langchain_key(*pair(model, "hi", spy), SHOP).name for model in models})


def test_prompt_of_a_text_model_is_taken_as_it_is() -> None:
    """Space, case and letters count, and a text is never a message."""
    spy = Spy(AIMessage("a"))
    model = FakeListLLM(responses=["a"], cache=spy)
    texts = ["hi", "hi ", " hi", "Hi", "", "é", "e\u0301", dumps([HumanMessage("hi")])[:-1]]
    found = [pair(model, text, spy) for text in texts]

    assert texts == [prompt for prompt, _ in found]
    assert len(texts) == len({langchain_key(*each, SHOP).name for each in found})


def test_unused_generation_kinds_are_not_asked_for(spy: Spy) -> None:
    """The spy answers with a chat generation, so that no model behind these tests is ever called."""
    model: BaseChatModel = openai(spy)

    assert "{}" == model.invoke("hi").content
    assert isinstance(spy.lookup("", ""), list)
    assert isinstance((spy.lookup("", "") or [])[0], ChatGeneration)
