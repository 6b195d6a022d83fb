"""From a store URL to an open Redis store."""

from llmcache.plugins.spec import Target
from llmcache.protocols.whole import StorePair
from llmcache_redis.doors import opened
from llmcache_redis.settings import Settings
from llmcache_redis.urls import CONNECTING_OPTIONS, plan_of


def open_target(target: Target) -> StorePair:
    """Open what the URL names; no server is asked yet."""
    connecting = {name: value for name, value in target.options.items() if name in CONNECTING_OPTIONS}
    settings = {name: value for name, value in target.options.items() if name not in CONNECTING_OPTIONS}
    return opened(plan_of(target.scheme, target.address, connecting), Settings.of(settings, target.clock))
