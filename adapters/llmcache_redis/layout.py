"""Where things lie: from keys to the names of Redis keys, and back.

On one server an entry or log lies under the physical form of its key, and the *stamp* of a space under the space's
prefix (see docs/decisions/0009):

    llmcache:1:shop/prod:response:9f86d081884c7d65...      an entry
    llmcache:1:shop/prod:response:                         the stamp of its space

A script may only touch keys of one slot of a cluster, and an entry is useless without its stamp. So a cluster has one
stamp for each of 256 parts of a space, and a hash tag before the name keeps an entry, its part's stamp and the proofs of
calls on it together:

    llmcache:1:shop/prod:response:{1723}9f86d081884c7d65...

A key's part is the 64 slots in which it would lie without a tag, and the tag is the smallest number that lies there too. So
parts are spread evenly over any assignment of slots to nodes, which 256 arbitrary tags would not be.
"""

from binascii import crc_hqx
from functools import lru_cache
from typing import Final, Protocol

from llmcache.errors import UsageError
from llmcache.model.key import KEY_FORMAT, Key, Space

SLOTS: Final = 16_384
PARTS: Final = 256
_SLOTS_OF_PART: Final = SLOTS // PARTS

EVERYTHING: Final = f"llmcache:{KEY_FORMAT}:*"
"""The glob pattern of all that a store of this format holds; escaped names contain no character special to it."""


class Layout(Protocol):
    """How one kind of server lays things out."""

    def entry(self, key: Key) -> str:
        """Return the Redis key of an entry or log."""
        ...

    def stamp(self, key: Key) -> str:
        """Return the Redis key of the stamp that an entry or log is valid by."""
        ...

    def stamps(self, space: Space) -> list[tuple[str, int]]:
        """Return the Redis keys of all stamps of a space, with their slots."""
        ...

    def slot(self, key: Key) -> int:
        """Return the slot of an entry or log, its stamp and its proofs; always 0 on one server."""
        ...

    def physical(self, found: str) -> str:
        """Return the physical form of the key whose entry or log is called `found`, if it is one."""
        ...

    def key_of(self, found: str) -> Key | None:
        """Return the key whose entry or log is called `found`; None for anything else."""
        ...


class OneServer:
    """The layout without a cluster."""

    def entry(self, key: Key) -> str:
        return key.physical

    def stamp(self, key: Key) -> str:
        return key.space.prefix

    def stamps(self, space: Space) -> list[tuple[str, int]]:
        return [(space.prefix, 0)]

    def slot(self, key: Key) -> int:
        return 0

    def physical(self, found: str) -> str:
        return found

    def key_of(self, found: str) -> Key | None:
        return _read(found)


class Cluster:
    """The layout of a cluster."""

    def entry(self, key: Key) -> str:
        prefix = key.space.prefix
        return f"{prefix}{{{_tag_of(key)}}}{key.physical[len(prefix) :]}"

    def stamp(self, key: Key) -> str:
        return f"{key.space.prefix}{{{_tag_of(key)}}}"

    def stamps(self, space: Space) -> list[tuple[str, int]]:
        return [(f"{space.prefix}{{{tag}}}", slot_of(tag)) for tag in _tags()]

    def slot(self, key: Key) -> int:
        return slot_of(_tag_of(key))

    def physical(self, found: str) -> str:
        head, _, rest = found.partition("{")
        return head + rest.partition("}")[2]

    def key_of(self, found: str) -> Key | None:
        key = _read(self.physical(found))
        # A name with another tag than its own is nobody's: no read would ever ask for it.
        return key if key is not None and self.entry(key) == found else None


def slot_of(text: str) -> int:
    """Return the slot in which a key without a hash tag, or with the hash tag `text`, lies."""
    # "CRC16-CCITT (XModem)", says the specification of Redis Cluster, and that is what this function computes.
    return crc_hqx(text.encode(), 0) % SLOTS


def proof(entry: str, call: str) -> str:
    """Return the Redis key of the proof that a call was done; no name of an entry contains a second colon."""
    return f"{entry}:{call}"


def _read(physical: str) -> Key | None:
    try:
        return Key.from_physical(physical)
    except UsageError:
        return None


def _tag_of(key: Key) -> str:
    return _tags()[slot_of(key.physical) // _SLOTS_OF_PART]


@lru_cache(maxsize=1)
def _tags() -> tuple[str, ...]:
    """Return the tag of each part: the smallest decimal number whose slot lies in it."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < PARTS:
        found.setdefault(slot_of(str(number)) // _SLOTS_OF_PART, str(number))
        number += 1
    return tuple(found[part] for part in range(PARTS))
