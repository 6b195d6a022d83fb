"""One change anywhere: in what a model sees it moves the key, in what it cannot see it does not.

Two requests drawn apart hardly ever meet, so these take one and change one thing.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmcache.keys import langchain_key, request_key
from llmcache.keys.drops import CALL_SETTINGS, MESSAGE_FIELDS, MODEL_SETTINGS, REQUEST_PARAMETERS
from llmcache.model.request import Request
from tests.keys.texts import AS_JSON, NASTY, PLAIN, SCALARS, SHOP, as_json, message, model_text, own, prompt, same

Draw = Callable[[st.SearchStrategy[Any]], Any]

IN_PLACES: list[Callable[[Any], Any]] = [
    lambda tree: [own("HumanMessage", tree)],
    lambda tree: [own("SystemMessage", "s"), own("HumanMessage", [{"type": "text", "text": tree}])],
    lambda tree: [own("AIMessage", "", tool_calls=[{"name": "f", "args": {"x": tree}, "id": "call_abcd"}])],
    lambda tree: [own("AIMessage", "", additional_kwargs={"x": tree})],
    lambda tree: [own("ToolMessage", [tree], tool_call_id="call_abcd")],
    lambda tree: [own("HumanMessage", "a", name="n", unknown=[tree]), own("AIMessage", "b")],
]


def one_change(draw: Draw, tree: Any) -> Any:
    """Return `tree` with one change: a leaf, a type, a member, an order."""
    if isinstance(tree, list) and tree and draw(st.booleans()):
        index = draw(st.integers(0, len(tree) - 1))
        return [*tree[:index], one_change(draw, tree[index]), *tree[index + 1 :]]
    if isinstance(tree, dict) and tree and draw(st.booleans()):
        name = draw(st.sampled_from(list(tree)))
        return {**tree, name: one_change(draw, tree[name])}
    return draw(st.sampled_from(near(tree)) | SCALARS)


def near(tree: Any) -> list[Any]:
    """Return what is easily taken for `tree`."""
    if isinstance(tree, list):
        return [tree[:-1], [*tree, None], [*tree, ""], tree[::-1], [tree], {"0": tree}, tree * 2]
    if isinstance(tree, dict):
        members = list(tree.items())
        return [
            dict(members[1:]),
            {**tree, "null": None},
            {**tree, "": ""},
            [tree],
            members and list(tree),
            {"a": tree},
        ]
    if isinstance(tree, str):
        return [tree + " ", tree.upper(), tree[:-1], [tree], f'"{tree}"', tree + "\x00", tree + tree, "\\" + tree]
    return [str(tree), repr(tree), [tree], None, not tree, float(tree or 0), int(tree or 0), {"a": tree}]


@given(st.data(), PLAIN, st.sampled_from(["message", "content", "parameters", "tools"]))
def test_one_change_in_a_request_moves_its_key(data: st.DataObject, tree: Any, place: str) -> None:
    """Wherever it is, and however small: a type, an order, an empty member."""

    def key(value: Any) -> str:
        messages = [{"role": "user", "content": value if place == "content" else "a"}]
        messages += [{"role": "user", "x": value}] if place == "message" else []
        parameters = {"x": [value]} if place == "parameters" else {}
        tools = [{"x": value}] if place == "tools" else []
        return request_key(Request("m", messages, parameters, tools), SHOP).name

    other = one_change(data.draw, tree)

    assert same(tree, other) is (key(tree) == key(other))


@given(st.data(), PLAIN, st.sampled_from(IN_PLACES))
def test_one_change_in_a_message_moves_its_key(data: st.DataObject, tree: Any, place: Callable[[Any], Any]) -> None:
    """In content, blocks, arguments, a provider's own fields, results and unknown fields."""
    tree, other = as_json(tree), as_json(one_change(data.draw, tree))
    names = [langchain_key(prompt(*place(value)), "[]", SHOP).name for value in (tree, other)]

    assert same(tree, other) is (names[0] == names[1])


@given(st.data(), PLAIN, st.sampled_from(["field", "deep", "setting"]))
def test_one_change_in_the_settings_moves_the_key(data: st.DataObject, tree: Any, place: str) -> None:
    """In an unknown field of the model, inside one, and in a setting of the call."""
    other = one_change(data.draw, tree)
    if place != "setting":
        tree, other = as_json(tree), as_json(other)
    assume(place == "deep" or (tree is not None and other is not None))

    def key(value: Any) -> str:
        fields = {"field": {"x": value}, "deep": {"x": {"timeout": value}}, "setting": {}}[place]
        settings = f"[('x', {value!r})]" if place == "setting" else "[]"
        return langchain_key("hi", model_text(fields, settings), SHOP).name

    assert same(tree, other) is (key(tree) == key(other))


@given(st.lists(st.sampled_from(["a", "b", "ab", "", '"', "\\"]), min_size=1, max_size=3), st.integers(0, 2))
def test_one_more_or_less_or_other_message_moves_the_key(words: list[str], index: int) -> None:
    """Number, order and speakers of messages count, also of empty ones."""
    speakers = ["HumanMessage", "AIMessage", "SystemMessage"]
    messages = [own("HumanMessage", word) for word in words]
    others = [
        messages[1:],
        [*messages, own("HumanMessage", "")],
        [own("HumanMessage", "".join(words)), own("HumanMessage", "")],
        [*messages[:-1], own(speakers[index], words[-1])],
    ]
    expected = [False, False, words == ["".join(words), ""], index == 0]

    assert expected == [
        langchain_key(prompt(*messages), "[]", SHOP) == langchain_key(prompt(*other), "[]", SHOP) for other in others
    ]


@given(st.data(), st.sampled_from(sorted(MESSAGE_FIELDS)), AS_JSON, AS_JSON)
def test_what_is_dropped_of_a_message_never_moves_the_key(
    data: st.DataObject, name: str, content: Any, value: Any
) -> None:
    """Any value of any listed field, wherever it stands among the others, alone or with others."""
    fields = {"content": content, "x": [content]}
    listed = data.draw(st.sets(st.sampled_from(sorted(MESSAGE_FIELDS[name])), min_size=1))
    full = data.draw(st.permutations([*fields.items(), *((field, value) for field in listed)]))
    # Blocks keep two members of the metadata; see `test_langchain_prompt`.
    assume("response_metadata" not in listed or not isinstance(value, dict))

    assert langchain_key(prompt(message(name, fields)), "[]", SHOP) == langchain_key(
        prompt(message(name, dict(full))), "[]", SHOP
    )


@given(
    st.sets(st.sampled_from(sorted(MODEL_SETTINGS))), st.sets(st.sampled_from(sorted(CALL_SETTINGS))), SCALARS, NASTY
)
def test_what_is_dropped_of_the_settings_never_moves_the_key(
    fields: set[str], settings: set[str], value: Any, kept: str
) -> None:
    """Any value of any listed field or setting, whatever is beside it."""
    plain = model_text({"x": kept}, f"[('y', {kept!r})]")
    given = sorted({"y": kept, **dict.fromkeys(settings, value)}.items())
    full = model_text({"x": kept, **dict.fromkeys(fields, value)}, str(given))

    assert langchain_key(kept, plain, SHOP) == langchain_key(kept, full, SHOP)


@given(st.sets(st.sampled_from(sorted(REQUEST_PARAMETERS))), PLAIN, PLAIN)
def test_what_is_dropped_of_the_parameters_never_moves_the_key(names: set[str], value: Any, kept: Any) -> None:
    """Any value of any listed parameter, whatever is beside it."""
    plain = Request("m", [{"x": kept}], {"x": kept})
    full = Request("m", [{"x": kept}], {**dict.fromkeys(names, value), "x": kept})

    assert request_key(plain, SHOP) == request_key(full, SHOP)


@pytest.mark.parametrize("whole", ["abcd", "[]---[]", '["{}"]'])
def test_prompt_and_settings_do_not_run_into_each_other(whole: str) -> None:
    """LangChain's older caches hash both in one; here the border counts, and so does which is which."""
    cuts = {(whole[:cut], whole[cut:]) for cut in range(len(whole) + 1)}
    cuts |= {(second, first) for first, second in cuts}

    assert len(cuts) == len({langchain_key(*cut, SHOP).name for cut in cuts})
