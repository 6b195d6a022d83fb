"""What the store does with entries, as rounds.

Momento says that writing one key both by conditions and without leaves undefined what is read. So leases, the one kind
that this library writes by conditions, are written by conditions only. A key of another kind may be written either way,
because the contract allows it; who mixes both on one key at one time gets what Momento makes of it (docs/decisions/0010).
"""

from collections.abc import Sequence

from llmcache.model.key import Key, Kind, Space
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache_momento import batches
from llmcache_momento.errors import Failure
from llmcache_momento.generations import Generations, Tokens, among, renew, under
from llmcache_momento.layout import (
    DEFAULT_TTL,
    TOMBSTONE,
    TOMBSTONE_TTL,
    body_in,
    generation_key,
    item_key,
    milliseconds,
    new_token,
    value_of,
)
from llmcache_momento.rounds import Rounds
from llmcache_momento.rpcs import PRESENT, Call, Remove, Scalar, SetIf, absent_or_equal, equal, not_equal

_TOMBSTONE_MS = milliseconds(TOMBSTONE_TTL)


def get_many(generations: Generations, keys: Sequence[Key]) -> Rounds[list[bytes | None]]:
    """Return one slot per key.

    Where no lease runs the tokens travel with the entries, so that a read of what has not been cleared is one round.
    """
    prefixes, found = _prefixes(keys), dict[Key, bytes | None]()
    tokens = generations.sure(prefixes)
    if tokens is None:
        guess, since = generations.known(prefixes), generations.now()
        guessed = [key for key in keys if key.space.prefix in guess]
        wanted = [generation_key(prefix) for prefix in prefixes] + _items(guessed, guess)
        values = yield from _values(wanted)
        tokens = among(prefixes, values)
        generations.forget([prefix for prefix in prefixes if prefix not in tokens])
        generations.learn(tokens, since)
        found = {
            key: value
            for key, value in zip(guessed, values[len(prefixes) :], strict=True)
            if tokens.get(key.space.prefix) == guess[key.space.prefix]
        }
    left = [key for key in keys if key not in found and key.space.prefix in tokens]
    found.update(zip(left, (yield from _values(_items(left, tokens))), strict=True))
    return [body_in(found.get(key)) for key in keys]


def _items(keys: Sequence[Key], tokens: Tokens) -> list[bytes]:
    return [item_key(key, tokens[key.space.prefix]) for key in keys]


def _values(keys: Sequence[bytes]) -> Rounds[list[bytes | None]]:
    if not keys:
        return []
    return batches.joined((yield batches.reads(keys)))


def put_many(generations: Generations, puts: Sequence[Put]) -> Rounds[None]:
    """Keep each body; of two under one key the later, because batches travel in no order."""
    last = {put.key: put for put in puts}
    if not last:
        return

    def make(tokens: Tokens) -> list[Call]:
        plain = [_scalar(put, tokens) for put in last.values() if not _is_conditional(put.key)]
        # "Not equal to what nobody ever wrote" always holds.
        conditional = [
            SetIf(_scalar(put, tokens), not_equal(new_token())) for put in last.values() if _is_conditional(put.key)
        ]
        return [*batches.writes(plain), *conditional]

    life = max(_life(put.ttl) for put in last.values())
    yield from under(generations, _prefixes(list(last)), make, life=life)


def put_if_absent(generations: Generations, put: Put) -> Rounds[bool]:
    """Keep the body where the key is missing, and return whether it was kept."""

    def make(tokens: Tokens) -> list[Call]:
        return [SetIf(_scalar(put, tokens), absent_or_equal(TOMBSTONE))]

    try:
        (was_kept,) = yield from under(generations, (put.key.space.prefix,), make, life=_life(put.ttl))
    except Failure as failure:
        if failure.is_certainly_not_done or put.key.space.kind is not Kind.LEASE:
            raise
        # The body of a lease is nobody else's, so it tells whose put arrived.
        try:
            found = yield from get_many(generations, (put.key,))
        except Failure:
            raise failure from failure.__cause__
        if found != [put.body]:
            raise
        return True
    return bool(was_kept)


def delete_many(generations: Generations, keys: Sequence[Key]) -> Rounds[None]:
    """Make every key missing: one by deleting it, many by writing over them, for there is no call that deletes many."""
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        return

    def make(tokens: Tokens) -> list[Call]:
        there = [key for key in wanted if key.space.prefix in tokens]
        plain = [item_key(key, tokens[key.space.prefix]) for key in there if not _is_conditional(key)]
        buried = [_grave(key, tokens) for key in there if _is_conditional(key)]
        calls: list[Call] = [SetIf(grave, PRESENT) for grave in buried]
        if len(plain) == 1:
            return [*calls, Remove(plain[0])]
        return [*calls, *batches.writes(Scalar(key, TOMBSTONE, _TOMBSTONE_MS) for key in plain)]

    yield from under(generations, _prefixes(wanted), make)


def delete_if_equal(generations: Generations, key: Key, body: bytes) -> Rounds[bool]:
    """Make `key` missing where its body is this one; there is no such deletion, so a value that says so is written."""

    def make(tokens: Tokens) -> list[Call]:
        return [SetIf(_grave(key, tokens), equal(value_of(body)))]

    answers = yield from under(generations, (key.space.prefix,), make)
    return bool(answers and answers[0])


def clear(generations: Generations, space: Space) -> Rounds[None]:
    """Make every key of the space missing."""
    yield from renew(generations, space)


def _prefixes(keys: Sequence[Key]) -> list[str]:
    return list(dict.fromkeys(key.space.prefix for key in keys))


def _scalar(put: Put, tokens: Tokens) -> Scalar:
    key = item_key(put.key, tokens[put.key.space.prefix])
    return Scalar(key, value_of(put.body), milliseconds(_life(put.ttl)))


def _grave(key: Key, tokens: Tokens) -> Scalar:
    return Scalar(item_key(key, tokens[key.space.prefix]), TOMBSTONE, _TOMBSTONE_MS)


def _life(ttl: Seconds | None) -> Seconds:
    return DEFAULT_TTL if ttl is None else ttl


def _is_conditional(key: Key) -> bool:
    return key.space.kind is Kind.LEASE
