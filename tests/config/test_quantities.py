"""Quantities as people write them."""

import pytest

from llmcache.config.quantities import (
    read_bytes,
    read_count,
    read_flag,
    read_remap,
    read_seconds,
    read_server,
    read_share,
)
from llmcache.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("1048576", 1 << 20),
        ("64MiB", 64 << 20),
        ("1 gib", 1 << 30),
        ("1.5KB", 1500),
        ("2mb", 2_000_000),
        ("1.9", 1),
    ],
)
def test_sizes_are_read_in_both_families_of_units(text: str, size: int) -> None:
    """KiB counts in 1024, KB in 1000, whatever the case."""
    assert read_bytes("max_bytes", text) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30.0), ("250ms", 0.25), ("5m", 300.0), ("2h", 7200.0), ("7d", 604800.0), ("1w", 604800.0)],
)
def test_lengths_of_time_are_read(text: str, seconds: float) -> None:
    """A bare number is seconds."""
    assert read_seconds("timeout", text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "0", "5 parsecs", "1e9", "nan", "inf", "1.", "٣s"])
def test_a_wrong_quantity_names_what_was_found_and_what_is_allowed(text: str) -> None:
    """The error is enough to mend it."""
    with pytest.raises(ConfigError) as raised:
        read_seconds("timeout", text)

    assert f"timeout is {text!r}" in str(raised.value)
    assert "7d" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "share"), [("10%", 0.1), ("0%", 0.0), ("2.5 %", 0.025), ("99.9%", 0.999), (" 5% ", 0.05)]
)
def test_shares_are_read(text: str, share: float) -> None:
    """In hundredths, with their sign."""
    assert read_share("jitter", text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "10", "0.1", "100%", "-5%", "1e1%", "%", "٣%", "5%%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    """The whole is none either, because nothing would be left."""
    with pytest.raises(ConfigError, match="from 0% to less than 100%"):
        read_share("jitter", text)


@pytest.mark.parametrize(("text", "flag"), [("true", True), ("YES", True), ("1", True), ("false", False), ("0", False)])
def test_flags_are_read(text: str, flag: bool) -> None:
    """Three spellings each."""
    assert read_flag("network_ok", text) is flag


@pytest.mark.parametrize("text", ["on", "", "2"])
def test_a_wrong_flag_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ConfigError, match="true and false"):
        read_flag("network_ok", text)


@pytest.mark.parametrize("text", ["0.5", "0.1b", "0", "0KiB"])
def test_less_than_a_byte_is_no_size(text: str) -> None:
    """It is not rounded to nothing."""
    with pytest.raises(ConfigError, match=f"max_bytes is '{text}'; allowed is a size such as 64MiB or 1GB"):
        read_bytes("max_bytes", text)


def test_counts_are_whole_and_positive() -> None:
    """Zero, signs and fractions are refused."""
    for wrong in ("0", "-1", "1.5", "", "x", "²", "9" * 5000):
        with pytest.raises(ConfigError, match="whole number"):
            read_count("max_entries", wrong)

    assert read_count("max_entries", "12") == 12


@pytest.mark.parametrize(
    ("text", "server"), [("db.example.org:6379", ("db.example.org", 6379)), ("[::1]:65535", ("::1", 65_535))]
)
def test_servers_are_read(text: str, server: tuple[str, int]) -> None:
    """A number of IPv6 stands in brackets, because its colons are not that of the port."""
    assert server == read_server("server", text)


@pytest.mark.parametrize(
    "text", ["", "host", "::1:1", "host:", ":1", "host:0", "host:65536", "host:٣", "a,b:1", "ada@host:1"]
)
def test_what_is_no_server_is_refused(text: str) -> None:
    """Neither half may be missing, and nothing else may stand there."""
    with pytest.raises(ConfigError, match=r"a server is named HOST:PORT, as in db\.example\.org:6379"):
        read_server("server", text)


def test_where_servers_are_reached_is_read() -> None:
    """What a server is called by the others stands before the equals sign, and where it is reached behind it."""
    found = read_remap("remap", "10.0.0.1:7000=localhost:17000, 10.0.0.2:7000=[::1]:17001")

    assert {("10.0.0.1", 7000): ("localhost", 17_000), ("10.0.0.2", 7000): ("::1", 17_001)} == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "allowed is HOST:PORT=HOST:PORT"),
        ("a:1", "allowed is HOST:PORT=HOST:PORT"),
        ("a:1=b:2,", "allowed is HOST:PORT=HOST:PORT"),
        ("a:1=b", "a server is named HOST:PORT"),
        ("a:1=b:2,a:1=b:3", "names 'a:1' twice"),
    ],
)
def test_what_says_not_where_servers_are_reached_is_refused(text: str, said: str) -> None:
    """The error names the option, and what is allowed."""
    with pytest.raises(ConfigError, match=f"^remap .*{said}"):
        read_remap("remap", text)
