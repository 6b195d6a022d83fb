"""Generations: how a space is cleared that nobody can list.

Each space has a random token, which is part of every key in it. A new token makes all that was written before unreachable;
its time to live frees the room. Every operation reads the token in the same round as what it is about, so a clearing is
seen by every handle at once, and the token remembered here is only a guess that saves a round.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from llmcache.model.key import Space
from llmcache.model.units import Instant, Seconds
from llmcache_momento.errors import Failure
from llmcache_momento.layout import MAX_TTL, generation_key, milliseconds, new_token
from llmcache_momento.rounds import Rounds
from llmcache_momento.rpcs import ABSENT, Call, GetBatch, Lengthen, Scalar, SetIf, not_equal

Tokens = Mapping[str, bytes]
"""The token of each space, by its prefix; a space without one is left out."""

Make = Callable[[Tokens], Sequence[Call]]
"""Given the tokens, returns the calls to make under them."""

_MOST_REMEMBERED: Final = 10_000
_TTL_MS: Final = milliseconds(MAX_TTL)
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class _Known:
    token: bytes
    lives_until: Instant


class Generations:
    """What this process remembers of tokens.

    Args:
        clock: Tells the time of day.
    """

    def __init__(self, clock: Callable[[], Instant]) -> None:
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def guess(self, prefixes: Sequence[str]) -> Tokens | None:
        """Return the tokens last seen; None unless all are known."""
        known = self._known
        try:
            return {prefix: known[prefix].token for prefix in prefixes}
        except KeyError:
            return None

    def learn(self, tokens: Tokens) -> None:
        """Remember tokens that were read; nothing is known of how long they live."""
        if len(self._known) > _MOST_REMEMBERED:
            self._known.clear()
        for prefix, token in tokens.items():
            known = self._known.get(prefix)
            if known is None or known.token != token:
                self._known[prefix] = _Known(token, 0.0)

    def forget(self, prefixes: Sequence[str]) -> None:
        """Remember them no more."""
        for prefix in prefixes:
            self._known.pop(prefix, None)

    def lengthening(self, tokens: Tokens, life: Seconds) -> list[str]:
        """Return the spaces whose token may be gone before something that is written now and lives for `life`."""
        now, wanting = self._clock(), list[str]()
        for prefix in tokens:
            known = self._known.get(prefix)
            until = 0.0 if known is None else known.lives_until
            # A life that seems longer than any means that the clock was set back.
            if not now + life <= until <= now + MAX_TTL:
                wanting.append(prefix)
        return wanting

    def lengthened(self, tokens: Tokens, since: Instant) -> None:
        """Remember that the tokens live their whole time from `since` on."""
        for prefix, token in tokens.items():
            self._known[prefix] = _Known(token, since + MAX_TTL)

    def now(self) -> Instant:
        """Return the time of day."""
        return self._clock()


def under(
    generations: Generations,
    prefixes: Sequence[str],
    make: Make,
    *,
    life: Seconds | None = None,
) -> Rounds[list[Any]]:
    """Make calls under the present tokens of spaces and return their answers.

    Tokens and calls travel in one round, under the tokens last seen; where those are not the present ones any more, what
    was done went into a generation that nobody reads, and is done again in the present one.

    Args:
        generations: What is remembered.
        prefixes: The spaces.
        make: See `Make`. With `life` it is called with all tokens; without, with those that exist, and not at all if none does.
        life: How long what is written lives; tokens are made where they are missing and live at least as long. None for
            calls that write nothing new.
    """
    tokens = generations.guess(prefixes)
    if tokens is not None:
        present, answers = yield from _at_once(generations, prefixes, tokens, make, life)
        if present == tokens and answers is not None:
            return answers
    else:
        present = yield from _read(prefixes)
    for _ in range(_TRIES):
        generations.learn(present)
        if life is not None:
            present = yield from _made(generations, prefixes, present)
        if not present:
            return []
        answers = yield from _written(generations, present, make, life)
        if answers is not None:
            return answers
        present = yield from _read(prefixes)
    raise Failure.unexpected("a generation vanishes as soon as it is made")


def _at_once(
    generations: Generations, prefixes: Sequence[str], tokens: Tokens, make: Make, life: Seconds | None
) -> Rounds[tuple[Tokens, list[Any] | None]]:
    """Read the tokens and make the calls in one round; the answers are None where a token's life could not be lengthened."""
    calls = make(tokens)
    wanting = [] if life is None else generations.lengthening(tokens, life)
    since = generations.now()
    found, *answers = yield (GetBatch([generation_key(prefix) for prefix in prefixes]), *calls, *_lengthen(wanting))
    present = {prefix: token for prefix, token in zip(prefixes, found, strict=True) if token is not None}
    is_alive = _note(generations, {prefix: tokens[prefix] for prefix in wanting}, answers[len(calls) :], since)
    if present != tokens:
        generations.forget(prefixes)
    return present, answers[: len(calls)] if is_alive else None


def _written(generations: Generations, tokens: Tokens, make: Make, life: Seconds | None) -> Rounds[list[Any] | None]:
    """Make the calls under tokens that were read just now; None where one is gone again."""
    calls = make(tokens)
    wanting = [] if life is None else generations.lengthening(tokens, life)
    since = generations.now()
    answers = yield (*calls, *_lengthen(wanting))
    is_alive = _note(generations, {prefix: tokens[prefix] for prefix in wanting}, answers[len(calls) :], since)
    return answers[: len(calls)] if is_alive else None


def _lengthen(prefixes: Sequence[str]) -> list[Lengthen]:
    return [Lengthen(generation_key(prefix), _TTL_MS) for prefix in prefixes]


def _note(generations: Generations, tokens: Tokens, are_there: Sequence[bool], since: Instant) -> bool:
    if not all(are_there):
        generations.forget(list(tokens))
        return False
    generations.lengthened(tokens, since)
    return True


def _read(prefixes: Sequence[str]) -> Rounds[Tokens]:
    (found,) = yield (GetBatch([generation_key(prefix) for prefix in prefixes]),)
    return {prefix: token for prefix, token in zip(prefixes, found, strict=True) if token is not None}


def _made(generations: Generations, prefixes: Sequence[str], present: Tokens) -> Rounds[Tokens]:
    """Return the tokens of all the spaces, new ones where they were missing; of several that make one, one wins."""
    missing = [prefix for prefix in prefixes if prefix not in present]
    if not missing:
        return present
    made = {prefix: new_token() for prefix in missing}
    since = generations.now()
    yield tuple(SetIf(Scalar(generation_key(prefix), token, _TTL_MS), ABSENT) for prefix, token in made.items())
    tokens = yield from _read(prefixes)
    generations.lengthened({prefix: made[prefix] for prefix in missing if tokens.get(prefix) == made[prefix]}, since)
    return tokens


def renew(generations: Generations, space: Space) -> Rounds[None]:
    """Give a space a new token, so that all it held is out of reach.

    By a condition that always holds: the token is made by a condition, and Momento forbids to mix both ways of writing.
    """
    token, since = new_token(), generations.now()
    yield (SetIf(Scalar(generation_key(space.prefix), token, _TTL_MS), not_equal(token)),)
    generations.lengthened({space.prefix: token}, since)
