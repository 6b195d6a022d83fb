"""Tags as steps: one mark for each tag says when it was last cleared, and hides what was made up to then.

Nothing is deleted, so it works on every store and takes the same time however many entries there are (decision 0007).
"""

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind, Space
from llmcache.model.units import Instant
from llmcache.policy.freshness import is_cleared
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.world_ops import Now


def any_cleared(entry: Entry, key: Key, envelopes: Envelopes) -> Steps[bool]:
    """Read the marks of the entry's tags; a mark that cannot be read counts as cleared."""
    marks = [envelopes.named(tag_key(key.space, tag)) for tag in entry.tags]
    bodies = yield from GetMany(marks)
    for mark, body in zip(marks, bodies, strict=True):
        if body is None:
            continue
        try:
            cleared_at: Instant = envelopes.unpack(body, mark).made_at
        except DataError:
            return True
        if is_cleared(entry, cleared_at):
            return True
    return False


def model_tag(model: str) -> str:
    """Return the tag of the answers of a model, which those carry that are kept by a cache that tags models."""
    return f"model:{model}"


def tag_key(space: Space, tag: str) -> Key:
    """Return the key of the mark that says when `tag` was last cleared in the namespace of `space`."""
    return Key(Space(space.namespace, Kind.TAG), tag)


def clear_tags(space: Space, tags: tuple[str, ...], envelopes: Envelopes) -> Steps[None]:
    """Hide every entry of the namespace that carries one of `tags` and was made up to now.

    Takes one read and one write however many entries there are: a mark with the time of clearing is kept for each tag,
    and entries made up to then are misses. They are dropped when they expire or room is needed.

    A mark never goes back in time: where the clock was set back since a tag was last cleared, the later time stays,
    because an earlier one would bring back what was cleared then. A mark that cannot be read is replaced.
    """
    marks = [envelopes.named(tag_key(space, tag)) for tag in tags]
    bodies = yield from GetMany(marks)
    # Behind the read, so that as little time as possible is between the time in a mark and its writing (decision 0007).
    now = yield from Now()
    times = [_later(now, body, mark, envelopes) for mark, body in zip(marks, bodies, strict=True)]
    entries = [Entry(None, made_at=at) for at in times]
    yield from PutMany([Put(mark, envelopes.pack(one, mark)) for mark, one in zip(marks, entries, strict=True)])


def _later(now: Instant, body: bytes | None, mark: Key, envelopes: Envelopes) -> Instant:
    """Return `now`, or the time of the mark in `body` where that is later."""
    if body is None:
        return now
    try:
        return max(now, envelopes.unpack(body, mark).made_at)
    except DataError:
        return now
