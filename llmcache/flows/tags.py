"""Tags as steps: one mark for each tag says which clearing was its last, and hides what was asked for before it.

Nothing is deleted, so it works on every store and takes the same time however many entries there are (decision 0007).
"""

from collections.abc import Sequence

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind, Space
from llmcache.policy.clearing import NEVER_CLEARED, NOTHING_READ, UNREADABLE, Mark, Marks, is_hidden
from llmcache.protocols.flight_ops import Token
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.world_ops import Now


def any_cleared(entry: Entry, space: Space, envelopes: Envelopes, known: Marks = NOTHING_READ) -> Steps[bool]:
    """Return whether a tag of the entry was cleared since it was asked for; marks that are not known are read."""
    had = dict(known)
    unknown = tuple(tag for tag in entry.tags if tag not in had)
    return is_hidden(entry, known + (yield from read_marks(space, unknown, envelopes)))


def read_marks(space: Space, tags: tuple[str, ...], envelopes: Envelopes) -> Steps[Marks]:
    """Read the marks of `tags`; nothing is asked where there are none."""
    if not tags:
        return NOTHING_READ
    keys = mark_keys(space, tags, envelopes)
    return opened_marks(tags, keys, (yield from GetMany(keys)), envelopes)


def opened_marks(
    tags: Sequence[str], keys: Sequence[Key], bodies: Sequence[bytes | None], envelopes: Envelopes
) -> Marks:
    """Return the marks in `bodies`, which were read under `keys`."""
    return tuple((tag, _mark(body, key, envelopes)) for tag, key, body in zip(tags, keys, bodies, strict=True))


def _mark(body: bytes | None, key: Key, envelopes: Envelopes) -> Mark:
    if body is None:
        return NEVER_CLEARED
    try:
        kept = envelopes.unpack(body, key)
    except DataError:
        return UNREADABLE
    return Mark(kept.value if isinstance(kept.value, str) else "", kept.made_at)


def mark_keys(space: Space, tags: Sequence[str], envelopes: Envelopes) -> list[Key]:
    """Return the keys of the marks of `tags` in the namespace of `space`, as a store is shown them."""
    return [envelopes.named(tag_key(space, tag)) for tag in tags]


def model_tag(model: str) -> str:
    """Return the tag of the answers of a model, which those carry that are kept by a cache that tags models."""
    return f"model:{model}"


def tag_key(space: Space, tag: str) -> Key:
    """Return the key of the mark that says when `tag` was last cleared in the namespace of `space`."""
    return Key(Space(space.namespace, Kind.TAG), tag)


def clear_tags(space: Space, tags: tuple[str, ...], envelopes: Envelopes) -> Steps[None]:
    """Hide every entry of the namespace that carries one of `tags` and was asked for up to now.

    Takes one write however many entries there are: a mark with a stamp of this clearing is kept for each tag, and entries that
    hold another stamp are misses. They are dropped when they expire or room is needed.
    """
    stamp = (yield from Token()).decode("ascii")
    clearing = Entry(stamp, made_at=(yield from Now()))
    keys = mark_keys(space, tags, envelopes)
    yield from PutMany([Put(key, envelopes.pack(clearing, key)) for key in keys])
