"""Saboteurs of the wire: clients of a server that are right as long as nothing goes wrong between the two."""

import json
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from llmcache.drivers.offload import Offloaded
from llmcache.errors import ClosedError, DecodeError, StoreError, StoreTimeout, StoreUnavailable
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.whole import StorePair
from llmcache_conformance.remote.client import RemoteStore, open_remote
from llmcache_conformance.remote.messages import as_line, from_line
from llmcache_conformance.subject import Server, Subject, Wire

_DEADLINE: Seconds = 0.3
_PATIENT: Seconds = 30.0
# Within what a wire with the usual deadline allows, and over what a busy machine may add to the time declared.
_PATIENCE: Seconds = 1.1


class RaisesWhatItGets(RemoteStore):
    """Lets the errors of its library through."""

    def give_up(self, call: str, error: Exception, *, was_sent: bool) -> NoReturn:
        raise error


class MissesWhenItFails(RemoteStore):
    """Takes a server that does not answer for one that has nothing."""

    def get_many(self, keys: Sequence[Key]) -> Sequence[bytes | None]:
        try:
            return super().get_many(keys)
        except StoreError:
            return [None] * len(keys)


class AsksForEver(RemoteStore):
    """Grants every attempt at a read the whole deadline, and makes ten."""

    def get_many(self, keys: Sequence[Key]) -> Sequence[bytes | None]:
        for _ in range(9):
            try:
                return super().get_many(keys)
            except StoreError:
                continue
        return super().get_many(keys)


class DeclaresTooLittle(RemoteStore):
    """Takes twenty times as long for a put as it declares."""

    @property
    def capabilities(self) -> Capabilities:
        declared = super().capabilities
        return replace(declared, limits=replace(declared.limits, timeout=self._deadline / 20))

    def put_many(self, puts: Sequence[Put]) -> None:
        ends = time.monotonic() + _PATIENCE
        while True:
            try:
                return super().put_many(puts)
            except StoreError:
                if time.monotonic() > ends:
                    raise


class AppendsAgain(RemoteStore):
    """Asks again with a new number, so that the server takes it for another call."""

    def ask(self, call: str, *arguments: Any, **options: Any) -> Any:
        try:
            return super().ask(call, *arguments, **options)
        except StoreTimeout:
            return super().ask(call, *arguments, **options)

    def exchange(self, connection: socket.socket, line: bytes, ends: float) -> Any:
        _, *call = from_line(line)
        return super().exchange(connection, as_line([secrets.token_hex(8), *call]), ends)


class DeniesItsOwnLease(RemoteStore):
    """Takes a lease of its own, whose reply it lost, for another's."""

    def put_if_absent(self, put: Put) -> bool:
        try:
            return super().put_if_absent(put)
        except StoreTimeout:
            return False


class SaysNothingWasDone(RemoteStore):
    """Calls every failure `StoreUnavailable`, though the server may have done the call."""

    def give_up(self, call: str, error: Exception, *, was_sent: bool) -> NoReturn:
        raise StoreUnavailable(f"{self.name} {call}: {type(error).__name__}") from error


class TakesPartsForWhole(RemoteStore):
    """Takes what has come when the connection ends for all of it."""

    def exchange(self, connection: socket.socket, line: bytes, ends: float) -> Any:
        try:
            return super().exchange(connection, line, ends)
        except (ConnectionError, ValueError):
            _, call, arguments, _ = from_line(line)
            return ["ok", [None] * len(arguments[0])] if call == "get_many" else ["ok", []]


class TakesOneReadForAll(RemoteStore):
    """Believes that one read of the socket gives one whole answer."""

    def exchange(self, connection: socket.socket, line: bytes, ends: float) -> Any:
        connection.settimeout(max(0.01, ends - time.monotonic()))
        connection.sendall(line)
        try:
            return json.loads(connection.recv(1 << 20)) and super().exchange(connection, line, ends)
        except json.JSONDecodeError as error:
            raise DecodeError("this is no answer") from error


class AnswersTheLate(RemoteStore):
    """Goes on with a connection on which an answer is still to come."""

    def exchange(self, connection: socket.socket, line: bytes, ends: float) -> Any:
        try:
            return super().exchange(connection, line, ends)
        except TimeoutError:
            self._put_back(connection.dup())
            raise


class AcknowledgesBeforeItKnows(RemoteStore):
    """Does not wait for the answer to a put."""

    def put_many(self, puts: Sequence[Put]) -> None:
        try:
            super().put_many(puts)
        except (StoreTimeout, StoreUnavailable):
            return


class NeverComesBack(RemoteStore):
    """Gives up for good when a call has failed."""

    def give_up(self, call: str, error: Exception, *, was_sent: bool) -> NoReturn:
        self._target = ("127.0.0.1", 9)
        super().give_up(call, error, was_sent=was_sent)


class ClosesWhenItFails(RemoteStore):
    """Closes itself when a call has failed."""

    def ask(self, call: str, *arguments: Any, **options: Any) -> Any:
        if self._is_closed:
            raise ClosedError("closed by a failure")
        return super().ask(call, *arguments, **options)

    def give_up(self, call: str, error: Exception, *, was_sent: bool) -> NoReturn:
        self.close()
        super().give_up(call, error, was_sent=was_sent)


@dataclass(frozen=True, slots=True)
class WireSaboteur:
    """One broken client.

    Args:
        store: Its class; its docstring says what is broken.
        clauses: The clauses that it breaks.
    """

    store: type[RemoteStore]
    clauses: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the broken class."""
        return self.store.__name__

    def subject(self, port: int) -> Subject:
        """Return it as a store to check, on a `MemoryServer` at `port`; what is done without the proxy is done rightly."""
        server = Server("127.0.0.1", port)
        return Subject(
            self.name,
            lambda _: open_remote("127.0.0.1", port, deadline=_PATIENT),
            opens_same=True,
            own_clock=True,
            wire=Wire((server,), lambda ways, _: self._open(*ways[server]), _DEADLINE),
        )

    def _open(self, host: str, port: int) -> StorePair:
        blocking = self.store(host, port, _DEADLINE)
        return StorePair(blocking, Offloaded(blocking))


WIRE_SABOTEURS = (
    WireSaboteur(RaisesWhatItGets, ("KV-1", "KV-5", "LOG-1")),
    WireSaboteur(MissesWhenItFails, ("KV-1", "KV-2", "KV-4")),
    WireSaboteur(AsksForEver, ("KV-1",)),
    WireSaboteur(DeclaresTooLittle, ("KV-1",)),
    WireSaboteur(AppendsAgain, ("LOG-1", "LOG-3")),
    WireSaboteur(DeniesItsOwnLease, ("KV-11",)),
    WireSaboteur(SaysNothingWasDone, ("KV-5", "KV-11", "LOG-1")),
    WireSaboteur(TakesPartsForWhole, ("KV-4", "LOG-6")),
    WireSaboteur(TakesOneReadForAll, ("KV-4", "LOG-6")),
    WireSaboteur(AnswersTheLate, ("KV-1", "KV-4", "LOG-1")),
    WireSaboteur(AcknowledgesBeforeItKnows, ("KV-6",)),
    WireSaboteur(NeverComesBack, ("KV-6", "LOG-3")),
    WireSaboteur(ClosesWhenItFails, ("KV-2",)),
)
