"""Quantities as people write them: "64MiB", "7d"; and the places of servers, "HOST:PORT"."""

import math
import re
from collections.abc import Mapping
from typing import TypeAlias

from llmcache.errors import ConfigError
from llmcache.model.units import Seconds, Share

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", re.ASCII)
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%", re.ASCII)
_SERVER = re.compile(r"(?:\[(?P<number>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s\[\]:=,/@]+)):(?P<port>\d{1,5})", re.ASCII)
_MOST_PORT = 65_535
_MOST_DIGITS = 18  # of a count: what fits into 64 bits
BYTES = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


Remap: TypeAlias = Mapping[tuple[str, int], tuple[str, int]]
"""Where a server is reached, by the host and port at which it announces itself."""


def read_bytes(name: str, text: str) -> int:
    """Return a size in bytes from "1048576", "64MiB" or "1GB"; ConfigError names `name` and what is allowed."""
    allowed = "a size such as 64MiB or 1GB"
    amount = int(_read(name, text, {unit: float(size) for unit, size in BYTES.items()}, allowed))
    if amount == 0:
        raise ConfigError(f"{name} is {text!r}; allowed is {allowed}, at least one byte")
    return amount


def read_seconds(name: str, text: str) -> Seconds:
    """Return a length of time in seconds from "30", "250ms", "5m", "2h" or "7d"; ConfigError otherwise."""
    return _read(name, text, SECONDS, "a length of time such as 250ms, 30s, 5m, 2h or 7d")


def read_share(name: str, text: str) -> Share:
    """Return a part of something from "10%" or "2.5 %": at least nothing, less than all."""
    match = _SHARE.fullmatch(text.strip())
    share = float(match[1]) / 100.0 if match else 1.0
    if share >= 1.0:
        raise ConfigError(f"{name} is {text!r}; allowed is a share such as 10%, from 0% to less than 100%")
    return share


def read_count(name: str, text: str) -> int:
    """Return a positive whole number."""
    # Python refuses to read numbers of thousands of digits, with an error of its own.
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS or int(text) == 0:
        raise ConfigError(f"{name} is {text!r}; allowed is a whole number above 0")
    return int(text)


def read_flag(name: str, text: str) -> bool:
    """Return True for "true", "yes", "1" and False for "false", "no", "0"."""
    word = text.lower()
    if word not in {"true", "yes", "1", "false", "no", "0"}:
        raise ConfigError(f"{name} is {text!r}; allowed are true and false")
    return word in {"true", "yes", "1"}


def read_server(name: str, text: str) -> tuple[str, int]:
    """Return host and port from "HOST:PORT"; a number of IPv6 stands in brackets, and comes back without them."""
    match = _SERVER.fullmatch(text.strip())
    if match is None or not 0 < int(match["port"]) <= _MOST_PORT:
        raise ConfigError(
            f"{name} names {text!r}; a server is named HOST:PORT, as in db.example.org:6379 or [::1]:6379"
        )
    return match["number"] or match["name"], int(match["port"])


def read_remap(name: str, text: str) -> Remap:
    """Return where servers are reached from "ANNOUNCED=REACHED,ANNOUNCED=REACHED", each HOST:PORT."""
    found: dict[tuple[str, int], tuple[str, int]] = {}
    for pair in text.split(","):
        announced, equals, reached = pair.partition("=")
        if not equals:
            raise ConfigError(f"{name} holds {pair!r}; allowed is HOST:PORT=HOST:PORT, and more of these after commas")
        server = read_server(name, announced)
        if server in found:
            raise ConfigError(f"{name} names {announced!r} twice")
        found[server] = read_server(name, reached)
    return found


def _read(name: str, text: str, units: dict[str, float], allowed: str) -> float:
    match = _NUMBER.fullmatch(text.strip())
    factor = units.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise ConfigError(f"{name} is {text!r}; allowed is {allowed}")
    amount = float(match[1]) * factor
    if amount <= 0 or not math.isfinite(amount):
        raise ConfigError(f"{name} is {text!r}; allowed is {allowed}, above zero")
    return amount
