"""Opening, closing, and the mistakes people make on the way."""

import logging
import math
from pathlib import Path
from typing import Any

import pytest

import llmcache
from llmcache.api.setup import Setup
from llmcache.drivers.offload import Offloaded
from llmcache.errors import ClosedError, ConfigError, UnsupportedError, UsageError
from llmcache.memory import open_pair
from llmcache.model.capabilities import Capabilities
from llmcache.model.event import Event, Happening, OpDone, Told
from llmcache.model.key import Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.policy.admission import refusal
from llmcache.protocols.whole import StorePair
from tests import stores

REQUEST = llmcache.Request("m", [{"role": "user", "content": "hi"}])


def test_the_environment_names_the_store_where_the_call_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL and a namespace, without touching the program."""
    monkeypatch.setenv("LLMCACHE_URL", f"sqlite:{tmp_path}")
    monkeypatch.setenv("LLMCACHE_NAMESPACE", "shop/prod")
    with llmcache.open() as cache:
        cache.responses.put(REQUEST, "x")

        assert cache.namespace == Namespace(("shop", "prod"))
        assert repr(cache) == "<llmcache.Cache on sqlite, namespace 'shop/prod'>"
    assert list(tmp_path.iterdir())


def test_with_nothing_said_it_is_sqlite_in_the_users_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded default needs no configuration."""
    monkeypatch.delenv("LLMCACHE_URL", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with llmcache.open() as cache:
        cache.responses.put(REQUEST, "x")

        assert cache.capabilities.persistent
    assert list(tmp_path.rglob("*.sqlite*"))


def test_sqlite_entries_outlive_the_cache(tmp_path: Path) -> None:
    """Closed and opened again, the answer is there."""
    with llmcache.open(f"sqlite:{tmp_path}") as cache:
        cache.responses.put(REQUEST, "x")
    with llmcache.open(f"sqlite://{tmp_path}") as cache:
        assert cache.responses.get(REQUEST) == "x"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlit:", "did you mean 'sqlite'"),
        ("redsi://localhost", "did you mean 'redis'"),
        ("./folder", "write sqlite:./folder"),
        ("sqlite:?max_byts=1", "did you mean 'max_bytes'"),
        ("sqlite:?max_bytes=lots", "is 'lots'; allowed is a size"),
        ("sqlite://host/folder", "a folder on this machine"),
        ("memory:name", "takes no address"),
        ("sqlite:///./folder", "would be below the root folder; .* write sqlite:./folder"),
        ("disk:///~/folder", "write disk:~/folder"),
    ],
)
def test_a_wrong_url_says_what_is_allowed(url: str, message: str) -> None:
    """Unknown schemes, options and values."""
    with pytest.raises(ConfigError, match=message):
        llmcache.open(url)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ttl": 0},
        {"ttl": -1.5},
        {"ttl": math.nan},
        {"ttl": math.inf},
        {"ttl": 10**400},
        {"ttl": "3"},
        {"early_refresh": 1},
        {"early_refresh": -0.1},
        {"early_refresh": "10%"},
        {"early_refresh": math.nan},
        {"jitter": 1.5},
        {"jitter": True},
        {"stale_if_error": 0},
        {"background_refresh": 1},
        {"tag_models": "yes"},
        {"history_ttl": 0},
        {"max_messages": 0},
        {"max_messages": "3"},
        {"max_messages": 2.5},
        {"max_messages": True},
        {"namespace": ""},
        {"namespace": "a//b"},
        {"namespace": 5},
        {"tenant": "someone"},
        {"admit": 5},
        {"listener": 5},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_a_wrong_argument_is_refused_before_the_store_is_opened(wrong: dict[str, Any]) -> None:
    """Nothing is left open, and the error names the argument."""
    (name,) = wrong
    with pytest.raises(UsageError, match=name):
        llmcache.open("memory:", **wrong)


def test_a_path_is_as_good_as_its_text(tmp_path: Path) -> None:
    """Of a file; that of a folder is told how it becomes a URL."""
    file = tmp_path / "llmcache.toml"
    file.write_text('[llmcache]\nstore = "memory:"\n')
    with llmcache.open(file) as cache:
        assert "memory" == cache.setup.store_name
    with pytest.raises(ConfigError, match=f"for a folder write sqlite:{tmp_path}"):
        llmcache.open(tmp_path)


async def test_an_answer_in_the_place_of_the_call_is_refused(cache: llmcache.Cache) -> None:
    """With what keeps an answer, in both colours."""
    with pytest.raises(UsageError, match=r"call is a function that asks the model, found str; .* use put"):
        cache.responses.get_or_call(REQUEST, "blue")  # type: ignore[arg-type] # callers without a checker
    with pytest.raises(UsageError, match="call is a function"):
        await cache.awaiting.responses.get_or_call(REQUEST, None)  # type: ignore[arg-type] # likewise


async def test_an_async_cache_need_not_be_awaited() -> None:
    """Whoever does so reads how it is used."""
    cache = llmcache.open_async("memory:")
    with pytest.raises(UsageError, match="without await"):
        await cache
    await cache.close()


async def test_the_wrong_kind_of_with_says_the_right_one() -> None:
    """The blocking cache in `async with`, the async one in `with`."""
    blocking, awaiting = llmcache.open("memory:"), llmcache.open_async("memory:")
    with pytest.raises(UsageError, match="open_async"):
        async with blocking:
            pass
    with pytest.raises(UsageError, match=r"llmcache\.open\("), awaiting:
        pass
    blocking.close()
    await awaiting.close()


async def test_closing_one_colour_closes_both(url: str) -> None:
    """They share one store."""
    cache = llmcache.open_async(url)
    twin = cache.blocking
    await cache.close()
    await cache.close()
    with pytest.raises(ClosedError):
        await cache.responses.get(REQUEST)
    with pytest.raises(ClosedError):
        twin.responses.get(REQUEST)


@pytest.mark.stores(needs="scan")
def test_spaces_and_scan_show_what_is_there(cache: llmcache.Cache) -> None:
    """For people who look: every namespace and kind, and the bytes as they lie."""
    cache.responses.put(REQUEST, "x")
    cache.history("s").append(["a", "b"])
    spaces = {use.space.kind.value: use for use in cache.spaces()}
    (listed,) = cache.scan(spaces["response"].space)

    assert {kind: use.entries for kind, use in spaces.items()} == {"response": 1, "history": 1}
    assert listed.key.physical.startswith("llmcache:1:shop:response:")
    assert b'"x"' in (cache.body(listed.key) or b"")
    assert [entry.length for entry in cache.scan(spaces["history"].space)] == [2]


@pytest.mark.stores(lacks="scan")
async def test_a_store_that_cannot_list_says_so(cache: llmcache.Cache) -> None:
    """In both colours, and by which ability it lacks; what it holds is there all the same."""
    cache.responses.put(REQUEST, "x")
    for listing in (cache.spaces, lambda: cache.scan(Space(Namespace.of("shop"), Kind.RESPONSE))):
        with pytest.raises(UnsupportedError, match="cannot be listed; give the whole key"):
            listing()
    with pytest.raises(UnsupportedError, match="cannot be listed; give the whole key"):
        await cache.awaiting.spaces()

    assert "x" == cache.responses.get(REQUEST)


def test_every_kind_declares_what_is_said_of_it(cache: llmcache.Cache, store_kind: stores.Kind) -> None:
    """So that no test is left out of a kind that could have been run on it."""
    declared = cache.setup.capabilities

    assert store_kind.lacks == {name for name in ("log", "scan", "persistent", "shared") if not getattr(declared, name)}


@pytest.mark.stores(needs="scan")
async def test_the_async_twin_lists_too(cache: llmcache.Cache) -> None:
    """The same methods, awaited."""
    twin = cache.awaiting
    await twin.responses.put(REQUEST, "x", tags=("t",))
    (use,) = await twin.spaces()
    (listed,) = await twin.scan(use.space)

    assert await twin.body(listed.key) == cache.body(listed.key)
    await twin.responses.delete(REQUEST)
    assert await twin.responses.get(REQUEST) is None
    await twin.responses.put(REQUEST, "y")
    await twin.clear()
    assert await twin.responses.get(REQUEST) is None
    await twin.responses.put(REQUEST, "z")
    await twin.responses.clear()
    assert cache.responses.get(REQUEST) is None


def test_a_listener_is_told_and_cannot_break_anything(caplog: pytest.LogCaptureFixture) -> None:
    """Events and timed ops; an exception of the listener is logged once, without its message."""
    told: list[Told] = []

    def listen(what: Told) -> None:
        told.append(what)
        raise RuntimeError("secret prompt")

    with caplog.at_level(logging.WARNING), llmcache.open("memory:", listener=listen) as cache:
        answers = [cache.responses.get_or_call(REQUEST, lambda: "x") for _ in range(2)]

    assert answers == ["x", "x"]
    assert [event.what for event in told if isinstance(event, Event)] == [Happening.MISS, Happening.KEPT, Happening.HIT]
    assert [done.op for done in told if isinstance(done, OpDone)] == ["GetMany", "PutMany", "GetMany"]
    assert "secret" not in caplog.text


class OnlyEntries:
    """A stranger's blocking store that keeps entries and nothing else."""

    name = "only-entries"
    capabilities = Capabilities()

    def __init__(self) -> None:
        inner = open_pair().blocking
        assert inner is not None
        self.get_many, self.put_many, self.clear, self.close = (
            inner.get_many,
            inner.put_many,
            inner.clear,
            inner.close,
        )


def _set_up(pair: StorePair) -> Setup:
    from time import monotonic, time  # noqa: PLC0415 -- beside its only use

    return Setup(
        pair,
        namespace=Namespace.of("n"),
        tenant=None,
        defaults=llmcache.open("memory:").setup.defaults,
        admit=refusal,
        now=time,
        monotonic=monotonic,
        listener=None,
    )


async def test_a_blocking_strangers_store_serves_async_users_in_threads() -> None:
    """And what it does not declare is refused by name."""
    setup = _set_up(StorePair(blocking=OnlyEntries(), awaiting=None))  # type: ignore[arg-type] # fewer methods, on purpose
    cache = llmcache.AsyncCache(setup)
    await cache.responses.put(REQUEST, "x")

    assert await cache.responses.get(REQUEST) == "x"
    assert isinstance(setup.awaiting_world.store, Offloaded)
    with pytest.raises(UnsupportedError, match="only-entries store does not keep conversations"):
        await cache.history("s").append(["a"])
    with pytest.raises(UnsupportedError, match="cannot be listed; give the whole key"):
        cache.blocking.spaces()
    await cache.close()


def test_an_async_store_cannot_be_used_blocking() -> None:
    """It says which door to take."""
    cache = llmcache.Cache(_set_up(StorePair(blocking=None, awaiting=open_pair().awaiting)))
    with pytest.raises(UnsupportedError, match=r"no blocking colour; use open_async\(\)"):
        cache.responses.get(REQUEST)
    assert cache.capabilities.log
    cache.close()
