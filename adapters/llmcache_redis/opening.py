"""From a store URL to an open Redis store."""

from llmcache.plugins.spec import Target
from llmcache.protocols.whole import StorePair
from llmcache_redis.doors import checked, opened
from llmcache_redis.plan import Plan
from llmcache_redis.settings import Settings
from llmcache_redis.urls import CONNECTING_OPTIONS, plan_of


def open_target(target: Target) -> StorePair:
    """Open what the URL names; no server is asked yet."""
    return opened(*planned(target))


def planned(target: Target) -> tuple[Plan, Settings]:
    """Return how to open what the URL names; raises where that cannot be right."""
    connecting = {name: value for name, value in target.options.items() if name in CONNECTING_OPTIONS}
    settings = {name: value for name, value in target.options.items() if name not in CONNECTING_OPTIONS}
    return checked(plan_of(target.scheme, target.address, connecting), Settings.of(settings, target.clock))
