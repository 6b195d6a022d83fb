"""The model on loopback, asked by the real clients."""

import asyncio
import http.client
import json
import threading
import urllib.parse
from collections.abc import Iterator

import pytest
from langchain_core.messages import AIMessage, BaseMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import InternalServerError, OpenAI, RateLimitError
from pydantic import SecretStr

from llmcache.model.units import Plain
from llmcache_langchain.demo.model import LocalModel
from llmcache_langchain.demo.reply import Body, ModelError, Reply, ToolCall


@pytest.fixture
def model() -> Iterator[LocalModel]:
    """A running model without delay."""
    with LocalModel() as running:
        yield running


def chat(model: LocalModel, n: int | None = None, stream_usage: bool = False) -> ChatOpenAI:
    """The real LangChain client, set to ask `model` and never to retry."""
    return ChatOpenAI(
        model="local",
        base_url=model.base_url,
        api_key=SecretStr("none"),
        max_retries=0,
        n=n,
        stream_usage=stream_usage,
    )


def post(model: LocalModel, path: str, raw: bytes) -> tuple[int, Plain]:
    """Send raw bytes as a client that knows no API would."""
    address = urllib.parse.urlsplit(model.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    try:
        connection.request("POST", path, raw, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_text_follows_from_the_question(model: LocalModel) -> None:
    """Equal requests get equal text and an equal completion id, and each of them is counted."""
    first, second = chat(model).invoke("What is a cache?"), chat(model).invoke("What is a cache?")

    assert first.content == "You asked: 'What is a cache?'."
    assert second.content == first.content
    assert second.response_metadata["id"] == first.response_metadata["id"]
    assert model.calls == 2


def test_answer_shows_whether_earlier_messages_were_sent(model: LocalModel) -> None:
    """With earlier messages the text quotes the first of them; a reader sees what was remembered."""
    turns = [HumanMessage("I am Ada"), AIMessage("Hello"), HumanMessage("Who am I?")]

    assert chat(model).invoke(turns).content == (
        "You asked: 'Who am I?'. The first of your 2 messages was: 'I am Ada'."
    )


def test_usage_is_counted(model: LocalModel) -> None:
    """Usage is the words and marks of prompt and answer, with four tokens for the frame of a message."""
    answer = chat(model).invoke("one two")

    assert isinstance(answer, AIMessage)
    assert answer.usage_metadata is not None
    assert (6, 8, 14) == (
        answer.usage_metadata["input_tokens"],
        answer.usage_metadata["output_tokens"],
        answer.usage_metadata["total_tokens"],
    )


def test_stream_gives_the_same_text_piece_by_piece(model: LocalModel) -> None:
    """A streamed answer comes in several pieces, joins to the text of a plain one, and carries usage when asked for."""
    pieces = list(chat(model, stream_usage=True).stream("one two"))
    whole: BaseMessageChunk = pieces[0]
    for piece in pieces[1:]:
        whole = whole + piece

    assert len(pieces) > 5
    assert whole.content == chat(model).invoke("one two").content
    assert whole.model_dump()["usage_metadata"]["total_tokens"] == 14


async def test_async_client_is_answered(model: LocalModel) -> None:
    """Twenty requests at once on one loop are all answered, each with its own text."""
    client = chat(model)
    answers = await asyncio.gather(*(client.ainvoke(f"question {number}") for number in range(20)))

    assert [answer.content for answer in answers] == [f"You asked: 'question {number}'." for number in range(20)]
    assert model.calls == 20


def test_several_choices(model: LocalModel) -> None:
    """With `n` above one, every choice is there and numbered."""
    generations = chat(model, n=3).generate([[HumanMessage("hi")]]).generations[0]

    assert [generation.text for generation in generations] == [
        f"You asked: 'hi'. (choice {number})" for number in (1, 2, 3)
    ]


def test_script_calls_tools() -> None:
    """A script sees the request's body, so that it can call a tool and then answer with what the tool said."""

    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    def script(body: Body) -> Reply:
        last = body["messages"][-1]
        if last["role"] == "tool":
            return Reply(f"The sum is {last['content']}.")
        return Reply(tool_calls=(ToolCall("add", {"a": 2, "b": 3}, id="call_7"),))

    with LocalModel(script) as model:
        agent = chat(model).bind_tools([add])
        question = HumanMessage("2 + 3?")
        wish = agent.invoke([question])
        answer = agent.invoke([question, wish, ToolMessage("5", tool_call_id="call_7")])

    assert [(call["name"], call["args"], call["id"]) for call in wish.tool_calls] == [
        ("add", {"a": 2, "b": 3}, "call_7")
    ]
    assert wish.response_metadata["finish_reason"] == "tool_calls"
    assert answer.content == "The sum is 5."
    assert [body["tools"][0]["function"]["name"] for body in model.bodies] == ["add", "add"]


def test_streamed_tool_call() -> None:
    """A streamed answer carries its tool calls too."""
    with LocalModel(lambda _: Reply(tool_calls=(ToolCall("find", {"q": "x"}),))) as model:
        whole = list(chat(model).stream("hi"))

    calls = [call for piece in whole for call in piece.model_dump()["tool_call_chunks"]]

    assert [(call["name"], call["args"]) for call in calls] == [("find", '{"q": "x"}')]


def test_script_sets_reason_and_usage() -> None:
    """A script can have the answer cut off, and say what it counted."""
    with LocalModel(lambda _: Reply("cut", finish_reason="length", input_tokens=7, output_tokens=9)) as model:
        answer = chat(model).invoke("hi")

    assert answer.response_metadata["finish_reason"] == "length"
    assert answer.response_metadata["token_usage"]["total_tokens"] == 16


def test_script_refuses() -> None:
    """A `ModelError` becomes the HTTP status it names, and is counted as a call."""

    def script(body: Body) -> Reply:
        raise ModelError(429, "slow down")

    with LocalModel(script) as model:
        with pytest.raises(RateLimitError, match="slow down"):
            chat(model).invoke("hi")

        assert model.calls == 1


def test_mistake_in_a_script_reaches_the_client() -> None:
    """A script that fails by itself gives status 500 with its error, instead of a client that waits."""

    def script(body: Body) -> Reply:
        return Reply(body["no such field"])

    with LocalModel(script) as model, pytest.raises(InternalServerError, match="no such field"):
        chat(model).invoke("hi")


def test_other_requests_are_refused(model: LocalModel) -> None:
    """An unknown path is 404, and a body that is no chat request is 400; neither counts as a call."""
    assert post(model, "/v1/embeddings", b"{}")[0] == 404
    assert post(model, "/v1/chat/completions", b"{")[0] == 400
    assert post(model, "/v1/chat/completions", b'{"messages": 1}')[0] == 400
    assert model.calls == 0


def test_bare_openai_client_is_answered(model: LocalModel) -> None:
    """OpenAI's own client reads the same answers."""
    with OpenAI(base_url=model.base_url, api_key="none", max_retries=0) as client:
        answer = client.chat.completions.create(model="local", messages=[{"role": "user", "content": "hi"}])

    assert answer.choices[0].message.content == "You asked: 'hi'."


def test_stopped_model_has_no_address() -> None:
    """Before `start` and after `stop` there is no address; stopping twice does nothing, and idle clients do not hold it."""
    model = LocalModel()
    with model:
        chat(model).invoke("a client that keeps its connection open")
    model.stop()

    with pytest.raises(RuntimeError, match="does not run"):
        _ = model.base_url


def test_delay_ends_with_stop() -> None:
    """`stop` does not wait for the delay of a request under way."""
    asked = threading.Event()

    def script(body: Body) -> Reply:
        asked.set()
        return Reply("late")

    model = LocalModel(script, delay=3600)
    with model:
        worker = threading.Thread(target=post_quietly, args=(model,))
        worker.start()
        asked.wait(30)
    worker.join(30)

    assert not worker.is_alive()


def post_quietly(model: LocalModel) -> None:
    """Ask, and do not mind being cut off."""
    try:
        post(model, "/v1/chat/completions", b'{"messages": []}')
    except (OSError, http.client.HTTPException):
        return
