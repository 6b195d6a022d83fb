"""The semantic cache: answers also for questions that mean the same, in a blocking class and its async twin.

It is a response cache like `cache.responses`, on the same answers. What is kept through it is found by meaning; what is kept
through the other is found exactly, by both.
"""

import inspect
import math
import weakref
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from llmcache.api.asked import require_request
from llmcache.api.embeddings import AsyncEmbeddingCache, AsyncModel, EmbeddingCache
from llmcache.api.options import in_force
from llmcache.api.responses import Answers, AsyncResponseCache, OnStale, ResponseCache, handed_out, wishes_with
from llmcache.api.setup import Defaults, Setup
from llmcache.api.shortcut import NotAnswered
from llmcache.codec.plain import copy_plain
from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.drivers.bounding import Within
from llmcache.drivers.hands import Hands
from llmcache.errors import UnsupportedError, UsageError
from llmcache.flows.looking import Found
from llmcache.flows.meaning import FINDABLE, Comparing, Inquiry, Role, keep_and_learn, look_up_or_near
from llmcache.flows.responses import Terms
from llmcache.keys.partition import Question, request_question
from llmcache.model.embedder import check_function, named
from llmcache.model.entry import Provenance
from llmcache.model.key import Key, Kind
from llmcache.model.options import Options, check_seconds
from llmcache.model.request import Request
from llmcache.model.units import Plain, Seconds
from llmcache.policy.similarity import Thresholds
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import Clear
from llmcache.protocols.world_ops import Call

if TYPE_CHECKING:
    from llmcache.codec.floats import Array

Verify: TypeAlias = Callable[[str, str, Any], bool]
AsyncVerify: TypeAlias = Callable[[str, str, Any], bool | Awaitable[bool]]
OnNear: TypeAlias = Callable[[Found], object]
"""Is told of an answer that was kept for another question, with how near that is (`found.near`)."""

PATIENCE: Seconds = 5.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How a semantic cache compares questions.

    Attributes:
        embed: Embeds a list of texts.
        model: The embedding model's name.
        embed_query: The same for questions, where the model makes another vector of them.
        similarity: See `Thresholds`; None means what a file says, or its default.
        margin: Likewise.
        verify: Is asked before an answer is given, and about near misses.
        with_tool_calls: True where turns may hold calls of tools or their results.
        patience: How long embedding and verifying may take, in seconds.
    """

    embed: AsyncModel
    model: str
    embed_query: AsyncModel | None = None
    similarity: float | None = None
    margin: float | None = None
    verify: AsyncVerify | None = None
    with_tool_calls: bool = False
    patience: Seconds = PATIENCE

    def __post_init__(self) -> None:
        if not isinstance(self.model, str) or not self.model:
            raise UsageError(f"model is the embedding model's name, a non-empty text; found {named(self.model)}")
        for name in ("embed", "embed_query", "verify"):
            given = getattr(self, name)
            if given is not None or name == "embed":
                check_function(name, given)
        for name in ("similarity", "margin"):
            _check_threshold(name, getattr(self, name))
        check_seconds("patience", self.patience)

    def thresholds(self, defaults: Defaults) -> Thresholds:
        """Return how sure a hit must be: as is said here, or else in a file."""
        held = Thresholds()
        for name in ("similarity", "margin"):
            own = getattr(self, name)
            value = getattr(defaults, name) if own is None else own
            held = held if value is None else replace(held, **{name: value})
        return held


def _check_threshold(name: str, found: object) -> None:
    if found is None:
        return
    is_number = isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
    if not is_number or not 0 <= found <= 1:  # type: ignore[operator]  # a number by then
        raise UsageError(f"{name} is a number from 0 to 1, found {found!r:.40}")


class Asking(Answers):
    """What both colours do before any I/O: from a request to an inquiry."""

    def __init__(self, setup: Setup, manner: Manner) -> None:
        fit = setup.with_vectors
        if not fit.capabilities.vectors:
            raise UnsupportedError(
                f"the {fit.store_name} store keeps no vectors; choose another store, for example sqlite:"
            )
        super().__init__(fit)
        self._manner = manner
        self._hands = Hands("embedder")
        weakref.finalize(self, self._hands.close)

    def question(self, asked: Request, wishes: Options) -> Question | None:
        """Return what a request asks last, or None where it is answered exactly or not at all."""
        namespace = self._setup.namespace_for(wishes)
        return request_question(asked, namespace, self._manner.model, with_tool_calls=self._manner.with_tool_calls)

    def _inquiry(self, question: Question | None, wishes: Options) -> Inquiry | None:
        if question is None:
            return None
        named = replace(question, partition=self._setup.envelopes.named(question.partition))
        verify = None if self._manner.verify is None else self._verify
        comparing = Comparing(
            self._embed,
            self._manner.thresholds(self._setup.defaults),
            self._setup.decoded,
            self._setup.envelopes,
            verify,
        )
        return Inquiry(named, self._setup.space(Kind.RESPONSE, wishes), comparing)

    def _embed(self, text: str, role: Role) -> Op[bytes]:
        raise NotImplementedError

    def _verify(self, asked: str, kept: str, answer: Plain) -> Op[bool]:
        assert self._manner.verify is not None
        return self._in_time(partial(self._manner.verify, asked, kept, self._shown(answer)))

    def _shown(self, answer: Plain) -> Plain:
        """Return an answer as whoever verifies it gets to see it."""
        return copy_plain(answer)

    def _in_time(self, function: Callable[[], Any]) -> Op[Any]:
        return Within(Call(function), self._manner.patience, self._hands, "the embedder", None)

    @property
    def _vectors_ttl(self) -> Seconds:
        """How long vectors are kept: as is said for vectors or for this call, and else as long as questions are found.

        Each question and each answer leaves one, and nobody would ever delete them.
        """
        wished, longest = in_force().ttl, self._setup.capabilities.limits.max_ttl
        given = self._setup.defaults.embedding_ttl if wished is None else wished
        return given or (FINDABLE if longest is None else min(FINDABLE, longest))

    def _model_for(self, role: Role) -> AsyncModel:
        return (self._manner.embed_query or self._manner.embed) if role == "query" else self._manner.embed

    def _terms(self, asked: Request, wishes: Options) -> Terms:
        return replace(super()._terms(asked, wishes), inquiry=self._inquiry(self.question(asked, wishes), wishes))

    def _put_steps(self, asked: Request, value: Plain, wishes: Options) -> Steps[None]:
        require_request(asked)
        inquiry = self._inquiry(self.question(asked, wishes), wishes)
        draft = self._draft(wishes, Provenance(model=asked.model))
        return self._setup.observed(
            keep_and_learn(self._key(asked, wishes), value, draft, self._setup.decoded, inquiry)
        )

    def _near_steps(self, asked: Request, wishes: Options, key: Key) -> Steps[Found | None]:
        inquiry = self._inquiry(self.question(asked, wishes), wishes)
        return self._setup.observed(look_up_or_near(key, self._setup.decoded, inquiry, max_age=wishes.max_age))

    def near_steps(self, key: Key, question: Question | None) -> Steps[Found | None]:
        """Return steps that look for a question that means the same, for integrations that have looked for `key` exactly."""
        wishes = in_force()
        inquiry = None if wishes.bypass or wishes.refresh else self._inquiry(question, wishes)
        return _nothing() if inquiry is None else self._setup.observed(inquiry.look(key, max_age=wishes.max_age))

    def learn_steps(self, key: Key, question: Question | None, answer: Plain) -> Steps[None]:
        """Return steps that have a question found with the answer that is kept under `key`, for integrations."""
        wishes = in_force()
        inquiry = self._inquiry(question, wishes)
        ttl = self._setup.defaults.ttl if wishes.ttl is None else wishes.ttl
        return _nothing() if inquiry is None else self._setup.observed(inquiry.learn(key, answer, ttl))

    def _forget_steps(self) -> Steps[None]:
        space = self._setup.space(Kind.QUESTION, in_force())
        return self._setup.observed(iter(Clear(space)))


def _nothing() -> Steps[None]:
    yield from ()


def _near_or_old(on_near: OnNear | None, on_stale: OnStale | None, answer: Found | Plain) -> Plain:
    if isinstance(answer, Found) and answer.near is not None and on_near is not None:
        on_near(answer)
    return handed_out(answer, on_stale)


class SemanticCache(Asking, ResponseCache):
    """Keeps answers of models and gives them to questions that mean the same, blocking. Safe to use from several threads.

    Exact first; then by meaning, among questions of the same namespace, tenant, model, parameters, system prompt, tools and earlier turns
    alone. A model of embeddings that fails is a miss, and is counted.
    """

    def __init__(self, setup: Setup, manner: Manner) -> None:
        for name in ("embed", "embed_query", "verify"):
            # Each call would fail, be counted, and be a miss: nobody would see that nothing is ever found by meaning.
            if inspect.iscoroutinefunction(getattr(manner, name)):
                raise UsageError(f"{name} is an async function, and this cache is a blocking one; use open_async()")
        super().__init__(setup, manner)
        self._vectors = EmbeddingCache(setup)

    def get_or_call(
        self,
        asked: Request,
        call: Callable[[], Plain],
        *,
        ttl: Seconds | None = None,
        tags: Iterable[str] = (),
        on_stale: OnStale | None = None,
        on_near: OnNear | None = None,
    ) -> Plain:
        """As `ResponseCache.get_or_call`, but that the kept answer to another question is returned where that means the same.

        Args:
            on_near: Is called before such an answer is returned, with the entry and how near the questions are (`found.near`).
        """
        steps = self._call_steps(asked, call, wishes_with(ttl=ttl, tags=tags))
        return _near_or_old(on_near, on_stale, run(steps, self._setup.blocking_world))

    def find(self, asked: Request | Key) -> Found | None:
        """Return the entry kept for `asked`, or for a question that means the same, which `near` tells of; or None."""
        wishes = in_force()
        if isinstance(asked, Key) or wishes.bypass or wishes.refresh:
            return super().find(asked)
        require_request(asked)
        key = self._key(asked, wishes)
        answer = self._quick(key, wishes)
        if isinstance(answer, Found):
            return answer
        if isinstance(answer, NotAnswered):
            return run(self._near_steps(asked, wishes, key), self._setup.blocking_world)
        return run(self.near_steps(key, self.question(asked, wishes)), self._setup.blocking_world)

    def near(self, key: Key, question: Question | None) -> Found | None:
        """Run `near_steps`."""
        return run(self.near_steps(key, question), self._setup.blocking_world)

    def learn(self, key: Key, question: Question | None, answer: Plain) -> None:
        """Run `learn_steps`."""
        run(self.learn_steps(key, question, answer), self._setup.blocking_world)

    def clear(self) -> None:
        """Drop all answers of the namespace, and all that is known of its questions; StoreError where that failed."""
        super().clear()
        run(self._forget_steps(), self._setup.blocking_world)

    def _embed(self, text: str, role: Role) -> Op[bytes]:
        def embed() -> bytes:
            model = self._model_for(role)
            return _row(
                self._vectors.embed(
                    [text], model, model=self._manner.model, role=role, ttl=self._vectors_ttl, progress=False
                )
            )

        return self._in_time(embed)


class AsyncSemanticCache(Asking, AsyncResponseCache):
    """Keeps answers of models and gives them to questions that mean the same, awaited: `SemanticCache` in the other colour."""

    def __init__(self, setup: Setup, manner: Manner) -> None:
        super().__init__(setup, manner)
        self._vectors = AsyncEmbeddingCache(setup)

    async def get_or_call(
        self,
        asked: Request,
        call: Callable[[], Plain | Awaitable[Plain]],
        *,
        ttl: Seconds | None = None,
        tags: Iterable[str] = (),
        on_stale: OnStale | None = None,
        on_near: OnNear | None = None,
    ) -> Plain:
        """As `SemanticCache.get_or_call`; `call` may be a coroutine function."""
        steps = self._call_steps(asked, call, wishes_with(ttl=ttl, tags=tags))
        return _near_or_old(on_near, on_stale, await run_async(steps, self._setup.awaiting_world))

    async def find(self, asked: Request | Key) -> Found | None:
        """As `SemanticCache.find`."""
        wishes = in_force()
        if isinstance(asked, Key) or wishes.bypass or wishes.refresh:
            return await super().find(asked)
        require_request(asked)
        key = self._key(asked, wishes)
        answer = self._quick(key, wishes)
        if isinstance(answer, Found):
            return answer
        if isinstance(answer, NotAnswered):
            return await run_async(self._near_steps(asked, wishes, key), self._setup.awaiting_world)
        return await run_async(self.near_steps(key, self.question(asked, wishes)), self._setup.awaiting_world)

    async def near(self, key: Key, question: Question | None) -> Found | None:
        """Run `near_steps`."""
        return await run_async(self.near_steps(key, question), self._setup.awaiting_world)

    async def learn(self, key: Key, question: Question | None, answer: Plain) -> None:
        """Run `learn_steps`."""
        await run_async(self.learn_steps(key, question, answer), self._setup.awaiting_world)

    async def clear(self) -> None:
        """As `SemanticCache.clear`."""
        await super().clear()
        await run_async(self._forget_steps(), self._setup.awaiting_world)

    def _embed(self, text: str, role: Role) -> Op[bytes]:
        async def embed() -> bytes:
            model = self._model_for(role)
            return _row(
                await self._vectors.embed(
                    [text], model, model=self._manner.model, role=role, ttl=self._vectors_ttl, progress=False
                )
            )

        return self._in_time(embed)


def _row(rows: "Array") -> bytes:
    row: bytes = rows[0].astype("<f4").tobytes()
    return row
