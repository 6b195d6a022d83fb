"""What the stand-in answers to calls that Momento's Python SDK has no method for, over a bare channel."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import cacheclient_pb2_grpc, cachepubsub_pb2_grpc
from momento_wire_types import cachepubsub_pb2 as pubsub
from momento_wire_types import common_pb2 as common

from llmcache_momento.local import MomentoLocal
from tests.momento.driving import Clock

STUBS: Any = cacheclient_pb2_grpc
TOPIC_STUBS: Any = cachepubsub_pb2_grpc


@pytest.fixture
def channel(server: MomentoLocal) -> Iterator[Any]:
    """A connection to the stand-in."""
    with grpc.insecure_channel(server.address) as opened:
        yield opened


class Bare:
    """The service's calls by name."""

    def __init__(self, channel: Any) -> None:
        self._stub = STUBS.ScsStub(channel)

    def __call__(self, method: str, request: Any) -> Any:
        return getattr(self._stub, method)(request, metadata=[("cache", "shop")], timeout=10)

    def put(self, name: bytes, value: bytes, ttl_ms: int = 60_000) -> None:
        """Keep a scalar."""
        self("Set", pb._SetRequest(cache_key=name, cache_body=value, ttl_milliseconds=ttl_ms))

    def get(self, name: bytes) -> bytes | None:
        """Return a scalar."""
        reply = self("Get", pb._GetRequest(cache_key=name))
        return reply.cache_body if reply.result == pb.Hit else None


@pytest.fixture
def bare(channel: Any) -> Bare:
    """The service's calls."""
    return Bare(channel)


def test_batches_answer_in_order(bare: Bare) -> None:
    """One message for each item; each with a time to live of its own."""
    items = [pb._SetRequest(cache_key=name, cache_body=name * 2, ttl_milliseconds=1_000) for name in (b"a", b"b")]
    written = list(bare("SetBatch", pb._SetBatchRequest(items=items)))
    wanted = pb._GetBatchRequest(items=[pb._GetRequest(cache_key=name) for name in (b"b", b"c", b"a")])
    found = list(bare("GetBatch", wanted))

    assert [pb.Ok, pb.Ok] == [one.result for one in written]
    assert [(pb.Hit, b"bb"), (pb.Miss, b""), (pb.Hit, b"aa")] == [(one.result, one.cache_body) for one in found]


@pytest.mark.parametrize(
    ("condition", "stores"),
    [
        ({"absent": common.Absent()}, (True, False, False)),
        ({"present": common.Present()}, (False, True, True)),
        ({"equal": common.Equal(value_to_check=b"1")}, (False, True, False)),
        ({"not_equal": common.NotEqual(value_to_check=b"1")}, (True, False, True)),
        ({"absent_or_equal": common.AbsentOrEqual(value_to_check=b"1")}, (True, True, False)),
        ({"present_and_not_equal": common.PresentAndNotEqual(value_to_check=b"1")}, (False, False, True)),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_conditions_decide_over_what_is_there(
    condition: dict[str, Any], stores: tuple[bool, bool, bool], bare: Bare
) -> None:
    """Nothing, the value asked about, another value."""
    bare.put(b"same", b"1")
    bare.put(b"other", b"2")
    found: list[bool] = []
    for name in (b"missing", b"same", b"other"):
        request = pb._SetIfRequest(cache_key=name, cache_body=b"new", ttl_milliseconds=1_000, **condition)
        was_stored = bare("SetIf", request).WhichOneof("result") == "stored"
        found.append(was_stored)
        assert was_stored == (bare.get(name) == b"new")

    assert stores == tuple(found)


def test_a_condition_is_wanted(bare: Bare) -> None:
    """A SetIf without one is refused."""
    with pytest.raises(grpc.RpcError) as raised:
        bare("SetIf", pb._SetIfRequest(cache_key=b"k", cache_body=b"v", ttl_milliseconds=1))

    assert grpc.StatusCode.FAILED_PRECONDITION == raised.value.code()


def test_times_to_live_are_read_and_changed(bare: Bare, clock: Clock) -> None:
    """Longer only, shorter only, or whatever it was."""
    bare.put(b"k", b"v", 10_000)
    clock.now += 4
    left = bare("ItemGetTtl", pb._ItemGetTtlRequest(cache_key=b"k")).found.remaining_ttl_millis
    changes = [
        {"increase_to_milliseconds": 5_000},
        {"decrease_to_milliseconds": 7_000},
        {"increase_to_milliseconds": 8_000},
        {"decrease_to_milliseconds": 3_000},
        {"overwrite_to_milliseconds": 9_000},
    ]
    answers = [bare("UpdateTtl", pb._UpdateTtlRequest(cache_key=b"k", **change)) for change in changes]
    clock.now += 9
    gone = bare("UpdateTtl", pb._UpdateTtlRequest(cache_key=b"k", overwrite_to_milliseconds=1))

    assert 6_000 == left
    assert ["not_set", "not_set", "set", "set", "set"] == [answer.WhichOneof("result") for answer in answers]
    assert "missing" == gone.WhichOneof("result")
    assert "missing" == bare("ItemGetTtl", pb._ItemGetTtlRequest(cache_key=b"k")).WhichOneof("result")


def test_items_tell_their_type_and_presence(bare: Bare) -> None:
    """Of scalars and lists, and of nothing; with the hash of a scalar."""
    bare.put(b"scalar", b"v")
    adding = pb._ListConcatenateBackRequest(list_name=b"list", values=[b"1"], ttl_milliseconds=1_000)
    bare("ListConcatenateBack", adding)
    names = [b"scalar", b"list", b"nothing"]
    types = [bare("ItemGetType", pb._ItemGetTypeRequest(cache_key=name)) for name in names]
    hashes = [bare("GetWithHash", pb._GetWithHashRequest(cache_key=name)) for name in (b"scalar", b"nothing")]

    assert [0, 3, "missing"] == [one.found.item_type if one.HasField("found") else "missing" for one in types]
    assert [True, True, False] == list(bare("KeysExist", pb._KeysExistRequest(cache_keys=names)).exists)
    assert (b"v", 32, "missing") == (
        hashes[0].found.value, len(hashes[0].found.hash), hashes[1].WhichOneof("result")
    )  # fmt: skip


def test_lists_are_read_kept_and_erased_by_slices(bare: Bare) -> None:
    """Negative bounds count from the end."""
    values = [b"%d" % number for number in range(6)]
    bare("ListConcatenateBack", pb._ListConcatenateBackRequest(list_name=b"l", values=values, ttl_milliseconds=1_000))
    last = bare("ListFetch", pb._ListFetchRequest(list_name=b"l", inclusive_start=-2))
    middle = bare("ListFetch", pb._ListFetchRequest(list_name=b"l", inclusive_start=1, exclusive_end=-3))
    kept = bare("ListRetain", pb._ListRetainRequest(list_name=b"l", exclusive_end=5)).found.list_length
    ranges = pb._ListEraseRequest._ListRanges(ranges=[pb._ListRange(begin_index=0, count=2)])
    bare("ListErase", pb._ListEraseRequest(list_name=b"l", some=ranges))
    # A range may be longer than any memory.
    vast = pb._ListEraseRequest._ListRanges(ranges=[pb._ListRange(begin_index=2**31, count=2**32 - 1)])
    bare("ListErase", pb._ListEraseRequest(list_name=b"l", some=vast))
    left = bare("ListFetch", pb._ListFetchRequest(list_name=b"l"))
    bare("ListErase", pb._ListEraseRequest(list_name=b"l", all=pb._ListEraseRequest._All()))

    assert ([b"4", b"5"], [b"1", b"2"], 5) == (list(last.found.values), list(middle.found.values), kept)
    assert [b"2", b"3", b"4"] == list(left.found.values)
    for request in (pb._ListRetainRequest(list_name=b"l"), pb._ListEraseRequest(list_name=b"l")):
        method = type(request).__name__.strip("_").removesuffix("Request")
        assert "missing" == bare(method, request).WhichOneof("list")


def test_collections_tell_their_lengths(bare: Bare) -> None:
    """Of dictionaries, sets and sorted sets, there and not there; and what a set holds."""
    scores = [
        pb._SortedSetElement(value=value, score=score) for value, score in ((b"a", 1.0), (b"b", 2.0), (b"c", 3.0))
    ]
    pair = pb._DictionaryFieldValuePair(field=b"f", value=b"v")
    bare("DictionarySet", pb._DictionarySetRequest(dictionary_name=b"d", items=[pair], ttl_milliseconds=1_000))
    bare("SetUnion", pb._SetUnionRequest(set_name=b"s", elements=[b"a", b"b"], ttl_milliseconds=1_000))
    bare("SortedSetPut", pb._SortedSetPutRequest(set_name=b"z", elements=scores, ttl_milliseconds=1_000))
    by_score = pb._SortedSetLengthByScoreRequest(set_name=b"z", exclusive_min=1.0, inclusive_max=3.0)

    assert 1 == bare("DictionaryLength", pb._DictionaryLengthRequest(dictionary_name=b"d")).found.length
    assert 2 == bare("SetLength", pb._SetLengthRequest(set_name=b"s")).found.length
    assert 3 == bare("SortedSetLength", pb._SortedSetLengthRequest(set_name=b"z")).found.length
    assert 2 == bare("SortedSetLengthByScore", by_score).found.length
    contains = bare("SetContains", pb._SetContainsRequest(set_name=b"s", elements=[b"b", b"c"]))
    assert [True, False] == list(contains.found.contains)
    assert 1 == len(bare("SetSample", pb._SetSampleRequest(set_name=b"s", limit=1)).found.elements)
    assert 2 == len(bare("SetPop", pb._SetPopRequest(set_name=b"s", count=5)).found.elements)
    for request in (
        pb._DictionaryLengthRequest(dictionary_name=b"no"),
        pb._SetLengthRequest(set_name=b"s"),
        pb._SetContainsRequest(set_name=b"s"),
        pb._SetSampleRequest(set_name=b"s"),
        pb._SetPopRequest(set_name=b"s"),
        pb._SortedSetLengthRequest(set_name=b"no"),
        pb._SortedSetLengthByScoreRequest(set_name=b"no"),
    ):
        method = type(request).__name__.strip("_").removesuffix("Request")
        assert bare(method, request).HasField("missing")


def test_a_call_that_it_does_not_know_is_refused(bare: Bare) -> None:
    """Not answered with something."""
    with pytest.raises(grpc.RpcError) as raised:
        bare("SortedSetUnionStore", pb._SortedSetUnionStoreRequest(set_name=b"z"))

    assert grpc.StatusCode.UNIMPLEMENTED == raised.value.code()


def test_topics_deliver_and_go_on_where_a_subscriber_left(channel: Any) -> None:
    """A new subscription begins with the newest message; a resumed one with what it missed, or says that there is a gap."""
    stub = TOPIC_STUBS.PubsubStub(channel)
    for text in ("1", "2", "3"):
        stub.Publish(pubsub._PublishRequest(cache_name="shop", topic="t", value=pubsub._TopicValue(text=text)))

    def texts(count: int, **resume: int) -> list[str]:
        call = stub.Subscribe(pubsub._SubscriptionRequest(cache_name="shop", topic="t", **resume), timeout=10)
        items = [next(call) for _ in range(count)]
        call.cancel()
        return [item.item.value.text or item.WhichOneof("kind") for item in items]

    assert ["heartbeat", "3"] == texts(2)
    assert ["heartbeat", "2", "3"] == texts(3, resume_at_topic_sequence_number=2, sequence_page=1)
    assert ["heartbeat", "discontinuity", "1"] == texts(3, resume_at_topic_sequence_number=99, sequence_page=1)


def test_a_topic_of_no_cache_is_not_found(channel: Any) -> None:
    """Neither to publish nor to subscribe."""
    stub = TOPIC_STUBS.PubsubStub(channel)
    with pytest.raises(grpc.RpcError) as published:
        stub.Publish(pubsub._PublishRequest(cache_name="no", topic="t", value=pubsub._TopicValue(text="x")))
    with pytest.raises(grpc.RpcError) as subscribed:
        next(stub.Subscribe(pubsub._SubscriptionRequest(cache_name="no", topic="t"), timeout=10))

    assert {grpc.StatusCode.NOT_FOUND} == {published.value.code(), subscribed.value.code()}
