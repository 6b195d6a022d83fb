"""Sending commands until they are answered: whom to ask, what to repeat, when to give up.

The rules, for both colours:

- One deadline holds for everything: finding out who has what, connecting, the first attempt and the second.
- A command whose connection was lost is sent once more, on a new connection. That is safe for every command here: reads,
  whole replacements, deletions, and scripts that leave a proof. An attempt that was refused a connection is not repeated
  where only one server can be asked.
- MOVED, ASK and an unknown script are answers, not failures, and are followed at once.
- What a server says it did not do is never repeated, but where the servers are rearranging themselves.
"""

from collections.abc import Sequence
from typing import Final

from redis import exceptions as foreign

from llmcache.errors import StoreTimeout, StoreUnavailable
from llmcache.model.units import Seconds
from llmcache.protocols.deed import Deed
from llmcache_redis.commands import Address, Command, Lost, Outcome, Part, Pause, Reply, Round, Wire, Word
from llmcache_redis.deadline import Deadline
from llmcache_redis.errors import NAME, code_of, lost, redirect_of, refused
from llmcache_redis.topology import Topology

_MOST_ROUNDS: Final = 12
"""A call that is sent around in circles ends."""

_REARRANGING: Final = frozenset({"TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN"})
_PAUSE: Final[Seconds] = 0.01


class Sender:
    """Sends commands by a topology."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology

    def send(self, commands: Sequence[Command], deed: Deed, timeout: Seconds) -> Wire[list[Reply]]:
        """Return the replies in the order of `commands`, which are independent of each other.

        Raises:
            StoreError: The first failure; other commands may have been done.
        """
        deadline, owner = Deadline(timeout), self.topology.only
        if owner is None:
            return (yield from _Sending(self.topology, commands, deed, deadline).run())
        # The short way for what goes well on one server, which is nearly everything.
        part = Part(owner, commands)
        answers = yield Round((part,), deadline)
        for outcome in answers[0]:
            if isinstance(outcome, Lost | foreign.RedisError):
                return (yield from _Sending(self.topology, commands, deed, deadline).run(part, answers))
        return answers[0]

    def servers(self, deed: Deed, timeout: Seconds) -> Wire[Sequence[Address]]:
        """Return every server that holds keys, as it is now."""
        if self.topology.can_refresh:
            yield from self.topology.refresh(Deadline(timeout))
        return self.topology.everyone()

    def at(self, server: Address, words: Sequence[Word], deed: Deed, timeout: Seconds) -> Wire[Reply]:
        """Send one command to one server, and return its reply."""
        deadline = Deadline(timeout)
        ((outcome,),) = yield Round((Part(server, (Command(words),)),), deadline)
        return _told(outcome, deed, deadline, server)


def _told(outcome: Outcome, deed: Deed, deadline: Deadline, server: Address) -> Reply:
    if isinstance(outcome, Lost):
        is_late = not deadline.left()
        raise lost(outcome.error, deed, maybe_done=outcome.sent, is_late=is_late, server=server) from outcome.error
    if isinstance(outcome, foreign.RedisError):
        raise refused(outcome, deed) from outcome
    return outcome


class _Sending:
    """One call on its way."""

    __slots__ = ("_asking", "_commands", "_deadline", "_deed", "_left", "_maybe_done", "_must_refresh", "_pause", "_replies", "_topology")  # fmt: skip

    def __init__(self, topology: Topology, commands: Sequence[Command], deed: Deed, deadline: Deadline) -> None:
        self._topology = topology
        self._commands = list(commands)
        self._deed = deed
        self._deadline = deadline
        self._replies: list[Reply] = [None] * len(commands)
        self._asking: dict[int, Address] = {}
        self._left = 1
        self._maybe_done = False
        self._must_refresh = False
        self._pause = False

    def run(self, first: Part | None = None, answers: Sequence[list[Outcome]] | None = None) -> Wire[list[Reply]]:
        """Go round until every command has its reply; the first round may have been made already."""
        todo: Sequence[int] = range(len(self._commands))
        for _ in range(_MOST_ROUNDS):
            if first is None or answers is None:
                parts, places = yield from self._parted(todo)
                answers = yield Round(parts, self._deadline)
            else:
                parts, places = [first], [list(todo)]
            failed = self._taken(places, answers)
            first = answers = None
            if not failed:
                return self._replies
            todo = self._judged(failed, parts, places)
            if self._pause:
                self._pause = False
                yield Pause(min(_PAUSE, self._deadline.left()))
        raise StoreTimeout(f"{NAME} could not do {self._deed}: the servers sent it around in circles")

    def _parted(self, todo: Sequence[int]) -> Wire[tuple[list[Part], list[list[int]]]]:
        """Return what to send to whom, and the places of each part's commands."""
        if self._must_refresh or any(self._topology.owner(self._commands[place].slot) is None for place in todo):
            self._must_refresh = False
            yield from self._refreshed()
        by_server: dict[tuple[Address, bool], list[int]] = {}
        for place in todo:
            asked = self._asking.pop(place, None)
            server = asked or self._topology.owner(self._commands[place].slot)
            if server is None:
                raise refused(foreign.ResponseError("CLUSTERDOWN"), self._deed)
            by_server.setdefault((server, asked is not None), []).append(place)
        places = list(by_server.values())
        parts = [
            Part(server, [self._commands[place] for place in mine], asking)
            for (server, asking), mine in by_server.items()
        ]
        return parts, places

    def _refreshed(self) -> Wire[None]:
        try:
            yield from self._topology.refresh(self._deadline)
        except StoreUnavailable as error:
            if not self._maybe_done:
                raise
            # The first attempt got as far as a server, and now nobody knows where that is.
            raise lost(error, self._deed, maybe_done=True, is_late=False) from error

    def _taken(self, places: list[list[int]], answers: Sequence[list[Outcome]]) -> list[tuple[int, Outcome, int]]:
        """Keep the replies; return place, failure and part of the others."""
        failed: list[tuple[int, Outcome, int]] = []
        for part, (mine, outcomes) in enumerate(zip(places, answers, strict=True)):
            for place, outcome in zip(mine, outcomes, strict=True):
                if isinstance(outcome, Lost | foreign.RedisError):
                    failed.append((place, outcome, part))
                else:
                    self._replies[place] = outcome
        return failed

    def _judged(self, failed: list[tuple[int, Outcome, int]], parts: list[Part], places: list[list[int]]) -> list[int]:
        """Return the places to send again, or raise."""
        losses = [(outcome, parts[part].address) for _, outcome, part in failed if isinstance(outcome, Lost)]
        for server in {server for _, server in losses}:
            self._topology.doubt(server)
        if losses:
            self._after_loss(losses)
        for place, outcome, part in failed:
            if isinstance(outcome, foreign.RedisError):
                self._after_answer(place, outcome, parts[part].address)
        return [place for place, _, _ in failed]

    def _after_loss(self, losses: list[tuple[Lost, Address]]) -> None:
        was_sent = any(loss.sent for loss, _ in losses)
        self._maybe_done = self._maybe_done or was_sent
        worst, server = next((one for one in losses if one[0].error is not None), losses[0])
        is_late = not self._deadline.left() or isinstance(worst.error, foreign.TimeoutError | TimeoutError)
        may_help = self._topology.can_refresh or was_sent
        if is_late or not self._left or not may_help:
            raise lost(
                worst.error, self._deed, maybe_done=self._maybe_done, is_late=is_late, server=server
            ) from worst.error
        self._left -= 1
        self._must_refresh = self._topology.can_refresh

    def _after_answer(self, place: int, error: foreign.RedisError, asked: Address) -> None:
        """Prepare one command to be sent again, or raise."""
        command = self._commands[place]
        if isinstance(error, foreign.NoScriptError) and command.script is not None:
            self._commands[place] = command.in_full()
        elif self._topology.can_refresh and (redirect := redirect_of(error)):
            target = self._topology.located(redirect.host or asked.host, redirect.port)
            if redirect.is_lasting:
                self._topology.moved(command.slot, target)
            else:
                self._asking[place] = target
        elif code_of(error) in _REARRANGING and self._topology.can_refresh and self._deadline.left() > _PAUSE:
            self._pause = self._must_refresh = True
        elif code_of(error) == "READONLY" and self._topology.can_refresh and self._left:
            self._left -= 1
            self._must_refresh = True
        else:
            raise refused(error, self._deed) from error
