"""Store URLs and what stands in them: any text is read or is ConfigError, and a filled-in secret is never shown."""

from collections.abc import Callable
from contextlib import suppress

from llmcache.config.quantities import read_bytes, read_count, read_flag, read_remap, read_seconds
from llmcache.config.references import (
    filled_url,
    is_reference,
    literal_secret_in,
    names_in,
    problem_in,
    shown_url,
    without_literal,
)
from llmcache.config.sources import folder_named
from llmcache.config.url import is_file, masked, parse_url
from llmcache.config.values import ALLOWED, Wrong, read_value
from llmcache.errors import ConfigError, UsageError
from llmcache.plugins.catalogue import check as check_options
from llmcache.plugins.loading import installed
from llmcache_momento.opening import _account_at
from llmcache_redis.urls import plan_of
from tests.fuzz.feed import Feed

_SECRET = "zQ7-canary-91xk"
_KINDS = tuple(ALLOWED)
_REDIS = ("redis", "rediss", "redis+unix", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel")
_READERS: tuple[Callable[[str, str], object], ...] = (read_bytes, read_seconds, read_count, read_flag)

SEEDS = (
    b"\x00redis://u:p%40@h:1,[::1]:2/mymaster/3?db=1&timeout=250ms",
    b"\x00sqlite:./x?max_bytes=1MiB",
    b"\x01redis://:${PASSWORD}@${HOST}:6379/0?sentinel_password=${PASSWORD}",
    b"\x02\x0064MiB",
    b"\x02\x017d",
    b"\x02\x02200",
    b"\x02\x03yes",
    b"\x03\x04sqlite:${HOST}?a=${B}",
    b"\x03\x0330 s",
    b"\x04\x05//u:p@h:1,h:2/mymaster/1",
    b"\x05//~/x",
    b"\x06127.0.0.1:8080",
    b"\x0710.0.0.1:7000=localhost:17000,[::1]:1=h:2",
)


def check(data: bytes) -> None:
    """Read one text in one of the ways there are."""
    feed = Feed(data)
    way, said = feed.byte() % len(_WAYS), ""
    try:
        _WAYS[way](feed)
    except (ConfigError, UsageError) as error:
        said = str(error)
    assert _SECRET not in said


def _url(feed: Feed) -> None:
    text = feed.text()
    masked(text)
    is_file(text)
    url = parse_url(text)
    assert url == parse_url(text)
    assert url.shown
    check_options(url, installed())


def _filled(feed: Feed) -> None:
    text = feed.text()
    if problem_in(text):
        return  # refused where it stands in a file
    literal_secret_in(text)
    is_reference(text)
    without_literal(text)
    shown = shown_url(text)
    url = filled_url(text, dict.fromkeys(names_in(text), _SECRET))
    assert _SECRET not in shown
    with suppress(ConfigError):  # its message would show the URL, which `resolve` therefore leaves out
        parse_url(url)


def _quantity(feed: Feed) -> None:
    read = _READERS[feed.byte() % len(_READERS)]
    found = read("option", feed.text())
    assert isinstance(found, int | float)
    assert found == found


def _value(feed: Feed) -> None:
    kind = _KINDS[feed.byte() % len(_KINDS)]
    found = read_value(kind, feed.text())
    assert found is not None
    assert not isinstance(found, Wrong) or found.found


def _redis(feed: Feed) -> None:
    scheme = _REDIS[feed.byte() % len(_REDIS)]
    plan = plan_of(scheme, feed.text(), {})
    assert _SECRET not in repr(plan.topology())


def _folder(feed: Feed) -> None:
    folder_named("sqlite", feed.text())


def _momento(feed: Feed) -> None:
    assert 0 < _account_at(feed.text()).port < 2**16


def _remap(feed: Feed) -> None:
    found = read_remap("option", feed.text())
    assert all(host and 0 < port < 2**16 for pair in found.items() for host, port in pair)


_WAYS = (_url, _filled, _quantity, _value, _redis, _folder, _momento, _remap)
