"""From a store URL to a subject: what the suite can find out by itself about a store that it knows by URL alone."""

from collections.abc import Callable
from dataclasses import replace

from llmcache.config.url import StoreURL, parse_url
from llmcache.model.capabilities import Capabilities
from llmcache.model.units import Seconds
from llmcache.plugins.catalogue import find, open_pair
from llmcache.protocols.whole import StorePair
from llmcache_conformance.clock import Clock, for_store
from llmcache_conformance.missing import capabilities_of
from llmcache_conformance.probes import obeys_clock
from llmcache_conformance.subject import Subject
from llmcache_conformance.wired import wire_of

_DEADLINE: Seconds = 10.0
_SMALL_BYTES = 1 << 16


def subject_for(
    url: str, *, small: str = "", server: str = "", deadline: Seconds = _DEADLINE, name: str = ""
) -> Subject:
    """Return the store behind `url` as a subject.

    Whether it counts time itself is tried out. It is reached through proxies where its URL names host and port. A store
    that is a new one with each opening, and has an option `max_bytes`, is its own small one.

    Args:
        url: Which store; everything is written into namespaces of the run's own, and stays there where it has no time to live.
        small: The URL of one that a few hundred KiB fill; it loses what it holds.
        server: "HOST:PORT" that the proxy leads to, where it is not what the URL of a store of one server names.
        deadline: Seconds that no call may exceed, whatever happens on the wire.
        name: For the report; by default the scheme.

    Raises:
        ConfigError: The URL, or what goes with it, is wrong.
        LLMCacheError: The store cannot be opened, or cannot keep an entry.
    """
    parsed = parse_url(url)
    if small:
        find(parse_url(small).scheme)
    plain = Subject(name or parsed.scheme, open=_opening(parsed))
    declared = capabilities_of(plain)
    is_shared = declared.persistent or declared.shared
    return replace(
        plain,
        open_small=_small(parsed, small, declared),
        opens_same=is_shared,
        wire=wire_of(parsed, server, deadline),
        own_clock=not obeys_clock(plain),
        url=url,
    )


def _opening(parsed: StoreURL) -> Callable[[Clock], StorePair]:
    return lambda clock: open_pair(parsed, for_store(clock))


def _small(parsed: StoreURL, small: str, declared: Capabilities) -> Callable[[Clock], StorePair] | None:
    if small:
        return _opening(parse_url(small))
    if declared.persistent or declared.shared or "max_bytes" not in find(parsed.scheme).options:
        return None
    return _opening(replace(parsed, options={**parsed.options, "max_bytes": str(_SMALL_BYTES)}))
