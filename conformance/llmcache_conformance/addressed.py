"""From a store URL to a subject: what the suite can find out by itself about a store that it knows by URL alone."""

import re
import time
from collections.abc import Callable
from dataclasses import replace

from llmcache.config.url import StoreURL, parse_url
from llmcache.errors import ConfigError
from llmcache.model.capabilities import Capabilities
from llmcache.model.units import Instant, Seconds
from llmcache.plugins.catalogue import find, open_pair
from llmcache.protocols.whole import StorePair
from llmcache_conformance.clock import Clock, OwnClock
from llmcache_conformance.missing import capabilities_of
from llmcache_conformance.probes import obeys_clock
from llmcache_conformance.subject import Subject, Wire

_DEADLINE: Seconds = 10.0
_SMALL_BYTES = 1 << 16
# [user[:password]@] HOST:PORT, as every URL of a server begins that names its port.
_SERVER = re.compile(
    r"(?P<before>//(?:[^/@]*@)?)(?P<host>[A-Za-z0-9.-]+):(?P<port>\d{1,5})(?P<after>(?:/.*)?)", re.DOTALL
)


def subject_for(
    url: str, *, small: str = "", server: str = "", deadline: Seconds = _DEADLINE, name: str = ""
) -> Subject:
    """Return the store behind `url` as a subject.

    Whether it counts time itself is tried out. It is reached through a proxy where its URL names host and port. A store
    that is a new one with each opening, and has an option `max_bytes`, is its own small one.

    Args:
        url: Which store; everything is written into namespaces of the run's own, and stays there where it has no time to live.
        small: The URL of one that a few hundred KiB fill; it loses what it holds.
        server: "HOST:PORT" that the proxy leads to, where it is not what the URL names.
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
        wire=_wire(parsed, server, deadline),
        own_clock=not obeys_clock(plain),
        url=url,
    )


def _opening(parsed: StoreURL) -> Callable[[Clock], StorePair]:
    return lambda clock: open_pair(parsed, _told(clock))


def _told(clock: Clock) -> Callable[[], Instant]:
    # A store that knows when it is given the machine's own clock lets its server count.
    return time.time if isinstance(clock, OwnClock) else clock


def _small(parsed: StoreURL, small: str, declared: Capabilities) -> Callable[[Clock], StorePair] | None:
    if small:
        return _opening(parse_url(small))
    if declared.persistent or declared.shared or "max_bytes" not in find(parsed.scheme).options:
        return None
    return _opening(replace(parsed, options={**parsed.options, "max_bytes": str(_SMALL_BYTES)}))


def _wire(parsed: StoreURL, server: str, deadline: Seconds) -> Wire | None:
    found = _SERVER.fullmatch(parsed.address)
    if found is None:
        if server:
            raise ConfigError(f"the address of {parsed.shown} names no HOST:PORT that a proxy could take the place of")
        return None
    host, port = _split(server) if server else (found["host"], int(found["port"]))

    def through(host: str, port: int, clock: Clock) -> StorePair:
        address = f"{found['before']}{host}:{port}{found['after']}"
        return open_pair(replace(parsed, address=address), _told(clock))

    return Wire(host, port, through, deadline)


def _split(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigError(f"a server is named HOST:PORT, found {server!r}")
    return host, int(port)
