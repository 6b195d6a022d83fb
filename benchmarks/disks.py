"""Stores on the disk of one machine: `disk:` beside the bare diskcache that it is made on, and beside `sqlite:`.

The bare one is set up as most programs have it: its own Disk, its defaults, and bytes as values, which it does not pickle.
"""

import hashlib
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.timing import Contestant, Prepare, race, table
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import KeyValueStore, Put
from llmcache_disk import open_store as open_disk
from llmcache_sqlite import open_store as open_sqlite

SPACE = Space(Namespace(("bench",)), Kind.RESPONSE)
HELD = 1_000


def digests(first: int, many: int) -> list[str]:
    """Return names of answers, as flows make them."""
    return [hashlib.sha256(b"%d" % number).hexdigest() for number in range(first, first + many)]


def reading(get: Callable[[Any], Any], wrap: Callable[[str], Any]) -> Prepare:
    """Prepare reads of entries that are there, one after the other."""
    places = count(step=7)

    def prepare(calls: int) -> Callable[[], None]:
        asked = [wrap(name) for _ in range(calls) for name in digests(next(places) % HELD, 1)]

        def run() -> None:
            for key in asked:
                get(key)

        return run

    return prepare


def writing(put: Callable[[Any], Any], wrap: Callable[[str], Any]) -> Prepare:
    """Prepare writes of new entries."""
    begins = count(HELD, 1_000)

    def prepare(calls: int) -> Callable[[], None]:
        new = [wrap(name) for name in digests(next(begins), calls)]

        def run() -> None:
            for key in new:
                put(key)

        return run

    return prepare


def entries(size: int, folder: Path) -> list[str]:
    """Reads and writes of entries of one size."""
    import diskcache  # type: ignore[import-untyped]  # diskcache has no types

    body = b"x" * size
    bare = diskcache.Cache(folder / "bare")
    ours: dict[str, KeyValueStore] = {"disk:": open_disk(folder / "disk"), "sqlite:": open_sqlite(folder / "sqlite")}
    for name in digests(0, HELD):
        bare.set(name, body)
        for store in ours.values():
            store.put_many((Put(key_of(name), body),))
    gets = [Contestant("diskcache.Cache.get, bare", reading(bare.get, str))]
    gets += [
        Contestant(f"{n} get_many of one", reading(store.get_many, lambda name: (key_of(name),)))
        for n, store in ours.items()
    ]
    puts = [Contestant("diskcache.Cache.set, bare", writing(lambda name: bare.set(name, body), str), calls=20)]
    puts += [
        Contestant(f"{n} put_many of one", writing(store.put_many, lambda name: (Put(key_of(name), body),)), calls=20)
        for n, store in ours.items()
    ]  # fmt: skip
    race(gets, slices=100)
    race(puts, slices=100)
    for store in ours.values():
        store.close()
    bare.close()
    return [
        table(f"{what}, {size:,} bytes", who, who[0].name) for what, who in (("read", gets), ("write, new key", puts))
    ]


def key_of(name: str) -> Key:
    """Return the key of an answer."""
    return Key(SPACE, name)


def appends(folder: Path) -> list[str]:
    """A message appended to a conversation that grows, beside diskcache's own queue."""
    import diskcache

    deque = diskcache.Deque(directory=str(folder / "deque"))
    log = Key(Space(SPACE.namespace, Kind.HISTORY), "session")
    disk, sqlite = open_disk(folder / "disk"), open_sqlite(folder / "sqlite")
    message = b"x" * 500
    contestants = [
        Contestant("diskcache.Deque.append, bare", writing(lambda _: deque.append(message), str), calls=20),
        Contestant("disk: append", writing(lambda _: disk.append(log, [message]), str), calls=20),
        Contestant("sqlite: append", writing(lambda _: sqlite.append(log, [message]), str), calls=20),
    ]
    race(contestants, slices=100)
    disk.close()
    sqlite.close()
    return [table("append, 500 bytes, 2,000 messages", contestants, contestants[0].name)]


def run() -> list[str]:
    """Return the tables."""
    tables: list[str] = []
    for size in (1_000, 4_000, 50_000):
        with tempfile.TemporaryDirectory() as folder:
            tables += entries(size, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        tables += appends(Path(folder))
    return tables
