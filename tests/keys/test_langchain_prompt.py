"""Messages as LangChain writes them: which fields are in the key, and what stays text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.keys.canonical import MAX_DEPTH, json_text
from llmcache.keys.drops import ADDRESS, DEFAULT, EMPTY, MESSAGE_FIELDS, NULL, PARSED, RENAMED, Dropped
from llmcache.keys.langchain_prompt import canonical_prompt, messages_of
from tests.keys.texts import ANY_TEXT, AS_JSON, TYPES, message, own, prompt, same, shuffled


def shown(*messages: dict[str, Any], remembered: frozenset[str] = frozenset()) -> Any:
    """Return the canonical form to read."""
    return messages_of(canonical_prompt(prompt(*messages), remembered))


def text(*messages: dict[str, Any]) -> str:
    """Return the canonical form as it is hashed."""
    return canonical_prompt(prompt(*messages)).text


def noted(*messages: dict[str, Any]) -> list[Dropped]:
    """Return what is dropped of the messages."""
    note: list[Dropped] = []
    canonical_prompt(prompt(*messages), note=note)
    return note


def test_form_of_messages_is_fixed() -> None:
    """A message with nothing but a string is taken over; any other is JSON; each stands behind its length."""
    part = canonical_prompt(prompt(own("HumanMessage", 'h"é\n'), own("AIMessage", "x", name="b")))

    assert "messages" == part.name
    assert '17;human:h\\"\\u00e9\\n33;["ai",{"content":"x","name":"b"}]' == part.text


@pytest.mark.parametrize(("name", "kind"), sorted(TYPES.items()))
def test_kind_is_that_of_the_class(name: str, kind: str) -> None:
    """Each class has its kind, and the chunks it is streamed in have the same."""
    chunk = {"content": "a", "type": f"{name}Chunk"}

    assert [[kind, {"content": "a"}]] == shown(own(name, "a"))
    assert text(own(name, "a")) == text(message(f"{name}Chunk", chunk)) == text(message(name, {"content": "a"}))
    assert text(own(name, [])) == text(message(f"{name}Chunk", {**chunk, "content": []}))


def test_kinds_are_kept_apart() -> None:
    """The same words from another speaker are another request."""
    assert len(TYPES) == len({text(own(name, "a")) for name in TYPES})
    assert len(TYPES) == len({text(own(name, ["a"])) for name in TYPES})


def test_type_that_is_not_the_class_own_is_kept() -> None:
    """Nobody knows what such a message is."""
    assert [["human", {"content": "a", "type": "ai"}]] == shown(message("HumanMessage", {"content": "a", "type": "ai"}))
    assert [["human", {"content": "a", "type": "HumanMessageChunk"}]] == shown(
        message("HumanMessage", {"content": "a", "type": "HumanMessageChunk"})
    )
    assert [["human", {"content": "a", "type": ["human"]}]] == shown(
        message("HumanMessage", {"content": "a", "type": ["human"]})
    )


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name in MESSAGE_FIELDS for field in MESSAGE_FIELDS[name]]
)
def test_listed_field_is_dropped_with_its_reason(name: str, field: str) -> None:
    """Whatever its value."""
    plain = message(name, {"content": "a", "role": "r"})
    full = message(name, {"content": "a", "role": "r", field: {"x": [1]}})

    assert text(plain) == text(full)
    assert [Dropped(f"messages[0].{field}", MESSAGE_FIELDS[name][field])] == noted(full)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("HumanMessage", "usage_metadata"),
        ("HumanMessage", "artifact"),
        ("AIMessage", "artifact"),
        ("AIMessage", "tool_call_chunks"),
        ("AIMessage", "chunk_position"),
        ("ToolMessage", "usage_metadata"),
        ("AIMessage", "status"),
        ("SystemMessage", "example"),
        ("HumanMessage", "unknown"),
        ("ChatMessage", "role"),
        ("HumanMessage", "name"),
        ("SystemMessage", "additional_kwargs"),
        ("ToolMessage", "status"),
    ],
)
def test_field_that_is_not_of_this_class_is_kept(name: str, field: str) -> None:
    """Only the own fields of a class are known; a user's extra field may reach the model."""
    values: list[Any] = ["x", 0, False, True, {"a": None}, [None]]
    kept = [shown(own(name, "a", **{field: value}))[0][1][field] for value in values]

    assert same(values, kept)


def test_nulls_and_empty_fields_go() -> None:
    """A field with nothing in it is one that was not given; `0`, `False` and "" are something."""
    full = own("HumanMessage", "a", x=None, y=[], z={}, zero=0, no=False, empty="")

    assert [["human", {"content": "a", "zero": 0, "no": False, "empty": ""}]] == shown(full)
    assert [Dropped(f"messages[0].{name}", why) for name, why in [("x", NULL), ("y", EMPTY), ("z", EMPTY)]] == noted(
        full
    )


@pytest.mark.parametrize("content", [None, [], {}, "", ["a"], [{"type": "text", "text": "a"}], "a", 0])
def test_content_is_always_kept_as_it_is(content: Any) -> None:
    """`"a"`, `["a"]` and a block of text are three contents, and an empty one is one."""
    assert same([["human", {"content": content}]], shown(own("HumanMessage", content)))
    assert same([["human", {"content": content, "n": 1}]], shown(own("HumanMessage", content, n=1)))


@pytest.mark.parametrize("path", ["content", "tool_calls", "additional_kwargs"])
def test_nothing_is_dropped_deeper(path: str) -> None:
    """Nulls, empty things and listed names inside a field are what the model sees."""
    deep: list[Any] = [
        {"args": {"a": None, "b": [], "usage_metadata": {}, "type": "ai", "example": False}, "artifact": None}
    ]
    value: Any = {"x": deep} if path == "additional_kwargs" else deep

    assert same(value, shown(own("AIMessage", "", **{path: value}))[0][1][path])


def test_only_the_type_stands_for_the_kind() -> None:
    """A user called "human", or a role called "chat", is not the type of a message."""
    assert [["human", {"content": "a", "name": "human"}]] == shown(own("HumanMessage", "a", name="human"))
    assert [["chat", {"content": "a", "role": "chat"}]] == shown(own("ChatMessage", "a", role="chat"))
    assert [["ai", {"content": "a", "x": "AIMessage"}]] == shown(own("AIMessage", "a", x="AIMessage"))


@pytest.mark.parametrize(
    ("name", "field", "default", "others"),
    [
        ("HumanMessage", "example", False, [True, 0, 0.0, "False"]),
        ("AIMessage", "example", False, [True, 0]),
        ("ToolMessage", "status", "success", ["error", "Success", "", True]),
    ],
)
def test_defaults_are_the_same_as_nothing(name: str, field: str, default: Any, others: list[Any]) -> None:
    """And any other value is not."""
    full = own(name, "a", **{field: default})

    assert text(own(name, "a")) == text(full)
    assert [Dropped(f"messages[0].{field}", DEFAULT)] == noted(full)
    assert 1 + len(others) == len({text(own(name, "a", **{field: value})) for value in [default, *others]})


def test_parsed_answer_goes_from_an_ai_message_only() -> None:
    """It is made of the content, and comes back from a cache as data where an object went in."""
    unknown = {"lc": 1, "type": "not_implemented", "id": ["a", "Joke"], "repr": "Joke(a=1)"}
    fresh = own("AIMessage", "{}", additional_kwargs={"parsed": unknown})
    cached = own("AIMessage", "{}", additional_kwargs={"parsed": {"a": 1}, "refusal": None})
    human = own("HumanMessage", "{}", additional_kwargs={"parsed": 1})

    assert [["ai", {"content": "{}"}]] == shown(fresh)
    assert [["ai", {"content": "{}", "additional_kwargs": {"refusal": None}}]] == shown(cached)
    assert [["human", {"content": "{}", "additional_kwargs": {"parsed": 1}}]] == shown(human)
    assert [Dropped("messages[0].additional_kwargs.parsed", PARSED)] == noted(cached)
    assert [] == noted(own("AIMessage", "{}", additional_kwargs={"refusal": None}))


def test_odd_additional_kwargs_are_kept() -> None:
    """What is no dict has no members to drop."""
    assert [["ai", {"content": "", "additional_kwargs": ["parsed"]}]] == shown(
        own("AIMessage", "", additional_kwargs=["parsed"])
    )


METADATA = {"id": "resp_1", "container": {"id": "c"}, "model_provider": "openai", "output_version": "v1", "x": 1}


@pytest.mark.parametrize(
    ("name", "content", "remembered", "kept"),
    [
        ("AIMessage", "a", set(), {}),
        ("AIMessage", "a", {"id"}, {"id": "resp_1"}),
        ("AIMessage", "a", {"container", "id"}, {"id": "resp_1", "container": {"id": "c"}}),
        ("AIMessage", "a", {"absent"}, {}),
        ("AIMessage", [], set(), {"model_provider": "openai", "output_version": "v1"}),
        ("AIMessage", [], {"id"}, {"id": "resp_1", "model_provider": "openai", "output_version": "v1"}),
        ("AIMessageChunk", [], set(), {"model_provider": "openai", "output_version": "v1"}),
        ("HumanMessage", [], {"id"}, {}),
        ("ToolMessage", [], {"id"}, {}),
    ],
)
def test_metadata_stays_where_a_client_sends_it(name: str, content: Any, remembered: set[str], kept: Any) -> None:
    """An id the provider remembers the conversation by, and what decides how blocks are sent."""
    found = shown(own(name, content, response_metadata=METADATA), remembered=frozenset(remembered))

    assert kept == found[0][1].get("response_metadata", {})
    assert ("response_metadata" in found[0][1]) is bool(kept)


def test_metadata_that_is_no_dict_goes() -> None:
    """There is no member to send."""
    assert [["ai", {"content": []}]] == shown(
        own("AIMessage", [], response_metadata=["id"]), remembered=frozenset({"id"})
    )


def test_addresses_go_from_printed_objects_only() -> None:
    """What LangChain could not serialise prints where it lies; content that looks like it is content."""
    unknown = {"lc": 1, "type": "not_implemented", "id": ["a", "B"], "repr": "<B at 0x7f>"}
    full = own("HumanMessage", [{"type": "x", "data": unknown}, "<B at 0x7f>", {"__lc_escaped__": unknown}])
    bare = {**unknown, "repr": "<B at 0x>"}

    assert [["human", {"content": [{"type": "x", "data": bare}, "<B at 0x7f>", {"__lc_escaped__": unknown}]}]] == shown(
        full
    )
    assert [Dropped("messages[0]", ADDRESS)] == noted(full)
    assert [] == noted(own("HumanMessage", '"not_implemented" <B at 0x7f>', name="a"))
    holding = own("ToolMessage", [{"data": unknown}], artifact=[own("HumanMessage", "a"), own("HumanMessage", "b")])
    assert [["tool", {"content": [{"data": bare}]}]] == shown(holding)


def called(found: str, said: str = "x") -> list[dict[str, Any]]:
    """Return a call and its result."""
    call = {"name": "f", "args": {}, "id": found, "type": "tool_call"}
    return [own("AIMessage", "", tool_calls=[call]), own("ToolMessage", said, tool_call_id=found)]


def test_tool_call_ids_are_renamed_unless_mentioned() -> None:
    """An id in a text counts, written as JSON writes it, whichever way the text was taken over."""
    quoted = 'call"\\1\né'

    assert text(*called("call_abc")) == text(*called("call_xyz")) == text(*called(quoted))
    assert Dropped("tool-call id call_abc", RENAMED) in noted(*called("call_abc"))
    for said in (f"see {quoted}.", [f"see {quoted}."]):
        messages = [*called(quoted), own("HumanMessage", said)]
        assert text(*messages) != text(*called("call_abc"), messages[2])
        assert quoted == shown(*messages)[0][1]["tool_calls"][0]["id"]
        assert quoted == shown(*messages)[1][1]["tool_call_id"]
        assert not any(dropped.path.startswith("tool-call id") for dropped in noted(*messages))


def test_part_of_an_id_does_not_mention_it() -> None:
    """Only the whole id, as it is written, ties a text to a call."""
    said = "all_abc, call_ab"

    assert text(*called("call_abc", said)) == text(*called("call_xyz", said))


def test_numbering_runs_on_beside_kept_ids() -> None:
    """One mentioned id keeps its name; the others are numbered as if it were not there."""
    first, second = called("call_aaaa", "see call_bbbb"), called("call_bbbb")

    assert 0 == shown(*first, *second)[1][1]["tool_call_id"]
    assert "call_bbbb" == shown(*first, *second)[3][1]["tool_call_id"]
    assert text(*first, *second) == text(*called("call_cccc", "see call_bbbb"), *second)


def test_messages_inside_a_message_are_read_as_part_of_it() -> None:
    """A tool's artifact may hold a whole conversation; the borders inside it are not ours."""
    inner = [own("HumanMessage", "a"), own("HumanMessage", "b"), own("AIMessage", "c")]
    outer = own("ToolMessage", "x", tool_call_id=None, artifact=inner)

    assert [["tool", {"content": "x"}], ["human", {"content": "y"}]] == shown(outer, own("HumanMessage", "y"))
    assert text(own("ToolMessage", "x"), own("HumanMessage", "y")) == text(outer, own("HumanMessage", "y"))
    nested = own("HumanMessage", "x", additional_kwargs={"history": inner})
    assert [["human", {"content": "x", "additional_kwargs": {"history": inner}}]] == shown(nested)


@given(st.lists(st.tuples(st.sampled_from(["HumanMessage", "SystemMessage", "AIMessage"]), ANY_TEXT), min_size=1))
def test_text_taken_over_unread_is_what_reading_gives(said: list[tuple[str, str]]) -> None:
    """Both ways to one form: with a member in front of the content the text is read, else it is not."""
    unread = [own(name, content) for name, content in said]
    read = [message(name, {"type": TYPES[name], "content": content}) for name, content in said]

    assert text(*unread) == text(*read)
    assert messages_of(canonical_prompt(prompt(*read))) == [
        [TYPES[name], {"content": json.loads(json.dumps(content))}] for name, content in said
    ]


@given(st.data(), st.dictionaries(st.sampled_from(["name", "x", "additional_kwargs"]), AS_JSON))
def test_order_of_members_does_not_count(data: st.DataObject, fields: dict[str, Any]) -> None:
    """Neither of a message's own fields nor of anything in them, `"content", "name", "type"` least of all."""
    fields = {"content": "a", "name": "b", "type": "human", **fields}
    other = shuffled(data.draw, fields)

    assert text(message("HumanMessage", fields)) == text(message("HumanMessage", other))


@given(
    *[st.lists(st.tuples(st.sampled_from(["HumanMessage", "AIMessage"]), AS_JSON, AS_JSON), min_size=1, max_size=2)] * 2
)
def test_two_conversations_share_a_form_only_where_they_are_one(left: Any, right: Any) -> None:
    """Any change of speaker, order, content or unknown field is in the form."""
    forms = [text(*[own(name, content, x=[x]) for name, content, x in said]) for said in (left, right)]

    assert same(left, right) is (forms[0] == forms[1])


GOOD = prompt(own("HumanMessage", "a"), own("AIMessage", "b", name="c"))
ONE = prompt(own("HumanMessage", "a"))


@pytest.mark.parametrize(
    "found",
    [
        "", "hi", "[]", "[{}]", ONE[:-3] + "xyz", ONE[:-3], "{" + ONE[1:], "x" * 78 + ONE[78:], ONE + ONE, " " + GOOD, GOOD + " ", GOOD[:-1], GOOD[1:], GOOD.replace(", ", ","), GOOD.replace('"lc": 1', '"lc": 2'),
        prompt(), prompt(own("RemoveMessage", "a")), prompt(own("HumanMessage", "a"), own("MyMessage", "b")), json.dumps(own("HumanMessage", "a")),
        prompt(own("HumanMessage", "a"), {}), prompt(own("HumanMessage", "a"), {**own("HumanMessage", "a"), "x": 1}),
        prompt({**own("HumanMessage", "a"), "x": 1}), prompt({**own("HumanMessage", "a"), "kwargs": []}),
        prompt({**own("HumanMessage", "a"), "id": ["langchain", "schema", "messages", ["HumanMessage"]]}),
        prompt(own("HumanMessage", "a"), {**own("HumanMessage", "b"), "id": ["langchain", "schema", "messages", ["HumanMessage"]]}),
        prompt(own("HumanMessage", "a"), {**own("HumanMessage", "b"), "id": ["a", "schema", "messages", "HumanMessage"]}),
        prompt(own("HumanMessage", "a"), {**own("HumanMessage", "b"), "id": []}), GOOD.replace('"c"', '"c", "name": "d"'),
        GOOD.replace('"c"', "1.00"), GOOD.replace('"c"', "1e999"), GOOD.replace('"c"', "1" * 5000), GOOD.replace('"c"', "[" * 101 + "]" * 101),
        GOOD.replace('"c"', "[" * 100_000), GOOD.replace('"c"', "[" * 100_000 + "]" * 100_000), GOOD.replace('"c"', '"\\u0041"'), GOOD.replace('"c"', ""),
        GOOD.replace('"c"', '"é"'), '[{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "}}]',
        '[{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"], "kwargs": {"content": ", "type": "human"}}]',
        '[{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"], "kwargs": {}}, 1, {"a": {"b": {}}}]',
        GOOD.replace('"a"', '"a", "x": {'), GOOD.replace("[{", "[[{").replace("}]", "}]]"),
    ],
)  # fmt: skip
def test_what_is_not_understood_stays_text(found: str) -> None:
    """Hashed as it stands: neither trimmed nor folded nor read half, and never an error."""
    note: list[Dropped] = []

    assert ("prompt", found) == canonical_prompt(found, note=note)
    assert [] == note


def test_nesting_to_the_limit_is_read() -> None:
    """`MAX_DEPTH` levels of a message's own fields are read; one more and the whole prompt stays text."""
    deep: Any = "x"
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]

    assert "messages" == canonical_prompt(prompt(own("HumanMessage", deep))).name
    assert "prompt" == canonical_prompt(prompt(own("HumanMessage", [deep]))).name


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_has_a_form_of_its_own(left: str, right: str) -> None:
    """Around and inside what looks like messages, two texts have two forms, and nothing raises."""
    head, tail = prompt(own("HumanMessage", "X")).split("X")
    forms = [canonical_prompt(found) for found in (left, right, head + left + tail, head + right + tail)]

    assert (left == right) is (forms[0] == forms[1])
    assert (left == right) is (forms[2] == forms[3])
    assert all(messages_of(form) for form in forms[2:] if form.name == "messages")


def test_strings_of_another_spelling_cannot_pose_as_fields() -> None:
    """A text that no `dumps` writes is hashed behind its length, whatever it looks like."""
    head, tail = prompt(own("HumanMessage", "X")).split("X")
    forged = canonical_prompt(head + 'a","name":"b' + tail)

    assert forged != canonical_prompt(prompt(own("HumanMessage", "a", name="b")))
    assert [["human", {"content": 'a","name":"b'}]] == messages_of(forged)
    assert canonical_prompt(head + "a14;human:b" + tail) != canonical_prompt(
        prompt(own("HumanMessage", "a"), own("HumanMessage", "b"))
    )


def test_json_of_a_message_is_the_canonical_one() -> None:
    """The text of a message that was read is `json_text` of its kind and fields."""
    assert json_text(["tool", {"content": "é", "tool_call_id": 0}]) in text(*called("call_abc", "é"))
