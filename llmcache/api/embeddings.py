"""The embedding cache: vectors kept by text and model, in a blocking class and its async twin."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from llmcache.api.options import in_force
from llmcache.api.progress import Bar, Progress, bar_for
from llmcache.api.setup import Setup
from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.errors import UsageError
from llmcache.flows.once import dropping
from llmcache.model.embedder import Embedder, Role, check_count, check_function
from llmcache.model.key import Key, Kind, Space
from llmcache.model.options import Options, check_seconds
from llmcache.model.units import Seconds
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Clear

if TYPE_CHECKING:
    from llmcache.codec.floats import Array

Model: TypeAlias = Callable[[list[str]], Any]
AsyncModel: TypeAlias = Callable[[list[str]], Any | Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Task:
    """One call of `embed` before any I/O.

    Attributes:
        steps: Give a row for each different text, in memory of their own.
        bar: Shows how far it is.
        places: Which row each text has; None where all texts differ.
    """

    steps: "Steps[Array]"
    bar: Bar
    places: Sequence[int] | None

    def whole(self, rows: "Array") -> "Array":
        """Return a row for each text, the array the caller's own."""
        return rows if self.places is None else rows[self.places]


class Vectors:
    """What both colours of the embedding cache do before any I/O."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup.of(Kind.EMBEDDING)

    def space(self) -> Space:
        """Return the space that vectors are kept in for a call made now: namespace, tenant and options considered."""
        return self._setup.space(Kind.EMBEDDING, in_force())

    def _task(
        self,
        texts: Iterable[str],
        model: AsyncModel,
        embedder: Embedder,
        *,
        ttl: Seconds | None,
        batch_size: int | None,
        progress: Progress,
    ) -> Task:
        # Here and not above: an application that embeds nothing does not load what this needs.
        from llmcache.codec.floats import require_numpy  # noqa: PLC0415 -- see above
        from llmcache.flows.embedding import Terms, embed  # noqa: PLC0415 -- see above

        require_numpy()
        given = checked_texts(texts)
        check_function("call", model)
        wishes = in_force()
        unique = list(dict.fromkeys(given))
        bar = bar_for(progress)
        terms = Terms(
            self._setup.envelopes,
            self._setup.defaults.embedding_precision,
            embedder.dimensions,
            self._ttl(ttl, wishes),
            wishes.max_age,
            wishes.bypass,
            wishes.refresh,
            (wishes.coalesce or self._setup.defaults.coalesce) != "off",
            check_count("batch_size", batch_size),
            self._setup.capabilities.limits.max_batch,
            self._setup.capabilities.finds_damage,
            bar.tell,
        )
        steps = self._setup.observed(embed(unique, self._keys(unique, embedder, wishes), model, terms))
        return Task(steps, bar, None if len(unique) == len(given) else _places(unique, given))

    def _keys(self, texts: Sequence[str], embedder: Embedder, wishes: Options) -> Sequence[Key]:
        from llmcache.keys import embedding_keys  # noqa: PLC0415 -- as in `_task`

        keys = embedding_keys(texts, embedder, self._setup.namespace_for(wishes))
        return self._setup.envelopes.named_many(keys)

    def _ttl(self, ttl: Seconds | None, wishes: Options) -> Seconds | None:
        own = check_seconds("ttl", ttl)
        if own is not None:
            return own
        return self._setup.defaults.embedding_ttl if wishes.ttl is None else wishes.ttl

    def _clear_steps(self) -> Steps[None]:
        space = self.space()
        return self._setup.observed(dropping(iter(Clear(space)), space))


def checked_texts(texts: object) -> list[str]:
    """Return texts as a list; UsageError, which names the place, where one is none."""
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise UsageError(f"embed takes a list of texts, found one {type(texts).__name__}; write embed([text], ...)")
    given = list(texts)
    if set(map(type, given)) <= {str}:  # nearly always, and quicker than to look at each
        return given
    for place, text in enumerate(given):
        if not isinstance(text, str):
            raise UsageError(f"texts[{place}] is a text, found {type(text).__name__}")
    return given


def _places(unique: list[str], given: list[str]) -> list[int]:
    """Return where each of the given texts stands among the different ones."""
    at = {text: place for place, text in enumerate(unique)}
    return [at[text] for text in given]


class EmbeddingCache(Vectors):
    """Keeps vectors of texts, blocking. Safe to use from several threads.

    A store that fails is a miss, and a vector that was paid for is returned whatever the store does; `stats()` counts
    both. numpy is needed: `pip install 'llmcache-kit[vectors]'`.
    """

    def embed(
        self,
        texts: Iterable[str],
        call: Model,
        *,
        model: str,
        role: Role = "document",
        dimensions: int | None = None,
        normalised: bool = False,
        ttl: Seconds | None = None,
        batch_size: int | None = None,
        progress: Progress = None,
    ) -> "Array":
        """Return the vectors of `texts` as float32, shape (n, d), in their order; the array is the caller's own.

        What is kept is read in one round trip. Each other text goes to `call` once, however often it stands in `texts` and however
        many callers of this process ask for it at the same time. No texts give the shape (0, dimensions or 0).

        Args:
            texts: Any texts, empty ones included.
            call: Embeds a list of texts and returns a vector for each, in their order: an array, a list of lists or an
                iterator. Its exceptions pass unchanged; what it gave before that is kept.
            model: The model's name. Another name for what makes other vectors: a version, a fine-tuning.
            role: What the texts are; a query and a document of the same words have two vectors.
            dimensions: How many numbers the model is asked for; None means as many as it gives by itself. Only these are accepted.
            normalised: True where the model is asked for vectors of length one; nothing is normalised here.
            ttl: Time to live in seconds of what is kept; None means the cache's own.
            batch_size: Most texts in one call; None means all that are missing.
            progress: A function that is told how many texts have a vector, of how many; True and False show a bar or none. None
                shows one where it takes long and a person looks at standard error.

        Raises:
            UsageError: An argument is wrong, or `call` did not return one vector for each text, all of one length.
            PluginError: numpy is not installed.
        """
        embedder = Embedder(model, role, dimensions, normalised)
        task = self._task(texts, call, embedder, ttl=ttl, batch_size=batch_size, progress=progress)
        with task.bar:
            return task.whole(run(task.steps, self._setup.blocking_world))

    def clear(self) -> None:
        """Drop all vectors of the namespace, and nothing else; StoreError where that failed."""
        run(self._clear_steps(), self._setup.blocking_world)


class AsyncEmbeddingCache(Vectors):
    """Keeps vectors of texts, awaited: `EmbeddingCache` in the other colour, method by method."""

    async def embed(
        self,
        texts: Iterable[str],
        call: AsyncModel,
        *,
        model: str,
        role: Role = "document",
        dimensions: int | None = None,
        normalised: bool = False,
        ttl: Seconds | None = None,
        batch_size: int | None = None,
        progress: Progress = None,
    ) -> "Array":
        """As `EmbeddingCache.embed`; `call` may be a coroutine function."""
        embedder = Embedder(model, role, dimensions, normalised)
        task = self._task(texts, call, embedder, ttl=ttl, batch_size=batch_size, progress=progress)
        with task.bar:
            return task.whole(await run_async(task.steps, self._setup.awaiting_world))

    async def clear(self) -> None:
        """As `EmbeddingCache.clear`."""
        await run_async(self._clear_steps(), self._setup.awaiting_world)
