"""Calling stores and clients of both colours by one text."""

import asyncio
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from momento import CacheClient, CacheClientAsync, Configurations, CredentialProvider

from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache_momento import Account, Settings, open_account
from llmcache_momento.credentials import local_account
from llmcache_momento.local import MomentoLocal

COLOURS = ("blocking", "async")
BEGIN = 1_900_000_000.0


class Clock:
    """A time of day that a test sets."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> float:
        return self.now


def space(kind: Kind = Kind.RESPONSE, namespace: str = "shop") -> Space:
    """Return a space."""
    return Space(Namespace.of(namespace), kind)


def key(name: str = "name", kind: Kind = Kind.RESPONSE) -> Key:
    """Return a key."""
    return Key(space(kind), name)


LOG = key("session", Kind.HISTORY)


class Shop:
    """An opened store, driven in one colour: `shop("get_many", keys)`.

    Args:
        server: The stand-in.
        clock: The store's.
        colour: "blocking" or "async".
        account: Another than the stand-in's own.
        settings: Other settings than the tests' own.
    """

    def __init__(
        self, server: MomentoLocal, clock: Clock, colour: str, *, account: Account | None = None, **settings: Any
    ) -> None:
        own: dict[str, Any] = {"cache": "shop", "timeout": 10.0, "ttl_resolution": 0.001, "lease": 0.0}
        at = account or local_account(server.host, server.port)
        self.pair = open_account(at, Settings(**{**own, **settings}), clock=clock)
        self.colour = colour
        self._runner = asyncio.Runner()

    def __call__(self, method: str, *args: Any, **options: Any) -> Any:
        """Call a method of the store."""
        if self.colour == "blocking":
            return getattr(self.pair.blocking, method)(*args, **options)
        return self.run(getattr(self.pair.awaiting, method)(*args, **options))

    def run(self, awaited: Any) -> Any:
        """Await something in the loop of this shop."""

        async def waited() -> Any:
            return await awaited

        return self._runner.run(waited())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self("close")
        self._runner.close()


class Sdk:
    """Momento's own client, driven in one colour: `sdk("get", "shop", "key")`."""

    def __init__(self, server: MomentoLocal, colour: str, token: str = "") -> None:
        account = CredentialProvider.for_momento_local(server.host, server.port)
        account.auth_token = token
        self._with = (Configurations.Laptop.v1(), account, timedelta(minutes=5))
        self._runner = asyncio.Runner()
        self._client: Any = CacheClient(*self._with) if colour == "blocking" else self._runner.run(self._made())

    async def _made(self) -> CacheClientAsync:
        return CacheClientAsync(*self._with)

    def __call__(self, method: str, *args: Any, **options: Any) -> Any:
        """Call a method of the client and return its response."""
        answer = getattr(self._client, method)(*args, **options)
        return self._runner.run(answer) if asyncio.iscoroutine(answer) else answer

    def name_of(self, method: str, *args: Any, **options: Any) -> str:
        """Call a method and return what kind of response came, such as "Hit"."""
        return type(self(method, *args, **options)).__name__

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(self._client, CacheClientAsync):
            self._runner.run(self._client.__aexit__(None, None, None))
        else:
            self._client.__exit__(None, None, None)
        self._runner.close()
