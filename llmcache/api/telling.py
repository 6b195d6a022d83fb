"""Who hears of what happens in one open cache: its counters, and a listener."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from llmcache.api.counters import Counters
from llmcache.model.event import Event, Told


@dataclass(frozen=True, slots=True)
class Telling:
    """Counts an event and passes it to the listener, whose own failures are not the caller's."""

    counters: Counters
    listener: Callable[[Told], None] | None

    def __call__(self, told: Told) -> None:
        if isinstance(told, Event):
            self.counters.count(told)
        if self.listener is not None:
            try:
                self.listener(told)
            except Exception as error:  # noqa: BLE001 -- an instrument must not break what it measures
                _complain_once(error)


_complained = threading.Event()


def _complain_once(error: Exception) -> None:
    if not _complained.is_set():
        _complained.set()
        import logging  # noqa: PLC0415 -- only where something went wrong

        # The class only: the message of a foreign exception may hold anything.
        logging.getLogger("llmcache").warning(
            "a listener of llmcache raised %s; further failures are not logged", type(error).__name__
        )
