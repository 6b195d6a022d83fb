"""From a store URL to the wire of its store: before which servers a proxy stands, and how the store is led to it.

A store is led there by its URL, in which the address of a proxy takes the place of each server's. A store whose servers
name each other has an option of the kind `remap`, by which it finds the proxy in the place of a server that another
one named. Servers that the URL does not name are found by trying: the store is used, and to
whom this process is then connected is looked up. A wire is tried before it is believed: one that the store does not
use would let every store pass.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NoReturn

from llmcache.config.quantities import read_remap, read_server
from llmcache.config.url import StoreURL
from llmcache.errors import ConfigError
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
_LEAVE = "leave `wire` out by name"


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
    named = () if found is None else tuple(_server(parsed.shown, one) for one in found["servers"].split(","))
    if server and len(named) != 1:
        many = "several" if named else "no"
        raise ConfigError(f"the address of {parsed.shown} names {many} HOST:PORT; another server can stand for one")
    if found is None:
        return None
    behind = (_server("--server", server),) if server else named
    return _Led(parsed, found["before"], behind, found["after"]).wire(deadline)


def _server(name: str, text: str) -> Server:
    return Server(*read_server(name, text))


@dataclass(frozen=True, slots=True)
class _Led:
    """A store that is led to proxies by its URL.

    Attributes:
        parsed: The URL.
        before: What stands before the servers in its address.
        behind: The servers that proxies take the place of there.
        after: What stands behind them.
    """

    parsed: StoreURL
    before: str
    behind: tuple[Server, ...]
    after: str

    def wire(self, deadline: Seconds) -> Wire:
        """Return the wire, with the servers that were found by trying."""
        known = dict.fromkeys((*self.behind, *self._given.values()))
        wire = Wire(tuple(known), self._through, deadline)
        if not self._option:
            return _proven(wire, "give it an option of the kind `remap`,")
        with suppress(Exception):  # what it is, is told when it is tried again
            wire = replace(wire, servers=(*known, *_past(wire)))
        return _proven(wire, f"name it as others announce it, by {self._option}=ANNOUNCED=REACHED,")

    def _through(self, ways: Ways, clock: Clock) -> StorePair:
        address = f"{self.before}{','.join(str(ways[server]) for server in self.behind)}{self.after}"
        options = {**self.parsed.options}
        if self._option:
            announced = {**ways, **{name: ways[reached] for name, reached in self._given.items()}}
            options[self._option] = ",".join(f"{name}={way}" for name, way in announced.items())
        return open_pair(replace(self.parsed, address=address, options=options), for_store(clock))

    @property
    def _option(self) -> str:
        """The option by which the store is told where servers are reached that others name; "" where it has none."""
        return next((name for name, kind in find(self.parsed.scheme).options.items() if kind == "remap"), "")

    @property
    def _given(self) -> Mapping[Server, Server]:
        """What that option says in the URL."""
        text = self.parsed.options.get(self._option)
        if text is None:
            return {}
        found = read_remap(self._option, text)
        return {Server(*name): Server(*reached) for name, reached in found.items()}


def _proven(wire: Wire, remedy: str) -> Wire:
    """Return `wire`, or one that says why it is none, where the store does not go by its ways and by these alone."""
    try:
        past = _past(wire)
    except Exception as error:  # noqa: BLE001 -- a store that is wrong raises anything, and is checked for that elsewhere
        why = f"the store cannot be used by way of a proxy: {type(error).__name__}: {error}; {_LEAVE}"
        return replace(wire, through=_refusing(why))
    if not past:
        return wire
    shown = ", ".join(map(str, sorted(past)))
    return replace(wire, through=_refusing(f"the store talks to {shown} past every proxy; {remedy} or {_LEAVE}"))


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
        raise NotRun(why)

    return refuse
