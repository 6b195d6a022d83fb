"""Explanations say what is in a key, and where two part."""

import json
from typing import Any

import pytest
from hypothesis import given

from llmcache.errors import UsageError
from llmcache.keys import (
    Difference,
    Explanation,
    explain_langchain,
    explain_request,
    first_difference,
    langchain_key,
    request_key,
)
from llmcache.keys.drops import REQUEST_PARAMETERS, Dropped
from llmcache.model.request import Request
from tests.keys.test_request_key import HELLO, REQUESTS
from tests.keys.texts import ANY_TEXT, NO_MODEL, SHOP, model_text, own, prompt


def request(content: Any = "hi", **parameters: Any) -> Explanation:
    """Explain a request of one message."""
    return explain_request(Request("m", [{"role": "user", "content": content}], parameters))


def langchain(*messages: dict[str, Any], llm_string: str = NO_MODEL) -> Explanation:
    """Explain messages sent to a model."""
    return explain_langchain(prompt(*messages), llm_string)


def test_request_is_explained_by_its_form() -> None:
    """The four parts, what was dropped with its reason, and a digest."""
    found = request(timeout=3, temperature=0.0)

    assert "request" == found.sort
    assert {"messages": HELLO, "model": "m", "parameters": {"temperature": 0}, "tools": []} == found.form
    assert (Dropped("parameters.timeout", REQUEST_PARAMETERS["timeout"]),) == found.dropped
    assert ("parameters.timeout", "how the call travels, not what is asked") == found.dropped[0]
    assert 64 == len(found.digest)


def test_langchain_is_explained_by_its_form() -> None:
    """Messages, model and call settings; what was dropped in the order of the request."""
    answer = own("AIMessage", "b", id="x", usage_metadata={"total_cost": 0})
    found = explain_langchain(prompt(own("HumanMessage", "é"), answer), model_text({"n": 1, "name": "x"}))

    assert "langchain" == found.sort
    assert {
        "messages": [["human", {"content": "é"}], ["ai", {"content": "b"}]],
        "model": {"id": ["langchain", "chat_models", "openai", "ChatOpenAI"], "kwargs": {"n": 1}},
        "parameters": {},
    } == found.form
    assert ["messages[1].id", "messages[1].usage_metadata", "model.kwargs.name", "parameters.stop"] == [
        dropped.path for dropped in found.dropped
    ]


def test_texts_that_are_not_understood_are_shown_as_they_are() -> None:
    """A text model's prompt, and settings of no known shape."""
    assert {"prompt": "[hi\n", "text": "gpt"} == explain_langchain("[hi\n", "gpt").form


def test_text_of_an_explanation_is_the_form_to_read() -> None:
    """Indented, in order, and with letters as they are."""
    found = explain_langchain("é", "[]")

    assert '{\n  "parameters": {},\n  "prompt": "é"\n}' == found.text
    assert found.form == json.loads(found.text)


def test_request_that_has_no_key_has_no_explanation() -> None:
    """The same error as from `request_key`."""
    with pytest.raises(UsageError, match=r"messages\[0\]\{1\} is of type set; "):
        request({1})


@given(REQUESTS, REQUESTS)
def test_digest_and_difference_tell_whether_requests_share_a_key(left: Any, right: Any) -> None:
    """Equal digests, no difference and one key are the same thing; a difference has two sides."""
    one, other = Request(**left), Request(**right)
    a, b = explain_request(one), explain_request(other)
    difference = first_difference(a, b)

    assert (a.digest == b.digest) is (request_key(one, SHOP) == request_key(other, SHOP)) is (difference is None)
    assert difference is None or difference.left != difference.right


@given(ANY_TEXT, ANY_TEXT)
def test_digest_and_difference_tell_whether_texts_share_a_key(left: str, right: str) -> None:
    """The same for LangChain's texts, whatever they are."""
    head, tail = prompt(own("HumanMessage", "X")).split("X")
    for a, b in [((left, right), (right, left)), ((head + left + tail, ""), (head + right + tail, ""))]:
        explained = [explain_langchain(*a), explain_langchain(*b)]
        shared = langchain_key(*a, SHOP) == langchain_key(*b, SHOP)

        assert (explained[0].digest == explained[1].digest) is shared is (first_difference(*explained) is None)


def test_digest_is_of_no_namespace_and_no_other_sort() -> None:
    """It is a fingerprint, not the name of a key; a request never looks like LangChain's."""
    texts = explain_langchain("", "")

    assert request().digest != request_key(Request("m", HELLO), SHOP).name
    assert texts.digest != explain_request(Request("m", [])).digest
    assert Difference("sort", "langchain", "request") == first_difference(texts, request())


@pytest.mark.parametrize(
    ("left", "right", "difference"),
    [
        (request(n=1), request(n=2), Difference("parameters.n", "1", "2")),
        (request(n=1), request(n=1.0), Difference("parameters.n", "1", "1.0")),
        (request(n=1), request(n=True), Difference("parameters.n", "1", "true")),
        (request(n=0.0), request(n=-0.0), Difference("parameters.n", "0.0", "-0.0")),
        (request(n="1"), request(n=1), Difference("parameters.n", '"1"', "1")),
        (request(n=[1]), request(n={"a": 1}), Difference("parameters.n", "[1]", '{"a": 1}')),
        (request(a=1), request(b="x"), Difference("parameters.a", "1", "(absent)")),
        (request(b=1), request(a="x", b=2), Difference("parameters.a", "(absent)", '"x"')),
        (request(n=[1, 2]), request(n=[1]), Difference("parameters.n[1]", "2", "(absent)")),
        (request(n=[1]), request(n=[1, [None]]), Difference("parameters.n[1]", "(absent)", "[null]")),
        (request(n=[2, 1]), request(n=[1, 2]), Difference("parameters.n[0]", "2", "1")),
        (request([{"x": {"b": 1}}]), request([{"x": {"b": 2}}]), Difference("messages[0].content[0].x.b", "1", "2")),
        (request("a", z=1), request("b", z=2), Difference("messages[0].content", '"a"', '"b"')),
        (request("é"), request("e\u0301"), Difference("messages[0].content", '"é"', '"e\u0301"')),
        (request("a"), request("ab\n"), Difference("messages[0].content", '"a"', '"ab\\n"')),
        (
            request("x" * 100 + "left" + "y" * 200),
            request("x" * 100 + "right"),
            Difference("messages[0].content", f'…"{"x" * 30}left{"y" * 86}"…', f'…"{"x" * 30}right"'),
        ),
        (request("x" * 31), request("x" * 31 + "y"), Difference("messages[0].content", f'…"{"x" * 30}"', f'…"{"x" * 30}y"')),
        (request("x" * 30), request("x" * 30 + "y"), Difference("messages[0].content", f'"{"x" * 30}"', f'"{"x" * 30}y"')),
        (request(n=["x" * 200]), request(n=1), Difference("parameters.n", '["' + "x" * 118 + "…", "1")),
        (request("y" * 120), request("z" * 121), Difference("messages[0].content", f'"{"y" * 120}"', f'"{"z" * 120}"…')),
        (langchain(own("HumanMessage", "a")), langchain(own("AIMessage", "a")), Difference("messages[0][0]", '"human"', '"ai"')),
        (langchain(), langchain(own("AIMessage", "a")), Difference("messages", "(absent)", '[["ai", {"content": "a"}]]')),
        (
            langchain(own("AIMessage", "a"), llm_string="[('n', (1,))]"),
            langchain(own("AIMessage", "a"), llm_string="[('n', [1])]"),
            Difference("parameters.n", '{"py:tuple": [1]}', "[1]"),
        ),
        (
            langchain(own("AIMessage", float("nan"))),
            langchain(own("AIMessage", float("nan")), own("AIMessage", 1)),
            Difference("messages[1]", "(absent)", '["ai", {"content": 1}]'),
        ),
    ],
)  # fmt: skip
def test_first_difference_is_readable(left: Explanation, right: Explanation, difference: Difference) -> None:
    """A path, and what stands there on either side; of a long text the part where it parts."""
    assert difference == first_difference(left, right)
    assert Difference(difference.path, difference.right, difference.left) == first_difference(right, left)
    assert first_difference(left, left) is None
