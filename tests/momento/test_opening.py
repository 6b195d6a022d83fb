"""Opening the store: URLs, options, keys, and what is loaded when."""

import base64
import json
import pickle
import subprocess
import sys
from typing import Any

import pytest

import llmcache
from llmcache.errors import ConfigError, UsageError
from llmcache_momento import Settings
from llmcache_momento.credentials import ENDPOINT, KEY, account_of, service_account
from llmcache_momento.link import Link
from llmcache_momento.local import MomentoLocal
from tests.momento.driving import LOG, Clock, Shop

SECRET = "s3cret"


def token(**claims: str) -> str:
    """Return a key as Momento makes them: a JSON web token, signed by nobody."""
    parts = [{"alg": "HS256"}, {**claims, "sub": SECRET}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("=")])


V2 = token(t="g")
LEGACY = token(cp="control.old.example", c="cache.old.example")
V1 = base64.b64encode(json.dumps({"api_key": SECRET, "endpoint": "one.example"}).encode()).decode()


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key in the environment but the tests' own."""
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.delenv(ENDPOINT, raising=False)


@pytest.mark.parametrize(
    ("key", "endpoint", "host", "sent"),
    [
        (V2, "two.example", "cache.two.example", V2),
        (LEGACY, "", "cache.old.example", LEGACY),
        (LEGACY, "ignored.example", "cache.old.example", LEGACY),
        (V1, "", "cache.one.example", SECRET),
    ],
    ids=["v2", "legacy", "legacy beside an endpoint", "v1"],
)
def test_keys_of_every_form_are_read(
    key: str, endpoint: str, host: str, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint comes from beside the key or from inside it; the connection is encrypted."""
    monkeypatch.setenv(KEY, key)
    if endpoint:
        monkeypatch.setenv(ENDPOINT, endpoint)
    account = service_account()

    assert (host, host.replace("cache.", "control."), sent) == (
        account.cache_endpoint,
        account.control_endpoint,
        account.token,
    )
    assert (443, True, host) == (account.port, account.is_secure, account.target)


@pytest.mark.parametrize(
    ("key", "endpoint", "told"),
    [
        ("", "", f"set {KEY}"),
        (V2, "", f"set {ENDPOINT}"),
        ("nonsense", "", f"set {ENDPOINT}"),
        ("nonsense", "two.example", "neither a v2 key nor an older one"),
        (base64.b64encode(b"nonsense").decode(), "two.example", "neither"),
    ],
)
def test_a_key_that_is_none_is_a_mistake_that_shows_nothing_of_it(
    key: str, endpoint: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says what to set."""
    monkeypatch.setenv(KEY, key)
    monkeypatch.setenv(ENDPOINT, endpoint)
    with pytest.raises(ConfigError, match=told) as raised:
        llmcache.open("momento:shop")

    assert not key or key not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("key", [V2, LEGACY, V1], ids=["v2", "legacy", "v1"])
def test_blanks_around_a_key_are_not_of_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that was read from a file often ends in a line break, which no header may hold."""
    monkeypatch.setenv(KEY, f" {key}\n")
    monkeypatch.setenv(ENDPOINT, "two.example\n")
    account = service_account()

    assert account.token in {V2, LEGACY, SECRET}
    assert account.cache_endpoint.endswith(".example")


@pytest.mark.parametrize("url", ["momento:", "momento://", "momento:a/b"])
def test_a_cache_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One, and nothing else."""
    monkeypatch.setenv(KEY, LEGACY)
    with pytest.raises(ConfigError, match="name of a cache"):
        llmcache.open(url)


@pytest.mark.parametrize(
    "url", ["momento:shop", "momento://shop", "momento:shop?timeout=500ms&create=true&endpoint=x.example"]
)
def test_opening_sends_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No endpoint is asked before there is something to ask."""
    monkeypatch.setenv(KEY, V2)
    monkeypatch.setenv(ENDPOINT, "127.0.0.1")
    with llmcache.open(url) as cache:
        assert "momento" in repr(cache)


def test_opening_a_stand_in_sends_nothing(server: MomentoLocal) -> None:
    """Above all no cache is created."""
    with llmcache.open(f"momento-local:{server.address}/new"):
        pass

    assert 0 == len(server.calls)


@pytest.mark.parametrize("form", ["momento-local:{}/shop", "momento-local://{}/shop", "momento-local:{}"])
def test_a_stand_in_is_reached_by_its_address(form: str, server: MomentoLocal) -> None:
    """Its cache is created where it is missing, for that is what a stand-in is for."""
    with llmcache.open(form.format(server.address)) as cache:
        cache.history("s").append([{"text": "hi"}])

        assert 1 == cache.history("s").length()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cache": ""}, "name of a cache"),
        ({"cache": 3}, "name of a cache"),
        ({"cache": "кэш"}, "name of a cache"),
        ({"cache": "shop\n"}, "name of a cache"),
        ({"cache": " shop"}, "name of a cache"),
        ({"cache": "c", "timeout": 0}, "timeout"),
        ({"cache": "c", "timeout": float("nan")}, "timeout"),
        ({"cache": "c", "timeout": True}, "timeout"),
        ({"cache": "c", "create": 1}, "create"),
        ({"cache": "c", "consistent": "yes"}, "consistent"),
    ],
)
def test_wrong_settings_are_mistakes(options: dict[str, Any], told: str) -> None:
    """And say what is allowed."""
    with pytest.raises(UsageError, match=told):
        Settings(**options)


def test_no_secret_is_shown(server: MomentoLocal, clock: Clock) -> None:
    """Not by an account, not by a store, and a store cannot be pickled."""
    account = account_of(V1, "")
    with Shop(server, clock, "blocking", account=account) as shop:
        shown = [repr(account), repr(shop.pair), str(shop.pair.blocking), str(shop.pair.awaiting)]
        for store in (shop.pair.blocking, shop.pair.awaiting):
            with pytest.raises(TypeError, match="cannot be pickled"):
                pickle.dumps(store)

    assert not any(SECRET in text for text in shown)


def test_the_key_goes_with_every_call(clock: Clock) -> None:
    """Of both families: by the SDK, and by our own channel."""
    with MomentoLocal(["shop"], token=SECRET) as server:
        account = account_of(V1, "")
        near = type(account)(account.token, server.host, server.host, server.host, server.port)
        with Shop(server, clock, "blocking", account=near) as shop, Shop(server, clock, "async", account=near) as other:
            shop("append", LOG, [b"1"])
            other("append", LOG, [b"2"])

            assert [b"1", b"2"] == shop("read_log", LOG)


@pytest.mark.parametrize(("option", "asked"), [("", None), ("?consistent=true", "consistent")])
def test_reads_are_consistent_on_request(option: str, asked: str | None, server: MomentoLocal) -> None:
    """The wish goes with every read."""
    with llmcache.open(f"momento-local:{server.address}/shop{option}") as cache:
        cache.history("s").append([{"text": "hi"}])
        cache.history("s").all()
        cache.history("s").length()
    reads = [called for called in server.calls if called.rpc in {"Get", "GetBatch", "ListFetch", "ListLength"}]

    assert {asked} == {called.metadata.get("read-concern") for called in reads}
    assert {"ListFetch", "ListLength"} <= {called.rpc for called in reads}


def test_what_it_declares() -> None:
    """The limits of the service, so that a caller can know before it asks."""
    link = Link(account_of(V1, ""), Settings("shop"))
    limits = link.capabilities.limits

    assert (True, False, True, True) == (
        link.capabilities.log, link.capabilities.scan, link.capabilities.persistent, link.capabilities.shared
    )  # fmt: skip
    assert (4_900_000, 86_400.0, 85_500.0, 1.0) == (
        limits.max_body_bytes, limits.max_ttl, limits.default_ttl, limits.ttl_resolution
    )  # fmt: skip


@pytest.mark.slow
def test_listing_the_stores_loads_no_sdk() -> None:
    """Nor does naming the package; only opening does."""
    program = """
import sys
import llmcache, llmcache_momento, llmcache_momento.local
from llmcache.plugins.catalogue import installed
assert any(spec.scheme == "momento" for plugin in installed() for spec in plugin.specs)
sys.exit(any(name.partition(".")[0] in {"momento", "momento_wire_types", "grpc", "google"} for name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)

    assert 0 == done.returncode, done.stderr
