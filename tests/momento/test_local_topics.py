"""Subscriptions of the stand-in, and how they go wrong, over a bare channel: as a client must bear them."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from momento_wire_types import cachepubsub_pb2 as pubsub
from momento_wire_types import cachepubsub_pb2_grpc

from llmcache_momento.local import Limits, MomentoLocal
from llmcache_momento.local.topics import HEARTBEAT
from tests.momento.driving import Clock

STUBS: Any = cachepubsub_pb2_grpc
PATIENCE = 30
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


class Topic:
    """One topic: `publish` a text, `listen` for what comes."""

    def __init__(self, server: MomentoLocal) -> None:
        self._channel = grpc.insecure_channel(server.address)
        self._stub = STUBS.PubsubStub(self._channel)
        self._calls: list[Any] = []

    def publish(self, *texts: str) -> None:
        """Send messages."""
        for text in texts:
            value = pubsub._TopicValue(text=text)
            self._stub.Publish(pubsub._PublishRequest(cache_name="shop", topic="t", value=value), timeout=PATIENCE)

    def listen(self, *metadata: tuple[str, str], **resume: int) -> Callable[[], str]:
        """Subscribe; each call of what is returned gives the next message: its text, or its kind."""
        request = pubsub._SubscriptionRequest(cache_name="shop", topic="t", **resume)
        call = self._stub.Subscribe(request, timeout=PATIENCE, metadata=metadata)
        self._calls.append(call)

        def following() -> str:
            message = next(call)
            return str(message.item.value.text or message.WhichOneof("kind"))

        assert "heartbeat" == following()
        return following

    def close(self) -> None:
        """End every subscription."""
        for call in self._calls:
            call.cancel()
        self._channel.close()


@pytest.fixture
def topic(server: MomentoLocal) -> Iterator[Topic]:
    """A topic of the stand-in."""
    opened = Topic(server)
    yield opened
    opened.close()


def ended(following: Callable[[], str]) -> grpc.StatusCode:
    """Return what a subscription ends with, at once."""
    with pytest.raises(grpc.RpcError) as raised:
        following()
    code: grpc.StatusCode = raised.value.code()
    return code


def test_heartbeats_come_by_the_clock(clock: Clock, topic: Topic) -> None:
    """And where the clock was set back, so that a client that counts on them is not left alone."""
    following = topic.listen()
    clock.now += HEARTBEAT
    ahead = following()
    clock.now -= 3600

    assert ("heartbeat", "heartbeat") == (ahead, following())


def test_a_subscription_is_cut(server: MomentoLocal, topic: Topic) -> None:
    """Instead of a message; it goes on from there when the client comes back."""
    following = topic.listen()
    server.faults.add("Item", code=UNAVAILABLE, count=1)
    topic.publish("1", "2")

    assert UNAVAILABLE == ended(following)
    again = topic.listen(resume_at_topic_sequence_number=1, sequence_page=1)
    assert ("1", "2") == (again(), again())


def test_a_subscription_is_cut_behind_a_message(server: MomentoLocal, topic: Topic) -> None:
    """Which has arrived."""
    following = topic.listen()
    server.faults.add("Item", code=UNAVAILABLE, is_after=True, count=1)
    topic.publish("1")

    assert ("1", UNAVAILABLE) == (following(), ended(following))


def test_a_message_is_lost_and_its_number_shows_it(server: MomentoLocal, topic: Topic) -> None:
    """The next one comes."""
    following = topic.listen()
    server.faults.add("Item", is_lost=True, count=1)
    topic.publish("1", "2")

    assert "2" == following()


def test_messages_are_late_and_in_order(server: MomentoLocal, topic: Topic) -> None:
    """A delay holds up what comes behind it."""
    following = topic.listen()
    server.faults.add("Item", delay=0.1, count=1)
    topic.publish("1", "2")

    assert ("1", "2") == (following(), following())


def test_heartbeats_are_lost_and_messages_come(server: MomentoLocal, clock: Clock, topic: Topic) -> None:
    """A client that takes a missing heartbeat for a broken connection can be shown one."""
    following = topic.listen()
    server.faults.add("Heartbeat", is_lost=True)
    clock.now += HEARTBEAT
    topic.publish("1")

    assert "1" == following()


def test_a_connection_stays_open_and_says_nothing(server: MomentoLocal, clock: Clock, topic: Topic) -> None:
    """Neither messages nor heartbeats come, until it speaks again; other calls, on the same connection, are answered."""
    following = topic.listen()
    server.faults.add("Heartbeat", is_lost=True)
    server.faults.add("Item", is_lost=True, count=2)
    topic.publish("1")
    clock.now += HEARTBEAT
    topic.publish("2", "3")

    assert "3" == following()


def test_faults_of_every_call_leave_messages_alone(server: MomentoLocal, topic: Topic) -> None:
    """An order without names is about calls: a new subscription fails, an open one goes on."""
    following = topic.listen()
    topic.publish("1")
    server.faults.add(code=UNAVAILABLE)
    first = following()
    with pytest.raises(grpc.RpcError):
        topic.listen()

    assert "1" == first


def test_lost_messages_are_told_by_a_discontinuity(server: MomentoLocal, topic: Topic) -> None:
    """To those who listen and to those who come back; what follows has numbers of its own."""
    topic.publish("1", "2")
    following = topic.listen(resume_at_topic_sequence_number=2, sequence_page=1)
    before = following()
    server.lose_messages("shop", "t")
    gap = following()
    topic.publish("3")
    back = topic.listen(resume_at_topic_sequence_number=3, sequence_page=1)
    on_page = topic.listen(resume_at_topic_sequence_number=1, sequence_page=2)

    assert ("2", "discontinuity", "3") == (before, gap, following())
    assert ("discontinuity", "3", "3") == (back(), back(), on_page())


def test_who_comes_back_to_an_empty_topic_is_told(server: MomentoLocal, topic: Topic) -> None:
    """Though there is nothing new: what it knows of is gone."""
    topic.publish("1")
    server.lose_messages("shop", "t")
    following = topic.listen(resume_at_topic_sequence_number=2, sequence_page=1)

    assert "discontinuity" == following()


def test_a_subscription_ends_as_its_metadata_asks(topic: Topic) -> None:
    """As Momento's own local server does it; heartbeats count."""
    asked = (("stream-error-rpcs", "topic-subscribe"), ("stream-error", "unavailable"))
    following = topic.listen(*asked, ("stream-error-message-limit", "2"))
    topic.publish("1", "2")

    assert ("1", UNAVAILABLE) == (following(), ended(following))


def test_more_subscriptions_than_an_account_has_are_refused(clock: Clock) -> None:
    """And one that ended makes room."""
    with MomentoLocal(["shop"], clock=clock, limits=Limits(max_subscriptions=2)) as server:
        topic, other = Topic(server), Topic(server)
        topic.listen()
        other.listen()
        with pytest.raises(grpc.RpcError) as raised:
            topic.listen()
        error: Any = raised.value
        refused = (error.code(), next(value for name, value in error.trailing_metadata() if name == "err"))
        other.close()
        while True:
            try:
                topic.listen()
            except grpc.RpcError:
                continue  # it looks twenty times a second whether a subscriber is still there
            break
        topic.close()

    assert (grpc.StatusCode.RESOURCE_EXHAUSTED, "topic_subscriptions_limit_exceeded") == refused


def test_many_subscriptions_leave_room_for_calls(topic: Topic) -> None:
    """As many as an account may have; each has the message."""
    everybody = [topic.listen() for _ in range(100)]
    topic.publish("1")

    assert {"1"} == {following() for following in everybody}


def test_a_stopped_server_ends_subscriptions(clock: Clock) -> None:
    """At once, also one whose next message is held up."""
    with MomentoLocal(["shop"], clock=clock) as server:
        topic = Topic(server)
        following = topic.listen()
        server.faults.add("Item", delay=600.0)
        topic.publish("1")

    assert ended(following) in {UNAVAILABLE, grpc.StatusCode.CANCELLED}
    topic.close()
