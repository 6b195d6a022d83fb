"""Engines that are shared: whoever opens the same folder with the same settings in one process gets the same one.

Two engines on one file would work too, as two processes do; one has one queue of writes and one set of connections.
"""

import atexit
import os
from pathlib import Path
from typing import Final

from llmcache.errors import ConfigError, StoreError, UnsupportedError
from llmcache.protocols.deed import Deed
from llmcache_sqlite import forking
from llmcache_sqlite.engine import Engine
from llmcache_sqlite.errors import NAME
from llmcache_sqlite.filesystem import NETWORK, kind_at, mounts, refuse_network
from llmcache_sqlite.mending import closed
from llmcache_sqlite.place import Place
from llmcache_sqlite.settings import Settings

_Shared = tuple[Place, Settings]

_engines: Final[dict[_Shared, Engine]] = {}
_users: Final[dict[_Shared, int]] = {}


class Handle:
    """One opening of a folder: both colours of a store hold it, and closing either closes it."""

    __slots__ = ("_engine", "_shared")

    def __init__(self, folder: Path | str, settings: Settings) -> None:
        self._shared = (_place(folder), settings)
        self._engine: Engine | None = _borrowed(self._shared)

    def engine(self, op: str) -> Engine:
        """Return the engine; ClosedError after `close`."""
        engine = self._engine
        if engine is None:
            raise closed(Deed(op))
        return engine

    def close(self) -> None:
        """Give the engine back; the last one closes it. Again does nothing."""
        with forking.opening:
            engine, self._engine = self._engine, None
            if engine is not None:
                _give_back(self._shared, engine)

    @property
    def folder(self) -> str:
        """Where the file lies."""
        return self._shared[0].folder


def _place(folder: Path | str) -> Place:
    if os.name != "posix":
        raise UnsupportedError(
            f"{NAME}: the store needs POSIX file locks; this system is {os.name}; use memory: or a server"
        )
    try:
        place = Place.at(folder)
    except (ValueError, RuntimeError, OSError) as error:
        raise ConfigError(f"{NAME}: the folder's path cannot be used: {type(error).__name__}") from error
    if os.path.lexists(place.folder) and not os.path.isdir(place.folder):  # noqa: PTH112 -- text throughout, see Place
        raise ConfigError(f"{NAME}: {place.folder} is a file; name a folder for the store")
    return place


def _borrowed(shared: _Shared) -> Engine:
    place, settings = shared
    with forking.opening:
        engine = _engines.get(shared)
        if engine is None or engine.is_closed:
            kind = kind_at(place.folder, mounts())
            if not settings.network_ok:
                refuse_network(place, kind)
            engine = _engines[shared] = Engine(place, settings, write_ahead=kind not in NETWORK)
            _users[shared] = 0
            forking.survive_forks(engine)
        _users[shared] += 1
    return engine


def _give_back(shared: _Shared, engine: Engine) -> None:
    _users[shared] -= 1
    if _users[shared] == 0:
        del _users[shared], _engines[shared]
        engine.close()


def _close_all() -> None:
    """Fold the logs into the files of stores that nobody closed, as the program ends."""
    for engine in list(_engines.values()):
        try:
            engine.close()
        except StoreError:
            # The program is over, and a later open finds everything in the log.
            continue


atexit.register(_close_all)
