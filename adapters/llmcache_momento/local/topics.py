"""Topics: publishing, and subscriptions that begin with the newest message kept or go on where an older one ended.

Messages are numbered within a page. A topic that loses what it kept turns the page; whoever listens, or comes back with a number
of an older page, is told by a discontinuity.
"""

import queue
import threading
from collections import defaultdict, deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final

from grpc import StatusCode
from momento_wire_types import cachepubsub_pb2 as pubsub
from momento_wire_types import common_pb2 as common

from llmcache_momento.local.keep import Keep
from llmcache_momento.local.rejection import SUBSCRIPTIONS, RejectionError, invalid, too_large

HEARTBEAT: Final = 5.0
"""Seconds by the stand-in's clock between two heartbeats of a subscription."""
_KEPT: Final = 100
_TURN: Final = 0.05
"""Seconds between two looks at whether the subscriber is still there, and a heartbeat due."""

Box = queue.SimpleQueue[pubsub._SubscriptionItem]


@dataclass(slots=True)
class _Topic:
    """What is kept of a topic, and a box for each subscriber.

    Attributes:
        page: Which numbering is in force.
        newest: Number of the newest message on this page.
        kept: The newest messages.
        boxes: Where they go.
    """

    page: int = 1
    newest: int = 0
    kept: deque[pubsub._TopicItem] = field(default_factory=lambda: deque(maxlen=_KEPT))
    boxes: list[Box] = field(default_factory=list)

    def gap(self, newest: int, begins: int) -> pubsub._SubscriptionItem:
        """Return the word that what follows `newest` is lost, and that the numbers begin at `begins`."""
        lost = pubsub._Discontinuity(last_topic_sequence=newest, new_topic_sequence=begins, new_sequence_page=self.page)
        return pubsub._SubscriptionItem(discontinuity=lost)


class Topics:
    """The topics of all caches.

    Args:
        keep: Holds the caches; its lock is used.
        closing: Set when the server stops.
    """

    def __init__(self, keep: Keep, closing: threading.Event) -> None:
        self._keep = keep
        self._closing = closing
        self._topics: defaultdict[tuple[str, str], _Topic] = defaultdict(_Topic)

    def publish(self, request: pubsub._PublishRequest) -> common._Empty:
        """Hand a message to every subscriber and keep it for those who come back."""
        self._keep.cache(request.cache_name)
        longest = self._keep.limits.max_topic_bytes
        if longest is not None and max(len(request.value.text.encode()), len(request.value.binary)) > longest:
            raise invalid("Topic message is too large")
        topic = self._topics[request.cache_name, request.topic]
        topic.newest += 1
        item = pubsub._TopicItem(topic_sequence_number=topic.newest, value=request.value, sequence_page=topic.page)
        topic.kept.append(item)
        for box in topic.boxes:
            box.put(pubsub._SubscriptionItem(item=item))
        return common._Empty()

    def lose(self, cache: str, name: str) -> None:
        """Drop what is kept of a topic and begin its numbers anew; tell whoever listens."""
        with self._keep.lock:
            topic = self._topics[cache, name]
            newest, topic.newest = topic.newest, 0
            topic.page += 1
            topic.kept.clear()
            for box in topic.boxes:
                box.put(topic.gap(newest, begins=1))

    def subscribe(self, request: pubsub._SubscriptionRequest) -> Box:
        """Return a box that messages come into, those first that the subscriber is to begin with."""
        box: Box = queue.SimpleQueue()
        with self._keep.lock:
            self._keep.cache(request.cache_name)
            most = self._keep.limits.max_subscriptions
            if most is not None and sum(len(topic.boxes) for topic in self._topics.values()) >= most:
                raise too_large("Topic subscriptions limit exceeded", SUBSCRIPTIONS)
            topic = self._topics[request.cache_name, request.topic]
            for item in self._beginning(topic, request):
                box.put(item)
            topic.boxes.append(box)
        return box

    def _beginning(self, topic: _Topic, request: pubsub._SubscriptionRequest) -> list[pubsub._SubscriptionItem]:
        kept, since = list(topic.kept), request.resume_at_topic_sequence_number
        if not since:
            return [pubsub._SubscriptionItem(item=item) for item in kept[-1:]]
        oldest = kept[0].topic_sequence_number if kept else topic.newest + 1
        first: list[pubsub._SubscriptionItem] = []
        if request.sequence_page not in {0, topic.page} or not oldest <= since <= topic.newest + 1:
            first, since = [topic.gap(since - 1, oldest)], 0
        return first + [pubsub._SubscriptionItem(item=item) for item in kept if item.topic_sequence_number >= since]

    def deliver(
        self, box: Box, request: pubsub._SubscriptionRequest, context: Any
    ) -> Generator[pubsub._SubscriptionItem]:
        """Give a heartbeat, then what comes into the box and heartbeats, until the subscriber or the server goes."""
        beat = pubsub._SubscriptionItem(heartbeat=pubsub._Heartbeat())
        last = self._keep.clock()
        try:
            yield beat
            while context.is_active() and not self._closing.is_set():
                try:
                    yield box.get(timeout=_TURN)
                except queue.Empty:
                    now = self._keep.clock()
                    # A clock that was set back counts as long enough, or nothing would come until it has caught up.
                    if not 0 <= now - last < HEARTBEAT:
                        last = now
                        yield beat
            if self._closing.is_set():
                raise RejectionError(StatusCode.UNAVAILABLE, "the stand-in stops")
        finally:
            with self._keep.lock:
                self._topics[request.cache_name, request.topic].boxes.remove(box)
