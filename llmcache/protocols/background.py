"""Steps that are done behind the caller's back."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from llmcache.model.key import Key
from llmcache.protocols.steps import Steps

if TYPE_CHECKING:
    from llmcache.protocols.world import AsyncWorld, World


class Background(Protocol):
    """The work of one open cache for which nobody waits; bounded, and ended when the cache is closed."""

    def start(self, key: Key, steps: Callable[[], Steps[Any]], world: "World", /) -> bool:
        """Do the steps in a thread, with the caller's context, and say whether that was taken on.

        It is not where work for `key` is under way or waits already, where there is too much of it, and once the cache is
        closed. What the steps raise is lost.
        """
        ...

    def start_async(self, key: Key, steps: Callable[[], Steps[Any]], world: "AsyncWorld", /) -> bool:
        """As `start`, in a task of the running loop."""
        ...


class Nowhere:
    """A `Background` that takes on nothing."""

    def start(self, key: Key, steps: Callable[[], Steps[Any]], world: "World", /) -> bool:
        return False

    def start_async(self, key: Key, steps: Callable[[], Steps[Any]], world: "AsyncWorld", /) -> bool:
        return False
