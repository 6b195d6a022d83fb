"""Collections of documents that are found by meaning, end, and come back: a blocking class and its async twin."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from llmcache.api.embeddings import AsyncEmbeddingCache, EmbeddingCache
from llmcache.api.options import in_force
from llmcache.api.setup import Setup
from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.errors import UsageError
from llmcache.flows import coming_back, documents
from llmcache.model.document import Document, Match
from llmcache.model.embedder import check_function, named
from llmcache.model.key import Key, Kind, Space
from llmcache.model.options import check_seconds
from llmcache.model.units import Plain, Seconds
from llmcache.model.where import Where
from llmcache.policy.where import read_filter
from llmcache.protocols.steps import Steps

if TYPE_CHECKING:
    from llmcache.codec.floats import Array

Model: TypeAlias = Callable[[list[str]], Any]
AsyncModel: TypeAlias = Callable[[list[str]], Any | Awaitable[Any]]
Load: TypeAlias = Callable[[str], Any]

AHEAD = 0.1
"""Share of the time to live, at its end, in which what can come back does so behind the callers' backs."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a collection behaves.

    Attributes:
        name: Names it in its namespace.
        embed: Embeds texts; None where vectors are given.
        embed_query: Embeds questions, where the model makes another vector of them.
        model: The model's name; None only where vectors are given.
        ttl: Time to live of a document, in seconds; None means it does not end.
        sliding: True where it begins anew when a document is found or got.
        loader: Gets a document by its id.
        remembered: How long after its end a document can come back, in seconds.
        approximate: True where a search of many documents may leave one out.
    """

    name: str
    embed: AsyncModel | None = None
    embed_query: AsyncModel | None = None
    model: str | None = None
    ttl: Seconds | None = None
    sliding: bool = False
    loader: Load | None = None
    remembered: Seconds | None = None
    approximate: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise UsageError(f"a collection's name is a non-empty text, found {named(self.name)}")
        if self.model is not None and (not isinstance(self.model, str) or not self.model):
            raise UsageError(f"model is a non-empty text, found {named(self.model)}")
        if self.embed is not None and self.model is None:
            raise UsageError(
                "name the model that `embed` asks, model='all-minilm-l6-v2': vectors of two must never meet"
            )
        for name in ("embed", "embed_query", "loader"):
            given = getattr(self, name)
            if given is not None:
                check_function(name, given)
        for name in ("sliding", "approximate"):
            if not isinstance(getattr(self, name), bool):
                raise UsageError(f"{name} is True or False, found {type(getattr(self, name)).__name__}")
        check_seconds("ttl", self.ttl)
        check_seconds("remembered", self.remembered)
        if self.ttl is None and (self.sliding or self.loader is not None or self.remembered is not None):
            raise UsageError("sliding, loader and remembered are about documents that end: give the collection a ttl")
        if self.loader is not None and self.embed is None:
            raise UsageError("what comes back is embedded: a collection with a loader needs embed")


class Shelf:
    """What both colours of a collection do before any I/O."""

    def __init__(self, setup: Setup, manner: Manner) -> None:
        self._opened = setup
        self._setup = setup.with_approximate_vectors if manner.approximate else setup.with_vectors
        self._manner = manner

    @property
    def name(self) -> str:
        """Names it in its namespace."""
        return self._manner.name

    def _terms(self, embed: documents.Embed) -> documents.Terms:
        wishes, manner = in_force(), self._manner
        ttl = manner.ttl if wishes.ttl is None else wishes.ttl
        namespace = self._setup.namespace_for(wishes).child((manner.name,))
        limits = self._setup.capabilities.limits
        return documents.Terms(
            texts=Space(namespace, Kind.DOCUMENT),
            index=self._setup.envelopes.named(Key(Space(namespace, Kind.VECTORS), self._model)),
            envelopes=self._setup.envelopes,
            embed=embed,
            ttl=ttl,
            sliding=manner.sliding,
            remembered=self._remembered(ttl, limits.max_ttl),
            load=manner.loader,
            ahead=0.0 if ttl is None else ttl * AHEAD,
            most=limits.max_batch,
        )

    def _remembered(self, ttl: Seconds | None, longest: Seconds | None) -> Seconds:
        """Return how long what has ended is remembered: not longer than the store keeps anything."""
        if ttl is None:
            return 0.0
        wished = self._manner.remembered
        if wished is None:
            wished = _REMEMBERED * ttl if self._manner.loader is not None else 0.0
        return wished if longest is None else max(0.0, min(wished, longest - ttl))

    def _index_steps(self, steps: Steps[Any]) -> Steps[Any]:
        return self._setup.observed(steps)

    @property
    def _model(self) -> str:
        return self._manner.model or "vectors"

    @staticmethod
    def _where(given: Mapping[str, Plain] | None) -> Where | None:
        return None if given is None else read_filter(given)

    def _needs_embed(self, role: str) -> AsyncModel:
        manner = self._manner
        found = (manner.embed_query or manner.embed) if role == "query" else manner.embed
        if found is None:
            raise UsageError(
                "this collection was opened without `embed`: give vectors, or open it with a function that embeds"
            )
        return found


_REMEMBERED = 10
"""By default a document with a loader is remembered for ten times its time to live."""


def _as_bytes(rows: "Array") -> list[bytes]:
    return [row.astype("<f4").tobytes() for row in rows]


def _given(vectors: object, what: str) -> list[bytes]:
    """Return vectors that a user gave, as bytes of float32; UsageError, which says `what` they should be."""
    from llmcache.codec.floats import rows_of  # noqa: PLC0415 -- knows numpy

    try:
        given = list(vectors) if isinstance(vectors, Iterable) else []
        return _as_bytes(rows_of(given, len(given), whole=True, dimensions=None))
    except UsageError as error:
        raise UsageError(f"{what}, all of one length") from error


def _least(found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not -1 <= found <= 1:
        raise UsageError(f"least is a cosine in [-1, 1], found {found!r:.40}")
    return float(found)


def _flag(found: object) -> bool:
    if not isinstance(found, bool):
        raise UsageError(f"with_vectors is True or False, found {type(found).__name__}")
    return found


def _checked(found: object) -> list[Document]:
    if isinstance(found, Document | str | bytes) or not isinstance(found, Iterable):
        raise UsageError(
            f"upsert takes a list of documents, found one {type(found).__name__}; write upsert([document])"
        )
    given = list(found)
    for place, document in enumerate(given):
        if not isinstance(document, Document):
            raise UsageError(f"documents[{place}] is a llmcache.Document, found {type(document).__name__}")
        # Both are seen here, because the text is kept before the index sees them.
        try:
            document.id.encode()
            orjson.dumps(dict(document.metadata), option=orjson.OPT_PASSTHROUGH_DATETIME)
        except UnicodeEncodeError as error:
            raise UsageError(f"documents[{place}].id is no Unicode text: it holds half of a character") from error
        except TypeError as error:
            raise UsageError(f"documents[{place}].metadata is not JSON-like data with text as keys: {error}") from error
    return given


def _queries(found: Any) -> list[Any]:
    if isinstance(found, str | bytes) or not isinstance(found, Iterable):
        raise UsageError(f"recall takes a list of queries, found one {type(found).__name__}; write recall([query])")
    return list(found)


def _ids(found: object) -> list[str]:
    if isinstance(found, str | bytes) or not isinstance(found, Iterable):
        raise UsageError(f"ids are a list of texts, found one {type(found).__name__}")
    given = list(found)
    for place, one in enumerate(given):
        if not isinstance(one, str) or not one:
            raise UsageError(f"ids[{place}] is a non-empty text, found {type(one).__name__}")
    return given


class Collection(Shelf):
    """Documents that are found by meaning, blocking; made by `Cache.vectors`. Safe to use from several threads."""

    def __init__(self, setup: Setup, manner: Manner) -> None:
        super().__init__(setup, manner)
        self._embeddings = EmbeddingCache(setup)

    def upsert(self, found: Iterable[Document], vectors: "Array | Sequence[Sequence[float]] | None" = None) -> None:
        """Keep documents, each in the place of one of the same id.

        Args:
            found: The documents; of one id twice the later one holds.
            vectors: One for each, of any length but zero; None has them embedded.

        Raises:
            UsageError: A document, its metadata or a vector is wrong; nothing was kept.
            StoreError: Some may have been kept; safe to repeat.
        """
        given = _checked(found)
        if given:
            known = (
                self._embed([one.text for one in given])
                if vectors is None
                else _given(vectors, "vectors are lists of numbers")
            )
            _same_number(given, known)
            run(self._index_steps(documents.upsert(self._here(), given, known)), self._setup.blocking_world)

    def search(
        self,
        query: "str | Array | Sequence[float]",
        count: int = 4,
        *,
        where: Mapping[str, Plain] | None = None,
        least: float = -1.0,
        with_vectors: bool = False,
    ) -> list[Match]:
        """Return the documents nearest to `query`, the nearest first; none that has ended, and what can come back has come back.

        Args:
            query: A text, or its vector.
            count: Most documents.
            where: Which documents: a filter on their metadata, see docs/howto/vectors.md.
            least: Least similarity, a cosine in [-1, 1].
            with_vectors: True gives each match its vector; a search is quicker without.
        """
        (vector,) = (
            self._embed([query], "query")
            if isinstance(query, str)
            else _given([query], "a query is a text, or a vector: a list of numbers")
        )
        asked = documents.Search(vector, count, self._where(where), _least(least), _flag(with_vectors))
        steps = coming_back.find(self._here(), asked)
        found: list[Match] = run(self._index_steps(steps), self._setup.blocking_world)
        return found

    def get(self, ids: Iterable[str]) -> list[Document | None]:
        """Return documents by their ids, in order; None for one that is not there, has ended and cannot come back."""
        steps = coming_back.get(self._here(), _ids(ids))
        found: list[Document | None] = run(self._index_steps(steps), self._setup.blocking_world)
        return found

    def delete(self, ids: Iterable[str]) -> None:
        """Delete documents; one that is not there is no error."""
        run(self._index_steps(documents.delete(self._here(), _ids(ids))), self._setup.blocking_world)

    def recall(self, queries: Iterable["str | Array | Sequence[float]"], count: int = 10) -> float:
        """Return what share of the nearest a search finds now, from 0 to 1: beside exact searches, over all `queries`.

        It is 1 where the collection is not approximate, or too small to be. An exact index is read for it, and kept as others are.
        """
        exact, asked = Collection(self._opened, replace(self._manner, approximate=False)), _queries(queries)
        return _share([(self.search(one, count), exact.search(one, count)) for one in asked])

    def refresh(self) -> int:
        """Bring back what has ended or will soon, and return how many documents that were; for a job that runs now and then."""
        done: int = run(self._index_steps(coming_back.refresh(self._here())), self._setup.blocking_world)
        return done

    def clear(self) -> None:
        """Drop the collection, and nothing else."""
        run(self._index_steps(documents.clear(self._here())), self._setup.blocking_world)

    def _here(self) -> documents.Terms:
        return self._terms(self._embed)

    def _embed(self, texts: list[str], role: Any = "document") -> list[bytes]:
        return _as_bytes(self._embeddings.embed(texts, self._needs_embed(role), model=self._model, role=role))


class AsyncCollection(Shelf):
    """Documents that are found by meaning, awaited: `Collection` in the other colour. `embed` and `loader` may be coroutine functions."""

    def __init__(self, setup: Setup, manner: Manner) -> None:
        super().__init__(setup, manner)
        self._embeddings = AsyncEmbeddingCache(setup)

    async def upsert(
        self, found: Iterable[Document], vectors: "Array | Sequence[Sequence[float]] | None" = None
    ) -> None:
        """As `Collection.upsert`."""
        given = _checked(found)
        if given:
            known = (
                await self._embed([one.text for one in given])
                if vectors is None
                else _given(vectors, "vectors are lists of numbers")
            )
            _same_number(given, known)
            await run_async(self._index_steps(documents.upsert(self._here(), given, known)), self._setup.awaiting_world)

    async def search(
        self,
        query: "str | Array | Sequence[float]",
        count: int = 4,
        *,
        where: Mapping[str, Plain] | None = None,
        least: float = -1.0,
        with_vectors: bool = False,
    ) -> list[Match]:
        """As `Collection.search`."""
        (vector,) = (
            await self._embed([query], "query")
            if isinstance(query, str)
            else _given([query], "a query is a text, or a vector: a list of numbers")
        )
        asked = documents.Search(vector, count, self._where(where), _least(least), _flag(with_vectors))
        steps = coming_back.find(self._here(), asked)
        found: list[Match] = await run_async(self._index_steps(steps), self._setup.awaiting_world)
        return found

    async def get(self, ids: Iterable[str]) -> list[Document | None]:
        """As `Collection.get`."""
        steps = coming_back.get(self._here(), _ids(ids))
        found: list[Document | None] = await run_async(self._index_steps(steps), self._setup.awaiting_world)
        return found

    async def delete(self, ids: Iterable[str]) -> None:
        """As `Collection.delete`."""
        await run_async(self._index_steps(documents.delete(self._here(), _ids(ids))), self._setup.awaiting_world)

    async def recall(self, queries: Iterable["str | Array | Sequence[float]"], count: int = 10) -> float:
        """As `Collection.recall`."""
        exact, asked = AsyncCollection(self._opened, replace(self._manner, approximate=False)), _queries(queries)
        return _share([(await self.search(one, count), await exact.search(one, count)) for one in asked])

    async def refresh(self) -> int:
        """As `Collection.refresh`."""
        done: int = await run_async(self._index_steps(coming_back.refresh(self._here())), self._setup.awaiting_world)
        return done

    async def clear(self) -> None:
        """As `Collection.clear`."""
        await run_async(self._index_steps(documents.clear(self._here())), self._setup.awaiting_world)

    def _here(self) -> documents.Terms:
        return self._terms(self._embed)

    async def _embed(self, texts: list[str], role: Any = "document") -> list[bytes]:
        call = self._needs_embed(role)
        return _as_bytes(await self._embeddings.embed(texts, call, model=self._model, role=role))


def _same_number(given: Sequence[Document], vectors: Sequence[bytes]) -> None:
    if len(given) != len(vectors):
        raise UsageError(f"{len(given):,} documents came with {len(vectors):,} vectors")


def _share(searches: Sequence[tuple[Sequence[Match], Sequence[Match]]]) -> float:
    """Return the share of what exact searches found that others found, too; all of it where there is nothing."""
    pairs = [({one.document.id for one in found}, {one.document.id for one in exact}) for found, exact in searches]
    wanted = sum(len(exact) for _, exact in pairs)
    return sum(len(found & exact) for found, exact in pairs) / wanted if wanted else 1.0
