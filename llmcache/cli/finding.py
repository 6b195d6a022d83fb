"""Finding keys in an open store: page by page, or by the beginning of a name."""

from collections.abc import Iterator, Sequence
from itertools import islice

from llmcache.api.cache import Cache
from llmcache.cli.options import SHOWN_KINDS
from llmcache.errors import UnsupportedError, UsageError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.scan import Listed

_PAGE = 200
_NAMED = 3


def spaces_of(cache: Cache, namespace: Namespace | None, kind: Kind | None) -> list[Space]:
    """Return the spaces that hold something, ordered; of one namespace, or of one kind, where given."""
    return [
        use.space
        for use in cache.spaces()
        if (namespace is None or use.space.namespace == namespace)
        and (use.space.kind is kind if kind is not None else use.space.kind in SHOWN_KINDS)
    ]


def keys_of(cache: Cache, spaces: Sequence[Space], after: Key | None = None) -> Iterator[Listed]:
    """Give every key of `spaces`, which are in order, behind `after`; reads a page when it is needed."""
    for space in spaces:
        if after is None or space.prefix > after.space.prefix:
            yield from _pages(cache, space, None)
        elif space == after.space:
            yield from _pages(cache, space, after)


def _pages(cache: Cache, space: Space, after: Key | None) -> Iterator[Listed]:
    while page := cache.scan(space, after=after, count=_PAGE):
        yield from page
        after = page[-1].key


def find(cache: Cache, asked: str, namespace: Namespace | None, kind: Kind | None) -> Key | None:
    """Return the key that `asked` means, or None where nothing kept has that name.

    Args:
        asked: A physical key, a whole name, or the beginning of exactly one name. Where the seal hides names, also what is hidden.
        namespace: Where to look for names; None means everywhere.
        kind: What to look among; None means all that people look at.

    Raises:
        UsageError: Several keys begin like that, or it is a physical key of another format.
        UnsupportedError: The store cannot be listed, and it is no conversation of the namespace either.
    """
    if asked.startswith("llmcache:"):
        return Key.from_physical(asked)
    try:
        spaces = spaces_of(cache, namespace, kind)
    except UnsupportedError:
        if namespace is not None and kind in {None, Kind.HISTORY} and (there := _conversation(cache, namespace, asked)):
            return there
        raise
    found = [key for space in spaces for key in _begin_with(cache, space, asked)]
    exact = [key for key in found if key.name == asked]
    candidates = exact or found
    if len(candidates) > 1:
        named = ", ".join(key.physical for key in candidates[:_NAMED])
        more = ", ..." if len(candidates) > _NAMED else ""
        raise UsageError(f"several keys begin with {asked!r}: {named}{more}; give more of it, or the whole key")
    return candidates[0] if candidates else None


def _conversation(cache: Cache, namespace: Namespace, name: str) -> Key | None:
    """Return the key of the conversation of that name, or None; for this no store needs to be listed."""
    plain = Key(Space(namespace, Kind.HISTORY), name)
    return next((key for key in (cache.setup.envelopes.named(plain), plain) if is_kept(cache, key)), None)


def _begin_with(cache: Cache, space: Space, beginning: str) -> list[Key]:
    """Return the first few keys of `space` whose names begin like that, using the order that scans have.

    A scan begins behind a key, so a name that is the beginning itself is asked for in another way.
    """
    start = Key(space, beginning)
    hidden = cache.setup.envelopes.named(start)
    if hidden is not start and is_kept(cache, hidden):
        return [hidden]
    behind = islice(_pages(cache, space, start), _NAMED + 1)
    found = [listed.key for listed in behind if listed.key.name.startswith(beginning)]
    return [start, *found] if is_kept(cache, start) else found


def is_kept(cache: Cache, key: Key) -> bool:
    """True where something lies under `key` now."""
    world = cache.setup.of(key.space.kind).blocking_world
    if key.space.kind.is_log:
        return world.log_store.log_length(key) > 0
    return world.store.get_many((key,))[0] is not None
