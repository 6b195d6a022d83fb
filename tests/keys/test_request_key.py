"""Keys of plain requests: everything that goes to the model counts, and how it travels does not."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.errors import UsageError
from llmcache.keys import request_key
from llmcache.keys.drops import CALL_SETTINGS, NOT_STREAMED, NULL, NUMBERS, RENAMED, REQUEST_PARAMETERS, Dropped
from llmcache.keys.request import canonical_request
from llmcache.model.key import Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.request import Request
from tests.keys.texts import PLAIN, SHOP, same, shuffled

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "hi"}]
MEMBERS = st.dictionaries(st.sampled_from(["a", "b", "role", "content", "top"]), PLAIN, max_size=2)
REQUESTS = st.builds(
    lambda model, messages, parameters, tools: {
        "model": model,
        "messages": messages,
        "parameters": parameters,
        "tools": tools,
    },
    st.sampled_from(["m", "n"]),
    st.lists(MEMBERS, max_size=2),
    st.dictionaries(st.sampled_from(["a", "b", "top"]), PLAIN.filter(lambda tree: tree is not None), max_size=2),
    st.lists(MEMBERS, max_size=1),
)


def name(messages: Any = HELLO, tools: Any = (), model: Any = "m", **parameters: Any) -> str:
    """Return the name of the key of a request of these."""
    return request_key(Request(model, messages, parameters, tools), SHOP).name


def test_key_is_a_response_of_its_namespace() -> None:
    """A request's answers live in their namespace, apart from embeddings and conversations."""
    key = request_key(Request("m", HELLO), SHOP)

    assert Space(SHOP, Kind.RESPONSE) == key.space
    assert 64 == len(key.name)


def test_namespace_is_in_the_name() -> None:
    """The same question of two tenants has two digests, and a child is not its parent."""
    spaces = [("a",), ("b",), ("a", "b"), ("a/b",)]

    assert 4 == len({request_key(Request("m", HELLO), Namespace(parts)).name for parts in spaces})


@given(REQUESTS, REQUESTS)
def test_two_requests_share_a_key_only_where_they_are_one(left: dict[str, Any], right: dict[str, Any]) -> None:
    """Any change in model, messages, parameters or tools, in a type or in an order of elements, changes the key."""
    names = [request_key(Request(**tree), SHOP).name for tree in (left, right)]

    assert same(left, right) is (names[0] == names[1])


@given(st.data(), REQUESTS)
def test_order_of_members_does_not_count(data: st.DataObject, tree: dict[str, Any]) -> None:
    """A mapping is its members."""
    assert request_key(Request(**tree), SHOP) == request_key(Request(**shuffled(data.draw, tree)), SHOP)


@given(REQUESTS)
def test_request_is_not_changed_and_not_shared(tree: dict[str, Any]) -> None:
    """Making a key leaves the caller's data alone, and a canonical form holds none of it that can change."""
    before = copy.deepcopy(tree)
    form = canonical_request(Request(**tree))
    for member in form["messages"]:
        member.clear()
    form["parameters"].clear()
    form["tools"].clear()

    assert same(before, tree)


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "M"},
        {"messages": [{"role": "user", "content": "hi "}]},
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": ["hi"]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
        {"messages": [{"role": "user", "content": "hi", "name": None}]},
        {"messages": [{"role": "system", "content": "hi"}]},
        {"messages": HELLO * 2},
        {"messages": []},
        {"tools": [{}]},
        {"tools": [{"name": "f"}]},
        {"n": 1},
        {"stop": []},
        {"user": "ann"},
        {"stream": True},
        {"stream": 0},
        {"stream_options": {"include_usage": True}},
        {"extra_headers": {"beta": "1"}},
        {"base_url": "http://x"},
        {"metadata": {}},
        {"cache": True},
    ],
)
def test_everything_that_may_change_the_answer_counts(changed: dict[str, Any]) -> None:
    """Nothing is trimmed, folded or guessed away; a streamed request is kept apart."""
    assert name() != name(**changed)


def test_unicode_forms_stay_apart() -> None:
    """A model sees a composed and a decomposed letter as different tokens; so does the key."""
    texts = ["\u00e9", "e\u0301", "e", "\ud83d\ude00", "😀", "\ud83d"]

    assert len(texts) == len({name([{"role": "user", "content": content}]) for content in texts})


@pytest.mark.parametrize("values", [[1, 1.0, "1", True], [0, 0.0, -0.0, "0", False, None, [], {}, ""]])
@pytest.mark.parametrize("place", ["content", "argument", "schema"])
def test_types_stay_apart_in_content_arguments_and_schemas(values: list[Any], place: str) -> None:
    """`1`, `1.0`, `"1"` and `true` are four arguments, and an absent one is a fifth."""
    spread: list[dict[str, Any]] = [*({"x": value} for value in values), {}]
    names = [
        name([{"role": "user", "content": [member]}])
        if place == "content"
        else name([{"role": "assistant", "tool_calls": [{"arguments": member}]}])
        if place == "argument"
        else name(tools=[{"parameters": {"default": member}}])
        for member in spread
    ]

    assert len(spread) == len(set(names))


def test_content_does_not_run_over_borders() -> None:
    """What a message ends with, the next cannot begin with."""
    families = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"], ['a", "b', "c"], ["as1:b", "c"]]
    names = {name([{"role": "user", "content": content} for content in contents]) for contents in families}

    assert len(families) == len(names)


@pytest.mark.parametrize("parameter", sorted(REQUEST_PARAMETERS))
def test_listed_parameter_is_dropped(parameter: str) -> None:
    """Whatever its value, at the top of the parameters only."""
    note: list[Dropped] = []
    canonical_request(Request("m", HELLO, {parameter: {"x": 1}, "n": 1}), note)

    assert name(n=1) == name(**{"n": 1, parameter: {"x": 1}})
    assert [Dropped(f"parameters.{parameter}", REQUEST_PARAMETERS[parameter])] == note
    assert name(n={}) != name(n={parameter: 1})
    assert name() != name([{**HELLO[0], parameter: 1}])
    assert name() != name(tools=[{parameter: 1}])


@pytest.mark.parametrize("parameter", sorted(set(CALL_SETTINGS) - set(REQUEST_PARAMETERS)))
def test_langchain_settings_mean_nothing_here(parameter: str) -> None:
    """A plain request's parameters go over the wire as they are."""
    assert name() != name(**{parameter: "x"})


def test_null_parameter_is_one_that_is_not_given() -> None:
    """At the top only; in a message, a schema or deeper it is data."""
    note: list[Dropped] = []
    canonical_request(Request("m", HELLO, {"seed": None}), note)

    assert name() == name(seed=None)
    assert [Dropped("parameters.seed", NULL)] == note
    assert name(x={}) != name(x={"seed": None})


def test_stream_false_is_one_that_is_not_given() -> None:
    """The default said aloud; anything else about streaming counts."""
    note: list[Dropped] = []
    canonical_request(Request("m", HELLO, {"stream": False}), note)

    assert name() == name(stream=False)
    assert [Dropped("parameters.stream", NOT_STREAMED)] == note


@pytest.mark.parametrize("parameter", sorted(NUMBERS))
def test_numbers_have_one_form_for_one_value(parameter: str) -> None:
    """`temperature=0`, `0.0` and `-0.0` ask the same, `0.5` and `"0"` do not."""
    assert name(**{parameter: 0}) == name(**{parameter: 0.0}) == name(**{parameter: -0.0})
    assert 4 == len({name(**{parameter: value}) for value in (0, 0.5, "0", False)})


def test_other_numbers_keep_their_type() -> None:
    """An unknown parameter may tell `1` from `1.0`."""
    assert name(seed=1) != name(seed=1.0)


def test_lists_may_be_any_sequence() -> None:
    """Tuples are lists; no tools are no tools."""
    assert name() == name(tuple(HELLO)) == name(tools=[]) == name(tools=())
    assert name([{"content": [1]}]) == name(({"content": (1,)},))


def test_note_tells_what_was_renamed() -> None:
    """Each renamed id is named once; one that is mentioned elsewhere is not renamed."""
    note: list[Dropped] = []
    messages: list[dict[str, Any]] = [
        {"tool_calls": [{"id": "call_a1"}, {"id": "call_b2"}]},
        {"tool_call_id": "call_a1", "content": "call_b2"},
    ]
    form = canonical_request(Request("m", messages), note)

    assert [Dropped("tool-call id call_a1", RENAMED)] == note
    assert [{"tool_calls": [{"id": 0}, {"id": "call_b2"}]}, {"tool_call_id": 0, "content": "call_b2"}] == form[
        "messages"
    ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"messages": [{"content": b"s3cret"}]}, r"messages\[0\]\{0\} is of type bytes; "),
        ({"parameters": {"x": [object()]}}, r"parameters\{0\}\[0\] is of type object; "),
        ({"parameters": {1: "s3cret"}}, r"parameters is a mapping with a key of type int; "),
        ({"tools": [{"f": {"s3cret"}}]}, r"tools\[0\]\{0\} is of type set; "),
        ({"parameters": {"temperature": float("nan")}}, r"parameters\{0\} is a float that is not finite; "),
        ({"messages": ["s3cret"]}, r"messages\[0\] is a mapping, found str$"),
        ({"messages": [HELLO[0], None]}, r"messages\[1\] is a mapping, found NoneType$"),
        ({"messages": ({}, ())}, r"messages\[1\] is a mapping, found tuple$"),
        ({"messages": iter(HELLO)}, r"Request\.messages is a list of mappings, found list_iterator$"),
        ({"messages": None}, r"Request\.messages is a list of mappings, found NoneType$"),
        ({"tools": None}, r"Request\.tools is a list of mappings, found NoneType$"),
        ({"tools": "s3cret"}, r"Request\.tools is a list of mappings, found str$"),
        ({"tools": b"s3cret"}, r"Request\.tools is a list of mappings, found bytes$"),
        ({"tools": {"a": 1}}, r"Request\.tools is a list of mappings, found dict$"),
        ({"tools": bytearray()}, r"tools is of type bytearray; "),
        ({"tools": [1]}, r"tools\[0\] is a mapping, found int$"),
    ],
)
def test_what_is_not_json_like_is_refused(changed: dict[str, Any], message: str) -> None:
    """The error names the path and the type found, never the content."""
    given: dict[str, Any] = {"model": "m", "messages": HELLO, **changed}
    request = Request(**given)

    with pytest.raises(UsageError, match=message) as error:
        request_key(request, SHOP)
    assert "s3cret" not in str(error.value)
