"""Faults that the stand-in makes when it is told to: errors, delays, and answers that are lost behind the deed.

They are set from Python (`server.faults.add(...)`), or come with a request, in the metadata that Momento's own
container understands: `request-id`, `return-error`, `error-rpcs`, `error-count`, `delay-rpcs`, `delay-ms`, `delay-count`,
`stream-error-rpcs`, `stream-error`, `stream-error-message-limit`.

The messages of a subscription go wrong by their own names, which stand in for the names of calls: "Item", "Heartbeat" and
"Discontinuity". So a subscription is cut by `add("Item", code=...)`, is late by `add("Item", delay=...)`, loses a message by
`add("Item", is_lost=True, count=1)`, and is a connection that stays open and says nothing by `add("Item", "Heartbeat",
is_lost=True)`.
"""

import math
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from grpc import StatusCode

from llmcache_momento.local.rejection import RATE, RejectionError

_CODES: Final = {code.name.lower().replace("_", "-"): code for code in StatusCode}
_MESSAGES: Final = frozenset({"Item", "Heartbeat", "Discontinuity"})
_NAMES: Final = {"set-if-not-exists": "set-if", "publish": "topic-publish", "subscribe": "topic-subscribe"}
"""What that container calls some calls."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with a call, or with a message of a subscription.

    Attributes:
        code: The status it fails with; None where it is only delayed or lost. A subscription ends with it.
        delay: Seconds that it waits first.
        is_after: The deed is done, and then the call fails: a lost answer. A message arrives, and then its subscription ends.
        is_lost: A message does not arrive, and its subscription goes on. Calls are never lost: they have an answer.
        err: What the trailing metadata `err` says.
    """

    code: StatusCode | None = None
    delay: float = 0.0
    is_after: bool = False
    is_lost: bool = False
    err: str = ""

    def rejection(self) -> RejectionError:
        """Return what the call ends with."""
        err = self.err or (RATE if self.code is StatusCode.RESOURCE_EXHAUSTED else "")
        return RejectionError(self.code or StatusCode.UNKNOWN, "injected by the stand-in", err)


@dataclass(slots=True)
class _Order:
    rpcs: frozenset[str]
    fault: Fault
    left: int | None


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[_Order] = []
        self._seen: Counter[tuple[str, str]] = Counter()

    def add(
        self,
        *rpcs: str,
        code: StatusCode | None = None,
        delay: float = 0.0,
        is_after: bool = False,
        is_lost: bool = False,
        err: str = "",
        count: int | None = None,
    ) -> None:
        """Let calls go wrong from now on.

        Args:
            rpcs: Names of calls on the wire, such as "Get", or of messages, such as "Item"; none means every call.
            code: As in `Fault`.
            delay: As in `Fault`, in seconds.
            is_after: As in `Fault`.
            is_lost: As in `Fault`.
            err: As in `Fault`; a refusal for the rate by default where `code` is RESOURCE_EXHAUSTED.
            count: How many calls; None means all.
        """
        with self._lock:
            self._orders.append(_Order(frozenset(rpcs), Fault(code, delay, is_after, is_lost, err), count))

    def clear(self) -> None:
        """Let everything go right again."""
        with self._lock:
            self._orders.clear()

    def take(self, rpc: str, metadata: Mapping[str, str]) -> list[Fault]:
        """Return what goes wrong with this call, and count it."""
        with self._lock:
            return [*self._ordered(rpc), *self._asked(rpc, metadata)]

    def take_message(self, name: str) -> list[Fault]:
        """Return what goes wrong with this message of a subscription, and count it."""
        with self._lock:
            return self._ordered(name)

    def _ordered(self, rpc: str) -> list[Fault]:
        for order in self._orders:
            if order.left != 0 and (rpc in order.rpcs if order.rpcs else rpc not in _MESSAGES):
                if order.left is not None:
                    order.left -= 1
                return [order.fault]
        return []

    def _asked(self, rpc: str, metadata: Mapping[str, str]) -> list[Fault]:
        kebab = re.sub(r"(?<!^)(?=[A-Z])", "-", rpc).lower()
        name, asker = _NAMES.get(kebab, kebab), metadata.get("request-id", "")
        faults: list[Fault] = []
        if self._is_due(name, "delay", asker, metadata):
            faults.append(Fault(delay=float(metadata["delay-ms"]) / 1000))
        if self._is_due(name, "error", asker, metadata):
            faults.append(Fault(_CODES[metadata["return-error"]]))
        return faults

    @staticmethod
    def asked_end(metadata: Mapping[str, str]) -> tuple[float, Fault]:
        """Return after how many messages a subscription was asked to end, heartbeats included, and how; inf for never."""
        if "topic-subscribe" not in metadata.get("stream-error-rpcs", "").split():
            return math.inf, Fault()
        return int(metadata.get("stream-error-message-limit", 0)), Fault(_CODES[metadata["stream-error"]])

    def _is_due(self, name: str, what: str, asker: str, metadata: Mapping[str, str]) -> bool:
        if name not in metadata.get(f"{what}-rpcs", "").split():
            return False
        self._seen[asker, f"{name}/{what}"] += 1
        limit = metadata.get(f"{what}-count")
        return limit is None or self._seen[asker, f"{name}/{what}"] <= int(limit)
