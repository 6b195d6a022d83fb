"""The response cache: answers kept by what was asked, in a blocking class and its async twin."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from llmcache.api.asked import key_of, require_call, require_request
from llmcache.api.options import in_force
from llmcache.api.setup import Setup
from llmcache.api.shortcut import NOT_ANSWERED, NotAnswered, quick_look
from llmcache.codec.plain import copy_plain
from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.flows.failsafe import failing_open
from llmcache.flows.looking import PLAIN_MISS, UNKNOWN_MISS, Found, Missed, look_to_ask, look_up, pass_by
from llmcache.flows.once import dropping, nothing_shared, share_or_lead
from llmcache.flows.refreshing import found_or_lead
from llmcache.flows.responses import Admit, Draft, Encode, Terms, get_or_call, keep, keep_if_possible
from llmcache.flows.tags import model_tag
from llmcache.model.entry import NOTHING_KNOWN, Provenance
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.options import NO_OPTIONS, Coalesce, Options, read_options
from llmcache.model.request import Request
from llmcache.model.units import Plain, Seconds
from llmcache.policy.clearing import NOTHING_READ, Marks
from llmcache.policy.freshness import AGELESS, Aging
from llmcache.protocols.flights import Witness
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Clear, DeleteMany
from llmcache.protocols.world_ops import Emit

OnStale = Callable[[Found], object]
"""Is told of an old answer that stands in for a model that failed."""


@dataclass(frozen=True, slots=True)
class Form:
    """An integration's own kind of answer.

    Attributes:
        type: Its name in the envelope.
        encode: Turns an answer into JSON-like data.
        admit: Says why an answer is not kept, or None.
    """

    type: str
    encode: Encode
    admit: Admit


class Answers:
    """What both colours of the response cache do before any I/O: options, keys, terms, and the steps to take."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    def space(self) -> Space:
        """Return the space that answers are kept in for a call made now: namespace, tenant and options considered."""
        return self._setup.space(Kind.RESPONSE, in_force())

    def _key(self, asked: Request | Key, wishes: Options) -> Key:
        return key_of(asked, self._setup.space(Kind.RESPONSE, wishes), self._setup.envelopes)

    def _find_steps(self, key: Key, wishes: Options) -> Steps[Found | None]:
        if wishes.bypass or wishes.refresh:
            return _not_asked(key)
        steps = look_up(key, self._setup.decoded, max_age=wishes.max_age)
        return self._setup.observed(failing_open(steps, key, None))

    def _look_steps(self, key: Key, wishes: Options, tags: tuple[str, ...]) -> Steps[Found | Missed]:
        envelopes, chance = self._setup.decoded, self._setup.chance()
        steps: Steps[Found | Missed]
        if wishes.bypass or wishes.refresh:
            steps = pass_by(key, envelopes, tags=() if wishes.bypass else tags)
        else:
            steps = look_to_ask(key, envelopes, chance=chance, tags=tags, max_age=wishes.max_age)
        return self._setup.observed(failing_open(steps, key, UNKNOWN_MISS))

    def _quick(self, key: Key, wishes: Options) -> Found | NotAnswered | None:
        return quick_look(self._setup, key) if wishes is NO_OPTIONS else NOT_ANSWERED

    def _draft(self, wishes: Options, provenance: Provenance) -> Draft:
        ttl, tags = self._ttl(wishes), self._tags(wishes, provenance.model)
        return Draft(ttl=ttl, tags=tags, provenance=provenance, aging=self._aging(ttl), chance=self._setup.chance())

    def _aging(self, ttl: Seconds | None) -> Aging:
        if ttl is None:
            return AGELESS
        return self._setup.defaults.aging.within(ttl, self._setup.capabilities.limits.max_ttl)

    def _tags(self, wishes: Options, model: str | None) -> tuple[str, ...]:
        own = (model_tag(model),) if model and self._setup.defaults.tag_models else ()
        return wishes.tags + tuple(tag for tag in own if tag not in wishes.tags)

    def _ttl(self, wishes: Options) -> Seconds | None:
        return self._setup.defaults.ttl if wishes.ttl is None else wishes.ttl

    def _in_background(self, wishes: Options) -> bool:
        asked = wishes.background_refresh
        return self._setup.defaults.background_refresh if asked is None else asked

    def _coalesce(self, wishes: Options) -> Coalesce:
        wish = wishes.coalesce or self._setup.defaults.coalesce
        # A store that other processes do not see has nothing to tell them.
        return "process" if wish == "shared" and not self._setup.capabilities.shared else wish

    def _share_steps(
        self, key: Key, seen: int, witness: Witness | None, found: Found | None, *, marks: Marks
    ) -> Steps[Found | None]:
        wishes = in_force()
        coalesce = self._coalesce(wishes)
        across = coalesce == "shared"
        if found is not None:
            steps = found_or_lead(key, self._setup.decoded, found, seen, witness, across=across)
            return self._setup.observed(steps)
        if witness is None or wishes.bypass or wishes.refresh or coalesce == "off":
            return nothing_shared()
        return self._setup.observed(
            share_or_lead(key, self._setup.decoded, seen, witness, across=across, max_age=wishes.max_age, marks=marks)
        )

    def _offer_steps(
        self,
        key: Key,
        value: Any,
        form: Form,
        *,
        provenance: Provenance,
        model: str | None,
        marks: Marks | None,
        asked: int | None,
    ) -> Steps[bool]:
        wishes = in_force()
        if wishes.bypass:
            return _not_offered(key)
        ttl, tags = self._ttl(wishes), self._tags(wishes, model or provenance.model)
        draft = Draft(
            form.type, form.encode, ttl, tags, provenance, self._aging(ttl), self._setup.chance(), marks, asked
        )
        return self._setup.observed(keep_if_possible(key, value, draft, form.admit, self._setup.decoded))

    def _call_steps(
        self, asked: Request, call: Callable[[], Plain | Awaitable[Plain]], wishes: Options
    ) -> Steps[Found | Plain]:
        require_request(asked)
        require_call(call)
        return self._setup.observed(get_or_call(self._key(asked, wishes), call, self._terms(asked, wishes)))

    def _terms(self, asked: Request, wishes: Options) -> Terms:
        draft = self._draft(wishes, Provenance(model=asked.model))
        return Terms(
            self._setup.admit, self._setup.decoded, draft, wishes.bypass, wishes.refresh, wishes.max_age,
            self._coalesce(wishes), self._setup.chance(), self._in_background(wishes),
        )  # fmt: skip

    def _put_steps(self, asked: Request, value: Plain, wishes: Options) -> Steps[None]:
        require_request(asked)
        key = self._key(asked, wishes)
        draft = self._draft(wishes, Provenance(model=asked.model))
        return self._setup.observed(keep(key, value, draft, self._setup.decoded))

    def _clear_steps(self) -> Steps[None]:
        space = self.space()
        return self._setup.observed(dropping(iter(Clear(space)), space))


def _not_asked(key: Key) -> Steps[None]:
    yield from Emit(Event(Happening.BYPASSED, key.digest))


def _not_offered(key: Key) -> Steps[bool]:
    yield from _not_asked(key)
    return False


def wishes_with(**own: object) -> Options:
    """Return the options in force, with those that a call gives itself."""
    given = {name: value for name, value in own.items() if value is not None and value != ()}
    return read_options(given).over(in_force()) if given else in_force()


def handed_out(answer: Found | Plain, on_stale: OnStale | None) -> Plain:
    """Return the caller's own copy of an answer."""
    if not isinstance(answer, Found):
        return answer
    if answer.error is not None and on_stale is not None:
        on_stale(answer)
    return copy_plain(answer.entry.value)


class ResponseCache(Answers):
    """Keeps answers of models, blocking. Safe to use from several threads.

    A store that fails is a miss, and an answer that was paid for is returned whatever the store does; `stats()` counts
    both. Every value handed out is the caller's own.
    """

    def get_or_call(
        self,
        asked: Request,
        call: Callable[[], Plain],
        *,
        ttl: Seconds | None = None,
        tags: Iterable[str] = (),
        on_stale: OnStale | None = None,
    ) -> Plain:
        """Return the kept answer to `asked`, or call, keep what comes and return it.

        Args:
            call: Asks the model. Its exceptions pass unchanged and nothing is kept then, unless an old answer may stand in
                (`stale_if_error`). It may be called in another thread (`background_refresh`).
            ttl: Time to live in seconds of what is kept; None means the cache's own.
            tags: Names to clear the kept answer by.
            on_stale: Is called before an old answer is returned that stands in, with the entry and what `call` raised.

        Raises:
            UsageError: The request is not JSON-like, an option is wrong, or the cache is closed.
        """
        wishes = wishes_with(ttl=ttl, tags=tags)
        return handed_out(run(self._call_steps(asked, call, wishes), self._setup.blocking_world), on_stale)

    def get(self, asked: Request) -> Plain:
        """Return the kept answer to `asked`, or None."""
        found = self.find(asked)
        return None if found is None else copy_plain(found.entry.value)

    def find(self, asked: Request | Key) -> Found | None:
        """Return the entry kept for `asked` with its times and tags, or None. Treat its value as read-only."""
        wishes = in_force()
        key = asked if isinstance(asked, Key) else self._key(asked, wishes)
        answer = self._quick(key, wishes)
        if not isinstance(answer, NotAnswered):
            return answer
        return run(self._find_steps(key, wishes), self._setup.blocking_world)

    def look(self, key: Key, model: str | None = None) -> Found | Missed:
        """As `find`, for integrations that ask the model next, where nothing is found or what is found `is_due`.

        Its marks go with the answer: a clearing since then hides it.

        Args:
            model: The name of the model that would be asked.
        """
        wishes = in_force()
        tags = self._tags(wishes, model)
        answer = NOT_ANSWERED if tags else self._quick(key, wishes)
        if not isinstance(answer, NotAnswered):
            return answer or PLAIN_MISS
        return run(self._look_steps(key, wishes, tags), self._setup.blocking_world)

    def share(
        self, key: Key, seen: int, witness: Witness | None, found: Found | None = None, *, marks: Marks = NOTHING_READ
    ) -> Found | None:
        """Return the answer of a call under way, or what is kept, or None: then the caller leads, until it makes its offer.

        For integrations that see a look-up and perhaps an offer, and not what happens in between.

        Args:
            key: `look` gave nothing for it, or an entry that is due.
            seen: `setup.flights.landed` as it was before that.
            witness: Ends the lead where no offer comes; without one the caller cannot lead.
            found: What is kept, and is due.
            marks: What `look` returned.
        """
        return run(self._share_steps(key, seen, witness, found, marks=marks), self._setup.blocking_world)

    def put(self, asked: Request, value: Plain, *, ttl: Seconds | None = None, tags: Iterable[str] = ()) -> None:
        """Keep `value` as the answer to `asked`, replacing what was there. Admission is not asked.

        Raises:
            UsageError: The request or the value is not JSON-like.
            StoreError: It could not be kept; unlike in `get_or_call`, there is nobody else to hand it to.
        """
        run(self._put_steps(asked, value, wishes_with(ttl=ttl, tags=tags)), self._setup.blocking_world)

    def offer(
        self,
        key: Key,
        value: Any,
        form: Form,
        *,
        provenance: Provenance = NOTHING_KNOWN,
        model: str | None = None,
        marks: Marks | None = None,
        asked: int | None = None,
    ) -> bool:
        """Keep an answer that was already paid for, if it is worth it and possible; what prevents it is only counted.

        Returns whether it is kept.
        For integrations that make their own keys and have their own kind of answers. The options in force hold.

        Args:
            model: The name of the model as it was asked for; None means as the answer has it.
            marks: What `look` returned; None where nobody looked.
            asked: `setup.flights.drops` as it was when the model was asked; None where nobody knows.
        """
        return run(
            self._offer_steps(key, value, form, provenance=provenance, model=model, marks=marks, asked=asked),
            self._setup.blocking_world,
        )

    def delete(self, asked: Request | Key) -> None:
        """Drop the answer to `asked`, if there is one; StoreError where that failed."""
        key = self._key(asked, in_force())
        run(self._setup.observed(dropping(iter(DeleteMany((key,))), key.space, key)), self._setup.blocking_world)

    def clear(self) -> None:
        """Drop all answers of the namespace, and nothing else; StoreError where that failed."""
        run(self._clear_steps(), self._setup.blocking_world)


class AsyncResponseCache(Answers):
    """Keeps answers of models, awaited: `ResponseCache` in the other colour, method by method."""

    async def get_or_call(
        self,
        asked: Request,
        call: Callable[[], Plain | Awaitable[Plain]],
        *,
        ttl: Seconds | None = None,
        tags: Iterable[str] = (),
        on_stale: OnStale | None = None,
    ) -> Plain:
        """As `ResponseCache.get_or_call`; `call` may be a coroutine function."""
        wishes = wishes_with(ttl=ttl, tags=tags)
        steps = self._call_steps(asked, call, wishes)
        return handed_out(await run_async(steps, self._setup.awaiting_world), on_stale)

    async def get(self, asked: Request) -> Plain:
        """As `ResponseCache.get`."""
        found = await self.find(asked)
        return None if found is None else copy_plain(found.entry.value)

    async def find(self, asked: Request | Key) -> Found | None:
        """As `ResponseCache.find`."""
        wishes = in_force()
        key = asked if isinstance(asked, Key) else self._key(asked, wishes)
        answer = self._quick(key, wishes)
        if not isinstance(answer, NotAnswered):
            return answer
        return await run_async(self._find_steps(key, wishes), self._setup.awaiting_world)

    async def look(self, key: Key, model: str | None = None) -> Found | Missed:
        """As `ResponseCache.look`."""
        wishes = in_force()
        tags = self._tags(wishes, model)
        answer = NOT_ANSWERED if tags else self._quick(key, wishes)
        if not isinstance(answer, NotAnswered):
            return answer or PLAIN_MISS
        return await run_async(self._look_steps(key, wishes, tags), self._setup.awaiting_world)

    async def share(
        self, key: Key, seen: int, witness: Witness | None, found: Found | None = None, *, marks: Marks = NOTHING_READ
    ) -> Found | None:
        """As `ResponseCache.share`."""
        return await run_async(self._share_steps(key, seen, witness, found, marks=marks), self._setup.awaiting_world)

    async def put(self, asked: Request, value: Plain, *, ttl: Seconds | None = None, tags: Iterable[str] = ()) -> None:
        """As `ResponseCache.put`."""
        await run_async(self._put_steps(asked, value, wishes_with(ttl=ttl, tags=tags)), self._setup.awaiting_world)

    async def offer(
        self,
        key: Key,
        value: Any,
        form: Form,
        *,
        provenance: Provenance = NOTHING_KNOWN,
        model: str | None = None,
        marks: Marks | None = None,
        asked: int | None = None,
    ) -> bool:
        """As `ResponseCache.offer`."""
        return await run_async(
            self._offer_steps(key, value, form, provenance=provenance, model=model, marks=marks, asked=asked),
            self._setup.awaiting_world,
        )

    async def delete(self, asked: Request | Key) -> None:
        """As `ResponseCache.delete`."""
        key = self._key(asked, in_force())
        await run_async(
            self._setup.observed(dropping(iter(DeleteMany((key,))), key.space, key)), self._setup.awaiting_world
        )

    async def clear(self) -> None:
        """As `ResponseCache.clear`."""
        await run_async(self._clear_steps(), self._setup.awaiting_world)
