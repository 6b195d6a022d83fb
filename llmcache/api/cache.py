"""An open cache: one store, one namespace, and the products on it; a blocking class and its async twin."""

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from llmcache.api.counters import Stats
from llmcache.api.embeddings import AsyncEmbeddingCache, EmbeddingCache
from llmcache.api.history import AsyncChatHistory, ChatHistory
from llmcache.api.options import in_force
from llmcache.api.responses import AsyncResponseCache, ResponseCache
from llmcache.api.setup import Setup
from llmcache.api.vectors import AsyncCollection, AsyncModel, Collection, Load, Manner, Model
from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.errors import UsageError
from llmcache.flows.history import Lifetime
from llmcache.flows.once import dropping, unshared_after
from llmcache.flows.tags import clear_tags, model_tag
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.options import check_max_messages, check_models, check_seconds, check_tags
from llmcache.model.units import Seconds
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Clear, GetMany, Scan, Spaces

if TYPE_CHECKING:
    from llmcache.api.semantic import AsyncSemanticCache, AsyncVerify, SemanticCache, Verify


class Household:
    """What both colours of an open cache do before any I/O."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    @property
    def setup(self) -> Setup:
        """What this cache and its twin share; for integrations."""
        return self._setup

    @property
    def namespace(self) -> Namespace:
        """The cache's own namespace, before tenant and options."""
        return self._setup.namespace

    @property
    def capabilities(self) -> Capabilities:
        """What the store of answers declares it can do; `setup.of(kind)` knows those of others."""
        return self._setup.capabilities

    def stats(self) -> Stats:
        """Return what was counted in this process since the cache was opened."""
        return self._setup.stats()

    def __repr__(self) -> str:
        names = " and ".join(dict.fromkeys(setup.store_name for setup in self._setup.all))
        return f"<llmcache.{type(self).__name__} on {names}, namespace {self.namespace.text!r}>"

    def _conversation(
        self, name: str, ttl: Seconds | None, max_messages: int | None
    ) -> tuple[Setup, Key, Lifetime, int | None]:
        defaults = self._setup.defaults
        key = self._setup.envelopes.named(Key(self._setup.space(Kind.HISTORY, in_force()), name))
        kept = defaults.history_ttl if ttl is None else check_seconds("ttl", ttl)
        most = defaults.max_messages if max_messages is None else check_max_messages(max_messages)
        return self._setup.of(Kind.HISTORY), key, Lifetime(kept, defaults.sliding), most

    def _used(self, found: Sequence[Sequence[SpaceUse]]) -> list[SpaceUse]:
        """Return what each store says about the kinds it serves; what it keeps of others, nobody reads there."""
        listed = zip(self._setup.all, found, strict=True)
        served = [use for setup, uses in listed for use in uses if self._setup.of(use.space.kind) is setup]
        return sorted(served, key=lambda use: use.space.prefix)

    def _clearings(self, tags: Iterable[str], models: Iterable[str]) -> list[tuple[Setup, Steps[None]]]:
        """Return what is to be done to drop the answers that are meant, or all that can be had again, on each store."""
        named = check_models(models)
        if named and not self._setup.defaults.tag_models:
            raise UsageError(
                f"answers carry no tags of models here: open the cache with tag_models=True; or, where another program "
                f"does that, clear the tag itself: tags=({model_tag(named[0])!r},)"
            )
        checked = (*check_tags(tags), *map(model_tag, named))
        space = self._setup.space(Kind.RESPONSE, in_force())
        # Which tags the calls under way will carry, nobody knows yet: with tags, too, none of them is shared any more.
        if checked:
            steps = unshared_after(clear_tags(space, checked, self._setup.decoded), space)
            return [(self._setup, self._setup.observed(steps))]
        # Questions point to answers, which are gone then.
        kinds = [kind for kind in Kind if kind.is_evictable or kind is Kind.QUESTION]
        spaces = [Space(space.namespace, kind) for kind in kinds]
        stores = [self._setup.of(each.kind) for each in spaces]
        clearings = [dropping(iter(Clear(each)), each) for each in spaces]
        return [(store, store.observed(steps)) for store, steps in zip(stores, clearings, strict=True)]


class Cache(Household):
    """An open cache, blocking; made by `llmcache.open`. Use it in a `with` block, or call `close`."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.responses = ResponseCache(setup)
        self.embeddings = EmbeddingCache(setup)

    def history(self, name: str, *, ttl: Seconds | None = None, max_messages: int | None = None) -> ChatHistory:
        """Return the conversation called `name`; nothing is read or written yet.

        Args:
            name: Any non-empty text, such as a session's id.
            ttl: Time to live in seconds, from each append on unless the configuration says otherwise; None means the
                cache's own.
            max_messages: Most messages to keep, the oldest dropped first; None means the cache's own.
        """
        setup, key, lifetime, most = self._conversation(name, ttl, max_messages)
        return ChatHistory(setup, key, lifetime=lifetime, max_messages=most)

    def vectors(
        self,
        name: str,
        *,
        embed: Model | None = None,
        embed_query: Model | None = None,
        model: str | None = None,
        ttl: Seconds | None = None,
        sliding: bool = False,
        loader: Load | None = None,
        remembered: Seconds | None = None,
        approximate: bool = False,
    ) -> Collection:
        """Return the collection of documents called `name`; nothing is read or written yet.

        Args:
            embed: Embeds a list of texts and returns a vector for each; None where vectors are given with the documents.
            embed_query: The same for questions, where the model makes another vector of them.
            model: The model's name; it must be said where there is `embed`. Vectors of different models never meet: each has an
                index of its own.
            ttl: Time to live of a document in seconds; None means it does not end.
            sliding: True begins it anew when a document is found or got in the second half of it.
            loader: Gets a document by its id from where it comes from, or None where it is there no more. With it, what has ended is
                got and embedded again: when it is asked for, or shortly before it ends.
            remembered: How long after its end a document can come back, in seconds: from the loader, or without one embedded again from
                its kept text. None means ten times `ttl` with a loader, and not at all without.
            approximate: True lets a search of 50,000 documents and more leave one out now and then, which makes it three times as
                quick and takes twice the memory. What has ended is not found by such a search either.

        Raises:
            UsageError: An argument is wrong.
            PluginError: numpy is not installed.
        """
        manner = Manner(name, embed, embed_query, model, ttl, sliding, loader, remembered, approximate)
        return Collection(self._setup, manner)

    def semantic(
        self,
        embed: Model,
        *,
        model: str,
        embed_query: Model | None = None,
        similarity: float | None = None,
        margin: float | None = None,
        verify: "Verify | None" = None,
        with_tool_calls: bool = False,
        patience: Seconds = 5.0,
    ) -> "SemanticCache":
        """Return the answers of this cache as one that also gives them to questions that mean the same; nothing is read or written yet.

        Args:
            embed: Embeds a list of texts and returns a vector for each. Its vectors are kept, like those of `embeddings`.
            model: The embedding model's name. Questions are compared where it is the same.
            embed_query: The same for questions, where the model makes another vector of them.
            similarity: The least cosine between two questions; None means what a file says (`semantic.similarity`), or 0.8, which is
                strict. `llmcache tune` learns a better one.
            margin: The least margin of the answer over all others; None means `semantic.margin`, or 0.18, likewise.
            verify: Is asked with the question, the kept question and its answer before that is given, and behind the caller's back about
                near misses. What raises, takes too long, or does not return True gives no answer.
            with_tool_calls: True compares also where turns hold calls of tools or their results. An answer that calls one never is given.
            patience: How long embedding and verifying may take, in seconds; then it is a miss.

        Raises:
            UsageError: An argument is wrong.
            PluginError: numpy is not installed.
            UnsupportedError: The store keeps no vectors.
        """
        from llmcache.api.semantic import Manner, SemanticCache  # noqa: PLC0415 -- knows long lists of words

        manner = Manner(embed, model, embed_query, similarity, margin, verify, with_tool_calls, patience)
        return SemanticCache(self._setup, manner)

    def clear(self, *, tags: Iterable[str] = (), models: Iterable[str] = ()) -> None:
        """Drop the answers that carry one of `tags` or are of one of `models`; without either, all that can be had again.

        Only this namespace is touched. Conversations never are: clear them one by one.

        Args:
            models: Names as they were asked for. Only answers count that were kept while the cache tagged models.

        Raises:
            UsageError: Models are named, and this cache does not tag its answers by model.
            StoreError: It could not be done.
        """
        for store, steps in self._clearings(tags, models):
            run(steps, store.blocking_world)

    def spaces(self) -> Sequence[SpaceUse]:
        """Return how full each space is, those of other namespaces included, ordered by prefix."""
        return self._used([run(iter(Spaces()), setup.blocking_world) for setup in self._setup.all])

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> Sequence[Listed]:
        """Return up to `count` keys of `space` behind `after`, ordered by physical key."""
        return run(iter(Scan(space, after, count)), self._setup.of(space.kind).blocking_world)

    def body(self, key: Key) -> bytes | None:
        """Return the stored bytes under a key as they are, for people who look; None where nothing is kept."""
        return run(iter(GetMany((key,))), self._setup.of(key.space.kind).blocking_world)[0]

    @cached_property
    def awaiting(self) -> "AsyncCache":
        """The same open cache, to be awaited. Closing one closes both."""
        return AsyncCache(self._setup)

    def close(self) -> None:
        """Give back what the store holds; a second call does nothing. Later use raises ClosedError."""
        self._setup.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> NoReturn:
        raise UsageError("this is a blocking cache; write `async with llmcache.open_async(...)`, or a plain `with`")

    async def __aexit__(self, *_: object) -> None:
        """Never reached, because `__aenter__` raises; its presence makes `async with` get that far."""


class AsyncCache(Household):
    """An open cache, awaited: `Cache` in the other colour; made by `llmcache.open_async`."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.responses = AsyncResponseCache(setup)
        self.embeddings = AsyncEmbeddingCache(setup)

    def history(self, name: str, *, ttl: Seconds | None = None, max_messages: int | None = None) -> AsyncChatHistory:
        """As `Cache.history`; not awaited, because nothing is read or written yet."""
        setup, key, lifetime, most = self._conversation(name, ttl, max_messages)
        return AsyncChatHistory(setup, key, lifetime=lifetime, max_messages=most)

    def vectors(
        self,
        name: str,
        *,
        embed: AsyncModel | None = None,
        embed_query: AsyncModel | None = None,
        model: str | None = None,
        ttl: Seconds | None = None,
        sliding: bool = False,
        loader: Load | None = None,
        remembered: Seconds | None = None,
        approximate: bool = False,
    ) -> AsyncCollection:
        """As `Cache.vectors`; not awaited, because nothing is read or written yet."""
        manner = Manner(name, embed, embed_query, model, ttl, sliding, loader, remembered, approximate)
        return AsyncCollection(self._setup, manner)

    def semantic(
        self,
        embed: AsyncModel,
        *,
        model: str,
        embed_query: AsyncModel | None = None,
        similarity: float | None = None,
        margin: float | None = None,
        verify: "AsyncVerify | None" = None,
        with_tool_calls: bool = False,
        patience: Seconds = 5.0,
    ) -> "AsyncSemanticCache":
        """As `Cache.semantic`; `embed` and `verify` may be coroutine functions, and plain ones are called in place."""
        from llmcache.api.semantic import AsyncSemanticCache, Manner  # noqa: PLC0415 -- knows long lists of words

        manner = Manner(embed, model, embed_query, similarity, margin, verify, with_tool_calls, patience)
        return AsyncSemanticCache(self._setup, manner)

    async def clear(self, *, tags: Iterable[str] = (), models: Iterable[str] = ()) -> None:
        """As `Cache.clear`."""
        for store, steps in self._clearings(tags, models):
            await run_async(steps, store.awaiting_world)

    async def spaces(self) -> Sequence[SpaceUse]:
        """As `Cache.spaces`."""
        return self._used([await run_async(iter(Spaces()), setup.awaiting_world) for setup in self._setup.all])

    async def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> Sequence[Listed]:
        """As `Cache.scan`."""
        return await run_async(iter(Scan(space, after, count)), self._setup.of(space.kind).awaiting_world)

    async def body(self, key: Key) -> bytes | None:
        """As `Cache.body`."""
        return (await run_async(iter(GetMany((key,))), self._setup.of(key.space.kind).awaiting_world))[0]

    @cached_property
    def blocking(self) -> Cache:
        """The same open cache, blocking. Closing one closes both."""
        return Cache(self._setup)

    async def close(self) -> None:
        """As `Cache.close`."""
        async with AsyncExitStack() as closing:
            for setup in self._setup.all:
                closing.push_async_callback(setup.awaiting_world.store.close)
            # The last one in is the first one done: work that still runs needs its leases, and those the store.
            closing.push_async_callback(self._setup.flights.leases.close_async)
            closing.push_async_callback(self._setup.background.close_async)

    def __await__(self) -> NoReturn:
        raise UsageError(
            "an async cache is open at once; write `async with llmcache.open_async(...) as cache`, without await"
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __enter__(self) -> NoReturn:
        raise UsageError("this is an async cache; write `async with`, or `with llmcache.open(...)`")

    def __exit__(self, *_: object) -> None:
        """Never reached, because `__enter__` raises; its presence makes `with` get that far."""
