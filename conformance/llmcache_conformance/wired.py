"""From a store URL to the wire of its store: before which servers a proxy stands, and how the store is led to it.

A store of one server is led there by its URL, in which the address of the proxy takes the place of the server's. A store
of several servers, which name each other, has an option of the kind `remap`, by which it finds the proxy in the place
of a server that another one named. Servers that the URL does not name are found by trying: the store is used, and to
whom this process is then connected is looked up. A wire is tried before it is believed: one that the store does not
use would let every store pass.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NoReturn

from llmcache.config.quantities import Remap, read_remap, read_server
from llmcache.config.url import StoreURL
from llmcache.errors import ConfigError, LLMCacheError
from llmcache.model.units import Seconds
from llmcache.plugins.catalogue import find, open_pair
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Clear, PutMany
from llmcache.protocols.whole import StorePair
from llmcache_conformance.bench import Bench
from llmcache_conformance.clock import Clock, for_store
from llmcache_conformance.colour import Colour, at_bench, drive
from llmcache_conformance.faults.proxy import Proxy
from llmcache_conformance.result import NotRun
from llmcache_conformance.subject import Server, Subject, Ways, Wire
from llmcache_conformance.watching import Link, links

_HOST = r"[A-Za-z0-9.-]+:\d{1,5}"
# [user[:password]@] HOST:PORT [, HOST:PORT ...], as every URL of servers begins that names their ports.
_SERVERS = re.compile(rf"(?P<before>//(?:[^/@]*@)?)(?P<servers>{_HOST}(?:,{_HOST})*)(?P<after>(?:/.*)?)", re.DOTALL)
# So many lie on every one of dozens of servers.
_KEYS = 256
_MINUTE: Seconds = 60.0


def wire_of(parsed: StoreURL, server: str, deadline: Seconds) -> Wire | None:
    """Return the wire of the store behind a URL; None where the URL does not say where its servers listen.

    Args:
        parsed: The URL.
        server: "HOST:PORT" that the proxy leads to, where it is not what the URL names; "" otherwise.
        deadline: Seconds that no call may exceed.

    Raises:
        ConfigError: `server` names none, or cannot stand for what the URL names.
    """
    found = _SERVERS.fullmatch(parsed.address)
    named = [] if found is None else [Server(*read_server(parsed.shown, one)) for one in found["servers"].split(",")]
    option = _remap_option(parsed)
    if found is None or (len(named) > 1 and not option):
        if server:
            raise ConfigError(f"the address of {parsed.shown} names no HOST:PORT that a proxy could take the place of")
        return None
    url = _URL(parsed, found["before"], found["after"])
    if option:
        if server:
            raise ConfigError(f"the servers of {parsed.shown} name each other; those are found without --server")
        return _Several(url, tuple(named), option, _given(parsed, option)).wire(deadline)
    behind = Server(*read_server("--server", server)) if server else named[0]
    wire = Wire((behind,), lambda ways, clock: url.opened((ways[behind],), clock), deadline)
    return _proven(wire, "give it an option of the kind `remap`,")


def _remap_option(parsed: StoreURL) -> str:
    """Return the name of the option by which the store is told where its servers are reached; "" where it has none."""
    return next((name for name, kind in find(parsed.scheme).options.items() if kind == "remap"), "")


def _given(parsed: StoreURL, option: str) -> Remap:
    text = parsed.options.get(option)
    return {} if text is None else read_remap(option, text)


@dataclass(frozen=True, slots=True)
class _URL:
    """A store URL that other servers can be put into.

    Attributes:
        parsed: The URL.
        before: What stands before the servers in its address.
        after: What stands behind them.
    """

    parsed: StoreURL
    before: str
    after: str

    def opened(self, servers: Iterable[Server], clock: Clock, **options: str) -> StorePair:
        """Open the store with `servers` in the place of those of the URL, and with more options."""
        address = f"{self.before}{','.join(map(str, servers))}{self.after}"
        return open_pair(
            replace(self.parsed, address=address, options={**self.parsed.options, **options}), for_store(clock)
        )


@dataclass(frozen=True, slots=True)
class _Several:
    """A store of servers that name each other.

    Attributes:
        url: Its URL.
        named: The servers that the URL names.
        option: The option by which it is told where servers are reached.
        given: What that option says in the URL.
    """

    url: _URL
    named: tuple[Server, ...]
    option: str
    given: Remap

    def wire(self, deadline: Seconds) -> Wire:
        """Return the wire, with the servers that were found by trying."""
        known = {*self.named, *(Server(*reached) for reached in self.given.values())}
        wire = Wire(tuple(known), self._through, deadline)
        with suppress(LLMCacheError):  # it is tried again
            wire = replace(wire, servers=(*known, *_past(wire)))
        return _proven(wire, f"name it as others announce it, by {self.option}=ANNOUNCED=REACHED,")

    def _through(self, ways: Ways, clock: Clock) -> StorePair:
        announced = {**ways, **{Server(*name): ways[Server(*reached)] for name, reached in self.given.items()}}
        remap = ",".join(f"{name}={way}" for name, way in announced.items())
        return self.url.opened([ways[server] for server in self.named], clock, **{self.option: remap})


def _proven(wire: Wire, remedy: str) -> Wire:
    """Return `wire`, or one that says why it is none, where the store does not go by its ways and by these alone."""
    try:
        past = _past(wire)
    except LLMCacheError as error:
        return replace(wire, through=_refusing(f"the store cannot be used by way of a proxy: {error}; leave"))
    if not past:
        return wire
    shown = ", ".join(map(str, sorted(past)))
    return replace(wire, through=_refusing(f"the store talks to {shown} past every proxy; {remedy} or leave"))


def _past(wire: Wire) -> set[Server]:
    """Return the servers that the store talks to otherwise than by way of a proxy, as far as the system tells."""
    with Proxy(*wire.servers) as proxy:
        trial = Subject("trial", lambda clock: wire.through(proxy.ways, clock), own_clock=True)
        before = _connected()
        with at_bench(trial) as (bench, handle):
            drive(_used(bench), handle, Colour.BLOCKING)
            return {link.there for link in _connected() - before - proxy.links()} - {*proxy.ways.values()}


def _connected() -> set[Link]:
    try:
        return links()
    except NotRun:
        return set()


def _used(bench: Bench) -> Steps[None]:
    """Write to every server, and have each asked to clear."""
    space, keys = bench.space(), bench.keys(_KEYS)
    most = bench.capabilities.limits.max_batch or len(keys)
    for at in range(0, len(keys), most):
        yield from PutMany([Put(key, b"body", _MINUTE) for key in keys[at : at + most]])
    yield from Clear(space)


def _refusing(why: str) -> Callable[[Ways, Clock], NoReturn]:
    """Return what stands in the place of opening the store where a wire that fails would not be the store's."""

    def refuse(*_: object) -> NoReturn:
        raise NotRun(f"{why} `wire` out by name")

    return refuse
