"""Opening with a configuration file: what it says takes effect."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import llmcache
from llmcache.errors import ClosedError, ConfigError, StoreUnavailable, UsageError
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Kind
from llmcache.plugins import catalogue
from llmcache.protocols.whole import StorePair
from llmcache_langchain import ChatMessageHistory, LLMCache
from tests.stores import Clock

REQUEST = llmcache.Request("m", [{"role": "user", "content": "hi"}])
TWO_STORES = """
[llmcache]
namespace = "shop"
store = "sqlite:./kept"
responses.store = "memory:"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty, and an environment that says nothing."""
    for name in ("LLMCACHE_URL", "LLMCACHE_CONFIG", "LLMCACHE_PROFILE", "LLMCACHE_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache-home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def write(folder: Path, text: str) -> str:
    """Write a file and return its path."""
    path = folder / "llmcache.toml"
    path.write_text(text)
    return str(path)


def test_nothing_finds_the_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder below it; a relative path in it counts from where the file lies."""
    write(here, '[llmcache]\nnamespace = "shop"\nstore = "sqlite:./kept"\n')
    (here / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(here / "a" / "b")
    with llmcache.open() as cache:
        cache.responses.put(REQUEST, "x")

        assert "<llmcache.Cache on sqlite, namespace 'shop'>" == repr(cache)
    assert ["kept", "llmcache.toml"] == sorted(path.name for path in here.iterdir() if path.name != "a")
    assert [] == list((here / "a" / "b").iterdir())


async def test_a_path_names_the_file(here: Path) -> None:
    """In both colours, and with a profile by argument."""
    path = write(here, '[profiles.a]\nnamespace = "in/a"\nstore = "memory:"\n[profiles.b]\nnamespace = "in/b"\n')
    with llmcache.open(path, profile="a") as cache:
        assert "in/a" == cache.namespace.text
    async with llmcache.open_async(path, profile="a") as twin:
        await twin.responses.put(REQUEST, "x")

        assert "x" == await twin.responses.get(REQUEST)
        assert "in/a" == twin.namespace.text


def test_times_to_live_take_effect(here: Path, clock: Clock) -> None:
    """Of answers and of conversations; an argument holds over them."""
    path = write(here, '[llmcache]\nstore = "memory:"\nresponses.ttl = "10s"\nhistory.ttl = "20s"\n')
    with (
        llmcache.open(path, clock=clock) as cache,
        llmcache.open(path, clock=clock, ttl=100, history_ttl=100) as longer,
    ):
        for opened in (cache, longer):
            opened.responses.put(REQUEST, "x")
            opened.history("s").append(["a"])
        clock.now += 11
        answers = [opened.responses.get(REQUEST) for opened in (cache, longer)]
        clock.now += 10
        lengths = [opened.history("s").length() for opened in (cache, longer)]

    assert ([None, "x"], [0, 1]) == (answers, lengths)


def test_a_cap_takes_effect(here: Path) -> None:
    """The oldest messages are dropped; an argument holds over the file, and a call's over both."""
    path = write(here, '[llmcache]\nstore = "memory:"\nhistory.max_messages = 2\n')
    with llmcache.open(path) as cache, llmcache.open(path, max_messages=3) as longer:
        for opened in (cache, longer):
            opened.history("s").append([1, 2, 3, 4])
            opened.history("t", max_messages=1).append([1, 2])

        assert [[3, 4], [2], [2, 3, 4], [2]] == [
            opened.history(name).all() for opened in (cache, longer) for name in ("s", "t")
        ]


@pytest.mark.parametrize(("sliding", "left"), [("true", [1, 2, 3]), ("false", [])])
def test_whether_a_conversation_slides(here: Path, clock: Clock, sliding: str, left: list[int]) -> None:
    """Where it does not, later messages do not keep the earlier ones; the next conversation of that name begins anew."""
    path = write(
        here, f'[llmcache]\nstore = "memory:"\nhistory = {{ ttl = 20, sliding = {sliding}, max_messages = 3 }}\n'
    )
    with llmcache.open(path, clock=clock) as cache:
        log = cache.history("s")
        for message in (0, 1, 2, 3):
            log.append([message])
            clock.now += 6
        found = log.all()
        log.append([4])
        clock.now += 19

        assert (left, [4]) == (found, log.last(1))


async def test_each_purpose_has_its_store(here: Path) -> None:
    """Answers in one, conversations in the other; both are seen together, and each is cleared where it lies."""
    write(here, TWO_STORES)
    with llmcache.open() as cache:
        cache.responses.put(REQUEST, "x", tags=("t",))
        cache.history("s").append(["a", "b"])
        (answer,), (talk,) = (cache.scan(use.space) for use in cache.spaces()[::-1])

        assert "<llmcache.Cache on memory and sqlite, namespace 'shop'>" == repr(cache)
        assert ["history", "response"] == [use.space.kind.value for use in cache.spaces()]
        assert [False, True] == [cache.setup.of(kind).capabilities.persistent for kind in (Kind.RESPONSE, Kind.HISTORY)]
        assert b'"x"' in (cache.body(answer.key) or b"")
        assert 2 == talk.length
        cache.clear(tags=("t",))
        cache.clear()
        assert ["history"] == [use.space.kind.value for use in cache.spaces() if use.space.kind is not Kind.TAG]
    async with llmcache.open_async() as twin:
        assert ["a", "b"] == await twin.history("s").all()
        assert None is await twin.responses.get(REQUEST)
        assert ["history"] == [use.space.kind.value for use in await twin.spaces()]
        (kept,) = await twin.scan((await twin.spaces())[0].space)
        assert None is await twin.body(kept.key)


def test_what_a_store_keeps_of_another_purpose_is_not_shown(here: Path) -> None:
    """It was written before the purposes were parted; nobody reads it there."""
    with llmcache.open("sqlite:./kept", namespace="shop") as cache:
        cache.responses.put(REQUEST, "x")
        cache.history("s").append(["a"])
    write(here, TWO_STORES)
    with llmcache.open() as cache:
        assert ["history"] == [use.space.kind.value for use in cache.spaces()]
        assert None is cache.responses.get(REQUEST)


class Stubborn:
    """A stranger's store that cannot be closed."""

    name = "stubborn"
    capabilities = Capabilities()

    def close(self) -> None:
        """Fail."""
        raise StoreUnavailable("down")


class AsyncStubborn(Stubborn):
    """The same, awaited."""

    async def close(self) -> None:  # type: ignore[override] # another colour
        """Fail."""
        raise StoreUnavailable("down")


@pytest.mark.parametrize("awaited", [False, True])
def test_every_store_is_closed(here: Path, awaited: bool) -> None:
    """Also where closing the first one fails; the error is told."""
    write(here, TWO_STORES)
    opened = llmcache.open()
    talk = opened.history("s")
    pair: Any = StorePair(Stubborn(), AsyncStubborn())  # type: ignore[arg-type] # fewer methods, on purpose
    cache = llmcache.Cache(replace(opened.setup, pair=pair))
    with pytest.raises(StoreUnavailable, match="down"):
        asyncio.run(cache.awaiting.close()) if awaited else cache.close()
    with pytest.raises(ClosedError):
        talk.length()
    opened.close()


def noting_pairs(monkeypatch: pytest.MonkeyPatch) -> list[StorePair]:
    """Return a list that gets every store pair that is opened from now on."""
    opened, really = list[StorePair](), catalogue.open_pair

    def noted(*arguments: Any) -> StorePair:
        opened.append(really(*arguments))
        return opened[-1]

    monkeypatch.setattr(catalogue, "open_pair", noted)
    return opened


def test_one_store_is_opened_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever purposes name it; two names are two stores, even with one URL."""
    opened = noting_pairs(monkeypatch)
    same = '[llmcache]\nresponses.store = "a"\nhistory.store = "{}"\n[stores]\na.url = "memory:"\nb.url = "memory:"\n'
    with llmcache.open(write(here, same.format("a"))):
        once = len(opened)
    with llmcache.open(write(here, same.format("b"))) as cache:
        cache.history("s").append(["x"])

        assert ["history"] == [use.space.kind.value for use in cache.spaces()]
    assert (1, 3) == (once, len(opened))


def test_a_store_that_fails_to_open_leaves_none_open(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was opened before is closed again."""
    write(here, '[llmcache]\nresponses.store = "memory:"\nhistory.store = "sqlite:./llmcache.toml"\n')
    pairs = noting_pairs(monkeypatch)
    with pytest.raises(ConfigError, match="is a file; name a folder"):
        llmcache.open()

    assert 1 == len(pairs)
    assert pairs[0].blocking is not None
    with pytest.raises(ClosedError):
        pairs[0].blocking.get_many([])


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlit:x", r":4: \[stores\.a\] url: no store is installed for the scheme 'sqlit'; .*did you mean 'sqlite'\?"),
        ("sqlite:x?max_byts=1", r":4: \[stores\.a\] url: unknown option 'max_byts' .* did you mean 'max_bytes'\?"),
        ("sqlite:x?max_bytes=lots", r":4: \[stores\.a\] url: max_bytes in sqlite:x is 'lots'; allowed is a size"),
    ],
)
def test_a_wrong_address_in_a_file_is_said_with_its_place(here: Path, url: str, says: str) -> None:
    """Scheme and options are those of the installed stores; what is wrong with any of them is said at once."""
    write(here, f'[llmcache]\nstore = "a"\n[stores]\na.url = "{url}"\nb.url = "memory:?x=1"\n')
    with pytest.raises(ConfigError, match=rf"^llmcache.toml{says}"):
        llmcache.open()
    write(
        here,
        f'[llmcache]\nresponses.store = "b"\nhistory.store = "a"\n[stores]\na.url = "{url}"\nb.url = "memory:?x=1"',
    )
    with pytest.raises(ConfigError) as raised:
        llmcache.open()

    assert 2 == len(raised.value.mistakes)


def test_arguments_are_checked_before_the_file(here: Path) -> None:
    """A mistake in the call is the caller's, whatever the file says."""
    write(here, "wrong")
    with pytest.raises(UsageError, match="ttl"):
        llmcache.open(ttl=-1)


WRONG = """
[llmcache]
profil = "a"
store = "sqllite:./kept"
[profiles.b]
store = "memory:?max_byts=1"
[stores.mine]
url = "redis://${SECRET}@h?timeout=1s"
deadline = "1s"
"""


@pytest.mark.parametrize(
    "opens",
    [llmcache.open, llmcache.open_async, LLMCache, lambda path: ChatMessageHistory("s", path).messages],
    ids=["open", "open_async", "LLMCache", "ChatMessageHistory"],
)
def test_all_mistakes_are_said_at_once(here: Path, opens: Callable[[str], object]) -> None:
    """Those that the installed stores find, too, in the order of the lines, whoever opens; nothing is opened."""
    with pytest.raises(ConfigError, match="4 mistakes in the configuration") as wrong:
        opens(write(here, WRONG))

    assert [3, 4, 6, 9] == [mistake.line for mistake in wrong.value.mistakes]
    assert "did you mean 'sqlite'" in str(wrong.value)
    assert ["llmcache.toml"] == [path.name for path in here.iterdir()]
