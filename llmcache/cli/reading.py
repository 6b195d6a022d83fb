"""Reading what is kept, for people: rows of a listing from headers alone, or whole bodies."""

import math
from dataclasses import dataclass

from llmcache.api.cache import Cache
from llmcache.codec import frames
from llmcache.codec.envelope import Header
from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError
from llmcache.model.entry import NOTHING_KNOWN, Entry, Provenance
from llmcache.model.key import Key, Kind
from llmcache.model.units import Instant, Plain
from llmcache.protocols.scan import Listed

FRAMED = frozenset({Kind.EMBEDDING, Kind.BYTES})
"""Kinds whose bodies are no envelopes."""

_OWN = frozenset({Kind.TAG, Kind.LEASE})
"""Kinds that are the cache's own bookkeeping, of which a key is all that there is to see."""


@dataclass(frozen=True, slots=True)
class Row:
    """One key of a listing.

    Attributes:
        listed: What the store says.
        header: What the body says about itself; None for a conversation, an index, a mark or a lease, and where it cannot be read.
        problem: Why it cannot be read, or "".
    """

    listed: Listed
    header: Header | None
    problem: str = ""

    @property
    def key(self) -> Key:
        """Where it lies."""
        return self.listed.key


def row_of(cache: Cache, listed: Listed) -> Row:
    """Return the row of a key; a body that cannot be read is a row that says so."""
    kind = listed.key.space.kind
    if kind.is_log or kind in _OWN:
        return Row(listed, None)
    body = cache.body(listed.key)
    if body is None:
        return Row(listed, None, "gone meanwhile")
    try:
        return Row(listed, _head_of(cache.setup.envelopes, body, listed.key))
    except DataError as error:
        return Row(listed, None, type(error).__name__)


def _head_of(envelopes: Envelopes, body: bytes, key: Key) -> Header:
    """Return what a body says about itself, as of an envelope where it is none."""
    if key.space.kind not in FRAMED:
        return envelopes.peek(body, key)
    head, _ = frames.unpack(envelopes.unwrap(body, key), key)
    return Header(
        key.space.kind.value, _type_of(head), "", head.made_at, None, _end_of(head), (), NOTHING_KNOWN, len(body),
        is_squeezed=False,
    )  # fmt: skip


def entry_of(envelopes: Envelopes, body: bytes, key: Key) -> Entry:
    """Return what was kept, a vector as a list of its numbers; DataError where it cannot be read."""
    if key.space.kind not in FRAMED:
        return envelopes.unpack(body, key)
    head, raw = frames.unpack(envelopes.unwrap(body, key), key)
    return Entry(frames.content(head, raw), head.made_at, _type_of(head), expires_at=_end_of(head))


def _type_of(head: frames.Head) -> str:
    return f"{head.count:,} x {head.form.name.lower()}"


def _end_of(head: frames.Head) -> Instant | None:
    return None if math.isinf(head.expires_at) else head.expires_at


def bodies_of(cache: Cache, key: Key) -> list[bytes]:
    """Return the bodies under `key`: one of an entry, all of a conversation, none where nothing is kept."""
    if key.space.kind.is_log:
        return list(cache.setup.of(key.space.kind).blocking_world.log_store.read_log(key))
    body = cache.body(key)
    return [] if body is None else [body]


def row_data(row: Row) -> dict[str, Plain]:
    """Return a row for programs; times are seconds since the epoch."""
    listed = row.listed
    data: dict[str, Plain] = {
        "key": row.key.physical,
        "namespace": row.key.space.namespace.shown,
        "kind": row.key.space.kind.value,
        "name": row.key.name,
        "body_bytes": listed.body_bytes,
        "length": listed.length,
        "ttl": listed.ttl,
    }
    if row.problem:
        data["problem"] = row.problem
    return data | ({} if row.header is None else head_data(row.header))


def head_data(head: Header | Entry) -> dict[str, Plain]:
    """Return everything about an entry except its content, for programs."""
    return {
        "type": head.type,
        "made_at": head.made_at,
        "stale_at": head.stale_at,
        "expires_at": head.expires_at,
        "tags": list(head.tags),
        **_provenance_data(head.provenance),
    }


def _provenance_data(known: Provenance) -> dict[str, Plain]:
    return {
        "model": known.model,
        "input_tokens": known.input_tokens,
        "output_tokens": known.output_tokens,
        "cost": known.cost,
        "seconds": known.seconds,
    }
