"""Topics: publishing, and subscriptions that begin with the newest message kept or go on where an older one ended."""

import queue
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any, Final

from momento_wire_types import cachepubsub_pb2 as pubsub
from momento_wire_types import common_pb2 as common

from llmcache_momento.local.keep import Keep
from llmcache_momento.local.rejection import invalid

_KEPT: Final = 100
_PAGE: Final = 1
_TURN: Final = 0.05
"""Seconds between two looks at whether the subscriber is still there."""

Box = queue.SimpleQueue[pubsub._SubscriptionItem]


class Topics:
    """The topics of all caches.

    Args:
        keep: Holds the caches; its lock is used.
        closing: Set when the server stops.
    """

    def __init__(self, keep: Keep, closing: threading.Event) -> None:
        self._keep = keep
        self._closing = closing
        self._boxes: defaultdict[tuple[str, str], list[Box]] = defaultdict(list)
        self._kept: defaultdict[tuple[str, str], deque[pubsub._TopicItem]] = defaultdict(lambda: deque(maxlen=_KEPT))

    def publish(self, request: pubsub._PublishRequest) -> common._Empty:
        """Hand a message to every subscriber and keep it for those who come back."""
        self._keep.cache(request.cache_name)
        longest = self._keep.limits.max_topic_bytes
        if longest is not None and max(len(request.value.text.encode()), len(request.value.binary)) > longest:
            raise invalid("Topic message is too large")
        topic = (request.cache_name, request.topic)
        kept = self._kept[topic]
        number = kept[-1].topic_sequence_number + 1 if kept else 1
        item = pubsub._TopicItem(topic_sequence_number=number, value=request.value, sequence_page=_PAGE)
        kept.append(item)
        for box in self._boxes[topic]:
            box.put(pubsub._SubscriptionItem(item=item))
        return common._Empty()

    def subscribe(self, request: pubsub._SubscriptionRequest) -> Box:
        """Return a box that messages come into, those first that the subscriber is to begin with."""
        box: Box = queue.SimpleQueue()
        with self._keep.lock:
            self._keep.cache(request.cache_name)
            topic = (request.cache_name, request.topic)
            for item in self._beginning(topic, request):
                box.put(item)
            self._boxes[topic].append(box)
        return box

    def _beginning(
        self, topic: tuple[str, str], request: pubsub._SubscriptionRequest
    ) -> list[pubsub._SubscriptionItem]:
        kept, since = list(self._kept[topic]), request.resume_at_topic_sequence_number
        if not since:
            return [pubsub._SubscriptionItem(item=item) for item in kept[-1:]]
        first: list[pubsub._SubscriptionItem] = []
        is_known = kept and kept[0].topic_sequence_number <= since <= kept[-1].topic_sequence_number + 1
        if kept and (request.sequence_page not in {0, _PAGE} or not is_known):
            gap = pubsub._Discontinuity(new_topic_sequence=kept[0].topic_sequence_number, new_sequence_page=_PAGE)
            first, since = [pubsub._SubscriptionItem(discontinuity=gap)], 0
        return first + [pubsub._SubscriptionItem(item=item) for item in kept if item.topic_sequence_number >= since]

    def deliver(
        self, box: Box, request: pubsub._SubscriptionRequest, context: Any
    ) -> Iterator[pubsub._SubscriptionItem]:
        """Give a heartbeat and then what comes into the box, until the subscriber or the server goes."""
        try:
            yield pubsub._SubscriptionItem(heartbeat=pubsub._Heartbeat())
            while context.is_active() and not self._closing.is_set():
                try:
                    yield box.get(timeout=_TURN)
                except queue.Empty:
                    continue
        finally:
            with self._keep.lock:
                self._boxes[request.cache_name, request.topic].remove(box)
