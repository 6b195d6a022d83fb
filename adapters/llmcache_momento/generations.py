"""Generations: how a space is cleared that nobody can list.

Each space has a random token, which is part of every key in it. A new token makes all that was written before unreachable;
its time to live frees the room.

Who has read a token may use it for `lease` seconds without asking again; who clears a space writes the new token and then
waits `lease` seconds. So when `clear` returns, no process anywhere uses the old token any more, and everything that begins
later sees an empty space. Where no lease runs, the token travels in the same round as what it is about, which is made under
the token last seen; where that is not the present one any more, what was done went into a generation that nobody
reads, and is done again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from llmcache.model.key import Space
from llmcache.model.units import Instant, Seconds
from llmcache_momento import batches
from llmcache_momento.errors import Failure
from llmcache_momento.layout import MAX_TTL, generation_key, milliseconds, new_token
from llmcache_momento.rounds import Rounds
from llmcache_momento.rpcs import ABSENT, Call, Lengthen, Pause, Scalar, SetIf, not_equal

Tokens = Mapping[str, bytes]
"""The token of each space, by its prefix; a space without one is left out."""

Make = Callable[[Tokens], Sequence[Call]]
"""Given the tokens, returns the calls to make under them."""

_MOST_REMEMBERED: Final = 10_000
_TTL_MS: Final = milliseconds(MAX_TTL)
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Moment:
    """The present on two clocks."""

    time_of_day: Instant
    monotonic: float


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a token.

    Attributes:
        lives_until: By the time of day, until when it is there if nobody clears the space.
        seen: When it was asked for, and was the present one; for the time of a lease nobody can finish clearing the space.
    """

    token: bytes
    lives_until: Instant
    seen: Moment

    def is_sure(self, now: Moment, lease: Seconds) -> bool:
        """True while the lease runs."""
        # By both clocks: one does not count while the machine sleeps, and the other is set at will.
        is_soon = 0 <= now.time_of_day - self.seen.time_of_day < lease
        return is_soon and now.monotonic - self.seen.monotonic < lease


class Generations:
    """What this process remembers of tokens.

    Args:
        lease: See above, in seconds; the same for all who share a cache.
        clock: Tells the time of day.
        monotonic: Tells a time that is never set.
    """

    def __init__(
        self, lease: Seconds, clock: Callable[[], Instant], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.lease = lease
        self._clock = clock
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}

    def now(self) -> Moment:
        """Return the present on both clocks, to be taken before something is sent."""
        return Moment(self._clock(), self._monotonic())

    def sure(self, prefixes: Sequence[str]) -> Tokens | None:
        """Return the tokens where the leases on all of them run."""
        now, tokens = self.now(), dict[str, bytes]()
        for prefix in prefixes:
            known = self._known.get(prefix)
            if known is None or not known.is_sure(now, self.lease):
                return None
            tokens[prefix] = known.token
        return tokens

    def known(self, prefixes: Sequence[str]) -> Tokens:
        """Return the tokens last seen, of those spaces of which one was."""
        return {prefix: known.token for prefix in prefixes if (known := self._known.get(prefix)) is not None}

    def guess(self, prefixes: Sequence[str]) -> Tokens | None:
        """Return the tokens last seen; None unless all are known."""
        known = self.known(prefixes)
        return known if len(known) == len(prefixes) else None

    def learn(self, tokens: Tokens, since: Moment) -> None:
        """Remember tokens that were read; of one that is new nothing is known of how long it lives."""
        if len(self._known) > _MOST_REMEMBERED:
            self._known.clear()
        for prefix, token in tokens.items():
            known = self._known.get(prefix)
            lives_until = 0.0 if known is None or known.token != token else known.lives_until
            self._known[prefix] = _Known(token, lives_until, since)

    def forget(self, prefixes: Sequence[str]) -> None:
        """Remember them no more."""
        for prefix in prefixes:
            self._known.pop(prefix, None)

    def wanting(self, tokens: Tokens, life: Seconds | None) -> list[str]:
        """Return the spaces whose token may be gone before something that is written now and lives for `life`."""
        if life is None:
            return []
        now, wanting = self._clock(), list[str]()
        for prefix in tokens:
            known = self._known.get(prefix)
            until = 0.0 if known is None else known.lives_until
            # A life that seems longer than any means that the clock was set back.
            if not now + life <= until <= now + MAX_TTL:
                wanting.append(prefix)
        return wanting

    def lengthened(self, tokens: Tokens, since: Moment) -> None:
        """Remember that these tokens live their whole time from `since` on."""
        for prefix, token in tokens.items():
            known = self._known.get(prefix)
            if known is not None and known.token == token:
                self._known[prefix] = _Known(token, since.time_of_day + MAX_TTL, known.seen)


def under(
    generations: Generations,
    prefixes: Sequence[str],
    make: Make,
    *,
    life: Seconds | None = None,
) -> Rounds[list[Any]]:
    """Make calls under the present tokens of spaces and return their answers.

    Args:
        generations: What is remembered.
        prefixes: The spaces.
        make: See `Make`. With `life` it is called with all tokens; without, with those that exist, and not at all if none does.
        life: How long what is written lives; tokens are made where they are missing and live at least as long. None for
            calls that write nothing new.
    """
    tokens = generations.sure(prefixes)
    if tokens is not None:
        answers = yield from _made_under(generations, tokens, make, life)
        if answers is not None:
            return answers
    for _ in range(_TRIES):
        guess = generations.guess(prefixes)
        if guess is None:
            present = yield from _present(generations, prefixes, create=life is not None)
            if life is not None and len(present) < len(prefixes):
                continue  # one that was just made is gone again
            answers = (yield from _made_under(generations, present, make, life)) if present else []
        else:
            answers = yield from _made_under(generations, guess, make, life, check=True)
        if answers is not None:
            return answers
    raise Failure.unexpected("a generation vanishes as soon as it is made")


def _made_under(
    generations: Generations, tokens: Tokens, make: Make, life: Seconds | None, *, check: bool = False
) -> Rounds[list[Any] | None]:
    """Make the calls, lengthen the lives of the tokens that want it, and read the tokens if they are to be checked.

    The answer is None where a token is not the present one, or is gone; then the tokens are forgotten.
    """
    calls, prefixes = make(tokens), list(tokens)
    wanting, since = generations.wanting(tokens, life), generations.now()
    checks = batches.reads([generation_key(prefix) for prefix in prefixes]) if check else []
    longer = [Lengthen(generation_key(prefix), _TTL_MS) for prefix in wanting]
    answers = yield (*calls, *longer, *checks)
    if not all(answers[len(calls) : len(calls) + len(longer)]):
        generations.forget(prefixes)
        return None
    if check:
        if batches.joined(answers[len(calls) + len(longer) :]) != list(tokens.values()):
            generations.forget(prefixes)
            return None
        generations.learn(tokens, since)
    generations.lengthened({prefix: tokens[prefix] for prefix in wanting}, since)
    return answers[: len(calls)]


def _present(generations: Generations, prefixes: Sequence[str], *, create: bool) -> Rounds[Tokens]:
    """Read the tokens, and make those that are missing; of several who make one, one wins."""
    since = generations.now()
    present = yield from read(prefixes)
    missing = [prefix for prefix in prefixes if prefix not in present] if create else []
    if missing:
        made = {prefix: new_token() for prefix in missing}
        yield tuple(SetIf(Scalar(generation_key(prefix), token, _TTL_MS), ABSENT) for prefix, token in made.items())
        present = yield from read(prefixes)
    generations.learn(present, since)
    return present


def read(prefixes: Sequence[str]) -> Rounds[Tokens]:
    """Read the tokens of spaces."""
    return among(prefixes, batches.joined((yield batches.reads([generation_key(prefix) for prefix in prefixes]))))


def among(prefixes: Sequence[str], found: Sequence[bytes | None]) -> Tokens:
    """Return the tokens that were found, in the order of `prefixes`; what lies in the place of one and is none counts as missing.

    A token becomes part of names, and the SDK takes those of lists as text only.
    """
    pairs = zip(prefixes, found, strict=False)
    return {prefix: token for prefix, token in pairs if token is not None and token.isalnum()}


def renew(generations: Generations, space: Space) -> Rounds[None]:
    """Give a space a new token, so that all it held is out of reach, and wait until nobody uses the old one.

    By a condition that always holds: the token is made by a condition, and Momento forbids to mix both ways of writing.
    """
    token, since = new_token(), generations.now()
    yield (SetIf(Scalar(generation_key(space.prefix), token, _TTL_MS), not_equal(token)),)
    tokens = {space.prefix: token}
    generations.learn(tokens, since)
    generations.lengthened(tokens, since)
    if generations.lease > 0:
        yield (Pause(generations.lease),)
