"""Every kind of clearing on a server that forbids SCAN takes the same few commands however much is kept, and touches nothing else."""

from collections.abc import Callable, Iterator

import pytest

import llmcache
from llmcache.api.cache import Cache
from tests.clearings import CLEARINGS, fill, question
from tests.redis.servers import Server

FOREIGN = (
    "llmcache",
    "llmcache:1:shop:response",
    "llmcache:1:shop:responses:1",
    "llmcache:1:shopping:response:1",
    "llmcache:2:shop:response:1",
    "xllmcache:1:shop:response:1",
    "celery-task-meta-1",
)
"""Names of other programs, as near to ours as they can be."""


def commands_of(server: Server, work: Callable[[], None]) -> dict[str, int]:
    """Return how often the server was asked what while `work` was done, by commands of scripts, too."""

    def counts() -> dict[str, int]:
        lines = [line for line in server.text("INFO", "commandstats").splitlines() if line.startswith("cmdstat_")]
        split = [line.removeprefix("cmdstat_").split(":calls=") for line in lines]
        return {name: int(rest.partition(",")[0]) for name, rest in split if name != "info"}

    before = counts()
    work()
    return {name: more for name, calls in counts().items() if (more := calls - before.get(name, 0))}


@pytest.fixture(params=["restricted", "with scan"])
def cache(request: pytest.FixtureRequest, own_server: Server) -> Iterator[Cache]:
    """A cache on a server of its own, in database 0, beside foreign keys."""
    for name in FOREIGN:
        own_server.ask("SET", name, "foreign")
    own_server.ask("RPUSH", "queue", "job")
    options = "timeout=20s&log_timeout=20s" + ("&restricted=true" if request.param == "restricted" else "")
    with llmcache.open(f"redis://127.0.0.1:{own_server.port}?{options}", namespace="shop", tag_models=True) as opened:
        yield opened


@pytest.mark.parametrize("clearing", CLEARINGS)
def test_no_kind_of_clearing_touches_anything_else(cache: Cache, own_server: Server, clearing: str) -> None:
    """Foreign keys, other namespaces, and conversations are what they were."""
    fill(cache, 3)
    cache.history("session").append(["kept"])
    with llmcache.options(namespace="other"):
        fill(cache)
    CLEARINGS[clearing](cache)
    with llmcache.options(namespace="other"):
        theirs = cache.responses.get(question(0))

    assert (None, "x", ["kept"]) == (cache.responses.get(question(0)), theirs, cache.history("session").all())
    assert ["foreign"] * len(FOREIGN) == [own_server.text("GET", name) for name in FOREIGN]
    assert ":1" == own_server.ask("LLEN", "queue")


@pytest.mark.parametrize("clearing", CLEARINGS)
def test_a_restricted_clearing_takes_the_same_commands_however_much_is_kept(own_server: Server, clearing: str) -> None:
    """Three answers or three hundred; none of the commands walks over keys."""
    url = f"redis://127.0.0.1:{own_server.port}?restricted=true&timeout=20s"
    asked: list[dict[str, int]] = []
    with llmcache.open(url, namespace="shop", tag_models=True) as cache:
        for count in (3, 300):
            fill(cache, count)
            CLEARINGS[clearing](cache)  # what is learnt once, such as scripts, is not counted
            fill(cache, count)
            asked.append(commands_of(own_server, lambda: CLEARINGS[clearing](cache)))

    assert asked[0] == asked[1]
    assert sum(asked[0].values()) <= 8
    assert not asked[0].keys() & {"scan", "keys", "flushdb", "flushall"}
