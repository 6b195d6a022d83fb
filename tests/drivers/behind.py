"""A store that is written behind and does as it is told, in both colours, for tests of that."""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress

from llmcache.drivers.layered import layered
from llmcache.drivers.worlds import Surroundings
from llmcache.drivers.writing_behind import WritingBehind
from llmcache.errors import StoreUnavailable
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.event import Event, Happening, Told
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.whole import AsyncStore, Store, StorePair

SPACE = Space(Namespace(("shop",)), Kind.RESPONSE)
A, B, C, D = (Key(SPACE, name * 12) for name in "abcd")
TAG, LEASE = (Key(Space(Namespace(("shop",)), kind), "one") for kind in (Kind.TAG, Kind.LEASE))
LONG = 30.0


class Gated(MemoryStore):
    """A store whose writes wait at a gate, and that fails as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.at_the_gate = threading.Semaphore(0)
        self.fail: Callable[[Sequence[Put]], None] = lambda puts: None
        self.batches: list[list[Key]] = []
        self.is_away = False

    def delete_many(self, keys: Sequence[Key]) -> None:
        self._check()
        super().delete_many(keys)

    def clear(self, space: Space) -> None:
        self._check()
        super().clear(space)

    def _check(self) -> None:
        if self.is_away:
            raise StoreUnavailable("down")

    def put_many(self, puts: Sequence[Put]) -> None:
        self.at_the_gate.release()
        assert self.gate.wait(LONG)
        self.batches.append([put.key for put in puts])
        self._check()
        self.fail(puts)
        super().put_many(puts)


class Behind:
    """A gated store that is written behind, in both colours, and what was told."""

    def __init__(self, max_bytes: int = 1 << 20) -> None:
        self.store = Gated()
        self.told: list[Told] = []
        self.changed = threading.Condition()
        around = Surroundings(lambda: 0.0, lambda: 0.0, self.hear)
        self.layer = WritingBehind(self.store, around, max_bytes)
        pair = layered(
            StorePair(self.store, AsyncMemoryStore(self.store)), self.layer, around, closing=self.layer.closing
        )
        self.blocking: Store = pair.blocking  # type: ignore[assignment]  # a layered store obeys it
        self.awaiting: AsyncStore = pair.awaiting  # type: ignore[assignment]  # every pair here has both

    def hear(self, told: Told) -> None:
        """Keep what is told."""
        with self.changed:
            self.told.append(told)
            self.changed.notify_all()

    def heard(self, number: int) -> list[tuple[Happening, str]]:
        """Wait until so many things were told, and return them."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.told) >= number, LONG)
            return [(told.what, told.key[:1]) for told in self.told if isinstance(told, Event)]

    def put(self, *keys: Key, body: bytes = b"body") -> None:
        """Put each key in a call of its own."""
        for key in keys:
            self.blocking.put_many((Put(key, body),))

    @contextmanager
    def one_in_flight(self, key: Key) -> Generator[None]:
        """Have `key` being written during a block, and not done."""
        self.store.gate.clear()
        self.put(key)
        assert self.store.at_the_gate.acquire(timeout=LONG)
        yield
        self.store.gate.set()

    def is_back(self) -> None:
        """End the outage, and the attempt that may have begun in it."""
        self.store.is_away = False
        with suppress(StoreUnavailable):
            self.blocking.spaces()

    def inside(self, *keys: Key) -> list[bytes | None]:
        """Read the store itself."""
        return MemoryStore.get_many(self.store, keys)


def later(work: Callable[[], object]) -> threading.Thread:
    """Do something in another thread."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread
