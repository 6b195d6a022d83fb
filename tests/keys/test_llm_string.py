"""The model and its settings: what is dropped at the top, what is kept, and what stays text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.keys import llm_string
from llmcache.keys.drops import (
    ADDRESS,
    CALL_SETTINGS,
    CREDENTIAL,
    MODEL_SETTINGS,
    NULL,
    NUMBERS,
    Dropped,
)
from llmcache.keys.llm_string import canonical_settings, settings_of
from tests.keys.texts import ANY_TEXT, AS_JSON, model_text, same, shuffled

SECRET = {"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]}
ID = ["langchain", "chat_models", "openai", "ChatOpenAI"]
LISTED = set(CALL_SETTINGS) | set(MODEL_SETTINGS) | NUMBERS


def form(text: str) -> Any:
    """Return the canonical form, read."""
    return json.loads(canonical_settings(text).text)


def test_model_and_settings_are_read() -> None:
    """Both halves have one place each in the form."""
    text = model_text({"model_name": "gpt-4o", "n": 2}, "[('stop', ['x']), ('tools', [{'b': 1, 'a': None}])]")

    assert {
        "model": {"id": ID, "kwargs": {"model_name": "gpt-4o", "n": 2}},
        "parameters": {"stop": ["x"], "tools": [{"a": None, "b": 1}]},
    } == form(text)


def test_model_that_does_not_serialise_itself_is_its_settings() -> None:
    """Fakes, custom models and text models print settings only."""
    assert {"parameters": {"_type": "fake"}} == form("[('_type', 'fake'), ('stop', None)]")
    assert {"parameters": {}} == form("[]")


@pytest.mark.parametrize("name", sorted(MODEL_SETTINGS))
def test_field_of_a_model_that_is_listed_is_dropped(name: str) -> None:
    """Whatever its value, at the top of the model's fields."""
    note: list[Dropped] = []
    with_it = canonical_settings(model_text({"model_name": "m", name: 3}), note)

    assert canonical_settings(model_text({"model_name": "m"})).text == with_it.text
    assert Dropped(f"model.kwargs.{name}", MODEL_SETTINGS[name]) in note


@pytest.mark.parametrize("name", sorted(CALL_SETTINGS))
def test_setting_of_a_call_that_is_listed_is_dropped(name: str) -> None:
    """At the top of the call's settings, an object's printing too."""
    note: list[Dropped] = []
    with_it = canonical_settings(f"[('_type', 'x'), ({name!r}, <a.B object at 0x7f>)]", note)

    assert canonical_settings("[('_type', 'x')]").text == with_it.text
    assert [Dropped(f"parameters.{name}", CALL_SETTINGS[name]), Dropped("parameters", ADDRESS)] == note


@pytest.mark.parametrize("name", sorted(set(MODEL_SETTINGS) - set(CALL_SETTINGS)))
def test_name_tags_and_metadata_of_a_call_are_kept(name: str) -> None:
    """Only as a model's field are they LangChain's own; in a call they go to the provider."""
    assert {"parameters": {name: "x"}} == form(f"[({name!r}, 'x')]")


@pytest.mark.parametrize("name", sorted(LISTED))
def test_same_name_deeper_is_the_users_own(name: str) -> None:
    """A tool may well have an argument called `timeout`, and `0` and `0.0` are two defaults."""
    forms = [
        form(model_text({"model_kwargs": {name: value}}, f"[('tools', [{{{name!r}: {value!r}}}])]"))
        for value in (1, 1.0, 2)
    ]

    assert {"model_kwargs": {name: 1}} == forms[0]["model"]["kwargs"]
    assert not same(forms[0], forms[1])
    assert not same(forms[0], forms[2])


def test_nulls_go_at_the_top_only() -> None:
    """An older client writes a null where a newer one writes nothing; deeper it is data."""
    note: list[Dropped] = []
    text = model_text({"openai_proxy": None, "seed": None, "extra": {"a": None}}, "[('stop', None), ('x', [None])]")

    assert {
        "model": {"id": ID, "kwargs": {"extra": {"a": None}}},
        "parameters": {"x": [None]},
    } == json.loads(canonical_settings(text, note).text)
    assert [Dropped(f"model.kwargs.{name}", NULL) for name in ("openai_proxy", "seed")] == note[:2]
    assert Dropped("parameters.stop", NULL) == note[2]


@pytest.mark.parametrize("value", [[], {}, "", 0, False, 0.0])
def test_other_empty_values_are_kept(value: Any) -> None:
    """Only null is nothing: `stop=[]`, `0` and `False` may be meant."""
    assert same({"x": value}, form(model_text({"x": value}))["model"]["kwargs"])
    assert same({"x": value}, form(f"[('x', {value!r})]")["parameters"])


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_numbers_have_one_form_for_one_value(name: str) -> None:
    """`temperature=0` and `temperature=0.0` ask the same; `0.5` and a text are as they are."""
    values = (1, 1.0, 0.5, "1", True)
    fields = [form(model_text({name: value}))["model"]["kwargs"][name] for value in values]
    settings = [form(f"[({name!r}, {value!r})]")["parameters"][name] for value in values]

    assert same([1, 1, 0.5, "1", True], fields)
    assert same([1, 1, 0.5, "1", True], settings)


def test_other_numbers_keep_their_type() -> None:
    """Nobody can say what an unknown setting makes of `1.0`."""
    assert same({"x": 1.0}, form(model_text({"x": 1.0}))["model"]["kwargs"])
    assert same({"x": 1.0}, form("[('x', 1.0)]")["parameters"])


def test_credentials_are_dropped() -> None:
    """A marker holds no secret, only the name of one; which versions write it differs."""
    note: list[Dropped] = []
    text = model_text({"openai_api_key": SECRET, "azure_ad_token": SECRET, "deep": {"x": SECRET}})

    assert {"deep": {"x": SECRET}} == json.loads(canonical_settings(text, note).text)["model"]["kwargs"]
    assert [Dropped(f"model.kwargs.{name}", CREDENTIAL) for name in ("azure_ad_token", "openai_api_key")] == note[:2]


@pytest.mark.parametrize(
    "marker",
    [
        {**SECRET, "lc": 2},
        {**SECRET, "lc": True},
        {**SECRET, "lc": 1.0},
        {**SECRET, "type": "constructor"},
        {**SECRET, "id": "OPENAI_API_KEY"},
        {**SECRET, "value": "x"},
        {"lc": 1, "type": "secret"},
        ["OPENAI_API_KEY"],
    ],
)
def test_what_only_looks_like_a_credential_is_kept(marker: Any) -> None:
    """The shape is exact."""
    assert {"key": marker} == form(model_text({"key": marker}))["model"]["kwargs"]


def test_name_and_graph_beside_the_model_are_dropped() -> None:
    """They are for tracing; any other member makes the text one that is not understood."""
    note: list[Dropped] = []
    named = canonical_settings(model_text({"n": 1}, name="my model", graph={"nodes": []}), note)
    other = form(model_text({"n": 1}, version=2))

    assert canonical_settings(model_text({"n": 1})).text == named.text
    assert [Dropped("model.graph", MODEL_SETTINGS["name"]), Dropped("model.name", MODEL_SETTINGS["name"])] == note[:2]
    assert ["text"] == list(other)


@pytest.mark.parametrize("name", ["base_url", "openai_api_base", "default_headers", "organization", "user", "unknown"])
def test_unknown_settings_are_kept(name: str) -> None:
    """What is in no list may change the answer: another address is another model, a header a feature."""
    texts = {canonical_settings(text).text for v in "ab" for text in (model_text({name: v}), f"[({name!r}, {v!r})]")}

    assert 4 == len(texts)


def test_classes_settings_and_fields_are_kept_apart() -> None:
    """The class of a model, a field of it and a setting of the call are three things."""
    other = json.loads(model_text({}).partition("---")[0])
    other["id"][-1] = "ChatAnthropic"
    texts = [
        model_text({"a": 1}),
        model_text({}, "[('a', 1)]"),
        "[('a', 1)]",
        json.dumps(other, sort_keys=True) + "---[('stop', None)]",
    ]

    assert 4 == len({canonical_settings(text).piece for text in texts})


def test_addresses_in_printed_objects_go() -> None:
    """In the settings and in what the model could not serialise; a user's text keeps what looks like one."""
    unknown = {"lc": 1, "type": "not_implemented", "id": ["a", "B"]}
    fields = {"x": [{"y": {**unknown, "repr": "<B 'at 0x1' at 0x7f01>"}}], "z": "<B at 0x7f>"}

    assert {
        "model": {
            "id": ID,
            "kwargs": {"x": [{"y": {**unknown, "repr": "<B 'at 0x1' at 0x>"}}], "z": "<B at 0x7f>"},
        },
        "parameters": {"f": {"py:repr": "<function f at 0x>"}, "s": "<B at 0x7f>"},
    } == form(model_text(fields, "[('f', <function f at 0x7f02>), ('s', '<B at 0x7f>')]"))


@pytest.mark.parametrize(
    "shape",
    [
        {"lc": 2, "type": "not_implemented", "id": [], "repr": "<B at 0x7f>"},
        {"lc": 1, "type": "constructor", "id": [], "repr": "<B at 0x7f>"},
        {"lc": 1, "type": "not_implemented", "id": "", "repr": "<B at 0x7f>"},
        {"lc": 1, "type": "not_implemented", "id": [], "repr": ["<B at 0x7f>"]},
        {"lc": 1, "type": "not_implemented", "id": [], "repr": "<B at 0x7f>", "more": 1},
        {"__lc_escaped__": {"lc": 1, "type": "not_implemented", "id": [], "repr": "<B at 0x7f>"}},
        {"type": "not_implemented", "repr": "<B at 0x7f>"},
    ],
)
def test_what_only_looks_like_a_printed_object_is_kept(shape: dict[str, Any]) -> None:
    """A user's own dict is escaped by LangChain, and nothing in it is touched."""
    assert {"x": shape} == form(model_text({"x": shape}))["model"]["kwargs"]


@pytest.mark.parametrize(
    "text",
    [
        "", "foo", "gpt-4o", "{", "{}", "{}---[]", "[1]", "[('a', 1)] ", "---[('a', 1)]", "{\"a\": 1}---[('stop', None)]",
        model_text({}).replace("---", "--"), model_text({}).replace('": ', '":'), model_text({}).replace('"lc": 1', '"lc": 1.0'),
        model_text({}).replace('"lc": 1', '"lc": true'), model_text({}).replace("constructor", "not_implemented"),
        model_text({}).replace('"kwargs": {}', '"kwargs": []'), model_text({}).replace(json.dumps(ID), '"ChatOpenAI"'),
        " " + model_text({}), '{"a": ' * 3000, "1" * 5000, "{\"a\": " + "1" * 5000 + "}---[]",
        model_text({"a": json.loads("[" * 101 + "]" * 101)}),
    ],
)  # fmt: skip
def test_what_is_not_understood_stays_text(text: str) -> None:
    """Hashed as it stands: neither trimmed nor folded, and never an error."""
    assert {"text": text} == form(text)
    assert canonical_settings(text).remembered == frozenset()


def test_half_that_is_not_understood_leaves_the_other() -> None:
    """A model is read also where the call's settings are not, and their addresses go all the same."""
    text = model_text({"n": 1, "max_retries": 2}, "[('f', <f at 0x7f>]")

    assert {"model": {"id": ID, "kwargs": {"n": 1}}, "text": "[('f', <f at 0x>]"} == form(text)


def test_dashes_inside_a_model_do_not_end_it() -> None:
    """The model ends where its JSON ends, not at the first `---`."""
    kwargs = form(model_text({"x": "}---[('stop', None)]"}, "[('y', '---')]"))

    assert {"x": "}---[('stop', None)]"} == kwargs["model"]["kwargs"]
    assert {"y": "---"} == kwargs["parameters"]


@pytest.mark.parametrize(
    ("text", "members"),
    [
        (model_text({"use_previous_response_id": True}), {"id"}),
        (model_text({"use_previous_response_id": False}), set()),
        (model_text({"use_previous_response_id": 1}), set()),
        (model_text({"reuse_last_container": True}), {"container"}),
        (model_text({}, "[('use_previous_response_id', True)]"), {"id"}),
        ("[('reuse_last_container', True), ('use_previous_response_id', True)]", {"id", "container"}),
        (model_text({"x": {"use_previous_response_id": True}}), set()),
        (model_text({"x": 1}, "use_previous_response_id"), set()),
    ],
)
def test_settings_that_send_metadata_back_are_known(text: str, members: set[str]) -> None:
    """Under them a part of an earlier answer's metadata is in the request."""
    assert members == canonical_settings(text).remembered


@given(st.data(), st.dictionaries(st.sampled_from("abcd"), AS_JSON, max_size=3))
def test_order_of_fields_and_settings_does_not_count(data: st.DataObject, tree: dict[str, Any]) -> None:
    """Neither in the model's JSON nor inside a setting."""
    other = shuffled(data.draw, tree)
    beside = {"lc": 1, "type": "constructor", "id": ID}
    texts = {
        canonical_settings(json.dumps(model) + "---" + settings).text
        for model, settings in [
            ({**beside, "kwargs": tree}, f"[('x', {tree!r})]"),
            ({"kwargs": other, **beside}, f"[('x', {other!r})]"),
        ]
    }

    assert 1 == len(texts)


@given(*[st.dictionaries(st.sampled_from(["a", "b", "temperature"]), AS_JSON, max_size=2)] * 2)
def test_two_models_share_a_form_only_where_they_are_one(left: dict[str, Any], right: dict[str, Any]) -> None:
    """Any change in a field or a setting that is kept is in the form."""
    texts = [canonical_settings(model_text({"x": tree}, f"[('y', {tree!r})]")).text for tree in (left, right)]

    assert same(left, right) is (texts[0] == texts[1])


@given(ANY_TEXT | ANY_TEXT.map(lambda text: model_text({}, text)) | st.text("{}[]()'\"---:, 1a", max_size=30))
def test_any_text_has_settings(text: str) -> None:
    """Nothing raises, and the memory says what the reading says."""
    assert canonical_settings(text) == settings_of(text)


def test_latest_texts_are_remembered_and_long_ones_are_not() -> None:
    """Reading a model's text costs far more than a prompt, but what is remembered is bounded."""
    longest = "x" * 65_536

    assert settings_of("a text") is settings_of("a text")
    assert settings_of(longest) is settings_of(longest)
    assert settings_of(longest + "x") is not settings_of(longest + "x")
    assert settings_of(longest + "x") == settings_of(longest + "x")
    assert 64 == llm_string._remembered.cache_info().maxsize


def test_piece_is_the_text_behind_its_name() -> None:
    """What is hashed says what it is."""
    settings = canonical_settings("[('a', 'é')]")

    assert '{"parameters":{"a":"\\u00e9"}}' == settings.text
    assert f"settings:{settings.text}".encode() == settings.piece
