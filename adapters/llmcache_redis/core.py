"""What both colours of one opened store share: everything but how a round trip is waited for."""

from dataclasses import replace

from llmcache.errors import UnsupportedError
from llmcache.model.capabilities import Capabilities
from llmcache.protocols.news import Watcher
from llmcache_redis.blocking_wire import BlockingWire
from llmcache_redis.dialling import Dial
from llmcache_redis.entries import LIMITS, Entries
from llmcache_redis.errors import NAME
from llmcache_redis.layout import Layout
from llmcache_redis.listening import NEWS_DELAY, Listener, can_listen
from llmcache_redis.logs import Logs
from llmcache_redis.sending import Sender
from llmcache_redis.settings import VECTOR_ERROR, Settings
from llmcache_redis.spaces import Spaces
from llmcache_redis.topology import Topology
from llmcache_redis.vectors import Vectors


class Core:
    """An opened store without a colour.

    Args:
        dial: How to connect.
        topology: Which server has what.
        layout: Where things lie.
        settings: What it is opened with.
        wire: Carries what neither colour asks for.
    """

    def __init__(self, dial: Dial, topology: Topology, layout: Layout, settings: Settings, wire: BlockingWire) -> None:
        self.dial = dial
        self.settings = settings
        self.is_closed = False
        self.capabilities = Capabilities(
            log=True,
            scan=not settings.restricted,
            vectors=bool(settings.vectors),
            news=can_listen(dial) and not settings.restricted,
            persistent=True,
            shared=True,
            server_makes_room=True,
            limits=replace(
                LIMITS,
                timeout=settings.timeout,
                news_delay=NEWS_DELAY,
                vector_error=VECTOR_ERROR.get(settings.vectors, LIMITS.vector_error),
            ),
        )
        sender = Sender(topology)
        self.entries = Entries(sender, layout, settings)
        self.logs = Logs(sender, layout, settings)
        self.vectors = Vectors(sender, layout, settings)
        self.spaces = Spaces(sender, layout, settings, self.vectors)
        self.listener = Listener(dial, wire, sender, layout)

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` of changes; UnsupportedError where that is not declared."""
        if not self.capabilities.news:
            raise UnsupportedError(f"{NAME} hears of no changes here: it is restricted, or its connections are foreign")
        self.listener.watch(watcher)
