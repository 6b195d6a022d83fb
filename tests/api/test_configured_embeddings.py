"""What a configuration file says of vectors takes effect, and a file that says everything loads."""

from pathlib import Path

import pytest

import llmcache
from llmcache.config.resolving import resolve
from llmcache.config.settings import NearChoice
from llmcache.errors import UsageError
from llmcache.model.key import Kind
from tests.api.embedding import Model
from tests.stores import Clock

# The example of the design, letter by letter: whoever copies it must get what it says.
EXAMPLE = """
[llmcache]
namespace = "shop"
profile = "dev"

[profiles.dev]
store = "sqlite:./.llmcache"

[profiles.prod]
store = "shared"
responses  = { ttl = "7d", early_refresh = "10%", coalesce = "shared" }
history    = { ttl = "30d", sliding = true, max_messages = 200 }
embeddings = { store = "local", ttl = "90d" }

[stores.shared]
url = "redis://${REDIS_HOST}:6379/0"
near = { max_bytes = "64MiB", ttl = "30s" }

[stores.local]
url = "sqlite:/var/cache/shop"
"""
DAY = 86_400


def write(folder: Path, text: str) -> str:
    """Write a file and return its path."""
    path = folder / "llmcache.toml"
    path.write_text(text)
    return str(path)


def test_a_file_that_says_everything_loads(tmp_path: Path) -> None:
    """Both profiles, with their stores and times."""
    path, environment = write(tmp_path, EXAMPLE), {"REDIS_HOST": "cache.internal"}
    dev = resolve(path, environment=environment)
    prod = resolve(path, environment=environment, profile="prod")

    assert ["sqlite:./.llmcache"] == [store.url for store in dev.stores]
    assert ["redis://cache.internal:6379/0", "sqlite:/var/cache/shop"] == [store.url for store in prod.stores]
    assert ("shared", "shared", "local") == (prod.responses.name, prod.history.name, prod.embeddings.name)
    assert (7 * DAY, 30 * DAY, 90 * DAY) == (prod.ttl, prod.history_ttl, prod.embedding_ttl)
    assert (0.1, "shared", 200) == (prod.early_refresh, prod.coalesce, prod.max_messages)
    assert NearChoice(64 << 20, 30.0) == prod.responses.near
    assert (None, "float32") == (dev.embedding_ttl, dev.embedding_precision)


def test_vectors_have_a_store_of_their_own(tmp_path: Path, clock: Clock) -> None:
    """Listed and cleared with everything that can be had again; answers are not in it."""
    path = write(
        tmp_path,
        '[llmcache]\nstore = "memory:"\nembeddings = { store = "memory:", ttl = "1h" }\nresponses.ttl = "1d"\n',
    )
    request, model = llmcache.Request("m", []), Model()
    with llmcache.open(path, clock=clock) as cache:
        cache.responses.put(request, "x")
        cache.embeddings.embed(["a"], model, model="m")
        held = {use.space.kind: use.entries for use in cache.spaces()}
        clock.now += 3_600
        cache.embeddings.embed(["a"], model, model="m")
        cache.clear()
        left = [use.entries for use in cache.spaces()]
        cache.embeddings.embed(["a"], model, model="m")

    assert {Kind.RESPONSE: 1, Kind.EMBEDDING: 1} == held
    assert [] == left
    assert [["a"]] * 3 == model.asked


@pytest.mark.parametrize("shared", [True, False], ids=["one store", "two stores"])
def test_conversations_and_vectors_may_share_a_store(tmp_path: Path, shared: bool) -> None:
    """Apart from that of answers; each is listed once, weighed once and closed once."""
    other = "other" if shared else "more"
    path = write(
        tmp_path,
        f'[llmcache]\nstore = "main"\nhistory.store = "other"\nembeddings.store = "{other}"\n'
        '[stores]\nmain.url = "memory:"\n'
        'other = { url = "memory:", near = { max_bytes = "1MiB" } }\nmore.url = "memory:"\n',
    )
    model = Model()
    with llmcache.open(path) as cache:
        cache.history("s").append(["a"])
        cache.embeddings.embed(["a"], model, model="m")
        cache.embeddings.embed(["a"], model, model="m")
        spaces = [(use.space.kind, use.entries) for use in cache.spaces()]
        stores = len(cache.setup.all)
        near = cache.stats().near_bytes
        cache.clear()

        assert ["a"] == cache.history("s").all()
    assert [(Kind.EMBEDDING, 1), (Kind.HISTORY, 1)] == spaces
    assert ([["a"]], 2 if shared else 3) == (model.asked, stores)
    assert (near > 0) is shared
    assert near < 1_000


async def test_clearing_reaches_every_store_awaited_too(tmp_path: Path) -> None:
    """In the other colour."""
    model = Model()
    path = write(tmp_path, '[llmcache]\nstore = "memory:"\nembeddings.store = "sqlite:./vectors"\n')
    async with llmcache.open_async(path) as cache:
        await cache.embeddings.embed(["a"], model, model="m")
        await cache.clear()
        await cache.embeddings.embed(["a"], model, model="m")

    assert [["a"]] * 2 == model.asked


def test_where_nothing_is_said_vectors_lie_with_answers(tmp_path: Path) -> None:
    """So that who embeds nothing opens no third store."""
    path = write(tmp_path, '[llmcache]\nresponses.store = "memory:"\nhistory.store = "sqlite:./talks"\n')

    assert ["memory:", "sqlite:./talks"] == [store.url for store in resolve(path, environment={}).stores]


def test_arguments_hold_over_the_file(tmp_path: Path, clock: Clock) -> None:
    """As they do for answers and conversations."""
    path, model = (
        write(tmp_path, '[llmcache]\nstore = "memory:"\nembeddings = { ttl = "10s", precision = "int8" }\n'),
        Model(),
    )
    with llmcache.open(path, clock=clock) as short, llmcache.open(path, clock=clock, embedding_ttl=60) as longer:
        for cache in (short, longer):
            cache.embeddings.embed(["a"], model, model="m")
        clock.now += 10
        for cache in (short, longer):
            cache.embeddings.embed(["a"], model, model="m")
        sizes = [use.body_bytes for use in short.spaces()]

    assert [["a"]] * 3 == model.asked
    assert [36 + 4] == sizes


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"embedding_ttl": 0}, "embedding_ttl is 0"),
        ({"embedding_precision": "double"}, "precision is 'double'; allowed are 'float32', 'float16', 'int8'"),
    ],
)
def test_wrong_arguments_open_nothing(wrong: dict[str, object], said: str) -> None:
    """With what is allowed."""
    with pytest.raises(UsageError, match=said):
        llmcache.open("memory:", **wrong)  # type: ignore[arg-type] # the point
