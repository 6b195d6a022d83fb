"""Which server has what: one server, a cluster's table of slots, or the master that sentinels name.

A topology decides; it asks the servers by steps, like everything else.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from llmcache.errors import StoreUnavailable
from llmcache_redis.commands import Address, Command, Lost, Part, Reply, Round, Wire
from llmcache_redis.deadline import Deadline
from llmcache_redis.errors import NAME, misnamed
from llmcache_redis.layout import SLOTS
from llmcache_redis.replies import are_ranges, is_place

Remap: TypeAlias = Callable[[tuple[str, int]], tuple[str, int]]
"""Returns where a server is reached that announces itself at an address; `address_remap` of redis-py is one."""


def as_announced(address: tuple[str, int]) -> tuple[str, int]:
    """Return the address: servers are where they say."""
    return address


class Topology(Protocol):
    """Knows the servers."""

    @property
    def can_refresh(self) -> bool:
        """True where asking again may give another answer."""
        ...

    @property
    def only(self) -> Address | None:
        """The one server that there is; None where there may be others."""
        ...

    def owner(self, slot: int) -> Address | None:
        """Return who has `slot`; None where somebody must be asked first."""
        ...

    def everyone(self) -> Sequence[Address]:
        """Return every server that holds keys; empty where somebody must be asked first."""
        ...

    def refresh(self, deadline: Deadline) -> Wire[None]:
        """Ask who has what; StoreUnavailable where nobody knows."""
        ...

    def located(self, host: str, port: int) -> Address:
        """Return where a server is reached that another one names."""
        ...

    def moved(self, slot: int, to: Address) -> None:
        """Take note that `slot` is elsewhere."""
        ...

    def doubt(self, server: Address) -> None:
        """Take note that `server` did not answer: the next call asks anew, and others than it first."""
        ...


class OneAddress:
    """One server that never changes."""

    def __init__(self, address: Address) -> None:
        self.only: Address | None = address
        self._address = address

    @property
    def can_refresh(self) -> bool:
        return False

    def owner(self, slot: int) -> Address | None:
        return self._address

    def everyone(self) -> Sequence[Address]:
        return (self._address,)

    def refresh(self, deadline: Deadline) -> Wire[None]:
        yield from ()

    def located(self, host: str, port: int) -> Address:
        raise AssertionError("unreachable: one server names no other")

    def moved(self, slot: int, to: Address) -> None:
        raise AssertionError("unreachable: one server moves nothing")

    def doubt(self, server: Address) -> None:
        pass


class Slots:
    """The table of a cluster.

    Args:
        seeds: Members to ask first; any of them will do.
        remap: Where members are reached that others name.
    """

    def __init__(self, seeds: Sequence[Address], remap: Remap = as_announced) -> None:
        self._remap = remap
        self.only: Address | None = None
        self._seeds = tuple(seeds)
        self._owners: list[Address | None] = [None] * SLOTS
        self._doubted: Address | None = None

    @property
    def can_refresh(self) -> bool:
        return True

    def owner(self, slot: int) -> Address | None:
        return self._owners[slot] if self._doubted is None else None

    def everyone(self) -> Sequence[Address]:
        return sorted({owner for owner in self._owners if owner is not None}, key=str)

    def located(self, host: str, port: int) -> Address:
        return Address(*self._remap((host, port)))

    def moved(self, slot: int, to: Address) -> None:
        self._owners[slot] = to

    def doubt(self, server: Address) -> None:
        self._doubted = server

    def refresh(self, deadline: Deadline) -> Wire[None]:
        doubted = self._doubted
        members = dict.fromkeys((*self.everyone(), *self._seeds))
        for member in sorted(members, key=lambda member: member == doubted):
            question = Part(member, (Command(("CLUSTER", "SLOTS")),))
            ((outcome,),) = yield Round((question,), _half(deadline))
            if are_ranges(outcome, SLOTS):
                self._read(outcome, member)
                self._doubted = None
                return
            if (error := misnamed(outcome, member)) is not None:
                raise error
        asked = ", ".join(map(str, members))
        raise StoreUnavailable(f"{NAME}: no member of the cluster answered, of {asked}; nothing was done")

    def _read(self, ranges: Sequence[Sequence[Reply]], asked: Address) -> None:
        # A new list at once, so that no thread sees half of a table.
        owners: list[Address | None] = [None] * SLOTS
        for first, last, master, *_ in ranges:
            # "If the endpoint is unknown, clients should use the one they asked."
            owner = self.located(_text(master[0]) or asked.host, int(master[1]))
            owners[first : last + 1] = itertools.repeat(owner, last + 1 - first)
        self._owners = owners


class Watched:
    """The master that sentinels watch.

    Args:
        sentinels: Whom to ask; the first that answers is believed.
        service: What they call the master.
        remap: Where a master is reached that they name.
    """

    def __init__(self, sentinels: Sequence[Address], service: str, remap: Remap = as_announced) -> None:
        self._remap = remap
        self._sentinels = tuple(sentinels)
        self.only: Address | None = None
        self._service = service
        self._master: Address | None = None

    @property
    def can_refresh(self) -> bool:
        return True

    def owner(self, slot: int) -> Address | None:
        return self._master

    def everyone(self) -> Sequence[Address]:
        return () if self._master is None else (self._master,)

    def located(self, host: str, port: int) -> Address:
        return Address(*self._remap((host, port)))

    def moved(self, slot: int, to: Address) -> None:
        self._master = to

    def doubt(self, server: Address) -> None:
        self._master = None

    def refresh(self, deadline: Deadline) -> Wire[None]:
        question = Command(("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service))
        answered = False
        for sentinel in self._sentinels:
            ((outcome,),) = yield Round((Part(sentinel, (question,)),), _half(deadline))
            if is_place(outcome):
                self._master = self.located(_text(outcome[0]), int(outcome[1]))
                return
            if (error := misnamed(outcome, sentinel)) is not None:
                raise error
            answered = answered or not isinstance(outcome, Lost)
        why = "no sentinel knows the master's name" if answered else "no sentinel answered"
        raise StoreUnavailable(f"{NAME}: {why}, of {', '.join(map(str, self._sentinels))}; nothing was done")


def _half(deadline: Deadline) -> Deadline:
    """Return half of the time left: one that hangs may not cost all of it."""
    return Deadline(deadline.left() / 2)


def _text(found: Reply) -> str:
    return found.decode() if isinstance(found, bytes) else str(found or "")
