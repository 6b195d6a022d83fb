"""Store URLs and their parts."""

from pathlib import Path
from typing import Any

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


def test_a_bare_scheme_is_told_its_colon() -> None:
    """It may be a folder as well; what holds a dot or a slash cannot be a scheme."""
    with pytest.raises(ConfigError, match=r"for a folder write sqlite:momento-local, for a scheme momento-local:$"):
        parse_url("momento-local")
    with pytest.raises(ConfigError, match=r"for a folder write sqlite:\./memory$"):
        parse_url("./memory")


@pytest.mark.parametrize(
    ("text", "message"),
    [("memory:?max_bytes", "or no value"), ("memory:?=1", "no name"), ("memory:?a=1&a=2", "given twice")],
)
def test_a_malformed_option_is_named(text: str, message: str) -> None:
    """Options are name=value, each once."""
    with pytest.raises(ConfigError, match=message):
        parse_url(text)


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:hunter2@host:6379/0",
        "redis://:hunter2@host",
        "redis://user:hun/hunter2@host",
        "redis://user:hun@hunter2@host",
        "redis://user:hun:hunter2@host",
        "redis://user:hun?x=hunter2@host",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    """Neither by `shown` nor by the error for a text that is no URL, also where it was not percent-encoded."""
    shown = parse_url(url).shown
    with pytest.raises(ConfigError) as raised:
        parse_url("9" + url)

    assert "hun" not in shown + str(raised.value)
    assert "***@host" in shown


@pytest.mark.parametrize("url", ["redis://user:hun?hunter2@host", "redis://user:hun?x&hunter2@host"])
def test_what_follows_a_question_mark_is_not_shown_either(url: str) -> None:
    """It may be the rest of a password."""
    with pytest.raises(ConfigError, match="option 1 of the URL has no name or no value") as raised:
        parse_url(url)

    assert "hun" not in str(raised.value)


@pytest.mark.parametrize("address", ["//host:6379/0", "///home/me@work/cache", "/home/a:b@c", "./a@b"])
def test_an_address_without_a_password_is_shown_as_it_is(address: str) -> None:
    """Folders may hold an @."""
    assert parse_url(f"sqlite:{address}").shown == f"sqlite:{address}"


@pytest.mark.parametrize("folder", ["C:\\caches", "c:\\caches", "d:/caches"])
def test_a_folder_of_windows_gets_the_url_it_meant(folder: str) -> None:
    """The letter of a drive is no scheme."""
    with pytest.raises(ConfigError) as raised:
        parse_url(folder)

    assert f"for a folder write sqlite:{folder}" in str(raised.value).replace("\\\\", "\\")


@pytest.mark.parametrize("found", [5, b"sqlite:", Path("/tmp")])
def test_what_is_no_text_is_told_so(found: Any) -> None:
    """A path is the mistake people make."""
    with pytest.raises(ConfigError, match=f"found {type(found).__name__}"):
        parse_url(found)
