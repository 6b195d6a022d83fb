"""What both colours of one opened store share: everything but how a round trip is waited for."""

from dataclasses import replace

from llmcache.model.capabilities import Capabilities
from llmcache_redis.dialling import Dial
from llmcache_redis.entries import LIMITS, Entries
from llmcache_redis.layout import Layout
from llmcache_redis.logs import Logs
from llmcache_redis.sending import Sender
from llmcache_redis.settings import Settings
from llmcache_redis.spaces import Spaces
from llmcache_redis.topology import Topology


class Core:
    """An opened store without a colour.

    Args:
        dial: How to connect.
        topology: Which server has what.
        layout: Where things lie.
        settings: What it is opened with.
    """

    def __init__(self, dial: Dial, topology: Topology, layout: Layout, settings: Settings) -> None:
        self.dial = dial
        self.settings = settings
        self.is_closed = False
        self.capabilities = Capabilities(
            log=True,
            scan=not settings.restricted,
            persistent=True,
            shared=True,
            limits=replace(LIMITS, timeout=settings.timeout),
        )
        sender = Sender(topology)
        self.entries = Entries(sender, layout, settings)
        self.logs = Logs(sender, layout, settings)
        self.spaces = Spaces(sender, layout, settings)
