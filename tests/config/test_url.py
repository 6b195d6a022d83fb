"""Store URLs and their parts."""

import pytest

from llmcache.config.url import StoreURL, parse_url
from llmcache.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("memory:", StoreURL("memory", "", {})),
        ("sqlite:./.llmcache", StoreURL("sqlite", "./.llmcache", {})),
        ("sqlite:/var/cache/a b?max_bytes=1GiB", StoreURL("sqlite", "/var/cache/a b", {"max_bytes": "1GiB"})),
        ("redis+cluster://h:1/0?a=%2F&b=c", StoreURL("redis+cluster", "//h:1/0", {"a": "/", "b": "c"})),
        ("momento-local://h:1/c", StoreURL("momento-local", "//h:1/c", {})),
        ("sqlite:C:\\caches", StoreURL("sqlite", "C:\\caches", {})),
    ],
)
def test_a_url_falls_into_its_parts(text: str, url: StoreURL) -> None:
    """The address is kept as written, options are percent-decoded."""
    assert parse_url(text) == url


@pytest.mark.parametrize("text", ["", "./.llmcache", "SQLITE:", ":x", "sq lite:", "1sqlite:"])
def test_what_is_no_url_is_told_the_forms(text: str) -> None:
    """A bare folder is the mistake people make."""
    with pytest.raises(ConfigError, match="is not a store URL; forms are memory:, sqlite:"):
        parse_url(text)


def test_a_bare_folder_gets_the_url_it_meant() -> None:
    """The hint can be pasted."""
    with pytest.raises(ConfigError, match=r"write sqlite:\./cache"):
        parse_url("./cache")


@pytest.mark.parametrize(
    ("text", "message"),
    [("memory:?max_bytes", "has no value"), ("memory:?=1", "has no value"), ("memory:?a=1&a=2", "given twice")],
)
def test_a_malformed_option_is_named(text: str, message: str) -> None:
    """Options are name=value, each once."""
    with pytest.raises(ConfigError, match=message):
        parse_url(text)


@pytest.mark.parametrize("url", ["redis://user:hunter2@host:6379/0", "redis://:hunter2@host"])
def test_a_password_is_never_shown(url: str) -> None:
    """Neither by `shown` nor by the error for a text that is no URL."""
    shown = parse_url(url).shown
    with pytest.raises(ConfigError) as raised:
        parse_url("9" + url)

    assert "hunter2" not in shown + str(raised.value)
    assert "***@host" in shown
