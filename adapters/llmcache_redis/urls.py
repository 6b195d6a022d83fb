"""Reading the addresses of store URLs.

    redis://USER:PASSWORD@HOST:PORT/DATABASE         rediss:// the same, encrypted
    redis+unix://USER:PASSWORD@/PATH/TO/SOCKET?db=DATABASE
    redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT     rediss+cluster://
    redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/SERVICE/DATABASE     rediss+sentinel://

Everything but the scheme may be left out where it is the usual. Messages never show what stands before an "@".
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from llmcache.config.quantities import read_remap
from llmcache.errors import ConfigError
from llmcache_redis.commands import Address
from llmcache_redis.dialling import Dial
from llmcache_redis.layout import Cluster, OneServer
from llmcache_redis.plan import Plan
from llmcache_redis.topology import OneAddress, Remap, Slots, Watched

_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379
_MOST_PORT: Final = 65_535

_TLS_OPTIONS: Final = {"ca_certs": "ssl_ca_certs", "certfile": "ssl_certfile", "keyfile": "ssl_keyfile"}
_SENTINEL_OPTIONS: Final = {"sentinel_username": "username", "sentinel_password": "password"}
CONNECTING_OPTIONS: Final = frozenset({"db", "remap", *_TLS_OPTIONS, *_SENTINEL_OPTIONS})
"""URL options that say how to connect; the others are settings."""


def plan_of(scheme: str, address: str, options: Mapping[str, Any]) -> Plan:
    """Return how to open the store of a URL.

    Args:
        scheme: As in the URL.
        address: What follows its colon, up to the question mark.
        options: Those of `CONNECTING_OPTIONS` that it has.

    Raises:
        ConfigError: The address is not one of the scheme's.
    """
    if address and not address.startswith("//"):
        raise ConfigError(f"{scheme}: write two slashes before the address, as in {scheme}://HOST:PORT")
    tls, kind = scheme.startswith("rediss"), scheme.partition("+")[2]
    credentials, place = _parted(address.removeprefix("//"))
    arguments = {**credentials, **_tls(scheme, options, tls=tls)}
    if kind == "unix":
        return _unix(scheme, place, arguments, options)
    hosts, _, path = place.partition("/")
    if kind == "cluster":
        if path.strip("/") not in {"", "0"} or "db" in options:
            raise ConfigError(f"{scheme}: a cluster has one database; leave it out")
        seeds, remap = _addresses(scheme, hosts, _PORT), _remapped(options)
        return Plan(Dial(arguments, tls), lambda: Slots(seeds, remap), Cluster())
    if kind == "sentinel":
        return _sentinel(scheme, hosts, path, arguments, options, tls=tls)
    (server,) = _one(_addresses(scheme, hosts, _PORT), scheme)
    arguments["db"] = _database(scheme, path, options)
    return Plan(Dial(arguments, tls), lambda: OneAddress(server), OneServer(), arguments["db"] != 0)


def _unix(scheme: str, place: str, arguments: dict[str, Any], options: Mapping[str, Any]) -> Plan:
    if not place.startswith("/"):
        raise ConfigError(f"{scheme}: name the socket by its whole path, as in {scheme}:///run/redis.sock")
    server = Address("", 0, unquote(place))
    arguments["db"] = _database(scheme, "", options)
    return Plan(Dial(arguments), lambda: OneAddress(server), OneServer(), arguments["db"] != 0)


def _sentinel(
    scheme: str, hosts: str, path: str, arguments: dict[str, Any], options: Mapping[str, Any], *, tls: bool
) -> Plan:
    service, _, database = path.partition("/")
    if not service:
        raise ConfigError(f"{scheme}: name the master as its sentinels do, as in {scheme}://HOST:PORT/mymaster")
    sentinels = [Address(one.host, one.port, is_sentinel=True) for one in _addresses(scheme, hosts, _SENTINEL_PORT)]
    own = {ours: options[name] for name, ours in _SENTINEL_OPTIONS.items() if name in options}
    own |= {name: value for name, value in arguments.items() if name.startswith("ssl_")}
    arguments["db"] = _database(scheme, database, options)
    dial = Dial(arguments, tls, own, tls)
    remap = _remapped(options)
    return Plan(dial, lambda: Watched(sentinels, unquote(service), remap), OneServer(), arguments["db"] != 0)


def _remapped(options: Mapping[str, Any]) -> Remap:
    known = read_remap("remap", options["remap"]) if "remap" in options else {}
    return lambda announced: known.get(announced, announced)


def _parted(text: str) -> tuple[dict[str, str], str]:
    """Return user and password, and the rest; a password may hold whatever its owner did not escape."""
    secret, at, place = text.rpartition("@")
    if not at:
        return {}, text
    user, colon, password = secret.partition(":")
    found = {"username": unquote(user)} if user else {}
    return found | ({"password": unquote(password)} if colon and password else {}), place


def _addresses(scheme: str, hosts: str, port: int) -> list[Address]:
    found = [_address(scheme, one.strip(), port) for one in hosts.split(",") if one.strip()]
    return found or [Address("localhost", port)]


def _address(scheme: str, text: str, usual: int) -> Address:
    if text.startswith("["):  # a number of IPv6
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    if not port:
        return Address(unquote(host), usual)
    if not (port.isascii() and port.isdigit()) or not 0 < int(port) <= _MOST_PORT:
        raise ConfigError(f"{scheme}: a port is a number from 1 to {_MOST_PORT}, found {len(port)} characters")
    return Address(unquote(host) or "localhost", int(port))


def _one(found: list[Address], scheme: str) -> list[Address]:
    if len(found) != 1:
        raise ConfigError(f"{scheme}: names one server; for several write redis+cluster: or redis+sentinel:")
    return found


def _database(scheme: str, path: str, options: Mapping[str, Any]) -> int:
    text = str(options.get("db", "")) or path.strip("/") or "0"
    if path.strip("/") and "db" in options:
        raise ConfigError(f"{scheme}: the database is given twice, in the path and as an option")
    if not (text.isascii() and text.isdigit()) or len(text) > 5:
        raise ConfigError(f"{scheme}: a database is a whole number from 0, found {len(text)} characters")
    return int(text)


def _tls(scheme: str, options: Mapping[str, Any], *, tls: bool) -> dict[str, Any]:
    found = {theirs: options[name] for name, theirs in _TLS_OPTIONS.items() if name in options}
    if found and not tls:
        raise ConfigError(f"{scheme}: certificates need an encrypted connection; write rediss: instead of redis:")
    return found
