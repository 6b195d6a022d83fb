"""Bytes under names, for integrations: a blocking class and its async twin. Unlike answers, nothing fails open."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from llmcache.api.options import in_force
from llmcache.api.setup import Setup
from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.errors import UnsupportedError, UsageError
from llmcache.flows import raw as flow
from llmcache.model.key import Key, Kind, Space
from llmcache.model.options import check_seconds
from llmcache.model.units import Seconds
from llmcache.protocols.scan import Listed
from llmcache.protocols.steps import Steps


class Names:
    """What both colours do before any I/O."""

    def __init__(self, setup: Setup, ttl: Seconds | None = None) -> None:
        self._setup = setup.of(Kind.BYTES)
        self._ttl = check_seconds("ttl", ttl)
        self._most = self._setup.capabilities.limits.max_batch

    def _space(self) -> Space:
        return self._setup.space(Kind.BYTES, in_force())

    def _keys(self, names: Sequence[str]) -> list[Key]:
        if isinstance(names, str | bytes):
            raise UsageError(f"names are a list of texts, found one {type(names).__name__}")
        space = self._space()
        return [self._setup.envelopes.named(Key(space, name)) for name in names]

    def _read_steps(self, names: Sequence[str]) -> Steps[list[bytes | None]]:
        return self._setup.observed(flow.read(self._keys(names), self._setup.envelopes, self._most))

    def _write_steps(self, pairs: Sequence[tuple[str, bytes]]) -> Steps[None]:
        if isinstance(pairs, Mapping):
            raise UsageError(
                "what is kept is a list of pairs of a name and its bytes, found a mapping; give its items()"
            )
        for name, raw in pairs:
            if not isinstance(raw, bytes):
                raise UsageError(
                    f"what is kept under a name of {len(name)} characters is bytes, found {type(raw).__name__}"
                )
        keys = self._keys([name for name, _ in pairs])
        kept = [(key, raw) for key, (_, raw) in zip(keys, pairs, strict=True)]
        return self._setup.observed(flow.write(kept, self._setup.envelopes, self._ttl, self._most))

    def _delete_steps(self, names: Sequence[str]) -> Steps[None]:
        return self._setup.observed(flow.delete(self._keys(names), self._most))

    def _page_steps(self, space: Space, after: Key | None) -> Steps[Sequence[Listed]]:
        if self._setup.envelopes.named(start := Key(space, "name")) is not start:
            raise UnsupportedError("the seal of this cache hides names, so that they cannot be listed")
        return self._setup.observed(flow.page(space, after))


class RawStore(Names):
    """Keeps bytes under names, blocking. A missing name gives None; a store that fails raises StoreError."""

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Return what is kept under each name, or None, in their order."""
        return run(self._read_steps(names), self._setup.blocking_world)

    def put_many(self, pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep bytes under names, replacing what was there.

        Raises:
            UsageError: A name is empty or longer than 400 bytes, or something else than bytes is to be kept.
        """
        run(self._write_steps(pairs), self._setup.blocking_world)

    def delete_many(self, names: Sequence[str]) -> None:
        """Drop what is kept under names; a missing one is no error."""
        run(self._delete_steps(names), self._setup.blocking_world)

    def names(self, prefix: str = "") -> Iterator[str]:
        """Give every name that begins like that, in no order that can be relied on.

        Raises:
            UnsupportedError: The store cannot be listed, or the seal hides names.
        """
        space, after = self._space(), None
        while page := run(self._page_steps(space, after), self._setup.blocking_world):
            yield from (listed.key.name for listed in page if listed.key.name.startswith(prefix))
            after = page[-1].key


class AsyncRawStore(Names):
    """Keeps bytes under names, awaited: `RawStore` in the other colour, method by method."""

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """As `RawStore.get_many`."""
        return await run_async(self._read_steps(names), self._setup.awaiting_world)

    async def put_many(self, pairs: Sequence[tuple[str, bytes]]) -> None:
        """As `RawStore.put_many`."""
        await run_async(self._write_steps(pairs), self._setup.awaiting_world)

    async def delete_many(self, names: Sequence[str]) -> None:
        """As `RawStore.delete_many`."""
        await run_async(self._delete_steps(names), self._setup.awaiting_world)

    async def names(self, prefix: str = "") -> AsyncIterator[str]:
        """As `RawStore.names`."""
        space, after = self._space(), None
        while page := await run_async(self._page_steps(space, after), self._setup.awaiting_world):
            for listed in page:
                if listed.key.name.startswith(prefix):
                    yield listed.key.name
            after = page[-1].key
