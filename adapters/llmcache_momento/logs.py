"""What the store does with logs, as rounds.

A log is one list, with one element for each body, so that lengths, slices and caps are the list's own and exact. An
append is one call. A body too large for an element lies beside the list, written before the element that names it. It is
there as long as the list: an append that finds the log's mark lengthens the lives of such bodies with that of the list.
"""

from collections.abc import Sequence

from llmcache.errors import DecodeError
from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache_momento import batches
from llmcache_momento.errors import NAME, Failure
from llmcache_momento.generations import Generations, Tokens, under
from llmcache_momento.layout import (
    DEFAULT_TTL,
    MAX_TTL,
    Framed,
    Outside,
    body_in,
    framed,
    item_key,
    mark_key,
    milliseconds,
    unframed,
    value_of,
)
from llmcache_momento.outside import OutsideBodies
from llmcache_momento.rounds import Rounds
from llmcache_momento.rpcs import Call, Concatenate, Fetch, Get, Length, Lengthen, Remove, Scalar, bound

_TTL_MS = milliseconds(MAX_TTL)
_TRIES = 3


def append(
    generations: Generations,
    outside: OutsideBodies,
    log: Key,
    bodies: Sequence[bytes],
    *,
    max_length: int | None,
    ttl: Seconds | None,
) -> Rounds[int]:
    """Add bodies, at least one, and return the length afterwards."""
    life = DEFAULT_TTL if ttl is None else ttl
    # Of more bodies than the cap, the first are never sent.
    new = framed(log, bodies if max_length is None else bodies[-max_length:])
    if new.outside:
        yield from _written(log, new)

    is_asked, since = outside.may_go_before(log, life), outside.now()

    def make(tokens: Tokens) -> list[Call]:
        list_key = item_key(log, tokens[log.space.prefix])
        adding = Concatenate(list_key, new.elements, life, max_length)
        return [adding, Get([mark_key(log)])] if is_asked else [adding]

    try:
        length, *marks = yield from under(generations, (log.space.prefix,), make, life=life)
    except Failure as failure:
        if failure.is_certainly_not_done:
            raise
        return (yield from _arrived(generations, log, new, failure))
    if marks == [[None]]:
        outside.lengthened(log, since)
    elif marks:
        yield from _behind(_lengthened(generations, outside, log))
    return int(length)


def _behind(rounds: Rounds[None]) -> Rounds[None]:
    """Go on behind a deed: whatever fails now, "nothing was done" is no longer true, and to begin again would do it twice."""
    try:
        yield from rounds
    except Failure as failure:
        failure.is_partial = True
        raise


def _written(log: Key, new: Framed) -> Rounds[None]:
    """Write what is too large for the list, and the mark that says so; nobody reads it before the list names it."""
    scalars = [Scalar(each.key, value_of(each.body), _TTL_MS) for each in new.outside]
    yield batches.writes([*scalars, Scalar(mark_key(log), b"+", _TTL_MS)])


def _arrived(generations: Generations, log: Key, new: Framed, failure: Failure) -> Rounds[int]:
    """Return the length after an append whose answer was lost, if it arrived; otherwise raise its failure.

    It is not sent again: it may still be on its way, and would then be there twice.
    """

    def make(tokens: Tokens) -> list[Call]:
        return [Fetch(item_key(log, tokens[log.space.prefix]))] if tokens else []

    try:
        answers = yield from under(generations, (log.space.prefix,), make)
    except Failure:
        raise failure from failure.__cause__
    elements: list[bytes] = answers[0] if answers else []
    if new.elements[-1] not in elements:
        raise failure
    return elements.index(new.elements[-1]) + 1


def _lengthened(generations: Generations, outside: OutsideBodies, log: Key) -> Rounds[None]:
    """Lengthen the lives of the bodies beside the list, and of the mark."""
    since = outside.now()
    places = [body for body in (yield from _bodies(generations, log, 0, None)) if isinstance(body, Outside)]
    keys = [mark_key(log), *(place.key for place in places)]
    yield tuple(Lengthen(key, _TTL_MS) for key in keys)
    outside.lengthened(log, since)


def read_log(generations: Generations, log: Key, start: int, stop: int | None) -> Rounds[list[bytes]]:
    """Return a slice of the log.

    A body beside the list may be gone because the log was deleted after its list was read; then the list says so.
    """
    if _is_empty(start, stop):
        return []
    for _ in range(_TRIES):
        bodies = yield from _bodies(generations, log, start, stop)
        places = [body.key for body in bodies if isinstance(body, Outside)]
        if not places:
            return [body for body in bodies if not isinstance(body, Outside)]
        answers = yield tuple(Get([place]) for place in places)
        values = dict(zip(places, (body_in(answer[0]) for answer in answers), strict=True))
        whole = [values[body.key] if isinstance(body, Outside) else body for body in bodies]
        found = [body for body in whole if body is not None]
        if len(found) == len(whole):
            return found
    raise DecodeError(
        f"{NAME} could not do read_log of {log.digest}: a large message is gone before its conversation; delete the log"
    )


def _bodies(generations: Generations, log: Key, start: int, stop: int | None) -> Rounds[list[bytes | Outside]]:
    def make(tokens: Tokens) -> list[Call]:
        return [Fetch(item_key(log, tokens[log.space.prefix]), start, stop)]

    answers = yield from under(generations, (log.space.prefix,), make)
    try:
        return unframed(log, answers[0] if answers else [])
    except ValueError as error:
        raise DecodeError(f"{NAME} could not do read_log of {log.digest}: the list holds what is not ours") from error


def _is_empty(start: int, stop: int | None) -> bool:
    """True for a slice that is empty whatever the length. The service is not known to answer it, and its SDKs refuse it."""
    return stop is not None and (stop == 0 or ((start < 0) is (stop < 0) and bound(stop) <= bound(start)))


def log_length(generations: Generations, log: Key) -> Rounds[int]:
    """Return how many bodies the log has."""

    def make(tokens: Tokens) -> list[Call]:
        return [Length(item_key(log, tokens[log.space.prefix]))]

    answers = yield from under(generations, (log.space.prefix,), make)
    return int(answers[0]) if answers else 0


def delete_log(generations: Generations, outside: OutsideBodies, log: Key) -> Rounds[None]:
    """Drop the log: its list in one step, then what lies beside it."""
    ((mark,),) = yield (Get([mark_key(log)]),)
    bodies = [] if mark is None else (yield from _bodies(generations, log, 0, None))

    def make(tokens: Tokens) -> list[Call]:
        return [Remove(item_key(log, tokens[log.space.prefix]))]

    yield from under(generations, (log.space.prefix,), make)
    if mark is not None:
        places = [body.key for body in bodies if isinstance(body, Outside)]
        yield from _behind(_removed([mark_key(log), *places]))
    outside.forget(log)


def _removed(keys: Sequence[bytes]) -> Rounds[None]:
    yield tuple(Remove(key) for key in keys)
