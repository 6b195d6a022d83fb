"""What the other tests of the keys let pass when the code is changed in one small place."""

from typing import Any

import pytest

import llmcache.keys
from llmcache.errors import UsageError
from llmcache.keys import explain_request, first_difference, request_key
from llmcache.keys.langchain_prompt import canonical_prompt
from llmcache.keys.llm_string import canonical_settings
from llmcache.keys.python_repr import NotPairsError, read_pairs, read_value
from llmcache.model.request import Request
from tests.codec.strategies import stack_of
from tests.keys.texts import SHOP, name_of, own, prompt

HI = prompt(own("HumanMessage", "hi"))
HEAD = HI.index("HumanMessage")


def calling(call_id: str, content: str = "") -> dict[str, Any]:
    """Return a message of an AI that calls a tool under an id."""
    return own("AIMessage", content, tool_calls=[{"name": "add", "args": {}, "id": call_id, "type": "tool_call"}])


def asked(call_id: str, text: str) -> Request:
    """Return a request whose conversation has a call under an id, and a text."""
    called = {"role": "assistant", "tool_calls": [{"id": call_id, "type": "function"}]}
    answered = {"role": "tool", "tool_call_id": call_id, "content": "4"}
    return Request(model="m", messages=[called, answered, {"role": "user", "content": text}])


@pytest.mark.parametrize(
    "text", [f"{HI[:-3]}}}]]", f"{HI[:-3]}xyz", f"{HI}\n", f"({HI[1:]}", f"{'x' * HEAD}{HI[HEAD:]}"]
)
def test_a_border_that_is_not_langchains_is_kept(text: str) -> None:
    """A text that is as long as LangChain's and differs only in its first or last characters stays as it is."""
    assert ("prompt", text) == canonical_prompt(text)


def test_a_name_that_is_the_kind_is_kept() -> None:
    """Only the member `type` repeats the head of a message; a person may be called so."""
    assert name_of(HI) != name_of(prompt(own("HumanMessage", "hi", name="human")))
    assert name_of(HI) != name_of(prompt(own("HumanMessage", "hi", name="HumanMessage")))


def test_an_id_is_mentioned_whole_or_not_at_all() -> None:
    """A text with the end of an id keeps no id from being renamed; one with all of it does."""
    ends = [name_of(prompt(calling(call_id, "all_1 and call_"))) for call_id in ("call_1", "call_2")]
    wholes = [name_of(prompt(calling(call_id, "see call_1"))) for call_id in ("call_1", "call_2")]

    assert ends[0] == ends[1]
    assert wholes[0] != wholes[1]


def test_an_id_that_a_request_mentions_is_kept() -> None:
    """In a plain request, too, an id in a text keeps its name, so that the two still match; other ids are noted."""
    assert request_key(asked("call_1", "hi"), SHOP) == request_key(asked("call_2", "hi"), SHOP)
    assert request_key(asked("call_1", "call_1?"), SHOP) != request_key(asked("call_2", "call_1?"), SHOP)
    assert ["tool-call id call_1"] == [dropped.path for dropped in explain_request(asked("call_1", "hi")).dropped]


@pytest.mark.parametrize("member", [object(), {1}, b"x", [object()], {"b": object()}])
def test_a_stranger_in_a_mapping_is_refused(member: Any) -> None:
    """Under a plain name, too, only plain data is taken."""
    with pytest.raises(UsageError, match=r"^parameters\{0\}"):
        request_key(Request(model="m", messages=[], parameters={"a": member}), SHOP)


@pytest.mark.parametrize("text", ["1(2)", "'a'(1)", "{1, 2}", "{[1]: 2}", "{{}: 1}", "1 2", "[1"])
def test_what_looks_like_a_literal_and_is_none_stays_text(text: str) -> None:
    """A call, a set or a list as a name is made of the characters of literals; its text says everything."""
    assert {"py:repr": text} == read_value(text)


def test_a_full_stack_leaves_a_printing_text() -> None:
    """Where the caller has left no room to read a deep list, its text says everything, and nothing is raised."""
    text = "[" * 150 + "]" * 150
    with stack_of(80):
        found = read_value(text)

    assert {"py:repr": text} == found


def test_a_model_nested_too_deep_stays_text() -> None:
    """A serialised model that the interpreter cannot read raises nothing."""
    text = '{"a":' * 100_000

    assert canonical_settings(text) != canonical_settings(text + "1")


def test_the_end_of_a_long_text_has_no_dots() -> None:
    """Dots stand where a shown text goes on, and only there."""
    left, right = (explain_request(Request(model="x" * 200 + end, messages=[])) for end in "ab")
    found = first_difference(left, right)

    assert found is not None
    assert (f'…"{"x" * 30}a"', f'…"{"x" * 30}b"') == (found.left, found.right)


def with_parameters(**parameters: Any) -> Request:
    """Return a request that has these parameters."""
    return Request(model="m", messages=[], parameters=parameters)


def test_difference_is_the_first_by_name() -> None:
    """However many differ, and in whatever order they were given."""
    names = "zyxwvutsrqponmlkjihgfedcba"
    left, right = (explain_request(with_parameters(**dict.fromkeys(names, value))) for value in (1, 2))
    found = first_difference(left, right)

    assert found is not None
    assert "parameters.a" == found.path


def test_difference_shows_values_in_order_and_with_letters_as_they_are() -> None:
    """A mapping beside a number is printed by name, so that two runs print the same."""
    left = explain_request(with_parameters(a={"z": "é", "b": 1}))
    found = first_difference(left, explain_request(with_parameters(a=1)))

    assert found is not None
    assert '{"b": 1, "z": "é"}' == found.left


def test_names_that_are_no_texts_are_in_one_order() -> None:
    """By the name alone, also where names are of several types, or values are equal."""
    assert read_value("{1: 'a', 'x': 'b'}") == read_value("{'x': 'b', 1: 'a'}")
    assert read_value("{1: 'a', 2: 'a'}") == read_value("{2: 'a', 1: 'a'}")


def test_settings_end_with_their_bracket() -> None:
    """Another last character is not read over: it would meet the settings that end as they should."""
    assert {"a": 1} == read_pairs("[('a', 1)]")
    with pytest.raises(NotPairsError):
        read_pairs("[('a', 1)x")


def test_names_of_the_package_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for is imported, kept, and the same; what does not exist is an AttributeError."""
    monkeypatch.delattr(llmcache.keys, "explain_request", raising=False)

    assert explain_request is llmcache.keys.explain_request
    assert explain_request is vars(llmcache.keys)["explain_request"]
    with pytest.raises(AttributeError, match=r"module 'llmcache\.keys' has no attribute 'other'"):
        llmcache.keys.other  # noqa: B018 -- the access is what is tested
