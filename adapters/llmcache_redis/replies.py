"""Replies read as what they should be. Whatever else a server says, or a broken wire, becomes an error of ours."""

from collections.abc import Sequence
from typing import TypeGuard

from llmcache.errors import StoreError, StoreTimeout, StoreUnavailable
from llmcache.protocols.deed import Deed
from llmcache_redis.commands import Reply
from llmcache_redis.errors import NAME


def number(reply: Reply, deed: Deed) -> int:
    """Return a reply that is a count."""
    if type(reply) is not int or reply < 0:
        raise misread(deed)
    return reply


def bodies_in(reply: Reply, deed: Deed) -> list[bytes]:
    """Return a reply that is a list of texts."""
    if not _are_texts(reply):
        raise misread(deed)
    return reply


def slots(reply: Reply, many: int, deed: Deed) -> list[Reply]:
    """Return a reply that is a list of so many."""
    if type(reply) is not list or len(reply) != many:
        raise misread(deed)
    return reply


def page(reply: Reply, deed: Deed) -> tuple[bytes, list[bytes]]:
    """Return a reply to SCAN: where to go on, and names."""
    following, names = slots(reply, 2, deed)
    if type(following) is not bytes or not _are_texts(names):
        raise misread(deed)
    return following, names


def described(reply: Reply, deed: Deed) -> tuple[int, int, int, float | None]:
    """Return a reply about one key: its number of bodies, their bytes, its pttl and its end."""
    length, size, px, ends = slots(reply, 4, deed)
    try:
        until = float(ends) if ends else None
    except (TypeError, ValueError) as error:
        raise misread(deed) from error
    if type(px) is not int:
        raise misread(deed)
    return number(length, deed), number(size, deed), px, until


def misread(deed: Deed) -> StoreError:
    """Return the error of ours for a reply that its command cannot have."""
    told = f"{NAME} could not do {deed}: the reply is none that was asked for"
    if deed.changes:
        return StoreTimeout(f"{told}; it may have been done: reread before repeating")
    return StoreUnavailable(f"{told}; nothing was done")


def _are_texts(reply: Reply) -> "TypeGuard[list[bytes]]":
    return type(reply) is list and _TEXTS.issuperset(map(type, reply))


_TEXTS: frozenset[type] = frozenset({bytes})


def are_ranges(reply: Reply, slots_of_all: int) -> TypeGuard[Sequence[Sequence[Reply]]]:
    """True for a reply to CLUSTER SLOTS."""
    return type(reply) is list and bool(reply) and all(_is_range(one, slots_of_all) for one in reply)


def _is_range(one: Reply, slots_of_all: int) -> bool:
    if type(one) is not list or len(one) < 3 or type(one[0]) is not int or type(one[1]) is not int:
        return False
    master = one[2]
    return 0 <= one[0] <= one[1] < slots_of_all and type(master) is list and len(master) > 1 and is_place(master[:2])


def is_place(found: Reply) -> bool:
    """True for a host, which may be unknown, and a port."""
    if type(found) is not list or len(found) != 2:
        return False
    host, port = found
    is_port = type(port) is int or (type(port) is bytes and len(port) <= 5 and port.isdigit())
    return is_port and (host is None or (type(host) is bytes and host.isascii())) and 0 <= int(port) < 2**16
