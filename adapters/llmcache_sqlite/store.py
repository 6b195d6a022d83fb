"""The blocking colour."""

from collections.abc import Sequence
from pathlib import Path

from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache_sqlite import calls
from llmcache_sqlite.engine import Engine
from llmcache_sqlite.errors import FOREIGN, NAME
from llmcache_sqlite.health import Health
from llmcache_sqlite.sharing import Handle
from llmcache_sqlite.waiting import Deadline
from llmcache_sqlite.work import Read


class SqliteStore:
    """Keeps entries and logs in one SQLite file, blocking; obeys `Store`. Made by `open_store`.

    Shared by all threads of a process and all processes of a machine, and usable after `os.fork`. Evicts answers and
    embeddings, those stored longest ago and not read since; never other kinds, and never logs.
    """

    __slots__ = ("_capabilities", "_handle")

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._capabilities = handle.engine("open").capabilities

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def folder(self) -> Path:
        """Where the file lies."""
        return Path(self._handle.folder)

    def health(self) -> Health:
        """Return what happened to the store since this process opened it, and its size."""
        return self._engine("health").health()

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        engine = self._engine("get_many")
        try:
            return engine.get(keys, may_wait=True)
        except FOREIGN as error:
            return engine.read_again(calls.get_many(engine, keys), error)

    def put_many(self, puts: Sequence[Put]) -> None:
        engine = self._engine("put_many")
        engine.write(calls.put_many(engine, puts))

    def put_if_absent(self, put: Put) -> bool:
        engine = self._engine("put_if_absent")
        return engine.write(calls.put_if_absent(engine, put))

    def delete_many(self, keys: Sequence[Key]) -> None:
        engine = self._engine("delete_many")
        engine.write(calls.delete_many(engine, keys))

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        engine = self._engine("delete_if_equal")
        return engine.write(calls.delete_if_equal(engine, key, body))

    def clear(self, space: Space) -> None:
        engine = self._engine("clear")
        engine.write(calls.clear(space))
        deadline = Deadline(calls.TIDY_AFTER_CLEAR)
        while engine.write(calls.tidy(engine)) and deadline.left():
            pass

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        engine = self._engine("append")
        call = calls.append(engine, log, bodies, max_length, ttl)
        return engine.read(call) if isinstance(call, Read) else engine.write(call)

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        engine = self._engine("read_log")
        return engine.read(calls.read_log(engine, log, start, stop))

    def log_length(self, log: Key) -> int:
        engine = self._engine("log_length")
        return engine.read(calls.log_length(engine, log))

    def delete_log(self, log: Key) -> None:
        self._engine("delete_log").write(calls.delete_log(log))

    def spaces(self) -> list[SpaceUse]:
        engine = self._engine("spaces")
        return engine.read(calls.spaces(engine))

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        engine = self._engine("scan")
        return engine.read(calls.scan(engine, space, after, count))

    def close(self) -> None:
        self._handle.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._handle.folder!r})"

    def __reduce__(self) -> str:
        raise TypeError("a store cannot be pickled; open the same folder in the other process")

    def _engine(self, op: str) -> Engine:
        return self._handle.engine(op)
