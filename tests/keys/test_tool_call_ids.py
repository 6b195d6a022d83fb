"""Tool-call ids: renamed in the places known, injectively, and nowhere else."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.keys import request_key
from llmcache.keys.tool_calls import ToolCalls, rename
from llmcache.model.request import Request
from tests.keys.texts import SHOP, same

PLACES = [
    {"tool_call_id": "X"},
    {"tool_calls": [{"id": "X", "args": {"id": "kept"}}]},
    {"invalid_tool_calls": [{"id": "X"}]},
    {"additional_kwargs": {"tool_calls": [{"id": "X"}], "id": "kept"}},
    {"content": [{"type": "tool_use", "id": "X", "input": {"id": "kept"}}]},
    {"content": [{"type": "tool_result", "tool_use_id": "X", "content": [{"id": "kept"}]}]},
    {"content": [{"type": "tool_call", "id": "X"}]},
    {"content": [{"type": "tool_call_chunk", "id": "X"}]},
    {"content": [{"type": "invalid_tool_call", "id": "X"}]},
    {"content": ["a", {"type": "function_call", "call_id": "X", "id": "fc_kept"}]},
    {"content": [{"type": "function_call_output", "call_id": "X"}]},
    {"content": [{"type": "custom_tool_call", "call_id": "X"}]},
    {"content": [{"type": "custom_tool_call_output", "call_id": "X"}]},
    {"type": "function_call", "call_id": "X", "id": "fc_kept"},
    {"type": "function_call_output", "call_id": "X"},
    {"type": "custom_tool_call", "call_id": "X"},
    {"type": "custom_tool_call_output", "call_id": "X"},
]
"""Each place where an id can stand, with X for the id and beside it what must stay."""


def put(tree: Any, found: Any) -> Any:
    """Return `tree` with `found` where X stands."""
    if isinstance(tree, dict):
        return {name: put(member, found) for name, member in tree.items()}
    if isinstance(tree, list):
        return [put(member, found) for member in tree]
    return found if tree == "X" else tree


def renamed(*messages: Any) -> list[Any]:
    """Return the messages of one conversation, renamed."""
    calls = ToolCalls()
    return [rename(message, calls) for message in messages]


def key(*messages: Any, **parameters: Any) -> str:
    """Return the name of the key of a request of these."""
    return request_key(Request("m", list(messages), parameters), SHOP).name


@pytest.mark.parametrize("place", PLACES)
def test_id_becomes_its_number_and_nothing_else_changes(place: dict[str, Any]) -> None:
    """In each known place, and only there; the message given stays as it was."""
    message = put(place, "call_abc")

    assert same([put(place, 0)], renamed(message))
    assert put(place, "call_abc") == message


@pytest.mark.parametrize("place", PLACES)
def test_null_stays_and_what_is_no_text_meets_no_number(place: dict[str, Any]) -> None:
    """A number that stood there already is not an id's number, nor are two other values one."""
    ids = [None, 0, 1, 0.0, True, [0], [], {"a": 0}, "call_abc"]
    forms = [renamed(put(place, found))[0] for found in ids]

    assert same(put(place, None), forms[0])
    assert all(not same(forms[i], forms[j]) for i in range(len(ids)) for j in range(i))


def test_one_numbering_runs_through_all_places_in_order() -> None:
    """Equal ids get equal numbers wherever they stand, in the order of first appearance."""
    messages = [put(place, f"call_{index % 5}xyz") for index, place in enumerate(PLACES)]

    assert same([put(place, index % 5) for index, place in enumerate(PLACES)], renamed(*messages))


def test_order_inside_one_message_is_that_of_places_not_of_members() -> None:
    """Blocks, calls, invalid calls, the provider's own copy, the answered call, whatever the order of members."""
    message = {
        "tool_call_id": "e",
        "additional_kwargs": {"tool_calls": [{"id": "d"}]},
        "invalid_tool_calls": [{"id": "c"}],
        "tool_calls": [{"id": "b"}],
        "content": [{"type": "tool_use", "id": "a"}],
    }
    expected = {
        "content": [{"type": "tool_use", "id": 0}],
        "tool_calls": [{"id": 1}],
        "invalid_tool_calls": [{"id": 2}],
        "additional_kwargs": {"tool_calls": [{"id": 3}]},
        "tool_call_id": 4,
    }

    assert same([expected], renamed(message))
    assert same([expected], renamed(dict(reversed(message.items()))))


@pytest.mark.parametrize(
    "message",
    [
        {"id": "run-1", "role": "user"},
        {"content": [{"type": "reasoning", "id": "rs_1", "encrypted_content": "q"}]},
        {"content": [{"type": "text", "id": "msg_1", "text": "a"}]},
        {"content": [{"type": "thinking", "signature": "call_1"}]},
        {"content": [{"type": "server_tool_use", "id": "srvtoolu_1"}]},
        {"content": [{"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1"}]},
        {"content": [{"type": "function_call", "id": "fc_1"}]},
        {"content": [{"type": "tool_use", "call_id": "a", "tool_use_id": "b"}]},
        {"content": [{"type": ["tool_use"], "id": "a"}, {"id": "b"}, "tool_use", None, ["id"]]},
        {"content": {"type": "tool_use", "id": "a"}},
        {"content": "call_1"},
        {"tool_calls": {"id": "a"}},
        {"tool_calls": "call_1"},
        {"tool_calls": [None, "call_1", {"name": "a"}, ["id"]]},
        {"additional_kwargs": {"id": "call_1", "audio": {"id": "a"}, "invalid_tool_calls": [{"id": "b"}]}},
        {"additional_kwargs": [{"tool_calls": [{"id": "a"}]}]},
        {"tool_call_ids": ["a"], "function_call": {"id": "a"}},
        {"call_id": "a"},
        {"type": "tool_calls", "call_id": "a"},
    ],
)
def test_nothing_else_is_an_id(message: dict[str, Any]) -> None:
    """What a provider checks, what is of another type and what only looks like a place stays."""
    assert same([message], renamed(message))


@pytest.mark.parametrize("kind", ["text", "image", "reasoning", "function_call", "non_standard"])
def test_ids_that_langchain_invents_for_blocks_are_renamed(kind: str) -> None:
    """`create_text_block` makes a new `lc_…` each time; a number there is not one of ours."""
    block = {"type": kind, "id": "X"}

    assert same([{"content": [put(block, 0)]}], renamed({"content": [put(block, "lc_1f")]}))
    assert same([{"content": [put(block, [0])]}], renamed({"content": [put(block, 0)]}))
    assert same([{"content": [put(block, "lc1")]}], renamed({"content": [put(block, "lc1")]}))
    assert same([{"content": [put(block, None)]}], renamed({"content": [put(block, None)]}))


def test_kept_ids_stay_and_take_no_number() -> None:
    """An id that is mentioned elsewhere stands as it is, and the others count without it."""
    calls = ToolCalls(kept=frozenset({"b"}))

    assert [0, "b", 1, 0] == [calls.number(found) for found in ("a", "b", "c", "a")]
    assert {"a": 0, "c": 1} == calls.numbers


def test_mentioned_ids_are_found_as_they_are_written() -> None:
    """The search is for the id as the text writes it."""
    calls = ToolCalls()
    for found in ("a\nb", "c", "d"):
        calls.number(found)

    assert frozenset({"a\nb", "d"}) == calls.mentioned("x a\\nb d", written=lambda found: found.replace("\n", "\\n"))
    assert frozenset() == calls.mentioned("", written=str)


def conversation(first: str, second: str, said: str = "21 °C", argument: str = "Bern") -> list[dict[str, Any]]:
    """Return two calls and their results."""
    call = {"name": "weather", "arguments": argument}
    return [
        {"role": "user", "content": "Warm?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": first, "type": "function", "function": call},
                {"id": second, "type": "function", "function": call},
            ],
        },
        {"role": "tool", "tool_call_id": first, "content": said},
        {"role": "tool", "tool_call_id": second, "content": "22 °C"},
    ]


IDS = st.from_regex(re.compile(r"call_[A-Za-z0-9]{12}", re.ASCII), fullmatch=True)


@given(IDS, IDS, IDS, IDS)
def test_two_conversations_that_differ_in_ids_share_a_key(a: str, b: str, c: str, d: str) -> None:
    """If, and only if, the ids tie the same calls to the same results."""
    assert ((a == b) is (c == d)) is (key(*conversation(a, b)) == key(*conversation(c, d)))


def test_swapped_results_are_another_conversation() -> None:
    """The result of the second call given for the first is not the same history."""
    crossed = conversation("call_abcd", "call_wxyz")
    crossed[2], crossed[3] = {**crossed[2], "tool_call_id": "call_wxyz"}, {**crossed[3], "tool_call_id": "call_abcd"}

    assert key(*crossed) != key(*conversation("call_abcd", "call_wxyz"))


@pytest.mark.parametrize("field", ["said", "argument"])
def test_id_that_is_mentioned_elsewhere_counts(field: str) -> None:
    """A model could connect the text with the call, so that the id must match there."""
    told = conversation("call_abcd", "call_wxyz", **{field: "see call_abcd"})

    assert key(*told) != key(*conversation("call_efgh", "call_wxyz", **{field: "see call_abcd"}))
    assert key(*told) != key(*conversation("call_efgh", "call_wxyz", **{field: "see call_efgh"}))
    assert key(*told) == key(*conversation("call_abcd", "call_stuv", **{field: "see call_abcd"}))


def test_id_that_is_mentioned_in_the_parameters_or_tools_counts() -> None:
    """Elsewhere is anywhere in the request."""
    told = conversation("call_abcd", "call_wxyz")
    other = conversation("call_efgh", "call_wxyz")

    assert key(*told, prediction="call_abcd") != key(*other, prediction="call_abcd")
    assert key(*told, prediction="call_none") == key(*other, prediction="call_none")
    tools = [{"name": "call_abcd"}]
    names = {request_key(Request("m", messages, tools=tools), SHOP).name for messages in (told, other)}
    assert 2 == len(names)


def test_short_id_that_could_be_part_of_anything_is_left_alone() -> None:
    """In doubt an id is kept: that costs a hit at most."""
    assert key(*conversation("1", "2")) != key(*conversation("2", "3"))
    assert key(*conversation("", "")) != key(*conversation("call_abcd", "call_abcd"))
