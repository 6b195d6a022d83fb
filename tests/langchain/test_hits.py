"""What a hit looks like: ids, usage, isolation, several answers."""

from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict, messages_from_dict
from langchain_core.messages.tool import ToolCall
from langchain_core.outputs import Generation

from llmcache_langchain import LLMCache
from tests.langchain.models import ASKED, FakeModel, chat, echo, only


def test_a_hit_has_a_fresh_id_every_time(cache: LLMCache) -> None:
    """LangGraph replaces messages of equal id."""
    model = FakeModel(cache=cache)
    ids = [model.invoke("hi").id for _ in range(4)]

    assert len(set(ids)) == 4
    assert all(isinstance(one, str) and one.startswith("lc_run--") for one in ids)


def test_a_hit_counts_no_tokens_and_says_what_was_paid(cache: LLMCache) -> None:
    """The usage callback sees the one real call; the paid usage is in the metadata."""
    model = FakeModel(cache=cache)
    with get_usage_metadata_callback() as usage:
        hits = [model.invoke("hi") for _ in range(5)]
    hit = hits[-1]

    assert usage.usage_metadata["fake-1"]["total_tokens"] == 15
    assert hit.usage_metadata is not None
    assert (hit.usage_metadata["input_tokens"], hit.usage_metadata["total_tokens"]) == (0, 0)
    marker = hit.response_metadata["llmcache"]
    assert marker["hit"] is True
    assert marker["usage"] == {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    assert marker["id"] == hits[0].id
    assert "llmcache" not in hits[0].response_metadata


def test_a_hit_can_be_stored_and_read_back(cache: LLMCache) -> None:
    """Also after LangChain added its total cost, and where the model told no usage at all."""
    for answer in (echo, lambda messages: AIMessage("no usage")):
        model = FakeModel(cache=cache, answer=answer, temperature=float(answer is echo))
        hit = [model.invoke("hi") for _ in range(2)][-1]

        assert messages_from_dict([message_to_dict(hit)]) == [hit]


def test_saved_tokens_are_counted(cache: LLMCache) -> None:
    """What hits saved is in the stats, with the time the call took."""
    model = FakeModel(cache=cache)
    for _ in range(3):
        model.invoke("hi")
    stats = cache.stats()

    assert (stats.input_tokens_saved, stats.output_tokens_saved) == (20, 10)
    assert 0 < stats.seconds_saved < 60


def test_no_caller_can_change_what_the_next_one_gets(cache: LLMCache) -> None:
    """Content blocks, metadata and tool calls are each caller's own."""
    given = chat("", content=[{"type": "text", "text": "a"}], tool_calls=[ToolCall(name="t", args={"x": [1]}, id="1")])
    cache.update(*ASKED, [given])
    given.message.content[0]["text"] = "changed"  # type: ignore[index] # it is a list of blocks here
    for _ in range(3):
        message = only(cache.lookup(*ASKED))

        assert message.content == [{"type": "text", "text": "a"}]
        assert message.tool_calls[0]["args"] == {"x": [1]}
        assert "changed" not in message.response_metadata["llmcache"]
        message.content[0]["text"] = "changed"  # type: ignore[index] # as above
        message.tool_calls[0]["args"]["x"].append(2)
        message.response_metadata["llmcache"]["changed"] = True


def test_several_answers_and_overwriting_with_fewer(cache: LLMCache) -> None:
    """N answers come back in order; a later update replaces all of them."""
    cache.update(*ASKED, [chat("1"), chat("2"), chat("3")])
    three = [generation.text for generation in cache.lookup(*ASKED) or []]
    cache.update(*ASKED, [chat("only")])

    assert three == ["1", "2", "3"]
    assert [generation.text for generation in cache.lookup(*ASKED) or []] == ["only"]


def test_n_answers_through_a_model(cache: LLMCache) -> None:
    """Asked for three, kept three."""
    model = FakeModel(cache=cache, n=3)
    results = [model.generate([[HumanMessage("hi")]]) for _ in range(2)]

    assert model.calls == 1
    assert [len(result.generations[0]) for result in results] == [3, 3]


def test_plain_generations_come_back_equal(cache: LLMCache) -> None:
    """What LangChain's text models need."""
    kept = [Generation(text="a", generation_info={"x": 1}), Generation(text="b")]
    cache.update(*ASKED, kept)

    assert cache.lookup(*ASKED) == kept
